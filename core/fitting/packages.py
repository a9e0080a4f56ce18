"""Packages that fits need and others do without."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from terranova.errors import PluginMissing
from terranova.fitting.config import FitConfig


def require_packages(config: FitConfig) -> None:
    """Say at once, not after hours, what is not installed.

    Raises:
        PluginMissing: a package that this fit needs.
    """
    nested = None if config.nested is None else config.nested.sampler
    wanted = {
        "iminuit": True,
        "nautilus": nested == "nautilus",
        "dynesty": nested == "dynesty",
        "emcee": config.mcmc is not None,
    }
    missing = [name for name, is_wanted in wanted.items() if is_wanted and importlib.util.find_spec(name) is None]
    if missing:
        names = " and ".join(missing)
        raise PluginMissing(f"this fit needs {names}, not installed here: pip install 'terranova[fit]'")


@contextmanager
def needed(module: str, package: str = "terranova[fit]") -> Iterator[None]:
    """Say how to install what an import in the block did not find.

    Raises:
        PluginMissing: it is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise PluginMissing(f"{module} is not installed: pip install '{package}'") from error


def one_thread() -> Any:
    """Return a context in which linear algebra uses one thread.

    Small matrices gain nothing from threads, which only compete with other ranks; and sums keep their order."""
    with needed("threadpoolctl"):
        import threadpoolctl
    return threadpoolctl.threadpool_limits(1)
