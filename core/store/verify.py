"""Verification of a run directory: damaged and missing files, and points that are missing or stored twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terranova.errors import RunError, StoreCorrupt
from terranova.store.checkpoint import COUNTS, Checkpoint, checkpoints, load_checkpoint, read_checkpoint, read_piece
from terranova.store.counts import Dropped, counts_files, counts_path, counts_writer
from terranova.store.findings import CONFIG, FIT, Finding, Verification
from terranova.store.gaps import check_points, present_before
from terranova.store.journal import Contents, parse_damaged
from terranova.store.layout import POINTS, Segment, list_segments
from terranova.store.ledger import Entry, ledger_writers, load_ledgers
from terranova.store.manifest import MANIFEST, Manifest, differences, load_manifest, rebuilt_manifest
from terranova.store.part import check_part
from terranova.store.snapshot import Snapshot, advice, take_snapshot
from terranova.types import Ints


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
    _check_counts(directory, findings, counts_files(directory))
    schema = manifest.schema if manifest is not None else None
    readable = Snapshot(good, journals, {})
    keeps_all = manifest is not None and manifest.keep == "all"
    rows = check_points(readable, schema, newest if keeps_all else None, keeps_all, findings) if schema else 0
    return Verification(
        directory,
        len(good),
        len(journals),
        loaded,
        rows,
        not any(finding.kind in ("gap", "part", "journal") for finding in findings) if keeps_all else None,
        findings,
        sum(contents.torn_bytes for contents in journals.values()),
    )


@dataclass(frozen=True)
class Soundness:
    """What was found in the files of some writers. Those of others can be added.

    Attributes:
        findings: what is wrong.
        present: (islands,) of the points on which the newest checkpoint relies, those that are there; None if there
            is no such checkpoint, or if that is not asked of this run.
    """

    findings: tuple[Finding, ...]
    present: Ints | None

    def __add__(self, other: Soundness) -> Soundness:
        counted = None if self.present is None or other.present is None else self.present + other.present
        return Soundness((*self.findings, *other.findings), counted)


def require_sound(directory: Path) -> None:
    """Make sure that nothing a resumed scan relies on is damaged or missing; reads every part once.

    A gap that no checkpoint passes over is none: going through the scan again fills it.

    Raises:
        StoreCorrupt: a line for each file that is damaged or missing, and what to do.
    """
    newest = load_checkpoint(directory, quiet=True)  # whoever resumes from it says what is damaged
    refuse_damage(directory, newest, soundness(directory, newest, writers_there(directory)))


def writers_there(directory: Path) -> list[int]:
    """Numbers of all the writers that have files in a run directory."""
    points = directory / POINTS
    listing = list_segments(points)
    of_points = {segment.writer for segment in (*listing.parts, *listing.journals)}
    of_counts = {counts_writer(path) for path in counts_files(directory)}
    return sorted(of_points | of_counts | set(ledger_writers(points)))


def soundness(directory: Path, newest: Checkpoint | None, writers: Sequence[int]) -> Soundness:
    """Look for damage in all files of some writers, in memory for those of one.

    Args:
        directory: of the run.
        newest: its newest checkpoint that is not damaged.
        writers: their numbers.
    """
    manifest = load_manifest(directory)
    counts = newest.arrays.get(COUNTS) if newest is not None and manifest.keep == "all" else None
    total = Soundness((), None if counts is None else np.zeros_like(counts))
    for writer in writers:
        findings: list[Finding] = []
        snapshot = take_snapshot(directory, lenient=True, writers=[writer])
        good = dict(_good_parts(snapshot, findings, directory))
        journals = dict(_good_journals(snapshot, findings, directory, [writer]))
        for path, text in load_ledgers(directory / POINTS, [writer])[1].items():
            findings.append(Finding("ledger", _name(path, directory), text.partition(": ")[2]))
        _check_counts(directory, findings, [counts_path(directory, writer)])
        present = None
        if counts is not None:  # of a damaged run nobody asks
            readable = Snapshot(good, journals, {}).dataset(manifest.schema)
            present = np.zeros_like(counts) if findings else present_before(readable, counts)
        total += Soundness(tuple(findings), present)
    return total


def refuse_damage(directory: Path, newest: Checkpoint | None, found: Soundness) -> None:
    """Refuse to go on if something is wrong.

    Args:
        directory: of the run.
        newest: its newest checkpoint that is not damaged.
        found: in the files of all its writers.

    Raises:
        StoreCorrupt: a line for each file that is damaged or missing, and what to do.
    """
    findings = list(found.findings)
    if not findings and newest is not None and found.present is not None:
        lost = int(np.maximum(newest.arrays[COUNTS] - found.present, 0).sum())
        if lost:
            what = f"{lost:,} points on which the checkpoint of generation {newest.generation} relies are missing"
            findings.append(Finding("gap", "", what, lost))
    if findings:
        lines = [f"{finding.file or 'points'}: {finding.what}" for finding in findings]
        raise StoreCorrupt("\n".join([f"{directory} is damaged:", *lines, advice(directory)]))


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
    snapshot: Snapshot, findings: list[Finding], directory: Path, writers: Sequence[int] | None = None
) -> Iterator[tuple[Segment, Contents]]:
    for segment, contents in snapshot.journals.items():
        if contents.damage:
            stretches = ", ".join(f"{start} to {stop}" for start, stop in contents.damage)
            what = f"is damaged at bytes {stretches}; all other frames are good"
            findings.append(Finding("journal", _name(segment.journal(directory / POINTS), directory), what, None))
        yield segment, contents
    _check_superseded(snapshot, findings, directory, writers)


def _check_superseded(
    snapshot: Snapshot, findings: list[Finding], directory: Path, writers: Sequence[int] | None
) -> None:
    """Look at journals of which the part is there, but not in the ledger yet: they are still needed."""
    points = directory / POINTS
    for segment in list_segments(points).of(writers).journals:
        path = segment.journal(points)
        if segment in snapshot.journals or segment in snapshot.ledger or not segment.part(points).exists():
            continue
        try:
            contents = parse_damaged(path.read_bytes(), path)
        except FileNotFoundError:
            continue  # in the ledger by now
        if contents.damage:
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
    if stamped is not None and (fields := differences(manifest, stamped)):
        findings.append(Finding("manifest", MANIFEST, f"is not that of the points: {', '.join(fields)} differ"))
    if not any((directory / name).is_file() for name in (CONFIG, FIT)):
        findings.append(Finding("config", CONFIG, "is missing: the scan cannot be repeated or resumed without it"))
    return manifest


def _check_counts(directory: Path, findings: list[Finding], files: Sequence[Path]) -> None:
    for path in files:
        try:
            Dropped.load(path)
        except StoreCorrupt:
            findings.append(Finding("counts", _name(path, directory), "is damaged: how many points were dropped"))


def _check_checkpoints(directory: Path, findings: list[Finding]) -> tuple[Checkpoint | None, int]:
    """Return the newest good checkpoint, and how many are good."""
    newest, good = None, 0
    for path in checkpoints(directory):
        try:
            checkpoint = read_checkpoint(path)
            for piece in checkpoint.pieces:
                read_piece(path, piece)
        except FileNotFoundError:
            if path.exists():
                findings.append(Finding("checkpoint", _name(path, directory), "lacks a piece; it only saves time"))
            continue  # a newer one has replaced it
        except Exception as error:
            what = f"is damaged ({error}); it only saves time when resuming"
            findings.append(Finding("checkpoint", _name(path, directory), what))
            continue
        newest, good = newest or checkpoint, good + 1
    return newest, good


def _name(path: Path, directory: Path) -> str:
    return path.relative_to(directory).as_posix()
