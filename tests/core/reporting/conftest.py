"""A run with chosen rows, and what is thought of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.stored_runs import rows, stored, windows

from terranova.runs.diagnosis import Diagnosis, diagnose
from terranova.runs.run import Run

INF = float("inf")
VIOLATIONS = [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.0, 3.0], [1.0, 1.0], [INF, INF], [INF, INF]]


@pytest.fixture
def run(tmp_path: Path, toy_registry: None) -> Run:
    """Eight points of two constraints: two are valid, two failed, three violate w_ratio."""
    batch = rows(
        VIOLATIONS,
        loglike=[-1.0, -2.0, *[-INF] * 6],
        status=[0, 0, 0, 0, 0, 0, 1, 3],
        reason=[*[""] * 6, "tachyon", "m = 3 failed"],
        islands=2,
    )
    return stored(tmp_path / "run", batch, constraints=[windows(ratio=(0.0, 1.0), ring=(0.0, 1.0))])


@pytest.fixture
def diagnosis(run: Run) -> Diagnosis:
    """Without random points."""
    return diagnose(run, 0)
