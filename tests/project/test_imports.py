"""Importing terranova is cheap: what takes long is imported where it is used, on the ranks that use it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "cma",
    "duckdb",
    "h5py",
    "matplotlib",
    "mpi4py",
    "numba",
    "optuna",
    "pandas",
    "polars",
    "pyarrow",
    "pymoo",
)
HEAVY += ("scipy.stats", "shap", "sklearn", "torch", "xgboost")


@pytest.mark.parametrize(
    "module",
    [
        "terranova",
        "terranova.cli.commands",
        "terranova.models.thdm3",
        "terranova.plugins.samplers",
        "terranova.plugins.novelty",
        "terranova.plugins.executors",
        "terranova.constraints",
    ],
)
def test_nothing_heavy_is_imported_with(module: str) -> None:
    code = f"import sys, {module}; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
