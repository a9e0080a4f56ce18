"""Built-in samplers, novelty detectors, surrogates and executors, offered by the hooks that a stranger's would use.

`terranova.plugins()` lists what is installed: the command has this name, and so has the package, which is therefore
made callable.
"""

from __future__ import annotations

import sys
from types import ModuleType

from terranova.registry import Plugin, registry


class _Package(ModuleType):
    """A package that can be called."""

    def __call__(self, name: str | None = None, *, outdated: bool = False) -> list[Plugin]:
        """Return all plugins that are installed, or those of a name; see `Registry.find`."""
        return registry().find(name, outdated=outdated)


sys.modules[__name__].__class__ = _Package
