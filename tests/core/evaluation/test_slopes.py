"""Slopes: what a model differentiates is carried on to the unit cube, through any prior and any constraint."""

from __future__ import annotations

import numpy as np
import pytest
from support.constraint_kinds import one as _one
from support.derivatives import Differentiable
from support.toys import Shell

from terranova import BoundModel, ConstraintSet, Correlated, Function, Gaussian, Problem, Window
from terranova.errors import ContractError
from terranova.interfaces.sampler import Slopes
from terranova.types import Floats

PAIR = {"observables": ("product", "wave"), "source": "theory: a test", "values": (1.0, 0.0), "sigmas": (2.0, 1.0)}
GROUP = (
    Window(**_one("w", "ratio"), lower=-1.0, upper=100.0, scale=3.0),
    Gaussian(**_one("g", "bent"), value=4.0, sigma=2.0),
    Correlated(name="k", **PAIR, correlation=((1.0, 0.3), (0.3, 1.0)), max_chi2=4.0),
    Function(
        name="f",
        observables=("bent", "a"),
        source="theory: a test",
        violation_of=lambda bent, a: bent * a - 3.0,
        signed=True,
    ),
)


def _problem(model: Differentiable) -> Problem:
    return Problem(BoundModel(model), [ConstraintSet("set", GROUP)])


def _slopes(problem: Problem, u: Floats) -> Slopes:
    jacobian = problem.search_space.jacobian
    assert jacobian is not None
    return jacobian(u, problem.evaluate(problem.model.space.to_physical(u)).observables)


def _by_differences(problem: Problem, u: Floats, step: float = 1e-6) -> tuple[Floats, Floats]:
    space, found = problem.model.space, []
    for axis in range(u.shape[1]):
        ends = [u.copy(), u.copy()]
        ends[0][:, axis] += step
        ends[1][:, axis] -= step
        x = [space.to_physical(end) for end in ends]
        o = [problem.evaluate(each).observables for each in x]
        margins = [problem.margins(*each) for each in zip(x, o, strict=True)]
        found.append([(pair[0] - pair[1]) / (2.0 * step) for pair in (o, margins)])
    return np.stack([f[0] for f in found], axis=2), np.stack([f[1] for f in found], axis=2)


def test_slopes_are_differences_that_cost_no_evaluation() -> None:
    model = Differentiable()
    problem = _problem(model)
    u = np.random.default_rng(4).uniform(0.02, 0.98, (50, 4))
    observables = problem.evaluate(problem.model.space.to_physical(u)).observables
    before = model.evaluated
    jacobian = problem.search_space.jacobian
    assert jacobian is not None
    slopes = jacobian(u, observables)
    assert (model.evaluated, model.differentiated) == (before, 50)
    assert slopes.observables.shape == (50, 4, 4)
    assert slopes.margins.shape == (50, 4, 4)
    of_observables, of_margins = _by_differences(problem, u)
    size = np.abs(of_observables).max(axis=2, keepdims=True)
    assert (np.abs(slopes.observables - of_observables) <= 1e-5 * size + 1e-6).all()
    size = np.abs(of_margins).max(axis=2, keepdims=True)
    near = np.abs(slopes.margins - of_margins) < 1e-3 * size + 1e-5
    assert near.mean() > 0.99  # all but where a window changes sides between the points that are differenced


def test_slopes_at_the_ends_of_the_cube_are_taken_from_within() -> None:
    problem = _problem(Differentiable())
    u = np.array([[1.0, 0.5, 0.75, 0.5], [0.0, 0.0, 0.25, 0.25]])
    slopes = _slopes(problem, u)
    assert np.isfinite(slopes.observables).all()
    np.testing.assert_allclose(
        slopes.observables[:, 0, 0], 5.0 * problem.model.space.to_physical(u)[:, 1], rtol=1e-6
    )


def test_what_the_model_does_not_know_is_not_known() -> None:
    problem = _problem(Differentiable("nan"))
    u = np.full((3, 4), 0.6)
    slopes = _slopes(problem, u)
    assert np.isnan(slopes.observables[:, 1, 2]).all()
    assert np.isnan(slopes.margins[:, 0, 2]).all()
    assert np.isnan(slopes.observables).sum() == 3
    problem = _problem(Differentiable("raises"))
    u = np.array([[0.2, 0.6, 0.6, 0.6], [0.9, 0.6, 0.6, 0.6]])
    slopes = _slopes(problem, u)
    assert np.isfinite(slopes.observables[0]).all()
    assert np.isnan(slopes.observables[1]).all()


def test_a_model_without_derivatives_offers_none() -> None:
    assert Problem(BoundModel(Shell()), []).search_space.jacobian is None


def test_derivatives_of_another_shape_are_a_bug_that_is_named() -> None:
    problem = _problem(Differentiable("shape"))
    with pytest.raises(ContractError, match=r"jacobian\(\) returned shape \(2, 3, 4\), expected \(2, 4, 4\)"):
        _slopes(problem, np.full((2, 4), 0.5))
