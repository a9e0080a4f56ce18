"""How a plugin imports a package that may not be installed."""

from __future__ import annotations

import importlib
from typing import Any


def require(module: str, package: str, plugin: str, extra: str = "optimisers", *, kind: str = "sampler") -> Any:
    """Import a module of an optional package and return it.

    Args:
        module: its full name.
        package: what is installed to have it.
        plugin: the name of who needs it, for the message.
        extra: the extra of terranova that brings the package.
        kind: of plugin, for the message.

    Raises:
        ValueError: it is not installed; the message says what to install.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ValueError(
            f"{kind} {plugin!r} needs the package {package} ({error}): "
            f'pip install "terranova[{extra}]", or pip install {package}'
        ) from error
