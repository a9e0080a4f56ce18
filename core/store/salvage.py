"""Salvage of a damaged run, so that it opens and resumes; nothing is deleted, damaged files go to `damaged/`."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from terranova.errors import StoreCorrupt, disk_error
from terranova.store.checkpoint import checkpoint_of, checkpoints, pieces_there
from terranova.store.findings import Finding, Verification
from terranova.store.journal import parse_damaged
from terranova.store.layout import POINTS, Segment, list_segments
from terranova.store.ledger import Entries, Entry, load_ledgers, save_ledger
from terranova.store.lock import RunLock
from terranova.store.manifest import MANIFEST, load_manifest, rebuilt_manifest
from terranova.store.origin import Origin, terranova_version
from terranova.store.part import check_part, dataset_of, entry_of, read_schema, write_part
from terranova.store.records import table_of
from terranova.store.recovery import recover
from terranova.store.schema import Schema
from terranova.store.snapshot import Snapshot, take_snapshot
from terranova.store.verify import require_sound, verify
from terranova.system import disk
from terranova.system.atomic import make_directory, sync_directory, write_atomic

DAMAGED = "damaged"
"""Folder of a run directory that receives what is set aside: `damaged/1/`, `damaged/2/`, ..."""

SALVAGED = "salvaged"
"""State of a run of which points were lost: `resume` goes through it from the start and computes them again."""

_REPORT = "salvage.json"
_SUMMARY = "summary.json"


@dataclass(frozen=True)
class Salvage:
    """What `salvage` did.

    Attributes:
        found: what was wrong.
        moved: files now in `folder`, relative to the run directory; checkpoints among them that were good, but rely
            on points that are lost.
        kept: rows saved from damaged journals.
        folder: where they are; None if nothing was wrong.
        after: what `verify` says now; points that are lost leave gaps until the scan is resumed.
    """

    found: Verification
    moved: Sequence[str]
    kept: int
    folder: Path | None
    after: Verification

    def to_dict(self) -> dict[str, Any]:
        """A form that JSON can hold."""
        return {
            "moved": list(self.moved),
            "kept": self.kept,
            "folder": str(self.folder) if self.folder else None,
            "found": self.found.to_dict(),
            "after": self.after.to_dict(),
        }


def salvage(directory: Path) -> Salvage:
    """Set aside what is damaged, keep everything else, and forget what is missing.

    Dying at any point of it does no harm: do it again.

    Args:
        directory: of the run; nobody may be writing to it.

    Raises:
        RunError: it is no run directory, or of a newer format.
        RunLocked: someone is writing to it.
        StoreCorrupt: the manifest is gone, and there are no points from which it could be made again.
        StoreFull: there is no space for the rows of damaged journals.
    """
    directory = Path(directory)
    verification = verify(directory)
    with RunLock(directory):
        try:
            if verification.ok:
                recover(directory)
                return Salvage(verification, (), 0, None, verify(directory))
            work = _Work(directory, _next_folder(directory))
            work.manifest(verification.findings)
            # Before anything is forgotten: whoever dies then does not leave a run that looks whole.
            work.rest(verification)
            work.ledgers(verification.findings)
            work.parts(verification.findings)
            work.journals(verification.findings)
            work.duplicates(verification.findings)
            recover(directory)
            work.report(verification)
        except OSError as error:
            raise disk_error(f"{directory} could not be salvaged", error) from error
        return Salvage(verification, tuple(work.moved), work.kept, work.folder, verify(directory))


def settle(directory: Path) -> None:
    """Put a run in order that has ended: check it, and seal what its last session could not seal.

    Raises:
        StoreCorrupt: it is damaged.
        StoreFull: there is still no space for the last part.
    """
    require_sound(directory)
    if list_segments(directory / POINTS).journals:
        with RunLock(directory):
            recover(directory)


class _Work:
    def __init__(self, directory: Path, folder: Path) -> None:
        self.directory, self.folder = directory, folder
        self.points = directory / POINTS
        self.moved: list[str] = []
        self.kept = 0

    def manifest(self, findings: Sequence[Finding]) -> None:
        """Make the manifest again from what is stamped on the points."""
        if not _of("manifest", findings):
            self.schema: Schema = load_manifest(self.directory).schema
            return
        snapshot = take_snapshot(self.directory, lenient=True)
        good = {segment: path for segment, path in snapshot.parts.items() if check_part(path) is None}
        rebuilt = rebuilt_manifest(Snapshot(good, snapshot.journals, {}))
        if rebuilt is None:
            raise StoreCorrupt(
                f"{self.directory / MANIFEST} cannot be made again: no undamaged file holds points of this run "
                "with what they belong to. Restore it from a copy, or start the scan again in another directory."
            )
        self._keep_copy(self.directory / MANIFEST)
        rebuilt.save(self.directory)
        self.schema = rebuilt.schema

    def ledgers(self, findings: Sequence[Finding]) -> None:
        """Set damaged ledgers aside; `recover` makes them again of the parts that are there."""
        for finding in _of("ledger", findings):
            self._move(self.directory / finding.file)

    def parts(self, findings: Sequence[Finding]) -> None:
        """Set damaged parts aside, and forget them and those that are missing."""
        bad = {self.directory / finding.file for finding in _of("part", findings)}
        for path in sorted(bad):
            self._move(path)
        self._forget(bad)

    def _forget(self, paths: set[Path]) -> None:
        entries = load_ledgers(self.points)[0]
        lost = [segment for segment in entries if segment.part(self.points) in paths]
        for writer in sorted({segment.writer for segment in lost}):
            left = {s: entry for s, entry in entries.items() if s.writer == writer and s not in lost}
            save_ledger(self.points, writer, left)

    def journals(self, findings: Sequence[Finding]) -> None:
        """Seal the good frames of damaged journals."""
        for finding in _of("journal", findings):
            path = self.directory / finding.file
            (segment,) = (s for s in list_segments(self.points).journals if s.journal(self.points) == path)
            self._keep_copy(path)
            entry = self._sealed(segment)
            if entry is not None:
                save_ledger(self.points, segment.writer, {**self._ledger_of(segment.writer), segment: entry})
                self.kept += entry.rows
            disk.unlink(path)

    def _sealed(self, segment: Segment) -> Entry | None:
        """Seal what is good of a journal; None if nothing is. A part that was made of it already is as good."""
        part = segment.part(self.points)
        if part.exists() and check_part(part) is None:
            return entry_of(part)
        path = segment.journal(self.points)
        read = parse_damaged(path.read_bytes(), path, self.schema)
        if not len(read.records):
            return None
        schema = read.schema or self.schema
        origin = read.origin or Origin("", segment.writer, segment.sequence, terranova_version())
        return write_part(self.points, table_of(read.records, read.reasons, schema), schema, origin)

    def duplicates(self, findings: Sequence[Finding]) -> None:
        """Keep the first of the points that are there twice."""
        if not _of("duplicate", findings):
            return
        recover(self.directory)
        seen: dict[int, set[int]] = {}
        for segment in list_segments(self.points).parts:
            path = segment.part(self.points)
            table = dataset_of([path]).to_table()
            new = np.ones(len(table), dtype=bool)
            for row, (island, index) in enumerate(
                zip(table["island"].to_pylist(), table["index"].to_pylist(), strict=True)
            ):
                known = seen.setdefault(island, set())
                new[row] = index not in known
                known.add(index)
            if new.all():
                continue
            schema = read_schema(path)
            self._keep_copy(path)
            entries = self._ledger_of(segment.writer)
            if new.any():
                origin = Origin("", segment.writer, segment.sequence, terranova_version())
                entries[segment] = write_part(self.points, table.filter(pa.array(new)), schema, origin)
                save_ledger(self.points, segment.writer, entries)
            else:
                entries.pop(segment, None)
                save_ledger(self.points, segment.writer, entries)
                disk.unlink(path)

    def rest(self, verification: Verification) -> None:
        """Set aside what cannot be repaired or can be made again, and what relies on points that are lost."""
        for finding in (*_of("counts", verification.findings), *_of("checkpoint", verification.findings)):
            self._move(self.directory / finding.file)
        if not any(finding.kind in ("part", "journal", "gap", "counts") for finding in verification.findings):
            return
        for path in checkpoints(self.directory):
            self._move(path)
        for piece in pieces_there(self.directory):
            if not checkpoint_of(piece).exists():
                self._move(piece)
        summary = self.directory / _SUMMARY
        try:
            content = json.loads(summary.read_bytes())
        except (OSError, ValueError):
            content = {}
        write_atomic(summary, json.dumps({**content, "state": SALVAGED}, indent=1) + "\n")

    def report(self, verification: Verification) -> None:
        """Leave a note of what was wrong beside what was set aside."""
        if not self.moved:
            return
        findings = [asdict(finding) for finding in verification.findings]
        content = {"moved": self.moved, "kept": self.kept, "findings": findings}
        write_atomic(self.folder / _REPORT, json.dumps(content, indent=1) + "\n")

    def _ledger_of(self, writer: int) -> Entries:
        entries = load_ledgers(self.points)[0]
        return {segment: entry for segment, entry in entries.items() if segment.writer == writer}

    def _move(self, path: Path) -> None:
        if path.exists():
            disk.replace(path, self._target(path))
            sync_directory(path.parent)

    def _keep_copy(self, path: Path) -> None:
        """Have the file at both places, so that dying now loses neither."""
        if not path.exists():
            return
        target = self._target(path)
        try:
            disk.link(path, target)
        except OSError:  # a file system without links
            shutil.copy2(path, target)

    def _target(self, path: Path) -> Path:
        target = self.folder / path.relative_to(self.directory)
        make_directory(target.parent)
        self.moved.append(path.relative_to(self.directory).as_posix())
        return target


def _of(kind: str, findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.kind == kind]


def _next_folder(directory: Path) -> Path:
    number = 1
    while (directory / DAMAGED / str(number)).exists():
        number += 1
    return directory / DAMAGED / str(number)
