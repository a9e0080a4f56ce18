"""Minima handed on from cell to cell, and between profiles of one problem."""

from __future__ import annotations

import numpy as np
import pytest
from support.fit_problems import likelihood, measured, problem

import terranova
from terranova.fitting.axes import make_axis
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.sweeps import CellSearch
from terranova.fitting.terms import Linearised

pytestmark = pytest.mark.integration


def _search(name: str, quantity: str, bins: int, allowed: int = 100_000) -> tuple[CellSearch, Likelihood]:
    problem = terranova.problem(name, [name])
    known = Likelihood(problem, problem.evaluate)
    linearised = Linearised(known, np.random.default_rng(1))
    axis = make_axis(known, quantity, bins, None)
    return CellSearch(linearised, [axis], np.random.default_rng(2), allowed, lambda _: None), known


def test_one_start_fills_a_tuned_valley() -> None:
    """From a point in one bin only, through all bins, of which random points reach few."""
    work, known = _search("profile-valley", "t", 24)
    x = np.array([[work.axes[0].centres[8], 400.0, 400.0**2 / work.axes[0].centres[8], 0.0, 0.0, 0.0]])
    known.batch(known.problem.model.space.to_unit(x))
    work.from_known()
    work.sweep()
    exact = known.problem.model.plugin.exact("t", work.axes[0].centres)
    np.testing.assert_allclose(-2.0 * work.minima.best[5:], exact[5:], atol=5e-3)
    assert work.effort.bound == 0
    assert work.effort.moved.max() == 0.0


def test_what_was_not_enough_is_said() -> None:
    work, known = _search("profile-valley", "t", 24, allowed=300)
    x = np.array([[work.axes[0].centres[8], 400.0, 400.0**2 / work.axes[0].centres[8], 0.0, 0.0, 0.0]])
    known.batch(known.problem.model.space.to_unit(x))
    work.from_known()
    work.sweep()
    assert work.effort.bound == 300
    assert known.evaluations < 20_000


def test_both_modes_are_kept() -> None:
    # Without the angle: on it nothing depends, so that minima that differ in it would be taken for several.
    known = likelihood(problem({"name": "fit-simple"}, [measured("square", 9.0, 0.5)], parameters={"phi": 0}))
    linearised = Linearised(known, np.random.default_rng(1))
    axis = make_axis(known, "size", 4, None)
    work = CellSearch(linearised, [axis], np.random.default_rng(2), 100_000, lambda _: None)
    for _ in range(12):  # each finds either
        work.random_starts(np.arange(4))
    work.sweep()
    for kept in work.minima.of:
        found = {round(float(10.0 * m.u[0] - 5.0)) for m in kept if m.loglike > -1e-2}
        assert found == {-3, 3}


def test_the_same_seed_asks_for_the_same_points() -> None:
    """What a fit that is resumed relies on."""
    asked = []
    for _ in range(2):
        work, known = _search("profile-banana", "x", 6)
        work.random_starts(np.arange(6))
        work.sweep()
        work.jumps()
        asked.append(known.u.copy())
    np.testing.assert_array_equal(asked[0], asked[1])


def test_the_other_order_of_masses_is_found_by_an_exchange() -> None:
    known = likelihood(
        problem(
            {"name": "fit-ordered"},
            [measured("sum", 1000.0, 20.0, "GeV"), measured("off", 0.0, 0.5)],
        )
    )
    work = CellSearch(
        Linearised(known, np.random.default_rng(1)),
        [make_axis(known, "x", 8, None)],
        np.random.default_rng(2),
        10_000,
        lambda _: None,
    )
    x = work.axes[0].centres
    masses = np.tile([200.0, 800.0], (len(x), 1))
    work.carry(np.arange(len(x)), known.problem.model.space.to_unit(np.column_stack([masses, x])))
    work.sweep()
    np.testing.assert_allclose(-2.0 * work.minima.best, ((x + 0.5) / 0.5) ** 2, atol=1e-3)
    assert work.exchanges(np.array([4]))
    work.sweep()
    exact = np.where(np.abs(x) < np.abs(x + 0.5), x, x + 0.5)  # of the better order, bin by bin
    np.testing.assert_allclose(-2.0 * work.minima.best, (exact / 0.5) ** 2, atol=1e-3)
    assert not work.exchanges(np.arange(8))
