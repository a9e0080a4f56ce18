"""Writer of the store: one a process, none of which needs to know of the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

import numpy as np

from terranova.errors import ContractError, RunError, disk_error
from terranova.interfaces.batch import Batch
from terranova.store.counts import Dropped, all_dropped, counts_path
from terranova.store.journal import Journal
from terranova.store.layout import POINTS, Segment, list_segments
from terranova.store.ledger import PARTS_IN_A_FILE, load_ledger, save_entry
from terranova.store.manifest import about
from terranova.store.origin import Origin, terranova_version
from terranova.store.part import write_part
from terranova.store.records import fill, reasons_of, record_dtype
from terranova.store.recovery import recover
from terranova.store.schema import Schema
from terranova.store.unsealed import Unsealed
from terranova.system import disk
from terranova.system.atomic import make_directory
from terranova.types import Array, Ints

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_UNSEALED_BYTES = 64 * 2**20
"""Bound of the memory a writer holds, and of the journal a reader has to parse."""

SYNC_EVERY = 1.0
"""Seconds that a power cut may take, with durability "process"."""

SYNC_SHARE = 0.05
"""Syncing of its own accord takes at most this share of the time: on a slow disk it happens less often."""

SEAL_EVERY = 30.0
SEAL_SHARE = 0.1
"""At a `sync`, seal rows older than `SEAL_EVERY` seconds and than this share of the run: a short run is soon
readable by other tools, and a long one does not consist of small files."""


class Writer:
    """Stores batches. Opening one first puts in order what an earlier writer of the same number left.

    Args:
        directory: of the run; `points/` is made in it.
        schema: the columns stored.
        writer: number of this writer; no two open ones may share it.
        keep: "all" points, or only the "valid" ones that are no probes, counting the others.
        observable_columns: which columns of `Batch.observables` are stored, one per observable of the schema;
            all of them, in order, if None.
        durability: "process": an appended batch survives the death of the process at once, and a power cut
            after `sync` or about a second. "power": it survives a power cut at once, for one fsync per batch.
        part_rows: rows in a part, unless `MAX_UNSEALED_BYTES` are reached first.
        run_id: stamped on what is written, with the manifest if the directory has one.

    Raises:
        ValueError: an argument makes no sense.
        StoreCorrupt: a file of an earlier writer is damaged.
        StoreFull: there is no space.
        RunMismatch: it has other columns.
        RunError: the directory cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        schema: Schema,
        *,
        writer: int = 0,
        keep: Literal["all", "valid"] = "all",
        observable_columns: Sequence[int] | Array | None = None,
        durability: Literal["process", "power"] = "process",
        part_rows: int = 50_000,
        run_id: str = "",
    ) -> None:
        _check_choice("keep", keep, ("all", "valid"))
        _check_choice("durability", durability, ("process", "power"))
        if part_rows < 1:
            raise ValueError(f"part_rows must be at least 1, got {part_rows}")
        if observable_columns is not None and len(observable_columns) != len(schema.observables):
            raise ValueError(
                f"{len(observable_columns)} observable columns were chosen, "
                f"but the schema has {len(schema.observables)} observables"
            )
        self.schema = schema
        self.directory = Path(directory).absolute()  # a model may change the current directory
        self._points = self.directory / POINTS
        self._writer = writer
        self._run_id = run_id
        self._keep = keep
        self._power_safe = durability == "power"
        self._observables = None if observable_columns is None else np.asarray(observable_columns, np.intp)

        self._dtype = record_dtype(schema)
        self._capacity = max(1, min(part_rows, MAX_UNSEALED_BYTES // self._dtype.itemsize))
        self._rows = Unsealed(schema, self._capacity)
        self._batch = np.empty(0, self._dtype)  # the records of one batch
        self._reasons: dict[int, str] = {}
        self._journal: Journal | None = None
        self._broken: str = ""  # why it cannot be used any more
        self._closed = False

        self._opened = self._sealed_at = self._synced_at = time.monotonic()
        self._sync_pause = SYNC_EVERY
        self._unsynced = False
        self._counts_dirty = False
        self._guarded("open", self._open)

    def append(self, batch: Batch) -> None:
        """Store a batch; returns when it is as durable as promised.

        Args:
            batch: n points; its arrays are copied.

        Raises:
            ContractError: its shape is not that of the schema; nothing was stored.
            StoreFull: there is no space for it. As after every error, the writer can then only be closed.
            RunError: it could not be written, and may not be stored.
        """
        self._require_usable()
        if len(batch) == 0:
            return
        self._check_shape(batch)
        self._guarded("write to", lambda: self._append(batch))

    @property
    def unsealed(self) -> int:
        """Number of rows appended since the last part."""
        return self._rows.rows

    @property
    def capacity(self) -> int:
        """Number of rows at which a part is sealed."""
        return self._capacity

    def sync(self) -> None:
        """Wait until everything appended survives a power cut; seal if it is time to.

        Raises:
            RunError: the disk refused.
        """
        self._require_usable()
        self._guarded("sync", self._sync)

    def seal(self) -> None:
        """Turn the rows appended since the last part into a new part.

        Raises:
            RunError: it could not be written; the rows are safe in the journal.
        """
        self._require_usable()
        self._guarded("seal rows in", self._seal)

    def close(self) -> None:
        """Seal what is left and let go of the files. Harmless when closed already.

        After a failed write nothing is sealed: what was acknowledged is in the journal, where the next
        writer, or `recover`, finds it.

        Raises:
            RunError: the last part could not be written; the rows are safe in the journal.
        """
        if self._closed:
            return
        self._closed = True
        try:
            if not self._broken:
                self._guarded("seal rows in", self._finish)
        finally:
            if self._journal is not None:
                self._journal.close()

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- what may fail half-way -----------------------------------------------------------------------------

    def _open(self) -> None:
        make_directory(self._points)
        recover(self.directory, self.schema, writer=self._writer)
        self._ledger = load_ledger(self._points, self._writer)
        listed = max((segment.sequence + 1 for segment in self._ledger), default=0)
        # The number of a part that is gone is not used again.
        self._sequence = max(listed, list_segments(self._points).next_sequence(self._writer))
        self._forget_full_files()
        self._about = about(self.directory)
        self._dropped = Dropped.load(counts_path(self.directory, self._writer))
        # With another number of ranks than before, an island may have been counted by another writer.
        if self._keep == "valid":
            self._dropped.counted = all_dropped(self.directory).counted

    def _append(self, batch: Batch) -> None:
        chosen = self._choose(batch)
        n = len(batch) if chosen is None else len(chosen)
        if n == 0:
            return
        if self._rows.rows + n > self._rows.capacity:
            self._seal()
        if n > len(self._batch):
            self._batch = np.empty(n, self._dtype)
        records = self._batch[:n]
        fill(records, batch, chosen, self._observables)
        reasons = reasons_of(batch, chosen)
        self._open_journal().append(records, reasons)
        self._reasons.update({self._rows.rows + row: text for row, text in reasons.items()})
        self._rows.add(records)
        self._unsynced = True
        if self._power_safe or time.monotonic() - self._synced_at > self._sync_pause:
            self._sync_journal()
        if self._rows.rows >= self._capacity:
            self._seal()

    def _choose(self, batch: Batch) -> Ints | None:
        """The rows of a batch to be stored; None for all."""
        if self._keep == "all":
            return None
        kept = batch.found
        self._dropped.add(batch, kept)
        self._counts_dirty = True
        return None if kept.all() else np.flatnonzero(kept)

    def _open_journal(self) -> Journal:
        if self._journal is None:
            segment = Segment(self._writer, self._sequence)
            self._journal = Journal(segment.journal(self._points), self.schema, self._origin())
        return self._journal

    def _sync(self) -> None:
        self._sync_journal()
        self._save_counts()
        now = time.monotonic()
        if now - self._sealed_at > max(SEAL_EVERY, SEAL_SHARE * (now - self._opened)):
            self._seal()

    def _sync_journal(self) -> None:
        begin = time.monotonic()
        if self._unsynced and self._journal is not None:
            self._journal.sync()
            self._unsynced = False
        self._synced_at = time.monotonic()
        self._sync_pause = max(SYNC_EVERY, (self._synced_at - begin) / SYNC_SHARE)

    def _seal(self) -> None:
        self._sealed_at = time.monotonic()
        if self._journal is None:
            return
        table = self._rows.table(self._reasons)
        segment = Segment(self._writer, self._sequence)
        self._ledger[segment] = write_part(self._points, table, self.schema, self._origin())
        save_entry(self._points, self._writer, self._ledger, segment)
        # The part has its name and its line by now, so from here on the journal only repeats it.
        self._journal.close()
        disk.unlink(self._journal.path)
        self._journal = None
        self._sequence += 1
        self._forget_full_files()
        self._rows.clear()
        self._reasons = {}
        self._unsynced = False
        self._save_counts()

    def _forget_full_files(self) -> None:
        """Keep only what the file of the ledger that comes next has to repeat: memory that does not grow."""
        first = self._sequence - self._sequence % PARTS_IN_A_FILE
        self._ledger = {segment: entry for segment, entry in self._ledger.items() if segment.sequence >= first}

    def _finish(self) -> None:
        self._seal()
        self._save_counts()

    def _save_counts(self) -> None:
        if self._counts_dirty:
            self._dropped.save(counts_path(self.directory, self._writer))
            self._counts_dirty = False

    # -- helpers --------------------------------------------------------------------------------------------

    def _origin(self) -> Origin:
        return Origin(self._run_id, self._writer, self._sequence, terranova_version(), self._about)

    def _guarded(self, doing: str, action: Callable[[], T]) -> T:
        """Run `action`; if it stops half-way, by an error or Ctrl-C, this writer is not to be used again."""
        try:
            return action()
        except OSError as error:
            problem = disk_error(f"terranova could not {doing} {self._points}", error)
            self._broken = str(problem)
            raise problem from error
        except BaseException as error:
            self._broken = f"terranova was stopped while it tried to {doing} {self._points} ({error!r})"
            raise

    def _require_usable(self) -> None:
        if self._closed:
            raise RunError(f"The writer {self._writer} of {self._points} is closed.")
        if self._broken:
            raise RunError(f"{self._broken}; this writer cannot go on, open a new one")

    def _check_shape(self, batch: Batch) -> None:
        got = (batch.x.shape[1], batch.violations.shape[1])
        expected = (len(self.schema.parameters), got[1] if self.schema.total else len(self.schema.violations))
        k = batch.observables.shape[1]
        if self._observables is None:
            fits = k == len(self.schema.observables)
        else:
            fits = not len(self._observables) or k > int(self._observables.max())
        if got != expected or not fits:
            raise ContractError(
                f"A batch with {got[0]} parameters, {k} observables and {got[1]} constraints does not fit "
                f"the stored columns: {expected[0]} parameters, {len(self.schema.observables)} observables, "
                f"{expected[1]} constraints."
            )


def _check_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, known))}; got {value!r}")
