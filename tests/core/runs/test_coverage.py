"""The coverage measure against its definition, and its exchange between ranks."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova.runs.coverage import BINS, Coverage
from terranova.types import Floats

D = 4


def points(seed: int, n: int) -> Floats:
    return np.random.default_rng(seed).random((n, D))


def by_definition(u: Floats) -> float:
    cells = np.minimum((u * BINS).astype(int), BINS - 1)
    return float(np.mean([len({(r[i], r[j]) for r in cells}) for i, j in combinations(range(D), 2)]))


@settings(deadline=None)
@given(st.integers(0, 999), st.integers(0, 300))
def test_it_is_the_mean_number_of_occupied_bins(seed: int, n: int) -> None:
    coverage, u = Coverage(D), points(seed, n)
    for part in np.array_split(u, 3):
        coverage.add(part)
    assert coverage.mean == pytest.approx(by_definition(u))


def test_a_dense_set_fills_every_bin() -> None:
    coverage = Coverage(D)
    coverage.add(points(0, 20000))
    assert coverage.mean == 400.0
    assert coverage.per_pair.tolist() == [400] * 6


def test_edges_and_unknown_values() -> None:
    coverage = Coverage(2)
    coverage.add(np.array([[0.0, 1.0], [-1.0, 2.0], [np.nan, 0.5]]))
    assert coverage.mean == 1.0


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(0, 99))
def test_ranks_add_up(seed: int, other: int) -> None:
    ranks = [Coverage(D), Coverage(D)]
    for _ in range(2):
        ranks[0].add(points(seed, 30))
        ranks[1].add(points(other, 30))
        total = ranks[0].pending() + ranks[1].pending()
        for rank in ranks:
            rank.merge(total)
        seed, other = seed + 1, other + 1
    everything = np.concatenate([points(s, 30) for s in (seed - 2, seed - 1, other - 2, other - 1)])
    assert [rank.mean for rank in ranks] == [pytest.approx(by_definition(everything))] * 2


def test_state_restores_every_mark() -> None:
    coverage, other = Coverage(D), Coverage(D)
    coverage.add(points(1, 200))
    other.add(points(2, 5))
    other.restore(coverage.state())
    assert np.array_equal(other.occupied, coverage.occupied)


def test_chosen_pairs_only() -> None:
    coverage = Coverage(D, pairs=[(0, 3)])
    u = points(1, 50)
    coverage.add(u)
    cells = np.minimum((u * BINS).astype(int), BINS - 1)
    assert coverage.mean == len({(r[0], r[3]) for r in cells})


def test_without_pairs_there_is_nothing_to_cover() -> None:
    coverage = Coverage(1)
    coverage.add(np.array([[0.5]]))
    assert coverage.mean == 0.0
    assert coverage.pending().shape == (0, 400)
