"""Built-in constraint sets: one folder a model, YAML files and, for what no file can say, a little code."""

from __future__ import annotations

from pathlib import Path

from terranova import ConstraintSet, hookimpl
from terranova.constraints import alp


@hookimpl
def terranova_constraint_sets() -> list[Path | ConstraintSet]:
    """Every YAML file below this folder, and what the folders add in Python."""
    return [*sorted(Path(__file__).parent.glob("*/*.yaml")), *alp.constraint_sets()]
