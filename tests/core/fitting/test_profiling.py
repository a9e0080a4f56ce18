"""All profiles of a fit together: they agree with one another, and with what is known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

import terranova
from terranova.fitting.axes import Axis, make_axis
from terranova.fitting.best import find_best
from terranova.fitting.config import Search
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profiling import Profiling

pytestmark = pytest.mark.integration
THRESHOLDS = (1.0, 3.84)


def _profiling(known: Likelihood, axes: list[list[Axis]], **more: int) -> Profiling:
    return Profiling(known, axes, Search(**more), THRESHOLDS, 5, lambda _: None)


def _known(name: str) -> Likelihood:
    problem = terranova.problem(name, [name])
    known = Likelihood(problem, problem.evaluate)
    find_best(known, np.random.default_rng(1), starts=2, generations=60)
    return known


@pytest.mark.parametrize("name", ["profile-banana", "profile-boundary"])
def test_curves_are_exact(name: str) -> None:
    known = _known(name)
    plugin = known.problem.model.plugin
    names = plugin.profiled
    found = _profiling(known, [[make_axis(known, n, 16, None)] for n in names]).run()
    for (curve, convergence), quantity in zip(found, names, strict=True):
        truth = plugin.exact(quantity, curve.axes[0].centres)
        near = truth - truth.min() < 6.0
        np.testing.assert_allclose(-2.0 * curve.loglike[near], truth[near], atol=0.01)
        assert not np.isfinite(curve.loglike[np.isinf(truth)]).any()
        assert convergence.restarts > 0
        assert convergence.bound == 0


def test_a_plane_and_its_curves_agree() -> None:
    """The plane, minimised over one axis, is nowhere below the curve of the other, nor the curve above the plane.

    Bins of both have the same middles, so that they speak of the same places.
    """
    known = _known("profile-banana")
    axes = [make_axis(known, n, 15, ends) for n, ends in (("x", (-1.5, 1.5)), ("n0", (-1.0, 1.0)))]
    (first, _), (second, _), (plane, _) = _profiling(known, [[axes[0]], [axes[1]], axes]).run()
    for curve, other in ((first, 1), (second, 0)):
        minimised = -2.0 * plane.loglike.max(axis=other)
        assert (minimised >= -2.0 * curve.loglike - 0.02).all()
    # The second axis is narrow compared with the error of n0, so that its bins hold what the curve of x found.
    held = np.abs(np.tanh(axes[0].centres / (1.0 + np.abs(axes[0].centres)))) < 0.9
    assert (-2.0 * first.loglike[held] >= -2.0 * plane.loglike.max(axis=1)[held] - 0.6).all()


def test_what_others_evaluate_enters_a_curve() -> None:
    """A point that somebody evaluates later, better than the curve says, is searched from in the next exchange."""
    known = likelihood(problem({"name": "fit-simple"}, [measured("square", 9.0, 0.5), measured("turn", 0.0, 0.1)]))
    known.batch(np.array([[0.5, 0.5, 0.8]]))
    work = _profiling(known, [[make_axis(known, "size", 4, None)]])
    (before, _), *_ = work.results()
    assert not np.isfinite(before.loglike).all()
    u = np.column_stack([np.full(4, 0.501), np.linspace(0.13, 0.87, 4), np.full(4, 0.8)])
    known.batch(u)  # beside the middles of all bins
    work._exchange()
    (after, _), *_ = work.results()
    np.testing.assert_allclose(after.loglike, 0.0, atol=1e-3)


@pytest.mark.slow
def test_a_closer_look_is_a_finer_curve() -> None:
    known = _known("profile-boundary")
    work = _profiling(known, [[make_axis(known, "x", 12, None)]])
    work.run()
    edges = work.searches[0].axes[0].edges
    places, loglike = work.zoom(0, float(edges[5]), float(edges[6]))
    x = known.problem.model.space.free[0].prior.to_physical(places)
    truth = known.problem.model.plugin.exact("x", x)
    assert len(places) == 6
    np.testing.assert_allclose(-2.0 * loglike, truth, atol=0.01)


def test_what_the_evaluations_allowed_did_not_suffice_for_is_said() -> None:
    known = _known("profile-valley")
    ((_, convergence),) = _profiling(known, [[make_axis(known, "t", 24, None)]], curve=2000).run()
    assert convergence.bound == 2000
    assert not convergence.converged
    assert known.evaluations < 60_000
