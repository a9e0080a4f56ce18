"""The T1-2-A scotogenic model as a plugin, in three parametrisations, and by programs of others.

Importing it is light: numba loads with the first point.
"""

from __future__ import annotations

from terranova import hookimpl
from terranova.models.scotogenic.model import ScotogenicCI37, ScotogenicCI37C, ScotogenicFull43
from terranova.models.scotogenic.spheno_model import ScotogenicSPheno

__all__ = ["ScotogenicCI37", "ScotogenicCI37C", "ScotogenicFull43", "ScotogenicSPheno", "terranova_models"]


@hookimpl
def terranova_models() -> list[type]:
    """The variants of the model."""
    return [ScotogenicCI37, ScotogenicCI37C, ScotogenicFull43, ScotogenicSPheno]
