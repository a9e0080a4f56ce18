"""Restart: from which checkpoint a resumed scan goes on, if from any.

A checkpoint saves time and decides nothing: one that is damaged, of another scan, or at odds with the points is
passed over with a warning, and an older one is taken, or the points are gone through from the start. What cannot be
told is a checkpoint that somebody has edited with care: right names, shapes, types and checksums, other values.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from terranova.engine.checkpointing import SAMPLER, identity, own_arrays, restore_parts
from terranova.engine.islands import Share
from terranova.engine.totals import Totals
from terranova.interfaces.sampler import Archipelago
from terranova.parallel.world import World
from terranova.runs.coverage import Coverage
from terranova.store import Reader
from terranova.store.checkpoint import COUNTS, Checkpoint, checkpoints, read_checkpoint
from terranova.types import Array

log = logging.getLogger("terranova")


def choose_checkpoint(
    directory: Path,
    team: World,
    share: Share,
    islands: int,
    make: Callable[[], Archipelago],
    charge: Collection[int] | None = None,
) -> Checkpoint | None:
    """Return the checkpoint to go on from, the same on every rank; None to go through the points from the start.

    Args:
        directory: of the run.
        team: the ranks that have islands; all of them must make this call.
        share: the islands of this rank.
        islands: of the run.
        make: makes the sampler of this rank's islands, on which a checkpoint is tried.
        charge: the writers whose points this rank compares with it; together, the ranks look at all. If None,
            everybody's.

    Raises:
        StoreCorrupt: the points cannot be read.
    """
    paths = team.bcast(checkpoints(directory) if team.is_root else [])
    for path in paths:
        checkpoint = team.bcast(_read(path, directory, islands, make()) if team.is_root else None)
        if checkpoint is None:
            continue
        if team.any(_contradicts(directory, checkpoint, charge)):
            if team.is_root:
                what = f"the points of its generation {checkpoint.generation} are not where it has them"
                log.warning(_FOREIGN, path, what)
            continue
        tried = _try(directory, checkpoint, share, make())
        problems = [problem for problem in team.allgather(tried) if problem]
        if not problems:
            return checkpoint
        if team.is_root:
            log.warning("%s does not fit the sampler and was skipped: %s", path, problems[0])
    return None


def _read(path: Path, directory: Path, islands: int, fresh: Archipelago) -> Checkpoint | None:
    """Read a checkpoint; None if it is damaged or not one of this scan, which is said."""
    try:
        checkpoint = read_checkpoint(path)
    except Exception as error:  # a damaged archive makes NumPy and zipfile raise whatever they come upon
        log.warning("%s is damaged and was skipped: %s", path, error)
        return None
    try:
        problem = _other_owner(checkpoint, directory, fresh)
        if not problem and checkpoint.meta["sampler"] != fresh.version:
            return None  # another version of the sampler may mean something else by the same arrays
        problem = problem or _misfit(checkpoint, islands, fresh)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        problem = f"it is not built like one ({error!r})"
    if problem:
        log.warning(_FOREIGN, path, problem)
        return None
    return checkpoint


_FOREIGN = "%s is not a checkpoint of this scan and was skipped: %s"


def _other_owner(checkpoint: Checkpoint, directory: Path, fresh: Archipelago) -> str:
    """Say of which other run or sampler a checkpoint is; "" if of none. Those of older versions do not say."""
    for name, ours in identity(directory, fresh).items():
        if checkpoint.meta.get(name, ours) != ours:
            return f"its {name} is {checkpoint.meta[name]!r}, not {ours!r}"
    return ""


def _misfit(checkpoint: Checkpoint, islands: int, fresh: Archipelago) -> str:
    """Say what shows that a checkpoint is not one of this scan; "" if nothing does."""
    meta = checkpoint.meta
    if unknown := meta["totals"].keys() - {field.name for field in fields(Totals)}:
        return f"it counts {', '.join(sorted(unknown))}, of which this version knows nothing"
    if not all(_is_number(n) for n in meta["totals"].values()) or not 0 <= float(meta["seconds"]) < math.inf:
        return "its totals are no numbers"
    counts = checkpoint.arrays[COUNTS]
    if counts.shape != (islands,):
        return f"it has {counts.size} islands instead of {islands}"
    if Totals(**meta["totals"]).evaluations != counts.sum():
        return "its totals are not those of its islands"
    coverage, expected = checkpoint.arrays["coverage"], Coverage(fresh.space.dimension).state()
    if coverage.shape != expected.shape or coverage.dtype != expected.dtype:
        return f"its coverage is {_form(coverage)} instead of {_form(expected)}"
    state = {n.removeprefix(SAMPLER): v for n, v in checkpoint.arrays.items() if n.startswith(SAMPLER)}
    if checkpoint.pieces:
        last = checkpoint.pieces[-1]
        if last.first + last.count != islands:
            return f"its pieces are of {last.first + last.count} islands instead of {islands}"
    elif problem := other_arrays(state, fresh.state(), islands):
        return problem
    return ""


def other_arrays(arrays: Mapping[str, Array], expected: Mapping[str, Array] | None, islands: int) -> str:
    """Compare a sampler's state with that of a fresh one: names, types, and shapes apart from the islands.

    Args:
        arrays: of a checkpoint, or of a state.
        expected: what the fresh one says; its number of islands may be another.
        islands: number of them in `arrays`.

    Returns:
        The first difference, in words; "" if there is none.
    """
    if expected is None:
        return ""  # a sampler that has a state only later: what it gets is its own affair
    if odd := arrays.keys() ^ expected.keys():
        return f"the sampler has other arrays: {', '.join(sorted(odd))}"
    for name, values in arrays.items():
        usual = expected[name]
        if name.startswith("shared_"):  # may grow
            same = values.ndim == usual.ndim
        else:
            same = values.shape == (islands, *usual.shape[1:])
        if not same or values.dtype != usual.dtype:
            return f"the sampler's {name} is {_form(values)}, not as in {_form(usual)}"
    return ""


def _contradicts(directory: Path, checkpoint: Checkpoint, writers: Collection[int] | None) -> bool:
    """True if a stored point is before the checkpoint by its generation and after it by its number, or vice versa.

    Going on from there would give points numbers that others have.
    """
    counts = checkpoint.arrays[COUNTS]
    if writers is not None and not writers:
        return False
    reader = Reader(directory, writers=writers)
    for table in reader.batches(["island", "index", "generation"], rows=1_000_000):
        island, index, generation = (table[name].to_numpy() for name in table.column_names)
        if (island >= len(counts)).any() or (
            (index < counts[island]) != (generation < checkpoint.generation)
        ).any():
            return True
    return False


def _try(directory: Path, checkpoint: Checkpoint, share: Share, spare: Archipelago) -> str:
    """Restore a sampler that is thrown away afterwards; return what went wrong."""
    try:
        if checkpoint.pieces:
            own = own_arrays(directory, checkpoint, share)
            if problem := other_arrays(own, spare.state(), share.count):
                return problem
        with np.errstate(invalid="ignore"):
            restore_parts(directory, checkpoint, share, spare, Coverage(spare.space.dimension))
    except Exception as error:  # of a plugin, over numbers that may be anything
        return repr(error)
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and not math.isnan(value)


def _form(values: Array) -> str:
    return f"{values.dtype} {values.shape}"
