"""Intervals: their ends, open ends, several parts, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, linear_solution, matrix, measured, problem

import terranova
from terranova.fitting.axes import make_axis
from terranova.fitting.best import find_best
from terranova.fitting.intervals import intervals, threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profile import Profile, profile
from terranova.types import Floats

pytestmark = pytest.mark.integration

LEVELS = (0.68, 0.95)


VALUES = np.array([1.0, -2.0, 3.0, 0.5, -1.0, 2.0])


LINEAR = {"name": "fit-linear", "free": 3, "measured": 6}


def _linear() -> Likelihood:
    return likelihood(problem(LINEAR, [measured(f"y{i}", v, unit="GeV") for i, v in enumerate(VALUES)]))


def _found(known: Likelihood, name: str, bins: int = 24, **more: object) -> tuple[list, float]:
    """The intervals of one quantity, and the best value of ln L."""
    rng = np.random.default_rng(5)
    best = find_best(known, rng, starts=4)
    curve = profile(known, [make_axis(known, name, bins, more.pop("limits", None), **more)], rng)
    return intervals(known, curve, LEVELS, rng), best.loglike


def test_intervals_of_correlated_parameters() -> None:
    known = _linear()
    expected, covariance, _ = linear_solution(VALUES, 3)
    found, _ = _found(known, "a1")
    for interval in found:
        half = np.sqrt(threshold(interval.level) * covariance[1, 1])
        ((low, high),) = interval.parts
        assert low == pytest.approx(expected[1] - half, abs=2e-3 * half)
        assert high == pytest.approx(expected[1] + half, abs=2e-3 * half)


def test_interval_of_an_observable() -> None:
    """Its curve is interpolated between evaluated points: to a hundredth of its width."""
    known = _linear()
    expected, covariance, _ = linear_solution(VALUES, 3)
    row = matrix(6, 3)[2]
    error = np.sqrt(row @ covariance @ row)
    found, _ = _found(known, "y2", limits=(float(row @ expected) - 4 * error, float(row @ expected) + 4 * error))
    for interval in found:
        half = np.sqrt(threshold(interval.level)) * error
        ((low, high),) = interval.parts
        assert low == pytest.approx(row @ expected - half, abs=0.03 * error)
        assert high == pytest.approx(row @ expected + half, abs=0.03 * error)


def test_hard_window_cuts_an_interval() -> None:
    """A window on x^2 leaves [-sqrt(2), sqrt(2)]; the measurement at 1 then ends there, not at 1 + sigma."""
    window = {"name": "w", "observable": "square", "kind": "window", "upper": 2.0, "source": "by construction"}
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("same", 1.0), window], parameters={"phi": 0, "size": 1})
    )
    found, _ = _found(known, "x")
    assert known.measurements == 1
    for interval in found:
        ((low, high),) = interval.parts
        assert low == pytest.approx(max(1.0 - threshold(interval.level) ** 0.5, -(2.0**0.5)), abs=2e-3)
        assert high == pytest.approx(2.0**0.5, abs=1e-4)


@pytest.mark.slow
def test_interval_of_an_observable_ends_where_a_hard_window_does() -> None:
    """Next to an empty bin it ends at an evaluated point, not in the middle between the two."""
    window = {"name": "w", "observable": "square", "kind": "window", "upper": 2.0, "source": "by construction"}
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("same", 1.0), window], parameters={"phi": 0, "size": 1})
    )
    found, _ = _found(known, "same", limits=(-3.0, 3.0))
    values, allowed = known.column("same"), np.isfinite(known.loglikes)
    for interval in found:
        ((_, high),) = interval.parts
        assert high in values[allowed]
        assert 2.0**0.5 - 0.02 < high <= 2.0**0.5


def test_two_minima_give_two_parts() -> None:
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("square", 9.0, 0.5)], parameters={"phi": 0, "size": 1})
    )
    found, _ = _found(known, "x", bins=48)
    half = 0.5 * threshold(0.68) ** 0.5
    expected = [-((9 + half) ** 0.5), -((9 - half) ** 0.5), (9 - half) ** 0.5, (9 + half) ** 0.5]
    np.testing.assert_allclose(np.array(found[0].parts).ravel(), expected, atol=1e-3)


def test_minimum_narrower_than_a_bin_is_not_lost() -> None:
    known = likelihood(
        problem({"name": "fit-simple"}, [measured("same", 1.234, 1e-3)], parameters={"phi": 0, "size": 1})
    )
    found, _ = _found(known, "x", bins=12)
    ((low, high),) = found[0].parts
    assert low == pytest.approx(1.234 - 1e-3 * threshold(0.68) ** 0.5, abs=2e-4)
    assert high == pytest.approx(1.234 + 1e-3 * threshold(0.68) ** 0.5, abs=2e-4)


def test_limit_has_an_open_end() -> None:
    limit = {"name": "l", "observable": "scale", "kind": "limit", "upper": 10.0, "cl": 0.95, "unit": "GeV"}
    constraints = [{**limit, "source": "by construction"}]
    known = likelihood(problem({"name": "fit-simple"}, constraints, parameters={"phi": 0, "x": 0}))
    found, _ = _found(known, "size")
    assert found[1].parts[0][0] is None
    assert found[1].parts[0][1] is not None


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.slow
def test_coverage_of_profile_intervals(level: float) -> None:
    """Of 120 pseudo-experiments the interval of a1 holds the truth as often as it should, within three sigmas."""
    truth = np.array([1.0, -0.5])
    rng, toys, hits = np.random.default_rng(17), 120, 0
    for _ in range(toys):
        data = matrix(3, 2) @ truth + rng.standard_normal(3)
        model = {"name": "fit-linear", "free": 2, "measured": 3}
        known = likelihood(problem(model, [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(data)]))
        start = linear_solution(data, 2)[0] / 20.0 + 0.5
        known.batch(start[None])
        axis = make_axis(known, "a1", 16, None)
        curve = profile(known, [axis], rng, generations=15)
        ((low, high),) = intervals(known, curve, (level,), rng)[0].parts
        hits += (low is None or low < truth[1]) and (high is None or truth[1] < high)
    assert abs(hits - toys * level) < 3.0 * np.sqrt(toys * level * (1.0 - level))


def test_a_gap_narrower_than_a_bin_is_seen() -> None:
    """Of the valley, s has a second branch from 0.04 on, where the first has come to 1.96: 48 bins step over that.

    The bins on one side show it: their curve would cross the level before the next bin.
    """
    problem = terranova.problem("profile-valley", ["profile-valley"])
    known, exact = Likelihood(problem, problem.evaluate), problem.model.plugin.exact
    space = problem.model.space
    best = {
        "t": 50.0,
        "M": 400.0,
        "y": 3200.0,
        "s": 0.04,
        "n0": np.tanh(50.0 / 51.0),
        "n1": 2 * np.tanh(50.0 / 51.0),
    }
    known.batch(space.to_unit(np.array([[best[name] for name in space.names]])))
    axis = make_axis(known, "s", 48, None)
    curve = Profile((axis,), -0.5 * exact("s", axis.centres), np.full((48, 1), np.nan), 0)

    def zoom(inside: float, outside: float) -> tuple[Floats, Floats]:
        room = 0.5 * abs(outside - inside)
        edges = np.clip(np.linspace(min(inside, outside) - room, max(inside, outside) + room, 7), 0.0, 1.0)
        u = (edges[1:] + edges[:-1]) / 2
        return u, -0.5 * exact("s", 2.0 * u - 1.0)

    (interval,) = intervals(known, curve, (0.68,), np.random.default_rng(1), zoom=zoom)
    (low, high), (again, last) = interval.parts
    assert [low, high] == pytest.approx([-0.02136, 0.02224], abs=2e-4)
    assert np.isnan(again)  # a jump
    assert last is None
