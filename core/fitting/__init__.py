"""Global fits: best fit, profile likelihoods with intervals, posterior and evidence, from scans or from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from terranova.fitting.steps import Fit

__all__ = ["run"]


def run(source: str | Path | Mapping[str, Any] | None = None, *, quiet: bool = False, **words: Any) -> Fit | None:
    """Carry out a fit, write its results into its directory, and return them.

    A fit that was interrupted goes on: what it evaluated is stored. Under `mpirun` every rank must make this
    call; the first asks, the others evaluate and return None.

    Args:
        source: path of a fit's YAML file, or its content as a mapping.
        quiet: say nothing on the way.
        words: its top-level keys, as an alternative to `source` or to override it.

    Raises:
        ConfigError: every problem of the words at once.
        RunError: the directory cannot be used, a scan does not fit, or no point is allowed.
        PluginMissing: a package that it needs is not installed.
        FitStopped: a signal asked for it; everything is stored, and the same call goes on.
    """
    from terranova.fitting.config import load_fit
    from terranova.fitting.output import write_fit
    from terranova.fitting.session import run_fit

    found = run_fit(load_fit(words) if source is None else load_fit(source, **words), quiet=quiet)
    if found is not None:
        write_fit(found)
    return found
