"""Gaps and duplicates among the stored points: within an island they are numbered from 0 without either."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.dataset as ds

from terranova.store.checkpoint import COUNTS, Checkpoint
from terranova.store.findings import Finding
from terranova.store.ledger import span
from terranova.store.schema import Schema
from terranova.store.snapshot import Snapshot
from terranova.system.working_directory import stand_somewhere
from terranova.types import Ints

_NEIGHBOURS = """
    SELECT island, "index", generation, next_index, next_generation FROM (
        SELECT island, "index", generation,
            lead("index") OVER points_of_island AS next_index,
            lead(generation) OVER points_of_island AS next_generation
        FROM points WINDOW points_of_island AS (PARTITION BY island ORDER BY "index"))
    WHERE next_index IS NULL OR next_index != "index" + 1
    UNION ALL
    SELECT island, -1, -1, min("index"), arg_min(generation, "index") FROM points
    GROUP BY island HAVING min("index") > 0
    ORDER BY island, "index"
"""
"""The pairs of consecutive points of an island between which points are missing, or that are the same; and the last
point of each island, with nothing after it."""


def check_points(
    readable: Snapshot, schema: Schema, newest: Checkpoint | None, keeps_all: bool, findings: list[Finding]
) -> int:
    """Note gaps and duplicates; return the number of points that can be read.

    Args:
        readable: the good files.
        schema: of the points.
        newest: says how many points each island has at least; None if that is not known.
        keeps_all: whether gaps are damage.
    """
    stand_somewhere(Path("/"))
    with duckdb.connect() as connection:
        connection.register("points", readable.dataset(schema))
        rows = connection.sql("SELECT count(*) FROM points").fetchall()[0][0]
        pairs = connection.sql(_NEIGHBOURS).fetchall()
    twice: dict[int, int] = defaultdict(int)
    gaps: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    expected = newest.arrays.get(COUNTS) if newest is not None else None
    ends: dict[int, tuple[int, int]] = {}
    for island, index, generation, after, next_generation in pairs:
        if after is None:
            ends[island] = (index, generation)
        elif after == index:
            twice[island] += 1
        else:
            _add(gaps, island, after - index - 1, generation, next_generation)
    if expected is not None and newest is not None:
        for island, count in enumerate(expected.tolist()):
            index, generation = ends.get(island, (-1, -1))
            if index + 1 < count:
                _add(gaps, island, count - index - 1, generation, newest.generation)
    for between, islands in sorted(gaps.items()) if keeps_all else ():
        findings.append(_gap(between, islands))
    if twice:
        number, which = sum(twice.values()), (min(twice), max(twice))
        findings.append(
            Finding("duplicate", "", f"{number:,} points of {span('island', which)} are there twice", number, which)
        )
    return int(rows)


def _add(gaps: dict[tuple[int, int], dict[int, int]], island: int, rows: int, before: int, after: int) -> None:
    """Note points missing between a point of the generation `before` and one of `after`."""
    between = (before + 1, after - 1) if before + 1 < after else (before, after)
    gaps[between][island] = gaps[between].get(island, 0) + rows


def _gap(generations: tuple[int, int], islands: dict[int, int]) -> Finding:
    which, rows = (min(islands), max(islands)), sum(islands.values())
    where = f"{len(islands)} of {span('island', which)}" if len(islands) < which[1] - which[0] + 1 else ""
    what = f"{rows:,} points of {where or span('island', which)}, {span('generation', generations)} are missing"
    return Finding("gap", "", what, rows, which, generations)


def present_before(readable: ds.Dataset, counts: Ints) -> Ints:
    """Return how many points of each island (islands,) are there, of the first `counts` (islands,) of each."""
    present = np.zeros_like(counts)
    for batch in readable.to_batches(columns=["island", "index"], batch_readahead=1, fragment_readahead=1):
        island, index = (batch.column(name).to_numpy() for name in ("island", "index"))
        island, index = island[island < len(counts)], index[island < len(counts)]
        present += np.bincount(island[index < counts[island]], minlength=len(counts))
    return present
