"""Analytic problems with exact profiles: nothing that is evaluated is better than the profile says."""

from __future__ import annotations

import numpy as np
import pytest

import terranova
from terranova.models.analytic.profile_problem import ProfileProblem, minimum
from terranova.models.analytic.profiles import PROFILES


@pytest.mark.parametrize("kind", PROFILES, ids=lambda kind: kind.name)
def test_no_point_is_better_than_the_profile_and_some_reach_it(kind: type[ProfileProblem]) -> None:
    """Points of the prior, and points moved towards what is allowed: chi2 >= the profile at their parameters."""
    problem = terranova.problem(kind.name, [kind.name])
    model, space = problem.model.plugin, problem.model.space
    rng = np.random.default_rng(1)
    x = space.to_physical(rng.random((4000, space.dimension)))
    names = list(space.names)
    if kind is not PROFILES[0] and kind is not PROFILES[1]:  # where it matters, as no valley is met by chance
        first, second = (names.index(name) for name in kind.plane)
        low, high = model.support(x[:2000, first])
        x[:2000, second] = low + rng.random(2000) * np.maximum(high - low, 0.0)
    first = x[:, 0]
    for i in range(2):
        x[:, names.index(f"n{i}")] = (i + 1) * np.tanh(first / (1.0 + np.abs(first)))
    if "y" in names and "M" in names:
        mass = x[:, names.index("M")] = 400.0
        x[:, names.index("y")] = np.clip(mass**2 / first, *space.free[names.index("y")].prior.support)
    evaluation = problem.evaluate(x)
    _, loglike = problem.score(x, evaluation.observables)
    columns = [o.name for o in problem.model.observables]
    for name in (*kind.profiled, *kind.seen):
        at = x[:, names.index(name)] if name in names else evaluation.observables[:, columns.index(name)]
        exact = model.exact(name, at)
        excluded = np.isinf(exact)
        assert np.isinf(loglike[excluded]).all()
        allowed = exact[~excluded]
        assert (-2.0 * loglike[~excluded] >= allowed - 1e-6 * (1.0 + np.abs(allowed))).all()
        close = -2.0 * loglike < exact + 1.0
        assert close.any()


@pytest.mark.parametrize("kind", PROFILES, ids=lambda kind: kind.name)
def test_a_curve_is_the_plane_minimised_over_the_other_parameter(kind: type[ProfileProblem]) -> None:
    """By looking at many places of the plane: it comes from the observables, the curve from a formula."""
    model = kind()
    first, second = (next(p.prior for p in model.parameters if p.name == name) for name in kind.plane)
    x = first.to_physical(np.linspace(0.01, 0.99, 40))
    low, high = model.support(x)
    grid = low + np.linspace(0.0, 1.0, 20_001)[:, None] * np.maximum(high - low, 0.0)
    found = np.where(low <= high, model.exact_plane(x[None], grid).min(axis=0), np.inf)
    exact = model.exact(kind.plane[0], x)
    matters = exact - exact.min() < 12.0
    np.testing.assert_allclose(found[matters], exact[matters], atol=0.02)
    assert second.to_unit(grid).min() >= 0.0
    assert second.to_unit(grid).max() <= 1.0


def test_a_minimum_over_one_variable_is_refined_and_the_deepest_taken() -> None:
    """Of two wells the second is deeper, for positive values."""
    grid = np.linspace(-3.0, 3.0, 50)
    values = np.array([0.3, 1.0])
    found = minimum(lambda v, x: (x**2 - 2.0) ** 2 - v * x, values, grid)
    fine = np.linspace(-3.0, 3.0, 600_001)
    expected = [((fine**2 - 2.0) ** 2 - v * fine).min() for v in values]
    np.testing.assert_allclose(found, expected, atol=1e-9)
