"""Two stages of gradient-boosted trees: a classifier keeps the region that matters, a regressor works there.

The trees are those of arXiv:1603.02754 (XGBoost). Uncertainties are conformal: every training point is predicted by
trees that have not seen it (after CV+, arXiv:1905.02928).
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from terranova import ParameterSpace, Surrogate
from terranova.plugins.surrogates._require import require
from terranova.plugins.surrogates._scales import Scale
from terranova.plugins.surrogates._support import Support, why_not
from terranova.plugins.surrogates._trend import Basis, Features
from terranova.types import Array, Bools, Floats

FOLDS = 5
QUICK_FOLDS, QUICK_ROUNDS, QUICK_ETA = 2, 100, 0.15
"""Instead of these and of the options, where it is trained in many rounds: a tenth of the cost."""

MINIMUM = 10 * FOLDS
"""Rows below which nothing is learned."""

TRIAL_ROUNDS, CLEARLY = 100, 0.9
"""Trees that decide in which coordinate a target is learned, and how much smaller the error of "top" must be."""

LEVELS = np.round(np.linspace(0.02, 0.995, 196), 3)
"""Probabilities whose quantiles of |residual| / sigma are kept."""

NEAR_MARGIN = 0.005
"""Share of the rows that matter which the classifier may reject, as measured on rows it has not seen."""


class XgboostSurrogate(Surrogate):
    """Classifier and regressors of gradient-boosted trees on a polynomial trend, five of each by cross-validation.

    Trained in rounds, as by a fit (`refit`), it has two of each, of at most 100 trees.

    Args:
        rounds: trees in each regressor.
        depth: of the trees.
        eta: learning rate.
        min_child: smallest weight of a leaf.
        subsample: share of the rows that each tree sees.
        trend: degree of the polynomial below the trees, 0 to 8; less where rows are few.
        threads: of XGBoost.
    """

    name = "xgboost"
    version = "2"
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
        if not (rounds >= 1 and depth >= 1 and 0 < eta <= 1 and 0 < subsample <= 1 and 0 <= trend <= 8):
            raise ValueError("needs rounds >= 1, depth >= 1, 0 < eta <= 1, 0 < subsample <= 1, trend in 0..8")
        self.rounds, self.depth, self.eta = rounds, depth, eta
        self.min_child, self.subsample, self.trend, self.threads = min_child, subsample, trend, threads
        require("xgboost", "xgboost-cpu")
        self._features = Features(space)
        self._folds, self._quick = FOLDS, False
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
        self._folds, self._quick = FOLDS, False
        self._learn(u, targets, near, weights)

    def refit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Learn with fewer trees; see `Surrogate.refit`."""
        self._folds, self._quick = QUICK_FOLDS, True
        self._learn(u, targets, near, weights)

    def _learn(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None) -> None:
        self._clear()
        u, targets = np.asarray(u, dtype=float), np.asarray(targets, dtype=float)
        weights = np.ones(len(u)) if weights is None else np.asarray(weights, dtype=float)
        sound = np.isfinite(u).all(axis=1)
        good = sound & near & np.isfinite(targets).all(axis=1)
        self.reason = why_not(u[good], targets[good], MINIMUM)
        if self.reason:
            return
        folds = np.random.default_rng([self.seed, 1]).permutation(len(u)) % self._folds
        self._fit_classifiers(u[sound], near[sound], folds[sound])
        self._fit_regressors(u[good], targets[good], folds[good], weights[good] / weights[good].mean())
        self._support = Support(u[good])

    def _boost(
        self,
        u: Floats,
        y: Floats,
        objective: str,
        rounds: int,
        seed: int,
        depth: int,
        weights: Floats | None = None,
    ) -> Any:
        xgb = require("xgboost", "xgboost-cpu")
        words = {
            "objective": objective,
            "max_depth": depth,
            "eta": max(self.eta, QUICK_ETA) if self._quick else self.eta,
            "min_child_weight": self.min_child if objective == "reg:squarederror" else 1.0,
            "subsample": self.subsample,
            "tree_method": "hist",
            "nthread": self.threads,
            "seed": seed,
            "base_score": 0.5 if objective == "binary:logistic" else 0.0,
            "verbosity": 0,
        }
        return xgb.train(
            words,
            xgb.DMatrix(u, label=y, weight=weights),
            num_boost_round=min(rounds, QUICK_ROUNDS) if self._quick else rounds,
        )

    def _ask(self, booster: Any, u: Floats, **words: Any) -> Floats:
        return np.asarray(self._ask_all([booster], u, **words)[0])

    def _ask_all(self, boosters: list[Any], u: Floats, **words: Any) -> Floats:
        """Return the predictions (boosters, n) at u (n, d)."""
        rows = require("xgboost", "xgboost-cpu").DMatrix(u, nthread=self.threads)
        return np.array([booster.predict(rows, **words) for booster in boosters], dtype=float)

    def _fit_classifiers(self, u: Floats, near: Bools, folds: Array) -> None:
        """Learn the region; the threshold is set on rows that the classifier has not seen."""
        if near.all():
            return
        chance = np.empty(len(u))
        for k in range(self._folds):
            out = folds == k
            booster = self._boost(u[~out], near[~out].astype(float), "binary:logistic", 200, self.seed + k, 6)
            self._classifiers.append(booster)
            chance[out] = self._ask(booster, u[out])
        self._threshold = min(0.5, float(np.quantile(chance[near], NEAR_MARGIN)))

    def _fit_regressors(self, u: Floats, targets: Floats, folds: Array, weights: Floats) -> None:
        degree = Basis.degree_for(self._features, len(u) * (self._folds - 1) // self._folds, self.trend)
        self._basis = Basis(self._features, degree, self._features(u).mean(axis=0))
        monomials = self._basis(u)
        quantiles = []
        for y in targets.T:
            scale = self._scale_for(u, y, folds, weights)
            z = scale.forward(y)
            trends, boosters, residual = [], [], np.empty(len(u))
            for k in range(self._folds):
                out = folds == k
                trend = self._basis.fit(monomials[~out], z[~out], weights[~out])
                rest = z - trend[0] - monomials @ trend[1:]
                booster = self._regressor(u[~out], rest[~out], self.rounds, self.seed + k, weights[~out])
                trends.append(trend)
                boosters.append(booster)
                residual[out] = rest[out] - self._ask(booster, u[out])
            size = np.log(np.abs(residual) + 1e-9 + 1e-3 * np.median(np.abs(residual)))
            spread = np.empty(len(u))
            for k in range(self._folds):  # the error of a point is judged by trees that have not seen that error
                out = folds == k
                booster = self._boost(u[~out], size[~out], "reg:squarederror", 60, self.seed + k, 3)
                spread[out] = self._ask(booster, u[out])
            self._errors.append(self._boost(u, size, "reg:squarederror", 60, self.seed, 3))
            quantiles.append(np.quantile(np.abs(residual) / np.exp(spread), LEVELS, method="higher"))
            self._scales.append(scale)
            self._trends.append(np.array(trends))
            self._trees.append(boosters)
        self._quantiles = np.array(quantiles)

    def _regressor(self, u: Floats, y: Floats, rounds: int, seed: int, weights: Floats) -> Any:
        return self._boost(u, y, "reg:squarederror", rounds, seed, self.depth, weights)

    def _scale_for(self, u: Floats, y: Floats, folds: Array, weights: Floats) -> Scale:
        """Choose the coordinate of a target; between "linear" and "top" by a trial on rows left out."""
        plain = Scale.of(y, weights)
        if plain.kind != "linear" or np.ptp(y) == 0.0:
            return plain
        out = folds == 0
        losses = []
        for scale in (plain, Scale.below_top(y[~out], weights[~out])):
            booster = self._regressor(u[~out], scale.forward(y[~out]), TRIAL_ROUNDS, self.seed, weights[~out])
            error = np.abs(scale.backward(self._ask(booster, u[out])) - y[out])
            losses.append(np.average(error, weights=weights[out]))
        return Scale.below_top(y, weights) if losses[1] < CLEARLY * losses[0] else plain

    # -- answering ------------------------------------------------------------------------------------------

    def _average(self, u: Floats) -> Floats:
        """Mean (n, q) in the coordinates in which targets are learned."""
        assert self._basis is not None
        smooth = np.column_stack([np.ones(len(u)), self._basis(u)]) @ np.mean(self._trends, axis=1).T
        trees = self._ask_all([tree for trees in self._trees for tree in trees], u)
        return np.asarray(smooth + trees.reshape(len(self._trees), self._folds, len(u)).mean(axis=1).T)

    def _scaled(self, u: Floats) -> tuple[Floats, Floats]:
        """Mean and unit of error (n, q) in the coordinates in which targets are learned."""
        return self._average(u), np.exp(self._ask_all(self._errors, u).T)

    def _backward(self, z: Floats) -> Floats:
        return np.column_stack([s.backward(column) for s, column in zip(self._scales, z.T, strict=True)])

    def mean(self, u: Floats) -> Floats:
        """Return the medians (n, q) only, without their errors."""
        if self._support is None:
            return np.full((len(u), max(1, len(self._scales))), np.nan)
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
        kept: Bools = self._ask_all(self._classifiers, u).mean(axis=0) >= self._threshold
        return kept

    def trust(self, u: Floats) -> Floats:
        """Return (n,): 0 where the classifier rejects, else how well training points surround the point."""
        if self._support is None or not len(u):
            return np.zeros(len(u))
        return np.where(self.near(u), self._support.trust(u), 0.0)

    @property
    def scales(self) -> tuple[str, ...]:
        """Coordinates of the targets."""
        return tuple(scale.kind for scale in self._scales)

    def contributions(self, u: Floats) -> tuple[Floats, Floats] | None:
        """SHAP values: those of the trees by XGBoost's own algorithm (arXiv:1802.03888), plus the polynomial's."""
        if self._support is None or self._basis is None:
            return None
        d = u.shape[1]
        values = np.zeros((len(u), len(self._scales), d))
        base = np.zeros(len(self._scales))
        monomials = self._basis(u)
        for j, (scale, trends, trees) in enumerate(zip(self._scales, self._trends, self._trees, strict=True)):
            smooth = trends.mean(axis=0)
            values[:, j] = self._basis.contributions(monomials, smooth, d)
            base[j] = smooth[0]
            for tree in trees:
                own = self._ask(tree, u, pred_contribs=True)
                values[:, j] += own[:, :d] / self._folds
                base[j] += own[:, d].mean() / self._folds
            values[:, j] *= scale.width
            base[j] = scale.centre + scale.width * base[j]
        return values, base

    # -- files ----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, bytes]:
        """Trees in XGBoost's own binary format, numbers as numpy arrays, words as JSON."""
        arrays = {"quantiles": self._quantiles}
        boosters = {f"near-{k}": b for k, b in enumerate(self._classifiers)}
        boosters |= {f"error-{j}": b for j, b in enumerate(self._errors)}
        for j, (trends, trees) in enumerate(zip(self._trends, self._trees, strict=True)):
            arrays[f"trend-{j}"] = trends
            boosters |= {f"tree-{j}-{k}": tree for k, tree in enumerate(trees)}
        if self._support is not None and self._basis is not None:
            arrays |= {"support": self._support.u, "centre": self._basis.centre}
        words = {
            "reason": self.reason,
            "threshold": self._threshold,
            "degree": self._basis.degree if self._basis else 0,
            "scales": [vars(scale) for scale in self._scales],
            "boosters": list(boosters),
        }
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        pieces = {f"{name}.ubj": bytes(b.save_raw("ubj")) for name, b in boosters.items()}
        return {"words.json": json.dumps(words).encode(), "arrays.npz": buffer.getvalue(), **pieces}

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Become what `state` was taken from."""
        xgb = require("xgboost", "xgboost-cpu")
        self._clear()
        try:
            words = json.loads(state["words.json"])
            boosters = {}
            for name in words["boosters"]:
                boosters[name] = xgb.Booster()
                boosters[name].load_model(bytearray(state[f"{name}.ubj"]))
                boosters[name].set_param({"nthread": self.threads})
            arrays = dict(np.load(io.BytesIO(state["arrays.npz"]), allow_pickle=False))
            self.reason = words["reason"]
            self._threshold = words["threshold"]
            self._scales = [Scale(**scale) for scale in words["scales"]]
            self._quantiles = arrays["quantiles"]
            self._folds = sum(name.startswith("tree-0-") for name in boosters) or FOLDS
            self._classifiers = [b for name, b in boosters.items() if name.startswith("near-")]
            self._errors = [boosters[f"error-{j}"] for j in range(len(self._scales))]
            for j in range(len(self._scales)):
                self._trees.append([boosters[f"tree-{j}-{k}"] for k in range(self._folds)])
                self._trends.append(arrays[f"trend-{j}"])
            if "support" in arrays:
                self._basis = Basis(self._features, words["degree"], arrays["centre"])
                self._support = Support(arrays["support"])
        except (KeyError, TypeError, ValueError, xgb.core.XGBoostError) as error:
            raise ValueError(
                f"this is not what surrogate 'xgboost' wrote ({type(error).__name__}: {error})"
            ) from error
