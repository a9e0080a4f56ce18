"""What `gp-active` may look for: how much a candidate is worth, and how a batch is made of the candidates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from terranova.types import Floats


@dataclass(frozen=True)
class Aim:
    """One of them.

    Attributes:
        worth: (logarithms of the probabilities of being valid (q,), standard deviations of the outputs (q, g)) ->
            (q,), the larger, the better.
        drawn: whether points are drawn with the weights exp(worth), wherever other points are. Otherwise the best
            are taken, and their distance from all valid points counts, too.
    """

    worth: Callable[[Floats, Floats], Floats]
    drawn: bool = False


def _inside(log_probability: Floats, _: Floats) -> Floats:
    return log_probability


def _uncertain(log_probability: Floats, _: Floats) -> Floats:
    """The logarithm of the entropy of being valid or not."""
    p = np.clip(np.exp(log_probability), 1e-300, 1.0 - 1e-12)
    return np.where(p < 1e-3, log_probability, np.log(-p * np.log(p) - (1.0 - p) * np.log1p(-p)))


def _instructive(log_probability: Floats, deviation: Floats) -> Floats:
    return np.asarray(log_probability + np.log(deviation).sum(axis=1))


AIMS = {"region": Aim(_inside), "boundary": Aim(_uncertain), "surrogate": Aim(_instructive, drawn=True)}
