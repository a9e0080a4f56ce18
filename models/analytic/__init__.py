"""Problems whose valid region is known exactly, to test and compare samplers on."""

from __future__ import annotations

from terranova import ConstraintSet, hookimpl
from terranova.models.analytic.base import Analytic
from terranova.models.analytic.isles import Hard16, Isles16, Isles43
from terranova.models.analytic.shapes import SHAPES

PROBLEMS: tuple[type[Analytic], ...] = (Isles16, Isles43, Hard16, *SHAPES)


@hookimpl
def terranova_models() -> list[type[Analytic]]:
    """The problems, as models."""
    return list(PROBLEMS)


@hookimpl
def terranova_constraint_sets() -> list[ConstraintSet]:
    """A set for each, of the same name."""
    return [problem().constraints() for problem in PROBLEMS]
