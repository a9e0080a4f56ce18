"""Built-in constraint sets: YAML files, one folder a model."""

from __future__ import annotations

from pathlib import Path

from terranova.hooks import hookimpl


@hookimpl
def terranova_constraint_sets() -> list[Path]:
    """Every YAML file below this folder."""
    return sorted(Path(__file__).parent.glob("*/*.yaml"))
