"""Problems whose valid region or profiles are known exactly, to test and compare samplers and fits on."""

from __future__ import annotations

from terranova import ConstraintSet, Model, hookimpl
from terranova.models.analytic.base import Analytic, Windowed
from terranova.models.analytic.families import EXACT, OTHERS
from terranova.models.analytic.isles import Hard16, Isles16, Isles43
from terranova.models.analytic.profiles import PROFILES
from terranova.models.analytic.shapes import SHAPES

PROBLEMS: tuple[type[Analytic], ...] = (Isles16, Isles43, Hard16, *SHAPES, *EXACT)


@hookimpl
def terranova_models() -> list[type[Model]]:
    """The problems, as models."""
    return [*PROBLEMS, *OTHERS, *PROFILES]


@hookimpl
def terranova_constraint_sets() -> list[ConstraintSet]:
    """A set for each, of the same name."""
    problems: list[type[Analytic] | type[Windowed]] = [*PROBLEMS, *OTHERS]
    return [*(kind().constraints() for kind in problems), *(kind().constraints() for kind in PROFILES)]
