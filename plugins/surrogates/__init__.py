"""Surrogates that come with terranova."""

from __future__ import annotations

from collections.abc import Sequence

from terranova import Surrogate
from terranova.plugins.surrogates.gp import GpSurrogate
from terranova.plugins.surrogates.xgb import XgboostSurrogate
from terranova.registry.hooks import hookimpl


@hookimpl
def terranova_surrogates() -> Sequence[type[Surrogate]]:
    """All surrogates of this package."""
    return [GpSurrogate, XgboostSurrogate]
