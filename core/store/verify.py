"""Look at everything in a run directory: what is damaged, what is missing, which points are lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow.dataset as ds

from terranova.errors import RunError, StoreCorrupt
from terranova.store.checkpoint import Checkpoint, checkpoints, load_checkpoint, read_checkpoint
from terranova.store.counts import Dropped, counts_files
from terranova.store.journal import Contents, parse_damaged
from terranova.store.layout import POINTS, Segment, list_segments
from terranova.store.ledger import Entry, load_ledgers, span
from terranova.store.manifest import MANIFEST, Manifest, differences, load_manifest, rebuilt_manifest
from terranova.store.part import check_part
from terranova.store.schema import Schema
from terranova.store.snapshot import Snapshot, advice, take_snapshot

CONFIG = "config.yaml"

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


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        kind: "manifest", "config", "ledger", "part", "journal", "counts", "checkpoint", or of the points as a
            whole "gap" and "duplicate".
        file: relative to the run directory; empty for the points as a whole.
        what: a sentence.
        rows: how many points are lost by it, or are there twice; None when that cannot be known.
        islands, generations: the first and the last of these; None when that cannot be known.
    """

    kind: str
    file: str
    what: str
    rows: int | None = 0
    islands: tuple[int, int] | None = None
    generations: tuple[int, int] | None = None


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes:
        directory: of the run.
        parts, journals, checkpoints: files that are good.
        rows: points that can be read.
        complete: True when it is certain that no point is missing up to the last of each island; None for a run
            that keeps only valid points, of which no one can say which are missing.
        findings: what is wrong; empty when all is well.
        torn_bytes: of frames that were being written when a process died; none of their points was acknowledged.
    """

    directory: Path
    parts: int
    journals: int
    checkpoints: int
    rows: int
    complete: bool | None
    findings: Sequence[Finding]
    torn_bytes: int = 0

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.findings

    @property
    def lost(self) -> int | None:
        """Number of points that are missing; None when it cannot be known."""
        gaps = [finding.rows or 0 for finding in self.findings if finding.kind == "gap"]
        files = [finding.rows for finding in self.findings if finding.kind in ("part", "journal")]
        if self.complete is None and None in files:
            return None
        # The points of a file that is gone leave a gap, unless they were the last ones.
        return max(sum(gaps), sum(rows or 0 for rows in files))

    @property
    def remedy(self) -> str:
        """What to do; empty when nothing is wrong."""
        if self.ok:
            return ""
        if all(finding.kind == "gap" for finding in self.findings):
            return f"`terranova resume {self.directory} --recompute-missing` computes again what is missing"
        if all(finding.kind == "config" for finding in self.findings):
            return f"restore {CONFIG} from a copy"
        return advice(self.directory)

    def to_dict(self) -> dict[str, Any]:
        """A form that JSON can hold."""
        words = {**asdict(self), "directory": str(self.directory), "ok": self.ok, "lost": self.lost}
        return {**words, "remedy": self.remedy}


def verify(directory: Path) -> Verification:
    """Read everything in a run directory and check it, also while a run writes.

    Files are compared with their checksums; the points, with each other: within an island they are numbered without
    gaps, and a number is there once.

    Args:
        directory: of the run, damaged as it may be.

    Raises:
        RunError: there is no such directory, there are no points and no manifest in it, or it is of a newer format.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise RunError(f"There is no run directory {directory}.")
    if not (directory / POINTS).is_dir() and not (directory / MANIFEST).is_file():
        raise RunError(f"{directory} is not a run directory: it has neither {MANIFEST} nor {POINTS}/.")
    findings: list[Finding] = []
    # First the checkpoints: what they rely on was stored before, and has to be among the points.
    newest, loaded = _check_checkpoints(directory, findings)
    snapshot = take_snapshot(directory, lenient=True)
    good = dict(_good_parts(snapshot, findings, directory))
    journals = dict(_good_journals(snapshot, findings, directory))
    manifest = _check_manifest(directory, Snapshot(good, journals, snapshot.ledger), findings)
    for path, text in load_ledgers(directory / POINTS)[1].items():
        findings.append(Finding("ledger", _name(path, directory), text.partition(": ")[2]))
    _check_counts(directory, findings)
    schema = manifest.schema if manifest is not None else None
    there = Snapshot(good, journals, {})
    keeps_all = manifest is not None and manifest.keep == "all"
    rows = _check_points(there, schema, newest if keeps_all else None, keeps_all, findings) if schema else 0
    return Verification(
        directory,
        len(good),
        len(journals),
        loaded,
        rows,
        not any(finding.kind in ("gap", "part", "journal") for finding in findings) if keeps_all else None,
        findings,
        sum(found.torn_bytes for found in journals.values()),
    )


def require_sound(directory: Path) -> None:
    """Make sure that nothing a resumed scan relies on is damaged or missing; reads every part once.

    A gap that no checkpoint passes over is none: going through the scan again fills it.

    Raises:
        StoreCorrupt: a line for each file that is damaged or missing, and what to do.
    """
    findings: list[Finding] = []
    newest = load_checkpoint(directory, quiet=True)  # whoever resumes from it says what is damaged
    snapshot = take_snapshot(directory, lenient=True)
    good = dict(_good_parts(snapshot, findings, directory))
    journals = dict(_good_journals(snapshot, findings, directory))
    for path, text in load_ledgers(directory / POINTS)[1].items():
        findings.append(Finding("ledger", _name(path, directory), text.partition(": ")[2]))
    _check_counts(directory, findings)
    manifest = load_manifest(directory)
    if not findings and newest is not None and manifest.keep == "all":
        there = Snapshot(good, journals, {}).dataset(manifest.schema)
        if lost := _lost_before(there, newest):
            what = f"{lost:,} points on which the checkpoint of generation {newest.generation} relies are missing"
            findings.append(Finding("gap", "", what, lost))
    if findings:
        lines = [f"{finding.file or 'points'}: {finding.what}" for finding in findings]
        raise StoreCorrupt("\n".join([f"{directory} is damaged:", *lines, advice(directory)]))


def _lost_before(there: ds.Dataset, checkpoint: Checkpoint) -> int:
    wanted = checkpoint.arrays["counts"]
    have = np.zeros_like(wanted)
    for batch in there.to_batches(columns=["island", "index"], batch_readahead=1, fragment_readahead=1):
        island, index = (batch.column(name).to_numpy() for name in ("island", "index"))
        have += np.bincount(island[index < wanted[island]], minlength=len(wanted))
    return int(np.maximum(wanted - have, 0).sum())


def _good_parts(snapshot: Snapshot, findings: list[Finding], directory: Path) -> Iterator[tuple[Segment, Path]]:
    for segment in sorted({*snapshot.parts, *snapshot.missing()}):
        path, entry = segment.part(directory / POINTS), snapshot.ledger.get(segment)
        problem = check_part(path, entry) if segment in snapshot.parts else f"{path} is missing"
        if problem is None:
            yield segment, path
        else:
            findings.append(_of_part(path, entry, problem.removeprefix(f"{path} "), directory))


def _of_part(path: Path, entry: Entry | None, what: str, directory: Path) -> Finding:
    if entry is None:
        return Finding("part", _name(path, directory), f"{what}; how many rows it had is not known", None)
    return Finding(
        "part", _name(path, directory), f"{what}; it held {entry}", entry.rows, entry.islands, entry.generations
    )


def _good_journals(
    snapshot: Snapshot, findings: list[Finding], directory: Path
) -> Iterator[tuple[Segment, Contents]]:
    for segment, found in snapshot.journals.items():
        if found.damage:
            stretches = ", ".join(f"{start} to {stop}" for start, stop in found.damage)
            what = f"is damaged at bytes {stretches}; all other frames are good"
            findings.append(Finding("journal", _name(segment.journal(directory / POINTS), directory), what, None))
        yield segment, found
    _check_superseded(snapshot, findings, directory)


def _check_superseded(snapshot: Snapshot, findings: list[Finding], directory: Path) -> None:
    """Look at journals of which the part is there, but not in the ledger yet: they are still needed."""
    points = directory / POINTS
    for segment in list_segments(points).journals:
        path = segment.journal(points)
        if segment in snapshot.journals or segment in snapshot.ledger or not segment.part(points).exists():
            continue
        try:
            found = parse_damaged(path.read_bytes())
        except FileNotFoundError:
            continue  # in the ledger by now
        if found.damage:
            findings.append(Finding("journal", _name(path, directory), "is damaged, but its part is there"))


def _check_manifest(directory: Path, good: Snapshot, findings: list[Finding]) -> Manifest | None:
    """Load the manifest, or make it again from what is stamped on the points; None if there is neither."""
    stamped = rebuilt_manifest(good)
    try:
        manifest = load_manifest(directory)
    except StoreCorrupt:
        findings.append(Finding("manifest", MANIFEST, "is damaged"))
        return stamped
    except RunError:
        if (directory / MANIFEST).is_file():
            raise  # of a newer format
        findings.append(Finding("manifest", MANIFEST, "is missing"))
        return stamped
    if stamped is not None and (words := differences(manifest, stamped)):
        findings.append(Finding("manifest", MANIFEST, f"is not that of the points: {', '.join(words)} differ"))
    if not (directory / CONFIG).is_file():
        findings.append(Finding("config", CONFIG, "is missing: the scan cannot be repeated or resumed without it"))
    return manifest


def _check_counts(directory: Path, findings: list[Finding]) -> None:
    for path in counts_files(directory):
        try:
            Dropped.load(path)
        except StoreCorrupt:
            findings.append(Finding("counts", _name(path, directory), "is damaged: how many points were dropped"))


def _check_checkpoints(directory: Path, findings: list[Finding]) -> tuple[Checkpoint | None, int]:
    """Return the newest good checkpoint, and how many are good."""
    newest, good = None, 0
    for path in checkpoints(directory):
        try:
            found = read_checkpoint(path)
        except FileNotFoundError:
            continue  # a newer one has replaced it
        except Exception as error:
            what = f"is damaged ({error}); it only saves time when resuming"
            findings.append(Finding("checkpoint", _name(path, directory), what))
            continue
        newest, good = newest or found, good + 1
    return newest, good


def _check_points(
    there: Snapshot, schema: Schema, newest: Checkpoint | None, keeps_all: bool, findings: list[Finding]
) -> int:
    """Note gaps and duplicates; return the number of points that can be read.

    Args:
        there: the good files.
        schema: of the points.
        newest: says how many points each island has at least; None if that is not known.
        keeps_all: whether gaps are damage.
    """
    with duckdb.connect() as connection:
        connection.register("points", there.dataset(schema))
        rows = connection.sql("SELECT count(*) FROM points").fetchall()[0][0]
        pairs = connection.sql(_NEIGHBOURS).fetchall()
    twice: dict[int, int] = defaultdict(int)
    gaps: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
    expected = newest.arrays.get("counts") if newest is not None else None
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


def _name(path: Path, directory: Path) -> str:
    return path.relative_to(directory).as_posix()
