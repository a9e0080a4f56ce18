"""Minimisations side by side: bowls whose minima are known, walls, seams, and nothing global."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.fitting.optimise import minimise, polish
from terranova.types import Floats, Ints

CENTRES = np.array([[0.3, 0.6], [0.8, 0.1]])
FLAT = np.zeros(2, dtype=bool)


def _bowl(u: Floats, which: Ints) -> Floats:
    return 1e3 * ((u - CENTRES[which]) ** 2).sum(axis=1)


def _minimise(seed: int = 1, **words: object) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    return minimise(_bowl, np.full((2, 2), 0.5), 0.2, FLAT, rng, generations=60, **words)  # type: ignore[arg-type]


def test_each_minimisation_finds_its_own_minimum() -> None:
    u, cost = _minimise()
    np.testing.assert_allclose(u, CENTRES, atol=2e-3)
    assert cost.max() < 1e-2


def test_the_same_stream_gives_the_same_points_and_nothing_global_is_touched() -> None:
    before = np.random.get_state()[1].tolist()  # noqa: NPY002 - that it is left alone
    np.testing.assert_array_equal(_minimise()[0], _minimise()[0])
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002 - that it is left alone


def test_a_minimum_at_a_wall_and_one_across_a_seam() -> None:
    def cost(u: Floats, which: Ints) -> Floats:
        return 1e3 * (np.sin(np.pi * (u[:, 0] - 0.98)) ** 2 + u[:, 1])

    periodic = np.array([True, False])
    u, _ = minimise(cost, np.array([[0.1, 0.3]]), 0.1, periodic, np.random.default_rng(2), generations=80)
    assert u[0] == pytest.approx([0.98, 0.0], abs=2e-3)


def test_without_free_parameters_there_is_nothing_to_do() -> None:
    rng, nothing = np.random.default_rng(), np.empty((2, 0))
    u, cost = minimise(lambda u, which: np.full(len(u), 3.0), nothing, 0.1, FLAT[:0], rng, generations=9)
    assert (u.shape, cost.tolist()) == ((2, 0), [3.0, 3.0])


def test_polishing_goes_to_the_minimum_and_never_back() -> None:
    pytest.importorskip("iminuit", reason="the fit extra is not installed")
    u, cost = polish(_bowl, np.array([0.32, 0.58]), 0, FLAT)
    np.testing.assert_allclose(u, CENTRES[0], atol=1e-4)
    assert cost < 1e-3
    at, paid = polish(_bowl, CENTRES[1], 1, FLAT)
    assert paid == 0.0
    np.testing.assert_array_equal(at, CENTRES[1])
