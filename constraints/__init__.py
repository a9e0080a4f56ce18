"""Built-in constraints: kinds that files can name, and sets: mostly YAML, a folder a model, `common` for all."""

from __future__ import annotations

from pathlib import Path

from terranova import (
    Asymmetric,
    BackgroundFree,
    Chi2Table,
    CLsLimit,
    Constraint,
    ConstraintSet,
    Correlated,
    Counting,
    Function,
    Gaussian,
    Limit,
    Tabulated,
    Window,
    hookimpl,
)
from terranova.constraints import alp, scotogenic


@hookimpl
def terranova_constraint_kinds() -> list[type[Constraint]]:
    """The kinds that `terranova` itself exports; those of other packages come by the same hook."""
    measurements: list[type[Constraint]] = [Gaussian, Asymmetric, Correlated, Counting, Chi2Table]
    return [Window, *measurements, Limit, CLsLimit, BackgroundFree, Tabulated, Function]


@hookimpl
def terranova_constraint_sets() -> list[Path | ConstraintSet]:
    """Every YAML file below this folder, and what the folders add in Python."""
    return [*sorted(Path(__file__).parent.glob("*/*.yaml")), *alp.constraint_sets(), *scotogenic.constraint_sets()]
