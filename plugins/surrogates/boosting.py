"""The trees of the surrogate `xgboost`: how they are grown and asked, all by XGBoost."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terranova.plugins._require import require
from terranova.types import Array, Bools, Floats


def xgboost() -> Any:
    """Import the package.

    Raises:
        ValueError: it is not installed; the message says what to install.
    """
    return require("xgboost", "xgboost-cpu", "xgboost", "ml", kind="surrogate")


@dataclass(frozen=True)
class Effort:
    """What a training may cost.

    Attributes:
        folds: of the cross-validation, and trees' ensembles for each target.
        most_rounds: trees in each of them, at most.
        least_eta: learning rate, at least.
    """

    folds: int
    most_rounds: int = sys.maxsize
    least_eta: float = 0.0


REGION, VALUE = "binary:logistic", "reg:squarederror"
"""Objectives: whether a point matters, and what a target is there."""

BASE_SCORE = {REGION: 0.5, VALUE: 0.0}
"""What an ensemble of each says before its first tree."""

THOROUGH = Effort(folds=5)
QUICK = Effort(folds=2, most_rounds=100, least_eta=0.15)
"""Where a surrogate is trained again and again: a tenth of the cost."""


@dataclass(frozen=True)
class Trainer:
    """Grows trees on points u (n, d) of the cube.

    Attributes:
        depth, eta, min_child, subsample, threads: options of the surrogate.
        effort: what it may cost.
    """

    depth: int
    eta: float
    min_child: float
    subsample: float
    threads: int
    effort: Effort

    def classifier(self, u: Floats, near: Bools, seed: int) -> Any:
        """Learn the probability that a point matters, from whether others do (n,)."""
        return self._grow(u, near.astype(float), REGION, 200, seed, 6, 1.0)

    def regressor(self, u: Floats, y: Floats, rounds: int, seed: int, weights: Floats) -> Any:
        """Learn values (n,) with weights (n,)."""
        return self._grow(u, y, VALUE, rounds, seed, self.depth, self.min_child, weights)

    def error(self, u: Floats, size: Floats, seed: int) -> Any:
        """Learn the logarithms of the sizes of errors (n,)."""
        return self._grow(u, size, VALUE, 60, seed, 3, self.min_child)

    def _grow(
        self,
        u: Floats,
        y: Floats,
        objective: str,
        rounds: int,
        seed: int,
        depth: int,
        min_child: float,
        weights: Floats | None = None,
    ) -> Any:
        xgb = xgboost()
        parameters = {
            "objective": objective,
            "max_depth": depth,
            "eta": max(self.eta, self.effort.least_eta),
            "min_child_weight": min_child,
            "subsample": self.subsample,
            "tree_method": "hist",
            "nthread": self.threads,
            "seed": seed,
            "base_score": BASE_SCORE[objective],
            "verbosity": 0,
        }
        rows = xgb.DMatrix(u, label=y, weight=weights)
        return xgb.train(parameters, rows, num_boost_round=min(rounds, self.effort.most_rounds))


def predictions(trees: Sequence[Any], u: Floats, threads: int) -> Floats:
    """Return what each of b ensembles of trees says (b, n) at u (n, d)."""
    rows = xgboost().DMatrix(u, nthread=threads)
    return np.array([each.predict(rows) for each in trees], dtype=float)


def contributions(trees: Any, u: Floats, threads: int) -> Array:
    """Return the SHAP values (n, d + 1) of an ensemble of trees at u (n, d), the constant last."""
    return np.asarray(trees.predict(xgboost().DMatrix(u, nthread=threads), pred_contribs=True), dtype=float)
