"""Two stages of gradient-boosted trees: a classifier keeps the region that matters, a regressor works there.

The trees are those of arXiv:1603.02754 (XGBoost). Uncertainties are conformal: every training point is predicted by
trees that have not seen it (after CV+, arXiv:1905.02928).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from terranova import ParameterSpace, PieceReader, pack_pieces
from terranova.plugins.surrogates.base import ScaledSurrogate
from terranova.plugins.surrogates.boosting import (
    QUICK,
    REGION,
    THOROUGH,
    VALUE,
    Effort,
    Trainer,
    contributions,
    predictions,
    xgboost,
)
from terranova.plugins.surrogates.scales import Scale, read_scales, stored_scales
from terranova.plugins.surrogates.support import INSIDE, Support, why_not
from terranova.plugins.surrogates.trees import MOST_DEPTH, Forest
from terranova.plugins.surrogates.trend import Basis, Features
from terranova.types import Array, Bools, Floats

MINIMUM = 10 * THOROUGH.folds
"""Rows below which nothing is learned."""

TRIAL_ROUNDS, CLEARLY = 100, 0.9
"""Trees that decide in which coordinate a target is learned, and how much smaller the error of "top" must be."""

LEVELS = np.round(np.linspace(0.02, 0.995, 196), 3)
"""Probabilities whose quantiles of |residual| / sigma are kept."""

NEAR_MARGIN = 0.005
"""Share of the rows that matter which the classifier may reject, as measured on rows it has not seen."""


class XgboostSurrogate(ScaledSurrogate):
    """Classifier and regressors of gradient-boosted trees on a polynomial trend, five of each by cross-validation.

    Trained in rounds, as by a fit (`refit`), it has two of each, of at most 100 trees.

    Args:
        rounds: trees in each regressor.
        depth: of the trees, 1 to 64.
        eta: learning rate.
        min_child: smallest weight of a leaf.
        subsample: share of the rows that each tree sees.
        trend: degree of the polynomial below the trees, 0 to 8; less where rows are few.
        threads: of XGBoost; no more than there are cores.
    """

    name = "xgboost"
    version = "3"
    description = "gradient-boosted trees in two stages, with conformal uncertainties"
    packages = ("xgboost-cpu", "xgboost")

    def __init__(
        self,
        space: ParameterSpace,
        seed: int,
        rounds: int = 300,
        depth: int = 5,
        eta: float = 0.06,
        min_child: float = 3.0,
        subsample: float = 0.8,
        trend: int = 6,
        threads: int = 1,
    ) -> None:
        super().__init__(space, seed)
        if not (
            rounds >= 1 and 1 <= depth <= MOST_DEPTH and 0 < eta <= 1 and 0 < subsample <= 1 and 0 <= trend <= 8
        ):
            raise ValueError(
                f"needs rounds >= 1, depth in 1..{MOST_DEPTH}, 0 < eta <= 1, 0 < subsample <= 1, trend in 0..8"
            )
        self.rounds, self.depth, self.eta = rounds, depth, eta
        self.min_child, self.subsample, self.trend = min_child, subsample, trend
        self.threads = min(threads, os.cpu_count() or 1)
        xgboost()
        self._features = Features(space)
        self._clear()

    def _clear(self) -> None:
        self._scales: list[Scale] = []
        self._basis: Basis | None = None
        self._trends: list[Array] = []  # (folds, 1 + t) for each target
        self._trees: list[list[Any]] = []
        self._errors: list[Any] = []
        self._quantiles: Array = np.empty((0, len(LEVELS)))
        self._classifiers: list[Any] = []
        self._threshold = 0.0
        self._support: Support | None = None

    @classmethod
    def suggest(cls, trial: Any) -> dict[str, Any]:
        """Ranges in which hyper-parameters are searched."""
        return {
            "rounds": trial.suggest_int("rounds", 100, 800, log=True),
            "depth": trial.suggest_int("depth", 2, 8),
            "eta": trial.suggest_float("eta", 0.02, 0.2, log=True),
            "min_child": trial.suggest_float("min_child", 1.0, 20.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.5, 1.0),
            "trend": trial.suggest_int("trend", 0, 8),
        }

    # -- learning -------------------------------------------------------------------------------------------

    def fit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Learn; see `Surrogate.fit`."""
        self._learn(u, targets, near, weights, THOROUGH)

    def refit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Learn with fewer trees; see `Surrogate.refit`."""
        self._learn(u, targets, near, weights, QUICK)

    def _learn(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None, effort: Effort) -> None:
        self._clear()
        u, targets = np.asarray(u, dtype=float), np.asarray(targets, dtype=float)
        weights = np.ones(len(u)) if weights is None else np.asarray(weights, dtype=float)
        sound = np.isfinite(u).all(axis=1)
        good = sound & near & np.isfinite(targets).all(axis=1)
        self.reason = why_not(u[good], targets[good], MINIMUM)
        if self.reason:
            return
        folds = np.random.default_rng([self.seed, 1]).permutation(len(u)) % effort.folds
        trainer = Trainer(self.depth, self.eta, self.min_child, self.subsample, self.threads, effort)
        self._fit_classifiers(trainer, u[sound], near[sound], folds[sound])
        self._fit_regressors(trainer, u[good], targets[good], folds[good], weights[good] / weights[good].mean())
        self._support = Support(u[good])

    def _ask(self, trees: Any, u: Floats) -> Floats:
        """Return what one ensemble of trees says (n,) at u (n, d)."""
        return np.asarray(predictions([trees], u, self.threads)[0])

    def _fit_classifiers(self, trainer: Trainer, u: Floats, near: Bools, folds: Array) -> None:
        """Learn the region; the threshold is set on rows that the classifier has not seen."""
        if near.all():
            return
        chance = np.empty(len(u))
        for k in range(trainer.effort.folds):
            out = folds == k
            trees = trainer.classifier(u[~out], near[~out], self.seed + k)
            self._classifiers.append(trees)
            chance[out] = self._ask(trees, u[out])
        self._threshold = min(0.5, float(np.quantile(chance[near], NEAR_MARGIN)))

    def _fit_regressors(self, trainer: Trainer, u: Floats, targets: Floats, folds: Array, weights: Floats) -> None:
        """Learn the targets; errors are those of rows that the trees have not seen."""
        count = trainer.effort.folds
        degree = Basis.degree_for(self._features, len(u) * (count - 1) // count, self.trend)
        self._basis = Basis(self._features, degree, self._features(u).mean(axis=0))
        monomials = self._basis(u)
        quantiles = []
        for y in targets.T:
            scale = self._scale_for(trainer, u, y, folds, weights)
            z = scale.forward(y)
            trends, ensembles, residual = [], [], np.empty(len(u))
            for k in range(count):
                out = folds == k
                trend = self._basis.fit(monomials[~out], z[~out], weights[~out])
                rest = z - trend[0] - monomials @ trend[1:]
                trees = trainer.regressor(u[~out], rest[~out], self.rounds, self.seed + k, weights[~out])
                trends.append(trend)
                ensembles.append(trees)
                residual[out] = rest[out] - self._ask(trees, u[out])
            size = np.log(np.abs(residual) + 1e-9 + 1e-3 * np.median(np.abs(residual)))
            spread = np.empty(len(u))
            for k in range(count):  # the error of a point is judged by trees that have not seen that error
                out = folds == k
                spread[out] = self._ask(trainer.error(u[~out], size[~out], self.seed + k), u[out])
            self._errors.append(trainer.error(u, size, self.seed))
            quantiles.append(np.quantile(np.abs(residual) / np.exp(spread), LEVELS, method="higher"))
            self._scales.append(scale)
            self._trends.append(np.array(trends))
            self._trees.append(ensembles)
        self._quantiles = np.array(quantiles)

    def _scale_for(self, trainer: Trainer, u: Floats, y: Floats, folds: Array, weights: Floats) -> Scale:
        """Choose the coordinate of a target; between "linear" and "top" by a trial on rows left out."""
        plain = Scale.of(y, weights)
        if plain.kind != "linear" or np.ptp(y) == 0.0:
            return plain
        out = folds == 0
        losses = []
        for scale in (plain, Scale.below_top(y[~out], weights[~out])):
            trees = trainer.regressor(u[~out], scale.forward(y[~out]), TRIAL_ROUNDS, self.seed, weights[~out])
            error = np.abs(scale.backward(self._ask(trees, u[out])) - y[out])
            losses.append(np.average(error, weights=weights[out]))
        return Scale.below_top(y, weights) if losses[1] < CLEARLY * losses[0] else plain

    # -- answering ------------------------------------------------------------------------------------------

    def _average(self, u: Floats) -> Floats:
        """Mean (n, q) in the coordinates in which targets are learned."""
        assert self._basis is not None
        smooth = np.column_stack([np.ones(len(u)), self._basis(u)]) @ np.mean(self._trends, axis=1).T
        rest = predictions([trees for ensembles in self._trees for trees in ensembles], u, self.threads)
        folds = len(self._trees[0])
        return np.asarray(smooth + rest.reshape(len(self._trees), folds, len(u)).mean(axis=1).T)

    def _scaled(self, u: Floats) -> tuple[Floats, Floats]:
        """Mean and unit of error (n, q) in the coordinates in which targets are learned."""
        return self._average(u), np.exp(predictions(self._errors, u, self.threads).T)

    def mean(self, u: Floats) -> Floats:
        """Return the medians (n, q) only, without their errors."""
        if self._support is None:
            return self._unknown(u)
        return self._backward(self._average(u))

    def _ends(self, mean: Floats, error: Floats, level: float) -> tuple[Floats, Floats]:
        half = error * np.array([np.interp(level, LEVELS, row) for row in self._quantiles])
        return self._backward(mean - half), self._backward(mean + half)

    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return median and half of the 68.27 % interval; see `Surrogate.predict`."""
        if self._support is None:
            nothing = self.mean(u)
            return nothing, nothing.copy()
        mean, error = self._scaled(u)
        lower, upper = self._ends(mean, error, 0.6827)
        return self._backward(mean), 0.5 * (upper - lower)

    def interval(self, u: Floats, level: float) -> tuple[Floats, Floats]:
        """Conformal intervals; levels above 99.5 % are not known and answered by that."""
        if self._support is None:
            return self.predict(u)
        return self._ends(*self._scaled(u), level)

    def near(self, u: Floats) -> Bools:
        """Return (n,) whether the classifiers keep the points."""
        if not self._classifiers:
            return np.full(len(u), self._support is not None)
        kept: Bools = predictions(self._classifiers, u, self.threads).mean(axis=0) >= self._threshold
        return kept

    def contributions(self, u: Floats) -> tuple[Floats, Floats] | None:
        """SHAP values: those of the trees by XGBoost's own algorithm (arXiv:1802.03888), plus the polynomial's."""
        if self._support is None or self._basis is None:
            return None
        d = u.shape[1]
        values = np.zeros((len(u), len(self._scales), d))
        base = np.zeros(len(self._scales))
        monomials = self._basis(u)
        for j, (scale, trends, ensembles) in enumerate(zip(self._scales, self._trends, self._trees, strict=True)):
            smooth = trends.mean(axis=0)
            values[:, j] = self._basis.contributions(monomials, smooth, d)
            base[j] = smooth[0]
            for trees in ensembles:
                own = contributions(trees, u, self.threads)
                values[:, j] += own[:, :d] / len(ensembles)
                base[j] += own[:, d].mean() / len(ensembles)
            values[:, j] *= scale.width
            base[j] = scale.centre + scale.width * base[j]
        return values, base

    # -- files ----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, bytes]:
        """Numbers, trees included, as arrays; the rest as facts."""
        if self._support is None or self._basis is None:
            return pack_pieces({"reason": self.reason}, {})
        kinds, numbers = stored_scales(self._scales)
        facts = {
            "reason": self.reason,
            "threshold": self._threshold,
            "degree": self._basis.degree,
            "folds": len(self._trees[0]),
            "classifiers": len(self._classifiers),
            "scales": kinds,
        }
        forest = Forest.of([*self._classifiers, *self._errors, *(t for target in self._trees for t in target)])
        arrays = {
            "scales": numbers,
            "quantiles": self._quantiles,
            "trends": np.array(self._trends),
            "support": self._support.u,
            "centre": self._basis.centre,
        }
        return pack_pieces(facts, arrays | forest.arrays())

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Become what `state` was taken from; see `Surrogate.restore`."""
        self._clear()
        stored, dimension = PieceReader(state), self.space.dimension
        self.reason = stored.text("reason")
        if self.reason:
            return
        scales = read_scales(stored)
        targets, folds = len(scales), stored.whole("folds", 1, THOROUGH.folds)
        classifiers, degree = stored.whole("classifiers", 0, folds), stored.whole("degree", 0, self.trend)
        support = stored.array("support", (None, dimension), low=INSIDE[0], high=INSIDE[1])
        if len(support) < MINIMUM or Basis.degree_for(self._features, len(support), degree) < degree:
            raise ValueError(f"support: {len(support)} points are too few for a polynomial of degree {degree}")
        basis = Basis(
            self._features, degree, stored.array("centre", (len(self._features.owner),), low=-1.001, high=1.001)
        )
        trends = stored.array("trends", (targets, folds, 1 + len(basis.terms)))
        objectives = [REGION] * classifiers + [VALUE] * (targets * (1 + folds))
        forest = Forest.read(stored, len(objectives), dimension)
        self._quantiles = stored.array("quantiles", (targets, len(LEVELS)), low=0.0)
        self._threshold = stored.number("threshold", 0.0, 1.0)
        boosters = forest.boosters(objectives, dimension, self.threads)
        self._classifiers, others = boosters[:classifiers], boosters[classifiers:]
        self._errors, others = others[:targets], others[targets:]
        self._trees = [others[j * folds : (j + 1) * folds] for j in range(targets)]
        self._trends = list(trends)
        self._scales, self._basis, self._support = scales, basis, Support(support)
