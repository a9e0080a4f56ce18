"""Diagnosis: small tables with answers worked out by hand, and limits from the literature."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from support.stored_runs import scanned

from terranova.runs.diagnosis import (
    Diagnosis,
    Efficiency,
    Kills,
    RandomSample,
    binomial_limits,
    diagnose,
)

inf = math.inf


def test_product_estimate_with_a_constraint_nobody_satisfies() -> None:
    counted = Kills(("a", "b"))
    counted.add(np.array([[1.0, 0.0]] * 50 + [[1.0, 1.0]] * 50))
    sample = RandomSample(points=200, valid=0, failed=100, kills=counted, seconds=1.0)
    assert sample.product_estimate == pytest.approx(0.5 * binomial_limits(0, 100)[1] * 0.5)


def judged(valid: int, random_valid: int) -> Diagnosis:
    """A scan of 1000 points and 10,000 random ones."""
    efficiency = Efficiency(1000, 1000, valid, 0, 1 if valid else None, None)
    return Diagnosis(efficiency, Kills(()), RandomSample(10_000, random_valid, 0, Kills(()), 1.0))


def test_gain() -> None:
    assert judged(500, 100).gain == pytest.approx(50.0)
    assert judged(500, 100).gain_at_least == pytest.approx(0.5 / binomial_limits(100, 10_000)[1])
    assert judged(500, 0).gain == inf
    assert judged(500, 0).gain_at_least == pytest.approx(0.5 * 10_000 / 3, rel=0.01)
    assert math.isnan(judged(0, 100).gain)
    assert judged(0, 100).gain_at_least == 0.0


@pytest.mark.usefixtures("toy_registry")
def test_diagnose(tmp_path: Path) -> None:
    run = scanned(tmp_path)
    diagnosis = diagnose(run, random_points=20_000)
    assert diagnosis.random is not None
    assert diagnosis.gain == pytest.approx(1.0, abs=0.15)  # the scan was random, too
    assert diagnosis.gain_at_least < diagnosis.gain
    assert diagnosis.problem_missing == ""
    assert diagnose(run, random_points=0).random is None


@pytest.mark.usefixtures("toy_registry")
def test_diagnose_without_the_model(tmp_path: Path) -> None:
    from terranova.registry import registry

    run = scanned(tmp_path)
    registry().plugins[:] = [p for p in registry().plugins if p.name != "toy-shell"]
    diagnosis = diagnose(run)
    assert "toy-shell" in diagnosis.problem_missing
    assert diagnosis.random is None
    assert diagnosis.efficiency.coverage is None
    assert diagnosis.kills.points == 4000


def test_it_shows_the_numbers_not_the_arrays() -> None:
    shown = judged(500, 100)
    assert "1,000 evaluated, 500 valid" in repr(shown)
    assert "100 of 10,000 valid; the scan finds 50 times as many" in repr(shown)
    assert "at least" in repr(judged(500, 0))
    assert "500 valid" in shown._repr_html_()
