"""What the surrogate of a fit is trained on: chi2 itself, or the observables that constraints read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from terranova.errors import TerranovaError
from terranova.fitting.config import SurrogateConfig
from terranova.fitting.likelihood import Likelihood
from terranova.interfaces.surrogate import Surrogate
from terranova.registry import registry
from terranova.surrogates.trained import chi2_of
from terranova.surrogates.training import importance
from terranova.types import Array, Bools, Floats, Ints

BEND = 20.0
"""The target for Delta chi2 is BEND ln(1 + Delta chi2 / BEND): even where it matters, and tame far away."""

MANY = 30
"""Where constraints read more observables than this, chi2 is the target: each target costs time."""

NEAR, REGION = 15.0, 60.0
"""Delta chi2 of the points that are trained on first, and of all that matter."""

_DECADES = 1.5
"""Observables that span fewer are targets as they are."""

_ROWS_EACH = 3
"""Rows for each coefficient of a quadratic form, at least, from which is seen which coordinate suits a target."""

_NOTHING = 0.5
"""Change of chi2 that does not matter."""

_GROWN = 1.5
"""Floors are chosen again once there are so many times the rows."""


@dataclass(frozen=True)
class TransformState:
    """What was learned of some targets.

    Attributes:
        target: see `TargetTransform.target`.
        pieces: of the plugin's state, as bytes.
        top: the largest log-likelihood known, of chi2.
        floors, lines: how observables are seen: unit of asinh; middle and half the range.
        chosen_from: rows from which these were chosen.
    """

    target: str
    pieces: Mapping[str, Array]
    top: float = -np.inf
    floors: Mapping[str, float] = field(default_factory=dict)
    lines: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    chosen_from: int = 0


class TargetTransform(ABC):
    """A plugin's surrogate of some targets, and how the log-likelihood of a fit follows from them.

    Args:
        likelihood: the likelihood itself.
        config: of the surrogate.
        names: observables that must be predicted, too.
        seed: of all random numbers.

    Attributes:
        columns: observables that it predicts.
        target: what it is trained on, in a word.
        surrogate: the plugin's.
        most_rows: with Delta chi2 below `NEAR`, below `REGION` and beyond, that it is trained on, at most.
    """

    target: ClassVar[str]
    most_rows: tuple[int, int, int] = (2000, 500, 400)

    def __init__(self, likelihood: Likelihood, config: SurrogateConfig, names: Sequence[str], seed: int) -> None:
        self.likelihood, self.names = likelihood, tuple(names)
        self.columns = self.names
        plugin = registry().get("surrogate", config.plugin).target
        try:
            self.surrogate: Surrogate = plugin(likelihood.problem.model.space, seed, **config.options)
        except (ValueError, TypeError) as error:
            raise TerranovaError(f"surrogate {config.plugin!r}: {error}") from error

    def fit(self, rows: Ints, top: float) -> None:
        """Train on rows of the likelihood's points; `top` is the largest log-likelihood known."""
        delta = 2.0 * (top - self.likelihood.loglikes[rows])
        targets, near = self._targets(rows, delta, top)
        self.surrogate.refit(self.likelihood.u[rows], targets, near, importance(delta))

    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return ln L (n,), -inf where a point is taken for excluded, and observables (n, columns)."""
        loglike, observables = self._loglike_of(u, self.surrogate.mean(u))
        kept = np.isfinite(loglike) & self.surrogate.near(u)
        return np.where(kept, loglike, -np.inf), observables

    def state(self) -> TransformState:
        """Return what was learned."""
        pieces = {name: np.frombuffer(piece, dtype=np.uint8) for name, piece in self.surrogate.state().items()}
        return TransformState(self.target, pieces)

    def restore(self, state: TransformState) -> None:
        """Have learned that.

        Raises:
            ValueError: the plugin cannot read it.
        """
        self.surrogate.restore({name: piece.tobytes() for name, piece in state.pieces.items()})

    @abstractmethod
    def _targets(self, rows: Ints, delta: Floats, top: float) -> tuple[Floats, Bools]:
        """Return the targets (rows, q), and (rows,) where they are known."""

    @abstractmethod
    def _loglike_of(self, u: Floats, mean: Floats) -> tuple[Floats, Floats]:
        """Return log-likelihood (n,) and observables (n, columns) that follow from predictions (n, q)."""


class Chi2Transform(TargetTransform):
    """The target is chi2, bent: one only, whatever the constraints are, but with all their kinks."""

    target = "chi2"
    _top = -np.inf

    def state(self) -> TransformState:
        """Return what was learned."""
        return replace(super().state(), top=self._top)

    def restore(self, state: TransformState) -> None:
        """Have learned that; see `TargetTransform.restore`."""
        super().restore(state)
        self._top = state.top

    def _targets(self, rows: Ints, delta: Floats, top: float) -> tuple[Floats, Bools]:
        self._top = top
        near = np.isfinite(delta)
        bent = np.where(near, BEND * np.log1p(delta / BEND) + BEND, np.nan)
        return np.column_stack([bent, *(self.likelihood.column(name)[rows] for name in self.names)]), near

    def _loglike_of(self, u: Floats, mean: Floats) -> tuple[Floats, Floats]:
        with np.errstate(over="ignore", invalid="ignore"):
            delta = BEND * np.expm1(np.minimum((mean[:, 0] - BEND) / BEND, 300.0))
        return self._top - 0.5 * delta, mean[:, 1:]


class ObservablesTransform(TargetTransform):
    """The targets are what the constraints read; chi2 follows from the constraints, with all their kinks.

    For an observable over many decades the target is asinh(o / floor), with the largest floor below which chi2
    takes no notice of it, unless a quadratic form describes the observable itself better.
    """

    target = "observables"

    def __init__(self, likelihood: Likelihood, config: SurrogateConfig, names: Sequence[str], seed: int) -> None:
        super().__init__(likelihood, config, names, seed)
        d = likelihood.dimension
        self.most_rows = (200 * d, 50 * d, 50 * d)
        self._all = self.columns = read_by(likelihood, names)
        self._floors: dict[str, float] = {}
        self._lines: dict[str, tuple[float, float]] = {}  # middle and half the range
        self._chosen_from = 0

    def state(self) -> TransformState:
        """Return what was learned, and how observables are seen."""
        return replace(super().state(), floors=self._floors, lines=self._lines, chosen_from=self._chosen_from)

    def restore(self, state: TransformState) -> None:
        """Have learned that; see `TargetTransform.restore`."""
        super().restore(state)
        self._floors, self._lines, self._chosen_from = dict(state.floors), dict(state.lines), state.chosen_from

    def _targets(self, rows: Ints, delta: Floats, top: float) -> tuple[Floats, Bools]:
        values = np.column_stack([self.likelihood.column(name)[rows] for name in self._all])
        known: Bools = np.asarray(np.isfinite(values).all(axis=1))
        # Rarely, since what a plugin keeps from one training to the next is for the old ones.
        if len(rows) > _GROWN * self._chosen_from:
            self._floors = self._choose_floors(self.likelihood.u[rows][known], values[known], delta[known])
            self._chosen_from = len(rows)
        targets = values.copy()
        for name, floor in self._floors.items():
            j = self._all.index(name)
            targets[:, j] = np.arcsinh(values[:, j] / floor) + 1.0  # far from 0: no logarithm is to be taken of it
        for name, (middle, half) in self._lines.items():
            j = self._all.index(name)
            targets[:, j] = (values[:, j] - middle) / half + 3.0  # nor here
        return targets, known

    def _choose_floors(self, u: Floats, values: Floats, delta: Floats) -> dict[str, float]:
        problem = self.likelihood.problem
        chi2 = chi2_of(problem, self._all, u, values)
        top = chi2.min(initial=np.inf)
        before = np.minimum(chi2 - top, REGION)
        allowed = np.where(delta < REGION, _NOTHING, 0.5 * REGION)  # what is far must not come near
        floors: dict[str, float] = {}
        self._lines = {}
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
            floor = float(10.0 ** places[first])
            if _straight(u, values[:, j], floor, delta < REGION):
                ends = float(values[:, j].min()), float(values[:, j].max())
                self._lines[name] = 0.5 * (ends[0] + ends[1]), 0.5 * (ends[1] - ends[0])
            else:
                floors[name] = floor
        return floors

    def _loglike_of(self, u: Floats, mean: Floats) -> tuple[Floats, Floats]:
        values = mean.copy()
        for name, floor in self._floors.items():
            j = self._all.index(name)
            values[:, j] = floor * np.sinh(np.clip(mean[:, j] - 1.0, -700.0, 700.0))
        for name, (middle, half) in self._lines.items():
            j = self._all.index(name)
            values[:, j] = (mean[:, j] - 3.0) * half + middle
        chi2 = chi2_of(self.likelihood.problem, self._all, u, values)
        return -0.5 * chi2, values


def _straight(u: Floats, values: Floats, floor: float, near: Bools) -> bool:
    """Whether a quadratic form of u (n, d) describes values (n,) better as they are than as asinh(values / floor).

    Errors count in units of the floor, or of the value where that is larger: a sum of couplings that cancels is a
    straight line, which asinh turns into a step.
    """
    d = u.shape[1]
    z = 2.0 * u - 1.0
    pairs = [z[:, i] * z[:, j] for i in range(d) for j in range(i + 1)]
    monomials = np.column_stack([np.ones(len(u)), z, *pairs])
    rows = near if near.sum() > _ROWS_EACH * monomials.shape[1] else np.ones(len(u), dtype=bool)
    if rows.sum() <= _ROWS_EACH * monomials.shape[1]:
        return False
    bent = np.arcsinh(values / floor)
    errors = []
    for target, unit in ((values, np.hypot(values, floor)), (bent, np.ones(len(u)))):
        solution = np.linalg.lstsq(monomials[rows], target[rows], rcond=None)[0]
        errors.append(float(np.median(np.abs(monomials[rows] @ solution - target[rows]) / unit[rows])))
    return errors[0] < errors[1]


def read_by(likelihood: Likelihood, names: Sequence[str]) -> tuple[str, ...]:
    """Return `names` and all other observables that constraints read."""
    parameters = set(likelihood.problem.model.space.names)
    read = dict.fromkeys([*names, *(name for c in likelihood.problem.constraints for name in c.observables)])
    return tuple(name for name in read if name not in parameters)
