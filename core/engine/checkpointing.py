"""Checkpoints of a scan: the samplers' states by island, for any number of ranks to go on from."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terranova.engine.islands import Share
from terranova.engine.totals import Totals
from terranova.interfaces.sampler import Archipelago
from terranova.parallel.world import World
from terranova.runs.coverage import Coverage
from terranova.store import Writer, load_manifest
from terranova.store.checkpoint import (
    CHECKPOINTS,
    COUNTS,
    Checkpoint,
    Piece,
    drop_pieces,
    pieces_there,
    read_islands,
    save_checkpoint,
    save_piece,
)
from terranova.store.manifest import MANIFEST
from terranova.types import Array, Ints

log = logging.getLogger("terranova")

CHECKPOINT_INTERVAL = 20.0
"""Seconds between checkpoints. They only save time when resuming: the store is what counts."""

SAMPLER = "sampler_"
"""What the names of the sampler's arrays begin with."""

SHARED = "shared_"
"""What, after that, the names of those begin with that are the same on every rank."""


@dataclass(frozen=True)
class LoopState:
    """Where the loop of a rank stands at the end of an epoch; the sampler knows the rest.

    Attributes:
        generation: steps taken by the islands.
        counts: (islands of this rank,) points evaluated by each.
        totals: of all ranks.
        seconds: wall time of the scan, earlier sessions included.
    """

    generation: int
    counts: Ints
    totals: Totals
    seconds: float


class Checkpointing:
    """Saves checkpoints now and then, and puts a rank back to where one was saved.

    Args:
        directory: of the run.
        world: the ranks that have islands; all of them must make the same calls.
        share: the islands of this rank.
        archipelago: their sampler.
        coverage: of the valid points.
        writer: of this rank.
    """

    def __init__(
        self,
        directory: Path,
        world: World,
        share: Share,
        archipelago: Archipelago,
        coverage: Coverage,
        writer: Writer,
    ) -> None:
        self._directory, self._world, self._share = directory, world, share
        self._archipelago, self._coverage, self._writer = archipelago, coverage, writer
        self._saved_at = time.monotonic()
        numbers = pieces_there(directory) if world.size > 1 else {}
        self._old_pieces = [path for path, number in numbers.items() if number % world.size == world.rank]

    @property
    def due(self) -> bool:
        """True if, by this rank's clock, the last checkpoint is old enough."""
        return time.monotonic() - self._saved_at > CHECKPOINT_INTERVAL

    def save(self, state: LoopState) -> None:
        """Save a checkpoint; right after an exchange, on all ranks together.

        Each rank saves its own islands, in a file of its own. The first one only hears that they have, and saves
        what all share: that costs it no more among a thousand ranks than among two.

        Args:
            state: of the loop.
        """
        self._saved_at = time.monotonic()
        # A checkpoint must never know more than the store: a scan that goes on from it does not ask for earlier
        # points again. So every rank syncs its rows first, and gathering waits until all have.
        self._writer.sync()
        sampler, problem = self._archipelago.state(), ""
        own = {n: values for n, values in (sampler or {}).items() if not n.startswith(SHARED)}
        piece: Piece | None = None
        if sampler is not None and self._world.size > 1:
            self._old_pieces = drop_pieces(self._old_pieces)
            try:
                piece = self._save_piece(state.generation, own)
            except OSError as error:
                problem = str(error)
        gathered = self._world.gather((state.counts, sampler is not None, piece, problem))
        if gathered is None or not all(saved for _, saved, _, _ in gathered):
            return  # not the first rank, or a sampler that only a replay from the start can restore
        counts, _, pieces, problems = zip(*gathered, strict=True)
        apart = () if self._world.size == 1 else own  # what is in pieces
        whole = {name: values for name, values in (sampler or {}).items() if name not in apart}
        arrays: dict[str, Array] = {COUNTS: np.concatenate(counts), **{SAMPLER + n: v for n, v in whole.items()}}
        arrays["coverage"] = self._coverage.state()
        meta = {
            "totals": vars(state.totals),
            "seconds": state.seconds,
            "sampler": self._archipelago.version,
            **identity(self._directory, self._archipelago),
        }
        try:
            if any(problems):
                raise OSError(next(filter(None, problems)))
            save_checkpoint(self._directory, state.generation, arrays, meta, [p for p in pieces if p is not None])
        except OSError as error:
            log.warning("no checkpoint was saved, so that resuming may take longer: %s", error)

    def _save_piece(self, generation: int, own: Mapping[str, Array]) -> Piece:
        arrays = {SAMPLER + name: values for name, values in own.items()}
        share, world = self._share, self._world
        piece = save_piece(self._directory, generation, arrays, share.first, world.rank, world.size)
        self._old_pieces.append(self._directory / CHECKPOINTS / piece.name)
        return piece

    def tidy(self) -> None:
        """Remove this rank's files of checkpoints that newer ones have replaced, when the scan is over."""
        with suppress(OSError):
            self._old_pieces = drop_pieces(self._old_pieces)

    def restore(self, checkpoint: Checkpoint) -> LoopState:
        """Put sampler and coverage of this rank back to a checkpoint; return where the loop goes on."""
        restore_parts(self._directory, checkpoint, self._share, self._archipelago, self._coverage)
        mine = slice(self._share.first, self._share.first + self._share.count)
        return LoopState(
            checkpoint.generation,
            checkpoint.arrays[COUNTS][mine].copy(),
            Totals(**checkpoint.meta["totals"]),
            float(checkpoint.meta["seconds"]),
        )


def identity(directory: Path, archipelago: Archipelago) -> dict[str, str]:
    """Say whose a checkpoint is, so that one of another run or sampler is not taken for it."""
    run = load_manifest(directory).run_id if (directory / MANIFEST).is_file() else ""
    return {"run_id": run, "sampler_name": archipelago.name}


def own_arrays(directory: Path, checkpoint: Checkpoint, share: Share) -> dict[str, Array]:
    """Return a checkpoint's arrays of the sampler, as a share of the islands has them.

    Raises:
        Exception: a piece of the checkpoint is missing or damaged.
    """
    mine = slice(share.first, share.first + share.count)
    arrays = {n.removeprefix(SAMPLER): v for n, v in checkpoint.arrays.items() if n.startswith(SAMPLER)}
    arrays = {name: values if name.startswith(SHARED) else values[mine] for name, values in arrays.items()}
    if checkpoint.pieces:
        path = directory / CHECKPOINTS / f"{checkpoint.generation:08d}.npz"
        own = read_islands(path, checkpoint, mine.start, mine.stop)
        arrays |= {name.removeprefix(SAMPLER): values for name, values in own.items()}
    return arrays


def restore_parts(
    directory: Path, checkpoint: Checkpoint, share: Share, archipelago: Archipelago, coverage: Coverage
) -> None:
    """Put the sampler of a share of the islands, and the coverage, back to a checkpoint."""
    archipelago.restore(own_arrays(directory, checkpoint, share))
    coverage.restore(checkpoint.arrays["coverage"])
