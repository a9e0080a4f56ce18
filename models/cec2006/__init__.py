"""The constrained test functions of the CEC 2006 competition, as pymoo ships them."""

from __future__ import annotations

from terranova import ConstraintSet, hookimpl
from terranova.models.cec2006.functions import FUNCTIONS, Cec2006


@hookimpl
def terranova_models() -> list[type[Cec2006]]:
    """The functions, as models `cec-g01` and so on."""
    return list(FUNCTIONS)


@hookimpl
def terranova_constraint_sets() -> list[ConstraintSet]:
    """A set for each, of the same name."""
    return [function.constraints() for function in FUNCTIONS]
