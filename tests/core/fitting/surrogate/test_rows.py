"""Rows of a training: the best of points close together, the last ones always, and never too many."""

from __future__ import annotations

import numpy as np
from support.fit_problems import likelihood, measured, problem

from terranova.fitting.likelihood import Likelihood
from terranova.fitting.surrogate import rows as module
from terranova.fitting.surrogate.rows import TrainingRows
from terranova.fitting.surrogate.targets import NEAR


def _known(u: np.ndarray, delta: np.ndarray) -> Likelihood:
    known = likelihood(problem({"name": "fit-simple"}, [measured("same", 0.0)]))
    known.add_known(u, -0.5 * delta, np.zeros((len(u), len(known.names))))
    return known


def test_of_points_close_together_only_the_best_is_chosen() -> None:
    place = np.full((3, 3), 0.5) + np.array([[0.0], [1e-6], [0.3]])
    chosen = TrainingRows(_known(place, np.array([2.0, 1.0, 3.0])), 1, 3).choose((10, 10, 10), 0.0)
    assert chosen.tolist() == [1, 2]


def test_no_more_near_points_than_wanted_and_the_best_among_them() -> None:
    rng = np.random.default_rng(1)
    delta = rng.random(2000) * NEAR
    known = _known(rng.random((2000, 3)), delta)
    chosen = TrainingRows(known, 1, 2000).choose((100, 0, 0), 0.0)
    recent = np.arange(2000) >= 2000 - module._RECENT
    assert len(chosen) <= 100 + recent.sum()
    assert int(np.argmin(delta)) in chosen.tolist()
    assert len(set(chosen.tolist())) == len(chosen)


def test_the_points_evaluated_last_always_belong() -> None:
    rng = np.random.default_rng(2)
    known = _known(rng.random((50, 3)), np.full(50, NEAR + 1.0))
    rows = TrainingRows(known, 1, 50)
    known.add_known(rng.random((5, 3)), np.full(5, -0.5 * (NEAR + 1.0)), np.zeros((5, len(known.names))))
    assert set(range(50, 55)) <= set(rows.choose((0, 0, 0), 0.0).tolist())


def test_the_same_seed_chooses_the_same() -> None:
    rng = np.random.default_rng(3)
    known = _known(rng.random((500, 3)), rng.random(500) * 200.0)
    one, two = (TrainingRows(known, 4, 500).choose((20, 20, 20), 0.0).tolist() for _ in range(2))
    assert one == two


def test_millions_of_points_of_scans_are_thinned_once() -> None:
    n = module._FROM_SCANS + 500
    rng = np.random.default_rng(5)
    delta = rng.random(n) * 100.0
    rows = TrainingRows(_known(rng.random((n, 3)), delta), 1, n)
    assert len(rows._from_scans) <= module._FROM_SCANS + 1
    assert int(np.argmin(delta)) in rows._from_scans.tolist()
