"""Sealed rows: one Parquet file with one row group, readable by every tool that reads Parquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from terranova.atomic import TEMPORARY, publish, sync_file
from terranova.errors import StoreCorrupt
from terranova.store.layout import Segment
from terranova.store.origin import Origin
from terranova.store.schema import BOOKKEEPING, Schema

_STATISTICS = ["island", "generation", "index", "valid", "loglike", "total_violation"]
_SCHEMA_KEY = b"terranova.schema"

CHECKED = ds.ParquetFileFormat(
    default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
)
"""How parts are read: Parquet readers do not look at checksums unless told to."""


def write_part(points: Path, table: pa.Table, schema: Schema, origin: Origin) -> Path:
    """Write one part, durably and all or nothing.

    Args:
        points: directory of the parts.
        table: n rows with the columns of `schema`.
        schema: stored with the rows.
        origin: stored with the rows; its numbers make the file's name.

    Returns:
        The new file.

    Raises:
        OSError: it could not be written; nothing is left under its name.
    """
    path = Segment(origin.writer, origin.sequence).part(points)
    temporary = path.with_name(path.name + TEMPORARY)
    stamps = {f"terranova.{key}": str(value) for key, value in origin.to_dict().items()}
    table = table.replace_schema_metadata({**stamps, _SCHEMA_KEY.decode(): schema.to_json()})
    pq.write_table(table, temporary, row_group_size=max(1, len(table)), **_encoding(schema))
    sync_file(temporary)
    publish(temporary, path)
    return path


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
    """The schema a part was written with."""
    metadata = read_footer(part).metadata
    if not metadata or _SCHEMA_KEY not in metadata:
        raise StoreCorrupt(f"{part} is not a part written by terranova: its footer has no schema.")
    return Schema.from_json(metadata[_SCHEMA_KEY])


def read_footer(part: Path) -> pq.FileMetaData:
    """What a part says about itself: rows, statistics, metadata.

    Raises:
        StoreCorrupt: it is not a readable Parquet file.
    """
    try:
        return pq.read_metadata(part)
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise StoreCorrupt(f"{part} cannot be read as Parquet: {error}. Restore it from a copy.") from error


def generation_range(footer: pq.FileMetaData) -> tuple[int, int]:
    """Smallest and largest generation in a part (n >= 1 rows)."""
    column = [field.name for field, _ in BOOKKEEPING].index("generation")
    statistics = footer.row_group(0).column(column).statistics
    return statistics.min, statistics.max


def check_part(part: Path) -> str | None:
    """Read all of a part, checking every page; return what is wrong with it, or None."""
    try:
        read_footer(part)
        for _ in ds.dataset(part, format=CHECKED).to_batches(batch_readahead=1):
            pass
    except StoreCorrupt as error:
        return str(error)
    except (pa.ArrowInvalid, OSError) as error:
        return f"{part} is damaged: {error}. Restore it from a copy."
    return None
