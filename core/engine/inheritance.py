"""Inheritance: the files that earlier sessions left, of which each rank takes care of a share.

A thousand ranks leave gigabytes of journals, and terabytes of parts that have to be checked. What is of one writer
is looked at by one rank, and what all need to know of it is a few numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np

from terranova.engine.islands import Share
from terranova.parallel.on_root import on_each, on_root
from terranova.parallel.world import World
from terranova.store import (
    Schema,
    Soundness,
    load_checkpoint,
    recover,
    refuse_damage,
    remove_left_over,
    soundness,
    writers_there,
)
from terranova.store.checkpoint import COUNTS, Checkpoint
from terranova.store.layout import POINTS
from terranova.store.ledger import load_ledger


@dataclass(frozen=True)
class Inherited:
    """What a rank has to know of the stored points.

    Attributes:
        last_generation: of which anything is stored; -1 if nothing is.
        writers: those that have stored points of this rank's islands.
        charge: the writers whose files this rank looks after.
    """

    last_generation: int
    writers: tuple[int, ...]
    charge: tuple[int, ...]


def take_over(team: World, directory: Path, schema: Schema, share: Share) -> Inherited:
    """Check what earlier sessions left, and put it in order; every rank has to make this call.

    Args:
        team: the ranks that have islands.
        directory: of the run.
        schema: the columns of its points.
        share: the islands of this rank.

    Raises:
        StoreCorrupt: files are damaged or missing; on all ranks.
        RunError: the directory cannot be written; on all ranks.
    """
    newest, writers = on_root(team, lambda: (_newest(directory), writers_there(directory)), directory)
    charge = tuple(writers[team.rank :: team.size])
    found = on_each(team, lambda: soundness(directory, newest, charge), directory)
    present = None if found.present is None else team.allreduce_sum({"present": found.present})["present"]
    findings = reduce(add, team.allgather(found.findings))
    on_root(team, lambda: refuse_damage(directory, newest, Soundness(findings, present)), directory)
    on_root(team, lambda: remove_left_over(directory), directory)
    on_each(team, lambda: [recover(directory, schema, writer=writer) for writer in charge], directory)
    extents = reduce(add, team.allgather(_extents(directory, charge)))
    stop = share.first + share.count
    return Inherited(
        max((last_generation for *_, last_generation in extents), default=-1),
        tuple(writer for writer, first, last, _ in extents if first < stop and share.first <= last),
        charge,
    )


def _newest(directory: Path) -> Checkpoint | None:
    """Return the newest good checkpoint, of which only the numbers of points are of use here."""
    found = load_checkpoint(directory, quiet=True)  # whoever goes on from it says what is damaged
    if found is None:
        return None
    return replace(found, arrays={name: found.arrays[name] for name in found.arrays if name == COUNTS}, pieces=())


def _extents(directory: Path, writers: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
    """Return writer, first and last island, and last generation, of those writers that have stored anything."""
    extents = []
    for writer in writers:
        if entries := load_ledger(directory / POINTS, writer).values():
            ends = np.array([(*entry.islands, entry.generations[1]) for entry in entries])
            extents.append((writer, int(ends[:, 0].min()), int(ends[:, 1].max()), int(ends[:, 2].max())))
    return extents
