"""Packages that are not always there."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str, package: str) -> Any:
    """Import a module of an optional package and return it.

    Raises:
        ValueError: it is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"surrogate 'xgboost' needs the package {package} ({error}): pip install 'terranova[ml]'"
        ) from error
