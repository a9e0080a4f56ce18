"""Runs of dynesty: evidences that are known, plateaus that are counted, and an end that is kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

from terranova.fitting.dynesty_runs import Draws, run_dynesty
from terranova.fitting.likelihood import Likelihood

pytestmark = pytest.mark.integration

pytest.importorskip("dynesty", reason="the fit extra is not installed")


def _run(known: Likelihood, *, live: int = 100, effective: int = 300, most: int = 50_000, seed: int = 1) -> Draws:
    return run_dynesty(known, seed, live, effective, most, lambda _: None)


def _within(found: Draws, true: float) -> bool:
    return abs(found.log_evidence - true) < 4.0 * found.log_evidence_error


@pytest.mark.slow
def test_evidence_of_a_mixture() -> None:
    found = _run(likelihood(problem({"name": "fit-mixture", "free": 2, "peaks": 1, "width": 0.1}, ["fit-density"])))
    assert found.explored
    assert found.effective > 250
    assert _within(found, 0.0)


def _window(low: float, high: float, **more: Any) -> Likelihood:
    window = {"name": "w", "observable": "same", "kind": "window", "source": "by construction"}
    constraints = [{**window, "lower": low, "upper": high}, *more.get("also", [])]
    return likelihood(problem({"name": "fit-simple"}, constraints, parameters={"phi": 0, "size": 1}))


def test_a_plateau_is_counted() -> None:
    """Independent runs are joined until there are enough points."""
    known = _window(1.0, 2.0)
    found = _run(known, live=100, effective=350)
    assert len(found.u) == 400
    assert _within(found, math.log(0.1))
    assert found.log_evidence_error == pytest.approx((0.9 / 400) ** 0.5, rel=0.1)
    assert found.u.mean() == pytest.approx(0.65, abs=0.02)


@pytest.mark.slow
def test_a_measurement_cut_off_by_a_window() -> None:
    found = _run(_window(0.0, 5.0, also=[measured("same", 0.0, 1.0)]))
    assert _within(found, math.log(0.5 * math.sqrt(2.0 * math.pi) / 10.0))


def test_it_ends_with_nothing_where_nothing_was_found() -> None:
    found = _run(_window(0.0, 1e-12), most=500)
    assert not found.explored
    assert found.u.shape == (0, 1)


def test_it_ends_with_what_there_is_where_it_was_cut_off() -> None:
    known = likelihood(problem({"name": "fit-mixture"}, ["fit-density"]))
    found = _run(known, most=150)
    assert not found.explored
    assert len(found.u) >= 100
    assert known.evaluations < 300


def test_the_same_seed_draws_the_same_points() -> None:
    first, again, other = (_run(_window(1.0, 2.0), seed=seed).u for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
