"""Distances to a reference and numbers of regions, for sets of points that are known."""

from __future__ import annotations

import numpy as np

from terranova.comparison.spread import coverage_of_reference, reference_points, regions_found

NONE = np.zeros(2, dtype=bool)


def test_more_points_are_nearer_to_everything() -> None:
    rng = np.random.default_rng(0)
    reference = rng.random((500, 2))
    distances = [coverage_of_reference(reference, rng.random((n, 2)), NONE) for n in (10, 100, 1000)]
    assert distances[0] > 2 * distances[1] > 4 * distances[2]
    assert np.isnan(coverage_of_reference(reference, np.empty((0, 2)), NONE))


def test_a_periodic_axis_has_no_ends() -> None:
    low, high = np.array([[0.01, 0.5]]), np.array([[0.99, 0.5]])
    assert coverage_of_reference(low, high, NONE) > 0.9
    assert coverage_of_reference(low, high, np.array([True, False])) < 0.03


def test_the_reference_is_thinned_where_points_crowd() -> None:
    rng = np.random.default_rng(0)
    crowd, lonely = 0.1 * rng.random((20_000, 2)), rng.random((100, 2))
    chosen = reference_points(None, [crowd, lonely], 2, NONE)
    assert len(chosen) == 1500
    assert (chosen > 0.1).any(axis=1).sum() > 90


def test_regions_are_counted() -> None:
    rng = np.random.default_rng(2)
    centres = np.array([[0.2, 0.2], [0.8, 0.2], [0.5, 0.8]])
    points = np.concatenate([c + 0.05 * rng.random((300, 2)) for c in centres])
    assert regions_found(rng.permutation(points), NONE) == 3
    assert regions_found(points[:1], NONE) == 1
    assert regions_found(points[:0], NONE) == 0
