"""Random points: the rates at which they are valid, with limits from the literature."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.stored_runs import prepared, windows

from terranova.runs.diagnosis import (
    binomial_limits,
    sample_randomly,
)


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [
        (0, 10, 0.0, 0.2589),  # tables of exact one-sided 95 % binomial limits
        (1, 10, 0.00512, 0.3942),
        (5, 10, 0.2224, 0.7776),
        (10, 10, 0.7411, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_binomial_limits(successes: int, trials: int, lower: float, upper: float) -> None:
    assert binomial_limits(successes, trials) == pytest.approx((lower, upper), abs=6e-5)


@pytest.mark.parametrize("n", [100, 10_000, 1_000_000])
def test_rule_of_three(n: int) -> None:
    upper = binomial_limits(0, n)[1]
    assert upper == pytest.approx(1 - 0.05 ** (1 / n), rel=1e-9)
    assert upper == pytest.approx(3 / n, rel=0.03)
    assert upper < 3 / n


def test_limits_cover() -> None:
    """The upper limit is above the truth in at least 95 % of experiments."""
    truth, n = 0.03, 200
    successes = np.random.default_rng(1).binomial(n, truth, size=2000)
    limits = {k: binomial_limits(int(k), n) for k in np.unique(successes)}
    assert np.mean([limits[k][1] >= truth for k in successes]) > 0.94
    assert np.mean([limits[k][0] <= truth for k in successes]) > 0.94


@pytest.mark.usefixtures("toy_registry")
def test_random_points_have_the_right_rates(tmp_path: Path) -> None:
    _, problem = prepared(tmp_path, constraints=[windows(a=(0, 5), b=(1.0, 1e9), phi=(0.0, 9.0))])
    sample = sample_randomly(problem, 40_000, seed=3)
    assert sample.points == 40_000
    assert sample.failed == 0
    np.testing.assert_allclose(sample.kills.pass_rate, [0.5, 0.5, 0.5], atol=0.01)
    assert sample.fraction == pytest.approx(0.125, abs=0.006)
    assert sample.product_estimate == pytest.approx(0.125, abs=0.01)
    assert sample.fraction < sample.upper_limit < sample.fraction + 0.004
    again = sample_randomly(problem, 40_000, seed=3)
    assert (again.valid, again.kills.joint.tolist()) == (sample.valid, sample.kills.joint.tolist())
    assert sample_randomly(problem, seconds=0.05).points >= 16


@pytest.mark.usefixtures("toy_registry")
def test_random_points_that_fail(tmp_path: Path) -> None:
    _, problem = prepared(tmp_path, model="toy-holes", constraints=[windows(a=(0, 5))])
    sample = sample_randomly(problem, 5000)
    assert 0.1 < sample.failed / sample.points < 0.2
    assert sample.kills.points == sample.points - sample.failed
