"""Export of a run's points to one file that other programs read: CSV, Parquet or HDF5."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terranova.errors import RunError, TerranovaError, did_you_mean
from terranova.system.atomic import TEMPORARY, make_temporary, publish, sync_file, write_atomic

if TYPE_CHECKING:
    import pyarrow as pa

    from terranova.runs.run import Run
    from terranova.store.reader import Where

HDF5_GROUP = "points"
_ROWS = 50_000


def export(
    run: Run,
    to: str = "csv",
    path: Path | str | None = None,
    where: Where | None = None,
    *,
    force: bool = False,
) -> Path:
    """Write points to a file. Needs memory for a few ten thousand of them only, however many there are.

    Units, LaTeX labels, descriptions and sources go along: for CSV into a second file `<name>.units.json`,
    because a comment line in a CSV is something most readers trip over; for Parquet into the metadata of the
    fields; for HDF5 into the attributes of the data sets.

    Args:
        run: whose points.
        to: "csv", "parquet" or "hdf5".
        path: the new file; `points.<ending>` in the run directory if None.
        where: which points: SQL such as "valid and mh2 < 300", or a pyarrow expression; all if None.
        force: overwrite what is there.

    Returns:
        The new file. It appears under its name only when it is complete.

    Raises:
        RunError: an unknown format, the file exists or cannot be written, or the condition makes no sense.
        TerranovaError: HDF5 was asked for and h5py is not installed.
    """
    if to not in FORMATS:
        raise RunError(f"cannot export to {to!r}{did_you_mean(to, FORMATS)}")
    file_format = FORMATS[to]
    target = Path(path) if path is not None else run.directory / f"points.{file_format.ending}"
    units_file = target.with_name(target.name + ".units.json")
    units = "" if file_format.describes_columns else _units(run)
    for file in (target,) if file_format.describes_columns else (target, units_file):
        if file.exists() and not force and not (file == units_file and _holds(file, units)):
            raise RunError(f"{file} exists already; give force=True (--force) to replace it.")
    if not target.parent.is_dir():
        raise RunError(f"There is no directory {target.parent} to write {target.name} into.")
    temporary = target.with_name(target.name + TEMPORARY)
    try:
        temporary = make_temporary(target)
        file_format.write(run, temporary, run.reader.batches(where=where, rows=_ROWS))
        sync_file(temporary)
        if not file_format.describes_columns:
            write_atomic(units_file, units)
        publish(temporary, target)
    except OSError as error:
        raise RunError(f"{target} could not be written: {error.strerror or error}") from error
    finally:
        if temporary.exists():
            os.unlink(temporary)
    return target


def _units(run: Run) -> str:
    return json.dumps(describe_columns(run), indent=1, ensure_ascii=False) + "\n"


def _holds(file: Path, text: str) -> bool:
    """Say whether a file is what would be written, as one is that an export left which was cut off."""
    try:
        return file.read_text(encoding="utf-8") == text
    except (OSError, ValueError):
        return False


def describe_columns(run: Run) -> dict[str, Any]:
    """What each column means: kind, unit, latex, description and source, by name, after facts of the run."""
    columns = {field.name: _metadata(field) for field in run.schema.arrow}
    return {"run_id": run.manifest.run_id, "model": run.manifest.model, "columns": columns}


def _metadata(field: pa.Field) -> dict[str, str]:
    return {key.decode(): text.decode() for key, text in (field.metadata or {}).items() if text}


def _write_csv(run: Run, path: Path, tables: Iterator[pa.Table]) -> None:
    from pyarrow import csv

    # pyarrow writes the shortest digits that give back the same number.
    with csv.CSVWriter(path, run.schema.arrow) as writer:
        for table in tables:
            writer.write_table(table.cast(run.schema.arrow))


def _write_parquet(run: Run, path: Path, tables: Iterator[pa.Table]) -> None:
    import pyarrow.parquet as pq

    facts = json.dumps({k: v for k, v in describe_columns(run).items() if k != "columns"})
    schema = run.schema.arrow.with_metadata({"terranova.run": facts})
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        for table in tables:
            writer.write_table(table.cast(schema))


def _write_hdf5(run: Run, path: Path, tables: Iterator[pa.Table]) -> None:
    try:
        import h5py
    except ImportError:
        raise TerranovaError(
            "Writing HDF5 needs h5py, which is not installed: pip install 'terranova[hdf5]'"
        ) from None

    about = describe_columns(run)
    with h5py.File(path, "w") as file:
        group = file.create_group(HDF5_GROUP)
        group.attrs.update({key: value for key, value in about.items() if key != "columns"})
        columns = {}
        for field in run.schema.arrow:
            is_text = str(field.type) == "string"
            kind = h5py.string_dtype() if is_text else field.type.to_pandas_dtype()
            # The filters suit fixed-size numbers only; texts are stored outside the chunks.
            filters = {} if is_text else {"compression": "gzip", "compression_opts": 1, "shuffle": True}
            columns[field.name] = group.create_dataset(
                field.name, shape=(0,), maxshape=(None,), dtype=kind, chunks=(8192,), **filters
            )
            columns[field.name].attrs.update(about["columns"][field.name])
        rows = 0
        for table in tables:
            for name, dataset in columns.items():
                dataset.resize((rows + len(table),))
                dataset[rows:] = table[name].to_numpy()
            rows += len(table)


@dataclass(frozen=True)
class FileFormat:
    """A format to export to.

    Attributes:
        ending: of the files' names, without the dot.
        write: writes tables of points, in order, to a new file; it gets the run for the columns.
        describes_columns: whether units, labels and sources go into the file; otherwise into one beside it.
    """

    ending: str
    write: Callable[[Run, Path, Iterator[pa.Table]], None]
    describes_columns: bool


FORMATS = {
    "csv": FileFormat("csv", _write_csv, describes_columns=False),
    "parquet": FileFormat("parquet", _write_parquet, describes_columns=True),
    "hdf5": FileFormat("h5", _write_hdf5, describes_columns=True),
}
"""By the name that `export` takes."""
