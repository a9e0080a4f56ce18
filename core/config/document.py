"""From a source to a checked configuration: the frame in which scans, fits and comparisons are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from terranova.config.objects import with_names
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.source import read_source
from terranova.registry.python_files import refuse_while_importing

T = TypeVar("T")

Source = str | Path | Mapping[str, Any]
"""Path of a YAML file, or its content as a mapping."""


def load_document(
    source: Source,
    keys: Mapping[str, Any],
    read: Callable[[Diagnostics], T | None],
    *,
    merged: Sequence[str] = (),
    settle: Callable[[], None] = lambda: None,
) -> T:
    """Read a source, and return what `read` makes of it.

    Args:
        source: path of a YAML file, or its content as a mapping.
        keys: top-level keys that replace those of the source; None counts as not given.
        read: returns the configuration; notes problems in the diagnostics of the document it gets, and returns
            None if there is something that it cannot do without.
        merged: keys of which `keys` replace only what they name.
        settle: called once there is no other problem; raises if something may not run.

    Raises:
        ConfigError: lists every problem, with file, line and column where there is a file.
    """
    refuse_while_importing("terranova")
    diagnostics = read_source(*with_names(source, keys), merged=merged)
    config = read(diagnostics)
    diagnostics.raise_if_any()
    settle()
    assert config is not None  # otherwise there was a problem to raise
    return config
