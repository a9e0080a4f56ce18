"""Checkpoints of a scan: the samplers' states by island, for any number of ranks to go on from."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terranova.engine.islands import Share
from terranova.engine.totals import Totals
from terranova.interfaces.sampler import Archipelago
from terranova.parallel.world import World
from terranova.runs.coverage import Coverage
from terranova.store import Writer, load_manifest
from terranova.store.checkpoint import COUNTS, Checkpoint, save_checkpoint
from terranova.store.manifest import MANIFEST
from terranova.types import Array, Bools, Ints

log = logging.getLogger("terranova")

CHECKPOINT_INTERVAL = 20.0
"""Seconds between checkpoints. They only save time when resuming: the store is what counts."""

SAMPLER = "sampler_"
"""What the names of the sampler's arrays begin with."""


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

    def save_if_due(self, state: LoopState, used_up: Bools) -> None:
        """Save a checkpoint if the last one is old enough and every island goes on; after an exchange.

        Args:
            state: of the loop.
            used_up: (islands of this rank,) True for islands that have evaluated their share of the budget.
        """
        due = time.monotonic() - self._saved_at > CHECKPOINT_INTERVAL  # clocks differ: the first rank decides
        # The share cuts an island's last generation short. That island is not where it would be with a larger
        # budget, and a checkpoint would make its cut the state that every resumed scan goes on from. Without one, a
        # larger budget replays that generation, evaluates what was cut off, and visits the same points as a scan
        # that had this budget from the start.
        if not self._world.bcast(due) or self._world.any(bool(used_up.any())):
            return
        self._saved_at = time.monotonic()
        # A checkpoint must never know more than the store: a scan that goes on from it does not ask for earlier
        # points again. So every rank syncs its rows first, and gathering waits until all have.
        self._writer.sync()
        gathered = self._world.gather((self._archipelago.state(), state.counts))
        if gathered is None:
            return  # not the first rank
        sampler_states = [sampler_state for sampler_state, _ in gathered if sampler_state is not None]
        if len(sampler_states) < len(gathered):
            return  # a sampler that only a replay from the start can restore
        arrays: dict[str, Array] = {COUNTS: np.concatenate([counts for _, counts in gathered])}
        for name, value in sampler_states[0].items():
            of_ranks = [sampler_state[name] for sampler_state in sampler_states]
            # Stacked by island, not by rank: the next session may deal the islands out to other ranks.
            arrays[SAMPLER + name] = value if name.startswith("shared_") else np.concatenate(of_ranks)
        arrays["coverage"] = self._coverage.state()
        meta = {
            "totals": vars(state.totals),
            "seconds": state.seconds,
            "sampler": self._archipelago.version,
            **identity(self._directory, self._archipelago),
        }
        try:
            save_checkpoint(self._directory, state.generation, arrays, meta)
        except OSError as error:
            log.warning("no checkpoint was saved, so that resuming may take longer: %s", error)

    def restore(self, checkpoint: Checkpoint) -> LoopState:
        """Put sampler and coverage of this rank back to a checkpoint; return where the loop goes on."""
        restore_parts(checkpoint, self._share, self._archipelago, self._coverage)
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


def restore_parts(checkpoint: Checkpoint, share: Share, archipelago: Archipelago, coverage: Coverage) -> None:
    """Put the sampler of a share of the islands, and the coverage, back to a checkpoint."""
    mine = slice(share.first, share.first + share.count)
    sampler_state: dict[str, Array] = {}
    for name, value in checkpoint.arrays.items():
        if name.startswith(SAMPLER):
            short = name.removeprefix(SAMPLER)
            sampler_state[short] = value if short.startswith("shared_") else value[mine]
    archipelago.restore(sampler_state)
    coverage.restore(checkpoint.arrays["coverage"])
