"""Moves of walkers: they leave a known distribution as it is, and ensembles know nothing of one another."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from terranova.fitting.moves import DifferentialEvolution
from terranova.types import Floats


def _chain(ensembles: int, begin: Floats, steps: int, loglike: Any, seed: int = 1) -> Floats:
    """Move walkers (n, d); return where they were (steps, n, d)."""
    model = SimpleNamespace(random=np.random.RandomState(seed), compute_log_prob_fn=lambda u: (loglike(u), None))
    state = SimpleNamespace(coords=begin.copy(), log_prob=loglike(begin))
    move, chain = DifferentialEvolution(ensembles), []
    for _ in range(steps):
        state, accepted = move.propose(model, state)
        assert accepted.shape == (len(begin),)
        chain.append(state.coords.copy())
    return np.array(chain)


def _banana(u: Floats) -> Floats:
    """x ~ N(0, 1) cut off at 0, y - x^2 ~ N(0, 0.3)."""
    value = -0.5 * u[:, 0] ** 2 - 0.5 * ((u[:, 1] - u[:, 0] ** 2) / 0.3) ** 2
    return np.where(u[:, 0] >= 0.0, value, -np.inf)


def test_a_banana_at_an_edge_keeps_its_moments() -> None:
    """emcee's snooker move made it too narrow by several per cent."""
    rng = np.random.default_rng(2)
    x = np.abs(rng.standard_normal(400))
    begin = np.column_stack([x, x**2 + 0.3 * rng.standard_normal(400)])
    later = _chain(4, begin, 400, _banana)[100:, :, 0]
    assert later.mean() == pytest.approx((2.0 / np.pi) ** 0.5, abs=0.03)
    assert later.std() == pytest.approx((1.0 - 2.0 / np.pi) ** 0.5, abs=0.02)


def test_ensembles_do_not_know_of_one_another() -> None:
    """Far apart and on a plateau, each keeps to itself: differences are taken within."""
    rng = np.random.default_rng(3)
    begin = np.concatenate([rng.random((8, 2)), 1000.0 + rng.random((8, 2))])
    chain = _chain(2, begin, 20, lambda u: -0.5 * (np.minimum(u, np.abs(u - 1000.0)) ** 2).sum(axis=1))
    assert np.abs(chain[:, :8]).max() < 100.0
    assert np.abs(chain[:, 8:] - 1000.0).max() < 100.0
    assert np.ptp(chain[-1, :8], axis=0).min() > 0.0


@pytest.mark.parametrize("walkers", [4, 5, 7])
def test_few_and_odd_numbers_of_walkers_move(walkers: int) -> None:
    begin = np.random.default_rng(4).random((2 * walkers, 1))
    chain = _chain(2, begin, 30, lambda u: -0.5 * u[:, 0] ** 2)
    assert (np.ptp(chain[:, :, 0], axis=0) > 0.0).all()
