"""Least squares with bounds: closed forms, walls, a tuned valley, what is no sum of squares, and giving up."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.fit_problems import likelihood, linear_solution, measured, problem

import terranova
from terranova import Model, Observable, Parameter, Uniform, hookimpl
from terranova.fitting.axes import make_axis
from terranova.fitting.descent import descend
from terranova.fitting.lanes import Holder, Lanes
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.terms import Linearised
from terranova.registry import registry

pytestmark = pytest.mark.integration
SOURCE = {"source": "by construction"}
VALUES = np.array([1.0, -2.0, 3.0, 0.5])


def _searched(
    known: Likelihood, name: str, bins: int, calls: int = 300, **more: object
) -> tuple[Holder, np.ndarray]:
    """Chi2 (bins,) of one search a bin, from random points."""
    limits = more.pop("limits", None)
    holder = Holder(Linearised(known, np.random.default_rng(1)), [make_axis(known, name, bins, limits)])
    lanes = Lanes(np.arange(bins)[:, None], np.arange(bins) % holder.charts.count)
    starts = np.random.default_rng(2).random((bins, holder.dimension))
    _, loglike = descend(holder, starts, lanes, calls, **more)
    return holder, -2.0 * loglike


def test_profile_of_a_linear_model_takes_a_few_steps() -> None:
    constraints = [measured(f"y{i}", v, unit="GeV") for i, v in enumerate(VALUES)]
    known = likelihood(problem({"name": "fit-linear", "free": 3, "measured": 4}, constraints))
    holder, chi2 = _searched(known, "a1", 9, limits=(-2.0, 2.0))
    expected, covariance, least = linear_solution(VALUES, 3)
    delta = (holder.axes[0].centres - expected[1]) ** 2 / covariance[1, 1]
    np.testing.assert_allclose(chi2, least + delta, atol=2e-3)


def test_a_search_ends_on_a_wall_and_not_beyond() -> None:
    """x is measured at 3 and x^2 at most 2."""
    window = {"name": "w", "observable": "square", "kind": "window", "upper": 2.0, **SOURCE}
    known = likelihood(problem({"name": "fit-simple"}, [measured("same", 3.0), window]))
    _, chi2 = _searched(known, "size", 4)
    np.testing.assert_allclose(chi2, (3.0 - 2.0**0.5) ** 2, atol=1e-3)


def test_a_likelihood_that_is_no_sum_of_squares() -> None:
    """A table of -2 ln L with its minimum at 1."""
    table = {"name": "t", "observable": "same", "kind": "tabulated", "max_chi2": 9.0, **SOURCE}
    x = np.linspace(-5.0, 5.0, 101)
    table |= {"x_grid": x.tolist(), "limit": ((x - 1.0) ** 2).tolist()}
    known = likelihood(problem({"name": "fit-simple"}, [table]))
    _, chi2 = _searched(known, "size", 4)
    np.testing.assert_allclose(chi2, 0.0, atol=2e-2)


def test_a_periodic_axis_is_crossed_at_its_seam() -> None:
    """The angle is measured at its seam, a little beyond which half of the starts lie."""
    known = likelihood(problem({"name": "fit-simple"}, [measured("turn", -3.1, 0.1)]))
    _, chi2 = _searched(known, "size", 6)
    assert (chi2 < 1e-3).sum() >= 3


def test_valley_is_followed_from_a_neighbour() -> None:
    """From the valley at another t, by the bridge on which t itself is searched; from there to the minimum."""
    problem = terranova.problem("profile-valley", ["profile-valley"])
    known = Likelihood(problem, problem.evaluate)
    linearised = Linearised(known, np.random.default_rng(1))
    axis = make_axis(known, "t", 40, None)
    bridge, holder = Holder(linearised, [axis], elastic=True), Holder(linearised, [axis])
    cells = np.arange(1, 40)
    t, mass = axis.centres[cells - 1], 400.0
    x = np.column_stack([t, np.full(39, mass), mass**2 / t, np.zeros((39, 3))])
    starts = problem.model.space.to_unit(x)
    lanes = Lanes(cells[:, None], np.zeros(39, dtype=int))
    end, best = descend(bridge, starts, lanes, 200, arrive=True)
    assert np.isfinite(best).all()
    _, loglike = descend(holder, end[:, holder.free], lanes, 200)
    exact = problem.model.plugin.exact("t", axis.centres[cells])
    np.testing.assert_allclose(-2.0 * loglike, exact, atol=5e-3)


def test_a_search_that_will_not_come_near_what_is_known_is_given_up() -> None:
    constraints = [measured("square", 9.0, 0.1)]
    known = likelihood(problem({"name": "fit-simple"}, constraints))
    _, chi2 = _searched(known, "x", 5)  # nothing to be gained: x is held
    spent = known.evaluations
    _, again = _searched(known, "x", 5, calls=10_000, target=np.full(5, 0.0))
    np.testing.assert_allclose(again, chi2, rtol=1e-6)
    assert known.evaluations - spent < 2 * spent


def test_a_minimum_is_known_by_its_slopes() -> None:
    """Nobody steps from where no step gains: what a neighbour hands on costs little where it is right already."""
    constraints = [measured(f"y{i}", v, unit="GeV") for i, v in enumerate(VALUES)]
    known = likelihood(problem({"name": "fit-linear", "free": 3, "measured": 4}, constraints))
    holder = Holder(Linearised(known, np.random.default_rng(1)), [make_axis(known, "a1", 9, (-2.0, 2.0))])
    lanes = Lanes(np.arange(9)[:, None], np.zeros(9, dtype=int))
    u, found = descend(holder, np.random.default_rng(2).random((9, holder.dimension)), lanes, 300)
    before = known.evaluations
    _, again = descend(holder, u, lanes, 300)
    np.testing.assert_array_equal(again, found)
    assert known.evaluations - before == 9 * (1 + holder.dimension)


class _Roof(Model):
    """A bound that is the larger of two functions, measured along its ridge."""

    name = "fit-roof"
    parameters = tuple(Parameter(name, Uniform(-5.0, 5.0)) for name in ("x", "y", "held"))
    observables = (Observable("along"), Observable("roof"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"along": points["x"], "roof": points["x"] + 20.0 * np.abs(points["y"] - 0.3 * points["x"])}


def test_a_bound_with_a_kink_is_followed_along_it() -> None:
    """x is measured at 3, and x + 20 |y - 0.3 x| at most 1: slopes at one place know one side of the kink only."""
    plugin = SimpleNamespace(terranova_models=hookimpl(lambda: [_Roof]))
    registry().register(plugin, name="roof", origin="tests")
    window = {"name": "w", "observable": "roof", "kind": "window", "upper": 1.0, **SOURCE}
    known = likelihood(problem({"name": "fit-roof"}, [measured("along", 3.0), window]))
    _, chi2 = _searched(known, "held", 8)
    np.testing.assert_allclose(chi2, 4.0, atol=1e-3)
