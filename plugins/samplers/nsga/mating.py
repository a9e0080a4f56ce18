"""Offspring: tournaments, simulated binary crossover and polynomial mutation, with axes that may wrap around."""

from __future__ import annotations

import numpy as np

from terranova.plugins._require import require
from terranova.types import Bools, Floats, Ints


def tournament(standing: Ints, wanted: int, rng: np.random.Generator) -> Ints:
    """Choose `wanted` individuals, each the better one of two; equal ones at random.

    Args:
        standing: (n,) places, smaller is better.
        wanted: how many.
        rng: the island's stream.
    """
    rounds = -(-2 * wanted // len(standing))
    order = np.concatenate([rng.permutation(len(standing)) for _ in range(rounds)])
    first, second = order[:wanted], order[wanted : 2 * wanted]
    better = standing[first] - standing[second] + (rng.random(wanted) - 0.5)
    return np.where(better < 0, first, second)


class Variation:
    """Crossover and mutation as pymoo has them; on periodic axes there are no walls.

    Before an operator works on a periodic axis the circle is turned so that a parent stands at 1/2, and
    turned back afterwards: the other parent is then the nearer way round.

    Args:
        periodic: (d,) axes that wrap around.
        crossover, mutation: distribution indices; large ones keep offspring near their parents.
        sampler: who asks, for the message when pymoo is missing.
    """

    def __init__(self, periodic: Bools, crossover: float, mutation: float, sampler: str) -> None:
        self._sbx = require("pymoo.operators.crossover.sbx", "pymoo", sampler).cross_sbx
        self._pm = require("pymoo.operators.mutation.pm", "pymoo", sampler).mut_pm
        self._periodic, self._crossover, self._mutation = periodic, crossover, mutation
        d = len(periodic)
        self._low, self._high = np.zeros(d), np.ones(d)
        self._rate = min(0.5, 1.0 / d)

    def offspring(self, first: Floats, second: Floats, rng: np.random.Generator) -> Floats:
        """Return two children (2 n, d) of each pair of parents (n, d)."""
        pairs = np.stack([first, second])
        n, d = first.shape
        turn = np.where(self._periodic, first - 0.5, 0.0)
        children = self._sbx(
            self._turned(pairs, -turn),
            self._low,
            self._high,
            np.full((n, 1), self._crossover),
            np.full((n, 1), 0.5),
            np.full((n, 1), 0.5),
            random_state=rng,
        )
        untouched = rng.random(n) >= 0.9
        children[:, untouched] = self._turned(pairs, -turn)[:, untouched]
        children = self._turned(children, turn).reshape(2 * n, d)
        turn = np.where(self._periodic, children - 0.5, 0.0)
        mutated = self._pm(
            self._turned(children, -turn),
            self._low,
            self._high,
            np.full(2 * n, self._mutation),
            np.full(2 * n, self._rate),
            at_least_once=False,
            random_state=rng,
        )
        kept = rng.random(2 * n) >= 0.9
        return np.where(kept[:, None], children, self._turned(mutated, turn))

    def _turned(self, u: Floats, turn: Floats) -> Floats:
        return np.where(self._periodic, (u + turn) % 1.0, u)
