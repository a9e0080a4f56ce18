"""Profiles that a surrogate proposes: the model's own, or none at all, however wrong the surrogate is."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
import pytest

import terranova
from terranova.fitting.axes import make_axis
from terranova.fitting.best import find_best
from terranova.fitting.config import Search
from terranova.fitting.intervals import intervals, threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.surrogate.likelihood import SurrogateLikelihood
from terranova.fitting.surrogate.profile import SurrogateProfiling
from terranova.fitting.terms import Linearised
from terranova.types import Floats

pytestmark = pytest.mark.integration
LEVELS = (0.68,)
SLOW = (pytest.mark.slow, pytest.mark.timeout(1800))


class Trainer:
    """A surrogate that is wrong by construction, and learns nothing.

    Args:
        name: of the problem.
        wrong: from points of the cube to those whose observables it takes for theirs.
        bias: of ln L.
        observables: whether it predicts them, too.
        usable: whether it says that it is.
    """

    def __init__(
        self,
        name: str,
        *,
        wrong: Callable[[Floats], Floats] = lambda u: u,
        bias: float = 0.0,
        observables: bool = True,
        usable: bool = True,
    ) -> None:
        self.problem = terranova.problem(name, [name])
        self.likelihood = Likelihood(self.problem, self.problem.evaluate)
        self.wrong, self.bias, self.usable = wrong, bias, usable
        self.columns = [o.name for o in self.problem.model.observables] if observables else []

    @cached_property
    def linearised(self) -> Linearised:
        return Linearised(self.likelihood, np.random.default_rng(1))

    def _predict(self, u: Any) -> Any:
        x = self.problem.model.space.to_physical(np.clip(self.wrong(u), 0.0, 1.0))
        found = self.problem.evaluate(x).observables
        return self.problem.score(x, found)[1] + self.bias, found[:, : len(self.columns)]

    def surrogate_likelihood(self) -> SurrogateLikelihood:
        """Knows the points of the training, as that of a real trainer."""
        surrogate = SurrogateLikelihood(self.problem, self._predict, self.columns, 1.0)
        known = self.likelihood.loglikes
        surrogate.batch(self.likelihood.u[np.isfinite(known)][-200:])
        return surrogate

    def refit(self) -> None:
        """It learns nothing."""


def _profiled(trainer: Any, name: str, bins: int = 8, search: Search | None = None) -> tuple[Floats, Any]:
    """Return the deviation (bins,) of Delta chi2 from the truth, where it is below 6, and the interval."""
    likelihood = trainer.likelihood
    rng = np.random.default_rng(1)
    find_best(likelihood, rng, starts=2, generations=60)
    axis = make_axis(likelihood, name, bins, None)
    profiling = SurrogateProfiling(trainer, [[axis]], search or Search(), LEVELS, 1, lambda _: None)
    ((curve, convergence),) = profiling.run()
    zoom = partial(profiling.zoom, 0)
    between = profiling.between_bins(0)
    (interval,) = intervals(likelihood, curve, LEVELS, rng, zoom=zoom, between=between, convergence=convergence)
    exact = trainer.problem.model.plugin.exact(name, axis.centres)
    exact = exact - trainer.problem.model.plugin.exact(name, np.linspace(-3.0, 3.0, 2001)).min()
    near = exact < 6.0
    return curve.delta_chi2(float(likelihood.loglikes.max()))[near] - exact[near], interval


SHIFT = np.array([0.02, 0.01, 0.0, 0.0])


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"bias": 0.5}, id="promises too much"),
        pytest.param({}, id="right", marks=pytest.mark.slow),
        pytest.param({"wrong": lambda u: u + SHIFT}, id="shifted", marks=SLOW),
        pytest.param({"usable": False}, id="useless", marks=SLOW),
    ],
)
def test_every_number_is_the_models(wrong: dict[str, Any]) -> None:
    trainer: Any = Trainer("profile-banana", **wrong)
    deviation, interval = _profiled(trainer, "x")
    assert np.abs(deviation).max() < 0.05
    x = np.linspace(-3.0, 3.0, 60_001)
    chi2 = trainer.problem.model.plugin.exact("x", x)
    within = x[chi2 - chi2.min() <= threshold(LEVELS[0])]
    for (low, high), doubts in zip(interval.parts, interval.doubts, strict=True):
        for end, truth, doubt in zip((low, high), (within[0], within[-1]), doubts, strict=True):
            assert doubt or end == pytest.approx(truth, abs=5e-3)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_surrogate_of_chi2_alone_is_searched_without_slopes() -> None:
    deviation, _ = _profiled(Trainer("profile-boundary", observables=False), "x")
    assert np.abs(deviation).max() < 0.05


def test_an_end_is_no_number_where_the_evaluations_did_not_suffice() -> None:
    _, interval = _profiled(Trainer("profile-banana"), "x", search=Search(curve=1))
    ends = list(zip(np.ravel(interval.parts), np.ravel(interval.doubts), strict=True))
    assert any(doubt for _, doubt in ends)
    assert all(doubt is None or (end is not None and math.isnan(end)) for end, doubt in ends)
    assert "cut short" in str(interval.doubts)


@pytest.mark.slow
def test_an_end_is_no_number_where_the_surrogate_still_promises_more() -> None:
    """What the model's own search still gained in the last look at a bin stands against its ends."""
    trainer: Any = Trainer("profile-banana")
    find_best(trainer.likelihood, np.random.default_rng(1), starts=2, generations=60)
    axis = make_axis(trainer.likelihood, "x", 8, None)
    profiling = SurrogateProfiling(trainer, [[axis]], Search(), LEVELS, 1, lambda _: None)
    profiling._hoped[0][:] = 0.3
    ((_, convergence),) = profiling.results()
    profiling._settle(0, 8)
    ((curve, settled),) = profiling.results()
    assert settled.doubt(np.arange(8)) is None
    profiling._hoped[0][:] = 0.3
    ((curve, convergence),) = profiling.results()
    (interval,) = intervals(
        trainer.likelihood,
        curve,
        LEVELS,
        np.random.default_rng(1),
        zoom=partial(profiling.zoom, 0),
        convergence=convergence,
    )
    crossings = [d for pair in interval.doubts for d in pair if d]
    assert crossings
    assert all(reason == "the surrogate was still wrong by 0.3 there" for reason in crossings)
