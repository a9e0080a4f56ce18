"""Where training points are: the third nearest decides, and copies of a point count as points."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.plugins.surrogates.support import NEIGHBOURS, QUANTILE, Support

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("copies", [1, 2, 3, 7])
def test_copies_count_as_points(copies: int) -> None:
    """Compared with all distances, sorted."""
    u, asked = np.repeat(RNG.random((40, 3)), copies, axis=0), RNG.random((30, 3))
    u = np.concatenate([u, RNG.random((25, 3))])
    support = Support(u)

    def ranked(points: np.ndarray, rank: int) -> np.ndarray:
        return np.sort(np.linalg.norm(points[:, None] - u[None], axis=2), axis=1)[:, rank - 1]

    assert support._limit == pytest.approx(max(1e-12, np.quantile(ranked(u, NEIGHBOURS + 1), QUANTILE)))
    np.testing.assert_allclose(support._distance(asked, NEIGHBOURS), ranked(asked, NEIGHBOURS))


def test_points_that_are_all_there_four_times_are_trusted_and_no_others() -> None:
    """Without a division by the distance 0 that they keep."""
    u = np.repeat(RNG.random((20, 2)), 4, axis=0)
    support = Support(u)
    np.testing.assert_array_equal(support.trust(u), np.ones(len(u)))
    np.testing.assert_array_equal(support.trust(RNG.random((50, 2))), np.zeros(50))
