"""Origin of rows, stamped on every journal and every part: run, writer, sequence number, version."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from importlib import metadata
from typing import Any


@dataclass(frozen=True)
class Origin:
    """Who wrote a journal or a part.

    Attributes:
        run_id: of the run's manifest; empty when there is none.
        writer, sequence: the numbers in the file's name.
        version: of terranova.
        manifest: of the run, as JSON without the schema, so that it can be made again from any file with points.
    """

    run_id: str
    writer: int
    sequence: int
    version: str
    manifest: str = ""

    def to_dict(self) -> dict[str, Any]:
        """A form that JSON can hold."""
        return asdict(self)


@cache
def terranova_version() -> str:
    """The installed version of terranova, or "unknown"."""
    try:
        return metadata.version("terranova")
    except metadata.PackageNotFoundError:
        return "unknown"
