"""Packages that are not always there."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str, package: str, sampler: str, extra: str = "optimisers") -> Any:
    """Import a module of an optional package and return it.

    Raises:
        ValueError: it is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"sampler {sampler!r} needs the package {package} ({error}): "
            f'pip install "terranova[{extra}]", or pip install {package}'
        ) from error
