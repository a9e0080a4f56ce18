"""Reader of the store: any process, at any time, also while a run writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from terranova.errors import RunError, StoreCorrupt, did_you_mean
from terranova.store.counts import Counts, all_dropped
from terranova.store.layout import Segment
from terranova.store.ledger import Entry
from terranova.store.manifest import MANIFEST, load_manifest, refuse_newer_run
from terranova.store.part import check_footer, check_part, generation_range, read_footer, read_schema
from terranova.store.schema import Schema
from terranova.store.snapshot import Snapshot, advice, take_snapshot
from terranova.system.working_directory import stand_somewhere

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

Wait: TypeAlias = Callable[[Callable[[], Any]], Any]
"""Does something in another thread, and breaks it off when a signal raises in this one."""

Where: TypeAlias = pc.Expression | str
"""Which rows: a `pyarrow.compute` expression, or an SQL condition such as "valid and loglike > -10"."""

_ONE_AT_A_TIME = {"batch_readahead": 1, "fragment_readahead": 1}
"""Scan options that keep one part in memory, not the next four as well."""

_CLOSED = {
    "enable_external_access": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "lock_configuration": "true",
}
"""A query sees the points and nothing else: no file, no network, no extension, no variable of the caller."""


class _Extent(NamedTuple):
    rows: int
    first: int
    last: int


class Reader:
    """The points of a run. Every call sees all rows appended before it, each once; nothing is kept open.

    Args:
        directory: of the run.
        writers: see only the files of these; everybody's if None.

    Raises:
        RunError: there is no such directory, or a newer terranova wrote it.
    """

    def __init__(self, directory: Path, *, writers: Collection[int] | None = None) -> None:
        self.directory = Path(directory)
        self._writers = writers
        self._root = self.directory.absolute()  # a model may change the current directory
        if not self.directory.is_dir():
            raise RunError(f"There is no run directory {self.directory}.")
        refuse_newer_run(self._root)
        self._schema: Schema | None = None
        self._extents: dict[Path, _Extent] = {}
        self._sound: set[Path] = set()  # parts whose footers were checked; parts do not change

    @property
    def schema(self) -> Schema:
        """The columns.

        Raises:
            RunError: nothing has been stored, and there is no manifest that says what would be.
        """
        if self._schema is None:
            self._schema = self._find_schema(self._snapshot())
        return self._schema

    def dataset(self) -> ds.Dataset:
        """All rows as of now, for pyarrow and for tools that take a pyarrow dataset."""
        return self._dataset(self._snapshot())

    def table(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pa.Table:
        """Read rows into memory.

        Args:
            columns: their names, in the wanted order; all if None.
            where: which rows; all if None.

        Raises:
            RunError: an unknown column, or a condition that makes no sense.
            StoreCorrupt: a file is damaged; says which.
        """
        if isinstance(where, str):
            return self.sql(self._select(columns, where))
        self._check_columns(columns)
        with self._mistakes_explained():
            scanner = self.dataset().scanner(columns=_as_list(columns), filter=where)
        with self._damage_explained():
            return scanner.to_table()

    def batches(
        self, columns: Sequence[str] | None = None, where: Where | None = None, rows: int = 50_000
    ) -> Iterator[pa.Table]:
        """Yield tables of at most `rows` rows that together are `table(columns, where)`, in bounded memory.

        Raises:
            RunError, StoreCorrupt: as in `table`.
        """
        if isinstance(where, str):
            with self._query(self._select(columns, where)) as (relation, wait), self._damage_explained():
                stream = wait(lambda: relation.to_arrow_reader(rows))
                while (batch := wait(lambda: next(stream, None))) is not None:
                    yield pa.Table.from_batches([batch])
            return
        self._check_columns(columns)
        options = {"batch_size": rows, **_ONE_AT_A_TIME}
        with self._mistakes_explained():
            scanner = self.dataset().scanner(columns=_as_list(columns), filter=where, **options)
        with self._damage_explained():
            for batch in scanner.to_batches():
                if batch.num_rows:
                    yield pa.Table.from_batches([batch])

    def sql(self, query: str) -> pa.Table:
        """Run a DuckDB query over the view `points`, such as "select max(loglike) from points where valid".

        Raises:
            RunError: the query is wrong; DuckDB says how.
            StoreCorrupt: a file is damaged; says which.
        """
        with self._query(query) as (relation, wait), self._damage_explained():
            return wait(relation.to_arrow_table)

    def to_pandas(self, columns: Sequence[str] | None = None, where: Where | None = None) -> pd.DataFrame:
        """As `table`, as a pandas data frame."""
        frame: pd.DataFrame = self.table(columns, where).to_pandas()
        return frame

    def valid(self, columns: Sequence[str] | None = None) -> pa.Table:
        """The points that did not fail and violate nothing."""
        return self.table(columns, pc.field("valid"))

    def count(self) -> int:
        """Number of rows stored; reads no data but that of journals."""
        snapshot = self._snapshot()
        sealed = sum(self._extent(segment, snapshot).rows for segment in snapshot.parts)
        return sealed + sum(len(contents.records) for contents in snapshot.journals.values())

    def counts(self) -> Counts:
        """How many points were evaluated, and how many of them not stored."""
        dropped = all_dropped(self._root)
        return Counts(self.count(), dropped.by_status, dropped.counted)

    def generations(
        self, start: int, stop: int, *, islands: tuple[int, int] | None = None, most: int | None = None
    ) -> pa.Table:
        """The rows of all writers with start <= generation < stop, ordered by generation, island and index.

        Parts without such rows are not read; memory is that of the result and of one part.

        Args:
            start, stop: the first generation, and that after the last.
            islands: the first island that is wanted, and that after the last; all if None.
            most: parts that are read, if more have such rows: as many of these, far from each other.

        Raises:
            StoreCorrupt: a file is damaged; says which.
        """
        snapshot = self._snapshot()
        extents = {segment: self._extent(segment, snapshot) for segment in snapshot.parts}
        parts = [segment for segment, extent in extents.items() if extent.first < stop and start <= extent.last]
        where = (pc.field("generation") >= start) & (pc.field("generation") < stop)
        if islands is not None:
            first, end = islands
            where &= (pc.field("island") >= first) & (pc.field("island") < end)
            parts = [segment for segment in parts if _has_islands(snapshot.ledger.get(segment), first, end)]
        if most is not None:
            parts = parts[:: -(-len(parts) // most) or 1]
        with self._damage_explained():
            table = self._dataset(snapshot, parts).to_table(filter=where, **_ONE_AT_A_TIME)
        return table.sort_by([(name, "ascending") for name in ("generation", "island", "index")])

    def last_generation(self) -> int:
        """The last generation of which anything is stored, -1 if nothing is."""
        snapshot = self._snapshot()
        lasts = [self._extent(segment, snapshot).last for segment in snapshot.parts]
        journals = [contents.records for contents in snapshot.journals.values() if len(contents.records)]
        return max([*lasts, *(int(records["generation"].max()) for records in journals)], default=-1)

    def islands_progress(self) -> dict[int, int]:
        """Island -> the last of its generations that is stored."""
        progress: dict[int, int] = {}
        for table in self.batches(["island", "generation"], rows=1_000_000):
            for row in table.group_by("island").aggregate([("generation", "max")]).to_pylist():
                island, generation = row["island"], row["generation_max"]
                progress[island] = max(generation, progress.get(island, generation))
        return progress

    def verify(self) -> list[str]:
        """Read all points, checking every checksum; return one sentence for each damaged file.

        `terranova.store.verify` looks at everything else in the directory, too.
        """
        try:
            snapshot = self._snapshot()
        except StoreCorrupt as error:
            return str(error).splitlines()
        checked = (check_part(path, snapshot.ledger.get(segment)) for segment, path in snapshot.parts.items())
        return [problem for problem in checked if problem is not None]

    # -- helpers --------------------------------------------------------------------------------------------

    def _snapshot(self) -> Snapshot:
        return take_snapshot(self._root, writers=self._writers)

    def _find_schema(self, snapshot: Snapshot) -> Schema:
        for segment, part in snapshot.parts.items():
            self._require_sound(snapshot, [segment])
            return read_schema(part)
        for contents in snapshot.journals.values():
            if contents.schema is not None:
                return contents.schema
        if (self._root / MANIFEST).exists():
            return load_manifest(self._root).schema
        raise RunError(f"{self.directory} holds no points of a terranova run.")

    def _dataset(self, snapshot: Snapshot, chosen: list[Segment] | None = None) -> ds.Dataset:
        segments = list(snapshot.parts) if chosen is None else chosen
        self._require_sound(snapshot, segments)
        if self._schema is None:
            self._schema = self._find_schema(snapshot)
        return snapshot.dataset(self._schema, [snapshot.parts[segment] for segment in segments])

    def _require_sound(self, snapshot: Snapshot, segments: Iterable[Segment]) -> None:
        """Check what readers see first of these parts, unless that was done before.

        Raises:
            StoreCorrupt: a line for each that is damaged.
        """
        problems = []
        for segment in segments:
            part, entry = snapshot.parts[segment], snapshot.ledger.get(segment)
            if entry is None or part in self._sound:
                continue
            if problem := check_footer(part, entry):
                problems.append(problem)
            else:
                self._sound.add(part)
        if problems:
            raise StoreCorrupt("\n".join([*problems, advice(self.directory)]))

    def _extent(self, segment: Segment, snapshot: Snapshot) -> _Extent:
        part = snapshot.parts[segment]
        if segment in snapshot.ledger:
            entry = snapshot.ledger[segment]
            if (size := part.stat().st_size) != entry.size:
                damage = f"{part} is damaged: it has {size:,} bytes instead of {entry.size:,}"
                raise StoreCorrupt(f"{damage}\n{advice(self.directory)}")
            return _Extent(entry.rows, *entry.generations)
        if part not in self._extents:
            with self._damage_explained():
                footer = read_footer(part)
                self._extents[part] = _Extent(footer.num_rows, *generation_range(footer))
        return self._extents[part]

    def _check_columns(self, columns: Sequence[str] | None) -> None:
        known = self.schema.names
        for name in columns or ():
            if name not in known:
                raise RunError(f"The points have no column {name!r}{did_you_mean(name, known)}.")

    def _select(self, columns: Sequence[str] | None, where: str) -> str:
        self._check_columns(columns)
        names = "*" if columns is None else ", ".join('"' + name.replace('"', '""') + '"' for name in columns)
        return f"SELECT {names} FROM points WHERE {where}"

    @contextmanager
    def _query(self, query: str) -> Iterator[tuple[duckdb.DuckDBPyRelation, Wait]]:
        """Bind a query to the view `points`, so that mistakes in it are found before any data is read.

        What DuckDB takes its time for is to be done by the second of what is yielded: DuckDB hears no signal, and
        this thread does.
        """
        import duckdb

        kind = duckdb.StatementType
        reading = (kind.SELECT, kind.EXPLAIN, kind.MULTI)  # PIVOT is several
        stand_somewhere(self._root)
        with duckdb.connect(config=_CLOSED) as connection, ThreadPoolExecutor(1) as worker:

            def wait(work: Callable[[], Any]) -> Any:
                try:
                    return worker.submit(work).result()
                except BaseException:
                    connection.interrupt()
                    raise

            connection.register("points", self.dataset())
            with self._mistakes_explained():
                kinds = [statement.type for statement in connection.extract_statements(query)]
                if len(kinds) != 1 or kinds[0] not in reading:
                    raise RunError(f"A query is one statement that reads, beginning with SELECT or WITH: {query}")
                relation = wait(lambda: connection.sql(query))
            if relation is None:
                raise RunError(f"This query returns no table; start it with SELECT: {query}")
            yield relation, wait

    @contextmanager
    def _mistakes_explained(self) -> Iterator[None]:
        import duckdb

        try:
            yield
        except (pa.ArrowException, duckdb.Error) as error:
            raise self._mistake(error) from error

    @contextmanager
    def _damage_explained(self) -> Iterator[None]:
        """Turn what Arrow and DuckDB raise while they read into a sentence that names the damaged file."""
        import duckdb

        try:
            yield
        except (StoreCorrupt, MemoryError):
            raise
        except Exception as error:  # of a damaged file they, and what they call, raise whatever they come upon
            if isinstance(error, (duckdb.InterruptException, pa.ArrowCancelled)):
                raise KeyboardInterrupt from error  # what these make of a signal
            if problems := self.verify():
                raise StoreCorrupt("\n".join([*problems, advice(self.directory)])) from error
            if not isinstance(error, (OSError, pa.ArrowException, duckdb.Error)):
                raise
            raise self._mistake(error) from error

    def _mistake(self, error: Exception) -> RunError:
        return RunError(f"The points of {self.directory} cannot be read that way: {error}")


def _has_islands(entry: Entry | None, first: int, stop: int) -> bool:
    """Say whether a part may have rows of the islands first, ... stop - 1."""
    return entry is None or (entry.islands[0] < stop and first <= entry.islands[1])


def _as_list(columns: Sequence[str] | None) -> list[str] | None:
    return None if columns is None else list(columns)
