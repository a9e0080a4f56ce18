"""Merging of scans into one run: other seeds, samplers or budgets, the same model and constraints."""

from __future__ import annotations

import itertools
import json
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from terranova.errors import RunError, RunMismatch, StoreCorrupt, disk_error, listed
from terranova.runs.compatibility import SHOWN, differences, flat
from terranova.runs.derived import MERGED
from terranova.runs.run import CONFIG, SUMMARY, Run
from terranova.runs.unfinished import filling
from terranova.store.counts import Dropped, all_dropped, counts_path
from terranova.store.layout import POINTS, Segment
from terranova.store.ledger import Entries, save_ledger
from terranova.store.manifest import Manifest, now, stamp_of
from terranova.store.origin import Origin, terranova_version
from terranova.store.part import write_part
from terranova.system.atomic import make_directory, write_atomic
from terranova.types import Array

STATE = "merged"
_ROWS = 50_000
_FREE = ("sampler", "seed", "parallel")
"""What may differ between scans that are merged: how points were chosen, not what they are."""


@dataclass(frozen=True)
class _Source:
    """One scan, or one of the scans that an already merged run holds.

    Attributes:
        run: that has its points.
        facts: directory, run_id, created, seed and sampler of the scan.
        first, count: its islands in `run`: first, first + 1, ... first + count - 1.
    """

    run: Run
    facts: Mapping[str, Any]
    first: int
    count: int

    @classmethod
    def read(cls, run: Run, listed: Mapping[str, Any]) -> _Source:
        """Read what an earlier merge wrote of a scan."""
        facts = dict(listed)
        first, count = (operator.index(number) for number in facts.pop("islands"))
        if not {"directory", "run_id", "created"} <= facts.keys() or first < 0 or count < 1:
            raise ValueError("a scan without directory, run_id, created or islands")
        return cls(run, facts, first, count)

    @property
    def key(self) -> tuple[str, str]:
        return str(self.facts["created"]), str(self.facts["run_id"])


def merge(runs: Sequence[Run], output: Path | str) -> Run:
    """Copy the points of several runs into a new one, which every command reads as any other.

    Islands are numbered anew, the scans in the order in which they were started. So the order in which they are
    given does not matter, nor whether they are merged at once or one by one. The new run cannot be resumed.

    Args:
        runs: two or more, of the same problem: model, priors, constraints and what was stored.
        output: directory of the new run; must not exist, be empty, or hold the half of this merge that was cut off.

    Raises:
        RunMismatch: they are of different problems; lists the differences.
        RunError: fewer than two, or one scan twice.
        RunExists: `output` is in use.
        StoreCorrupt: a file of one of them is damaged.
        StoreFull: there is no space.
    """
    directory = Path(output)
    if len(runs) < 2:
        raise RunError("merging needs at least two runs")
    for other in runs[1:]:
        _require_same(runs[0], other)
    sources = sorted((source for run in runs for source in _sources(run)), key=lambda source: source.key)
    for one, next_one in itertools.pairwise(sources):
        if one.key == next_one.key:
            raise RunError(f"the scan {one.facts['directory']} (run {one.facts['run_id']}) would be in it twice")
    starts = np.cumsum([0, *(source.count for source in sources)])
    try:
        with filling(directory, "merge", {"scans": [source.key for source in sources]}):
            return _write(runs, sources, [int(start) for start in starts[:-1]], directory)
    except OSError as error:
        raise disk_error(f"{directory} cannot be written", error) from error


def _require_same(one: Run, other: Run) -> None:
    lines = differences(_identity(one), _identity(other))
    if lines:
        raise RunMismatch(
            f"{one.directory} and {other.directory} are scans of different problems and cannot be merged\n"
            + listed(lines, SHOWN)
            + "\n`terranova rescore` scores the points of one with the constraints of the other"
        )


def _identity(run: Run) -> dict[str, Any]:
    """All that decides what a row means, flat."""
    manifest = run.manifest
    physics = {key: value for key, value in manifest.physics.items() if key not in _FREE}
    names = {
        "model": manifest.model,
        "model options": dict(manifest.model_options),
        "constraint sets": dict(manifest.constraints),
        "store.keep": manifest.keep,
        "columns": {field.name: field.unit for field in (*run.parameters, *run.observables, *run.constraints)},
        "columns in order": manifest.schema.names,
    }
    return {**flat(names), **flat(physics)}


def _sources(run: Run) -> Iterator[_Source]:
    """The scans that a run holds.

    Raises:
        StoreCorrupt: the file in which an earlier merge says so is damaged.
    """
    path = run.directory / MERGED
    try:
        listed = [_Source.read(run, source) for source in json.loads(path.read_bytes())["sources"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreCorrupt(
            f"{path} is damaged ({error!r}): which scans were merged is no longer known. The points can be read; "
            "to merge them again, start from the scans"
        ) from error
    except FileNotFoundError:
        manifest = run.manifest
        islands = run.sql("SELECT coalesce(max(island), -1) + 1 AS n FROM points")["n"][0].as_py()
        count = max(islands, run.config.sampler.islands)
        facts = {
            "directory": str(run.directory.absolute()),
            "run_id": manifest.run_id,
            "created": manifest.created,
            "seed": manifest.seed,
            "sampler": run.config.sampler.name,
        }
        yield _Source(run, facts, 0, count)
        return
    yield from listed


def _write(runs: Sequence[Run], sources: list[_Source], starts: list[int], directory: Path) -> Run:
    earliest = sources[0].run
    manifest = _manifest(runs, sources)
    origin = Origin(manifest.run_id, 0, 0, terranova_version(), stamp_of(manifest))
    points = directory / POINTS
    make_directory(points)
    ledger: Entries = {}
    dropped = Dropped()
    for run in dict.fromkeys(source.run for source in sources):
        mine = [(source, start) for source, start in zip(sources, starts, strict=True) if source.run is run]
        number = np.zeros(max(source.first + source.count for source, _ in mine), dtype=np.int32)
        for source, start in mine:
            number[source.first : source.first + source.count] = np.arange(start, start + source.count)
        for table in run.reader.batches(rows=_ROWS):
            segment = Segment(0, len(ledger))
            stamp = replace(origin, sequence=segment.sequence)
            ledger[segment] = write_part(points, _renumbered(table, number), manifest.schema, stamp)
        lost = all_dropped(run.directory)
        dropped.by_status += lost.by_status
        dropped.counted |= {int(number[island]): index for island, index in lost.counted.items()}
    save_ledger(points, 0, ledger)
    if dropped.counted:
        dropped.save(counts_path(directory, 0))
    listed = [
        {**source.facts, "islands": [start, source.count]} for source, start in zip(sources, starts, strict=True)
    ]
    write_atomic(directory / MERGED, json.dumps({"sources": listed}, indent=1) + "\n")
    heading = f"# Not scanned with this: {MERGED} says which scans were merged. This is the configuration of one.\n"
    write_atomic(directory / CONFIG, heading + earliest.config.to_yaml())
    summary = {
        "state": STATE,
        "ranks": 1,
        "evaluations": sum(run.evaluated for run in runs),
        "valid": sum(run.valid_count for run in runs),
        "seconds": sum(float(run.summary.get("seconds") or 0.0) for run in runs),
    }
    write_atomic(directory / SUMMARY, json.dumps(summary, indent=1) + "\n")
    manifest.save(directory)  # last: with it, the directory is a run
    return Run(directory)


def _manifest(runs: Sequence[Run], sources: list[_Source]) -> Manifest:
    ids = ", ".join(str(source.facts["run_id"]) for source in sources)
    fresh = Manifest(runs[0].schema, 0, "")
    citations = sorted({citation for run in runs for citation in run.manifest.citations})
    return replace(
        sources[0].run.manifest,
        run_id=fresh.run_id,
        created=now(),
        # No configuration has this hash, so that `resume` refuses to go on with several scans at once.
        config_hash=f"merged from runs {ids}",
        citations=citations,
    )


def _renumbered(table: pa.Table, number: Array) -> pa.Table:
    place = table.schema.get_field_index("island")
    return table.set_column(place, table.schema.field(place), pa.array(number[table["island"].to_numpy()]))
