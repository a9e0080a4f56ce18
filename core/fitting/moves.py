"""How the walkers of independent ensembles move: differential evolution, all ensembles at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from terranova.types import Floats

SCATTER = 0.1
"""Standard deviation of the length of a step, relative to it: steps of one length can get stuck in a pattern."""

WHOLE = 0.1
"""Share of steps by the whole difference of two walkers, which lead from one mode to another."""


class DifferentialEvolution:
    """A move of `emcee`: a walker steps by a multiple of the difference of two others of its own ensemble.

    C. J. F. ter Braak, Stat. Comput. 16 (2006) 239. An ensemble is divided anew in each step; walkers of one half
    step by differences within the other, so that half of all walkers of all ensembles are evaluated at once. A step
    and its reverse are equally likely, and what leads out of the cube is rejected: no correction is needed.

    `emcee.moves.DESnookerMove` is not used: up to emcee 3.1.6 it takes sqrt(|delta|) for |delta|, and samples
    another distribution (pull request 531 of github.com/dfm/emcee).

    Args:
        ensembles: their number; walkers are numbered one ensemble after the other.
    """

    def __init__(self, ensembles: int) -> None:
        self._ensembles = ensembles

    def propose(self, model: Any, state: Any) -> tuple[Any, Any]:
        """Move every walker once; return the new state, and which walkers (n,) accepted."""
        walkers, d = state.coords.shape
        e, w = self._ensembles, walkers // self._ensembles
        random = model.random
        order = np.stack([i * w + random.permutation(w) for i in range(e)])
        halves = order[:, : w // 2], order[:, w // 2 :]
        accepted = np.zeros(walkers, dtype=bool)
        for moving, others in (halves, halves[::-1]):
            m = moving.size
            one, two = _pairs(random, moving.shape, others.shape[1])
            rows = np.arange(e)[:, None]
            step = state.coords[others[rows, one]] - state.coords[others[rows, two]]
            scattered = 2.38 / math.sqrt(2.0 * d) * (1.0 + SCATTER * random.standard_normal(m))
            length = np.where(random.random_sample(m) < WHOLE, 1.0, scattered)
            tried: Floats = state.coords[moving].reshape(m, d) + length[:, None] * step.reshape(m, d)
            loglikes, _ = model.compute_log_prob_fn(tried)
            who = moving.reshape(m)
            good = np.log(random.random_sample(m)) < loglikes - state.log_prob[who]
            state.coords[who[good]] = tried[good]
            state.log_prob[who[good]] = loglikes[good]
            accepted[who[good]] = True
        return state, accepted


def _pairs(random: Any, shape: tuple[int, ...], number: int) -> tuple[Any, Any]:
    """Two different numbers below `number` for each place."""
    one = random.randint(number, size=shape)
    two = random.randint(number - 1, size=shape)
    return one, two + (two >= one)
