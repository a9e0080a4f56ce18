"""Parts of sealed rows: Parquet files of one row group, readable by every tool that reads Parquet."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.fs as fs
import pyarrow.parquet as pq

from terranova.errors import StoreCorrupt
from terranova.store.layout import Segment
from terranova.store.ledger import Entry
from terranova.store.origin import Origin
from terranova.store.schema import BOOKKEEPING, Schema
from terranova.system.atomic import replacing
from terranova.system.memory import require_threads

_STATISTICS = ["island", "generation", "index", "valid", "loglike", "total_violation"]
_SCHEMA_KEY = b"terranova.schema"
_BLOCK = 2**20
_TAIL = 8
"""Bytes after the footer: its length, and what all Parquet files end with."""

_CHECKED = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
)
"""How parts are read: Parquet readers do not look at checksums unless told to."""


def dataset_of(parts: Sequence[Path], schema: pa.Schema | None = None) -> ds.Dataset:
    """Return parts as one data set, checked when it is read; without a schema, that of the first one.

    Raises:
        MemoryError: there is no room for the threads that read it.
    """
    require_threads(pa.io_thread_count() + pa.cpu_count())
    files, system = [str(part.absolute()) for part in parts], fs.LocalFileSystem()
    if schema is None:
        return ds.dataset(files, format=_CHECKED, filesystem=system)
    return ds.FileSystemDataset.from_paths(files, schema=schema, format=_CHECKED, filesystem=system)


def write_part(points: Path, table: pa.Table, schema: Schema, origin: Origin) -> Entry:
    """Write one part, durably and all or nothing.

    Args:
        points: directory of the parts.
        table: n >= 1 rows with the columns of `schema`.
        schema: stored with the rows.
        origin: stored with the rows; its numbers make the file's name.

    Returns:
        What is to be put in the ledger.

    Raises:
        OSError: it could not be written; nothing is left under its name.
    """
    path = Segment(origin.writer, origin.sequence).part(points)
    stamps = {f"terranova.{key}": str(value) for key, value in origin.to_dict().items()}
    # No value is missing, and Parquet need not write for each that it is there: a quarter of the time.
    fields = [field.with_nullable(False) for field in table.schema]
    stamped = pa.schema(fields, metadata={**stamps, _SCHEMA_KEY.decode(): schema.to_json()})
    table = pa.Table.from_arrays(table.columns, schema=stamped)
    with replacing(path) as file:
        pq.write_table(table, file, row_group_size=len(table), **_encoding(schema))
    ends = _ends(table["island"]), _ends(table["generation"])
    return Entry(len(table), file.size, file.crc32, *ends, _footer_checksum(path))


def entry_of(part: Path) -> Entry:
    """What the ledger would say of a part that is there.

    Raises:
        StoreCorrupt: it cannot be read.
    """
    if problem := check_part(part):
        raise StoreCorrupt(problem)
    table = dataset_of([part]).to_table(columns=["island", "generation"])
    size, crc32 = _size_and_checksum(part)
    return Entry(
        len(table), size, crc32, _ends(table["island"]), _ends(table["generation"]), _footer_checksum(part)
    )


def _ends(column: pa.ChunkedArray) -> tuple[int, int]:
    ends = pc.min_max(column)
    return ends["min"].as_py(), ends["max"].as_py()


def _size_and_checksum(path: Path) -> tuple[int, int]:
    size = crc32 = 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            size += len(block)
            crc32 = zlib.crc32(block, crc32)
    return size, crc32


def _footer_checksum(path: Path) -> int:
    """CRC-32 of the footer and of its length, with which a Parquet file ends.

    Raises:
        OSError: it cannot be read, or is too short.
    """
    with path.open("rb", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(-_TAIL, os.SEEK_END)
        length = int.from_bytes(file.read(4), "little") + _TAIL
        file.seek(-min(length, size), os.SEEK_END)
        return zlib.crc32(file.read())


def check_footer(part: Path, entry: Entry) -> str | None:
    """Return what is wrong with that by which a part is read, or None; much faster than `check_part`.

    No reader may see a damaged footer: it can skip rows by a wrong statistic, and Arrow can end the process.
    """
    try:
        if (size := part.stat().st_size) != entry.size:
            return f"{part} is damaged: it has {size:,} bytes instead of {entry.size:,}"
        if entry.footer is None:
            return check_part(part, entry)
        if _footer_checksum(part) != entry.footer:
            return f"{part} is damaged: its footer does not match its checksum"
    except OSError as error:
        return f"{part} is damaged: {error}"
    return None


def _encoding(schema: Schema) -> dict[str, Any]:
    """Parquet options, chosen by measuring time per row first and size second.

    Splitting the bytes of a float lets LZ4 find the repeated exponents, in two thirds of the time of zstd for
    2 % more bytes. Violations are mostly exact zeros: those compress better unsplit.
    """
    floats = [field.name for field in (*schema.parameters, *schema.observables)]
    return {
        "compression": "lz4",
        "use_dictionary": ["reason"],
        "use_byte_stream_split": ["loglike", "seconds", *floats],
        "write_statistics": _STATISTICS,
        "write_page_checksum": True,
        "write_batch_size": 64 * 1024,
    }


def read_schema(part: Path) -> Schema:
    """The schema a part was written with.

    Raises:
        StoreCorrupt: it has none that can be read.
    """
    metadata = read_footer(part).metadata
    if not metadata or _SCHEMA_KEY not in metadata:
        raise StoreCorrupt(f"{part} is not a part written by terranova: its footer has no schema.")
    try:
        return Schema.from_json(metadata[_SCHEMA_KEY])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreCorrupt(f"{part} is damaged: its footer has a schema that makes no sense: {error!r}") from error


def read_footer(part: Path) -> pq.FileMetaData:
    """What a part says about itself: rows, statistics, metadata.

    Raises:
        StoreCorrupt: it is not a readable Parquet file.
    """
    try:
        return pq.read_metadata(part)
    except (FileNotFoundError, MemoryError):
        raise
    except Exception as error:  # of a damaged footer Arrow, and what it calls, raise whatever they come upon
        raise StoreCorrupt(f"{part} is damaged: it cannot be read as Parquet: {error}") from error


def generation_range(footer: pq.FileMetaData) -> tuple[int, int]:
    """Smallest and largest generation in a part (n >= 1 rows)."""
    column = [field.name for field, _ in BOOKKEEPING].index("generation")
    statistics = footer.row_group(0).column(column).statistics
    return statistics.min, statistics.max


def check_part(part: Path, entry: Entry | None = None) -> str | None:
    """Read all of a part; return what is wrong with it, or None.

    Args:
        part: the file.
        entry: what the ledger says of it; without, only what Parquet has checksums for is checked: the pages.
    """
    try:
        if entry is not None:
            size, crc32 = _size_and_checksum(part)
            if size != entry.size:
                return f"{part} is damaged: it has {size:,} bytes instead of {entry.size:,}"
            if crc32 != entry.crc32:
                return f"{part} is damaged: its {size:,} bytes do not match their checksum"
            return None  # bit for bit what was written
        read_footer(part)
        for _ in dataset_of([part]).to_batches(batch_readahead=1):
            pass
    except StoreCorrupt as error:
        return str(error)
    except MemoryError:
        raise
    except Exception as error:  # as in `read_footer`
        return f"{part} is damaged: {error}"
    return None
