"""Surrogates: cheap stand-ins for expensive observables, as plugins."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from terranova.interfaces.parameters import ParameterSpace
from terranova.types import Bools, Floats


class Surrogate(ABC):
    """Learns q targets from points and predicts them with an honest uncertainty.

    It must take whatever it is given: where that is too little, `trust` is 0 everywhere and `reason` says why.

    Args:
        space: priors of the scanned parameters: axis i of the unit cube is `space.free[i]`.
        seed: of all random numbers; the same seed and rows give the same surrogate.

    Attributes:
        reason: why nothing could be learned; "" when it is trained.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""
    packages: ClassVar[tuple[str, ...]] = ()
    """Distributions whose version matters for a file: another one gets a warning."""

    reason: str = "it is not trained"

    def __init__(self, space: ParameterSpace, seed: int) -> None:
        self.space = space
        self.seed = seed

    @abstractmethod
    def fit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Learn from n points u (n, d) in the unit cube and their targets (n, q).

        Args:
            u: the points.
            targets: NaN where unknown, as at a point that failed.
            near: (n,) True in the region that matters. Predictions elsewhere need not be good, only distrusted.
            weights: (n,) how much the error at each point matters; None if all matter the same.
        """

    @abstractmethod
    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return mean (n, q) and standard deviation (n, q) at the points u (n, d); NaN if untrained."""

    @abstractmethod
    def trust(self, u: Floats) -> Floats:
        """Return (n,) in [0, 1]: 0 outside the support of the training and where the region does not matter."""

    @abstractmethod
    def state(self) -> dict[str, bytes]:
        """Return everything learned, as named pieces of a file. No pickle: a file may come from a stranger.

        `pack_pieces` makes them of facts and arrays; a name is a word of letters, digits, ".", "-" and "_".
        """

    @abstractmethod
    def restore(self, state: Mapping[str, bytes]) -> None:
        """Become what `state` was taken from, if it was: whoever wrote a file wrote its checksums as well.

        `PieceReader` checks types, shapes and bounds. What is not checked must not go to compiled code.

        Raises:
            ValueError: that cannot be read.
        """

    def refit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Learn again, from rows of which it knows most; see `fit`.

        To be overridden where something can be kept that changes slowly: fits train in many rounds.
        """
        self.fit(u, targets, near, weights)

    def mean(self, u: Floats) -> Floats:
        """Return the mean (n, q) alone; to be overridden where the deviation costs much more."""
        return self.predict(u)[0]

    def interval(self, u: Floats, level: float) -> tuple[Floats, Floats]:
        """Return lower and upper ends (n, q) of intervals that hold the truth with probability `level`."""
        from scipy.special import ndtri

        mean, sigma = self.predict(u)
        half = float(ndtri(0.5 + 0.5 * level)) * sigma
        return mean - half, mean + half

    def near(self, u: Floats) -> Bools:
        """Return (n,) False where the surrogate holds that a point does not belong to the region that matters."""
        return np.ones(len(u), dtype=bool)

    def contributions(self, u: Floats) -> tuple[Floats, Floats] | None:
        """Return what each parameter adds to each prediction (n, q, d), and what is common to all (q,), or None.

        They sum up to the prediction in the coordinate `scales` names: SHAP values.
        """
        return None

    @property
    def scales(self) -> tuple[str, ...]:
        """The coordinate (q,) in which each target is learned and explained, such as "linear" or "log"."""
        return ()

    @classmethod
    def suggest(cls, trial: Any) -> dict[str, Any]:
        """Return options to try; `trial` has optuna's `suggest_int`, `suggest_float` and `suggest_categorical`."""
        return {}
