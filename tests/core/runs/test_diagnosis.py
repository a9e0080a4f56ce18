"""Diagnosis: small tables with answers worked out by hand, and limits from the literature."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from support.stored_runs import WIDE, prepared, rows, scanned, stored, windows

from terranova.runs.diagnosis import (
    Diagnosis,
    Efficiency,
    Kills,
    RandomSample,
    binomial_limits,
    diagnose,
    efficiency_of,
    kills_of,
    sample_randomly,
)

inf = math.inf
TABLE = np.array(
    [
        [0.0, 0.0, 0.0],  # valid
        [0.0, 0.0, 0.0],  # valid
        [1.0, 0.0, 0.0],  # a alone
        [2.0, 0.0, 0.0],  # a alone
        [0.0, 3.0, 0.0],  # b alone
        [1.0, 1.0, 0.0],  # a and b
        [1.0, 1.0, 1.0],  # all
        [0.0, 1.0, inf],  # b, and c was not computed
    ]
)


@pytest.fixture
def kills() -> Kills:
    counted = Kills(("a", "b", "c"))
    counted.add(TABLE[:5])
    counted.add(TABLE[5:])
    return counted


def test_kills(kills: Kills) -> None:
    assert kills.points == 8
    assert kills.satisfied == 2
    assert kills.violated.tolist() == [4, 4, 1]
    assert kills.unknown.tolist() == [0, 0, 1]
    assert kills.alone.tolist() == [2, 2, 0]
    assert kills.joint.tolist() == [[4, 2, 1], [2, 4, 1], [1, 1, 1]]
    assert kills.pass_rate.tolist() == [0.5, 0.5, 1 - 1 / 7]
    assert dict(kills.sets) == {("a",): 2, ("b",): 2, ("a", "b"): 1, ("a", "b", "c"): 1}
    assert kills.smallest_sets(3) == [(("a",), 2), (("b",), 2), (("a", "b"), 1)]


def test_sets_of_more_than_three_are_not_listed() -> None:
    counted = Kills(tuple("abcdefghij"))  # more than eight: the packed bits need two bytes
    counted.add(np.array([[1.0] * 4 + [0.0] * 6, [0.0] * 8 + [1.0, 1.0]]))
    assert dict(counted.sets) == {("i", "j"): 1}


def test_no_points_and_no_constraints() -> None:
    nothing = Kills(("a",))
    nothing.add(np.empty((0, 1)))
    assert np.isnan(nothing.pass_rate).all()
    assert nothing.smallest_sets() == []
    free = Kills(())
    free.add(np.empty((3, 0)))
    assert free.satisfied == free.points == 3


@pytest.mark.usefixtures("toy_registry")
def test_stored_failures_are_left_out(tmp_path: Path) -> None:
    run = stored(tmp_path, rows([[0, 1], [inf, inf], [1, 0]], status=[0, 3, 0]))
    counted = kills_of(run)
    assert counted.points == 2
    assert counted.alone.tolist() == [1, 1]


@pytest.mark.usefixtures("toy_registry")
def test_no_constraints_means_all_are_valid(tmp_path: Path) -> None:
    run = scanned(tmp_path, constraints=[])
    assert kills_of(run).names == ()
    assert efficiency_of(run).fraction == 1.0


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
def test_efficiency(tmp_path: Path) -> None:
    violations = [[1, 0], [1, 0], [inf, inf], [0, 0], [0, 0], [1, 0]]
    run = stored(tmp_path, rows(violations, status=[0, 0, 2, 0, 0, 0], islands=2))
    efficiency = efficiency_of(run, run.problem())
    assert (efficiency.evaluated, efficiency.valid, efficiency.failed) == (6, 2, 1)
    assert efficiency.first_valid == 4  # both islands had evaluated two points each
    assert efficiency.per_ten_thousand == pytest.approx(1e4 / 3)
    assert efficiency.coverage == 2.0  # two points, in different bins of every pair


@pytest.mark.usefixtures("toy_registry")
def test_efficiency_is_the_same_when_only_valid_points_are_kept(tmp_path: Path) -> None:
    every = scanned(tmp_path / "all", constraints=[WIDE], model="toy-holes")
    valid = scanned(tmp_path / "valid", constraints=[WIDE], model="toy-holes", store={"keep": "valid"})
    a, b = efficiency_of(every, every.problem()), efficiency_of(valid, valid.problem())
    assert (a.evaluated, a.valid, a.failed, a.coverage) == (b.evaluated, b.valid, b.failed, b.coverage)
    assert a.first_valid == b.first_valid
    assert b.stored == b.valid


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
