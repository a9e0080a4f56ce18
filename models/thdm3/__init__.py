"""The Z3-symmetric three-Higgs-doublet model as a plugin. Importing it is light: numba loads with the
first point.
"""

from __future__ import annotations

from terranova import hookimpl
from terranova.models.thdm3.model import ThreeHiggsDoublet

__all__ = ["ThreeHiggsDoublet", "terranova_models"]


@hookimpl
def terranova_models() -> list[type[ThreeHiggsDoublet]]:
    """The model of this plugin."""
    return [ThreeHiggsDoublet]
