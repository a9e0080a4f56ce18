"""What the surrogate of a fit learns: chi2 itself, or the observables that constraints read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from terranova.errors import TerranovaError
from terranova.fitting.config import SurrogateConfig
from terranova.fitting.likelihood import Likelihood
from terranova.interfaces.surrogate import Surrogate
from terranova.registry import registry
from terranova.surrogates.trained import chi2_of
from terranova.surrogates.training import importance
from terranova.types import Bools, Floats, Ints

BEND = 20.0
"""Delta chi2 is learned as BEND ln(1 + Delta chi2 / BEND): even where it matters, and tame far away."""

MANY = 30
"""Where constraints read more observables than this, chi2 is learned: each target costs time."""

NEAR, REGION = 15.0, 60.0
"""Delta chi2 of the points that are learned from first, and of all that matter."""

_DECADES = 1.5
"""Observables that span fewer are learned as they are."""

_NOTHING = 0.5
"""Change of chi2 that does not matter."""

_GROWN = 1.5
"""Floors are chosen again once there are so many times the rows."""


class TargetTransform(ABC):
    """A surrogate of the log-likelihood of a fit, and of some observables.

    Args:
        likelihood: the likelihood itself.
        words: of the fit.
        names: observables that must be predicted, too.
        seed: of all random numbers.

    Attributes:
        made: the plugin's surrogate.
        rows: with Delta chi2 below `NEAR`, below `REGION` and beyond, from which it learns, at most.
    """

    rows: tuple[int, int, int] = (2000, 500, 400)

    def __init__(self, likelihood: Likelihood, words: SurrogateConfig, names: Sequence[str], seed: int) -> None:
        self.likelihood, self.names = likelihood, tuple(names)
        made = registry().get("surrogate", words.plugin).target
        try:
            self.made: Surrogate = made(likelihood.problem.model.space, seed, **words.options)
        except (ValueError, TypeError) as error:
            raise TerranovaError(f"surrogate {words.plugin!r}: {error}") from error

    def learn(self, rows: Ints, top: float) -> None:
        """Learn from rows of the target; `top` is the largest log-likelihood known."""
        delta = 2.0 * (top - self.likelihood.loglikes[rows])
        targets, near = self._targets(rows, delta, top)
        self.made.refit(self.likelihood.u[rows], targets, near, importance(delta))

    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return the log-likelihood (n,), -inf where a point is taken for excluded, and observables (n, names)."""
        loglike, observables = self._read(u, self.made.mean(u))
        kept = np.isfinite(loglike) & self.made.near(u)
        return np.where(kept, loglike, -np.inf), observables

    @abstractmethod
    def _targets(self, rows: Ints, delta: Floats, top: float) -> tuple[Floats, Bools]:
        """Return what is learned (rows, q), and (rows,) where it is known."""

    @abstractmethod
    def _read(self, u: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return log-likelihood (n,) and observables (n, names) that follow from predictions (n, q)."""


class Chi2Transform(TargetTransform):
    """Learns chi2, bent: one target, whatever the constraints are, but with all their kinks."""

    _top = -np.inf

    def _targets(self, rows: Ints, delta: Floats, top: float) -> tuple[Floats, Bools]:
        self._top = top
        near = np.isfinite(delta)
        bent = np.where(near, BEND * np.log1p(delta / BEND) + BEND, np.nan)
        return np.column_stack([bent, *(self.likelihood.column(name)[rows] for name in self.names)]), near

    def _read(self, u: Floats, mean: Floats) -> tuple[Floats, Floats]:
        with np.errstate(over="ignore", invalid="ignore"):
            delta = BEND * np.expm1(np.minimum((mean[:, 0] - BEND) / BEND, 300.0))
        return self._top - 0.5 * delta, mean[:, 1:]


class ObservablesTransform(TargetTransform):
    """Learns what the constraints read; chi2 follows from the constraints themselves, with all their kinks.

    Observables over many decades are learned as asinh(o / floor), with the largest floor below which chi2 takes no
    notice of them.
    """

    def __init__(self, likelihood: Likelihood, words: SurrogateConfig, names: Sequence[str], seed: int) -> None:
        super().__init__(likelihood, words, names, seed)
        d = likelihood.dimension
        self.rows = (200 * d, 50 * d, 50 * d)
        self._all = read_by(likelihood, names)
        self._floors: dict[str, float] = {}
        self._chosen_from = 0

    def _targets(self, rows: Ints, delta: Floats, top: float) -> tuple[Floats, Bools]:
        values = np.column_stack([self.likelihood.column(name)[rows] for name in self._all])
        known: Bools = np.asarray(np.isfinite(values).all(axis=1))
        # Rarely, since what a plugin has learned before is for the old ones.
        if len(rows) > _GROWN * self._chosen_from:
            self._floors = self._choose_floors(self.likelihood.u[rows][known], values[known], delta[known])
            self._chosen_from = len(rows)
        learned = values.copy()
        for name, floor in self._floors.items():
            j = self._all.index(name)
            learned[:, j] = np.arcsinh(values[:, j] / floor) + 1.0  # far from 0: no logarithm is to be taken of it
        return learned, known

    def _choose_floors(self, u: Floats, values: Floats, delta: Floats) -> dict[str, float]:
        problem = self.likelihood.problem
        chi2 = chi2_of(problem, self._all, u, values)
        top = chi2.min(initial=np.inf)
        before = np.minimum(chi2 - top, REGION)
        allowed = np.where(delta < REGION, _NOTHING, 0.5 * REGION)  # what is far must not come near
        floors = {}
        for j, name in enumerate(self._all):
            size = np.abs(values[:, j])
            if name in self.names or not size.any():
                continue
            low, high = (float(np.log10(np.quantile(size[size > 0.0], q))) for q in (0.01, 1.0))
            if high - low < _DECADES and size.all():
                continue
            places = np.arange(high - 30.0, high, 0.5)
            first, last = 0, len(places)  # the floor lies between these places
            changed = values.copy()
            while last - first > 1:
                middle = (first + last) // 2
                floor = 10.0 ** places[middle]
                changed[:, j] = np.where(size < floor, np.copysign(floor, values[:, j]), values[:, j])
                after = np.minimum(chi2_of(problem, self._all, u, changed) - top, REGION)
                harmless = (np.abs(after - before) < allowed).all()
                first, last = (middle, last) if harmless else (first, middle)
            floors[name] = float(10.0 ** places[first])
        return floors

    def _read(self, u: Floats, mean: Floats) -> tuple[Floats, Floats]:
        values = mean.copy()
        for name, floor in self._floors.items():
            j = self._all.index(name)
            values[:, j] = floor * np.sinh(np.clip(mean[:, j] - 1.0, -700.0, 700.0))
        chi2 = chi2_of(self.likelihood.problem, self._all, u, values)
        return -0.5 * chi2, values[:, [self._all.index(name) for name in self.names]]


def read_by(likelihood: Likelihood, names: Sequence[str]) -> tuple[str, ...]:
    """Return `names` and all other observables that constraints read."""
    parameters = set(likelihood.problem.model.space.names)
    read = dict.fromkeys([*names, *(name for c in likelihood.problem.constraints for name in c.observables)])
    return tuple(name for name in read if name not in parameters)
