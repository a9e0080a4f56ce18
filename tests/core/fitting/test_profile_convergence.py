"""Whether a profile can be believed: smooth, cut off, kinked, jumping, and still moving."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.fitting.axes import FAR
from terranova.fitting.profile_convergence import Convergence, bumps, jumps_in_sight, largest_jump

X = np.linspace(-3.0, 3.0, 31)


@pytest.mark.parametrize("curve", [X**2, 30.0 * X**2, np.where(np.abs(X) > 2.0, np.inf, X**2), np.abs(X)])
def test_what_is_convex_or_cut_off_has_no_jump(curve: np.ndarray) -> None:
    assert jumps_in_sight(curve).max() < 1e-9
    assert largest_jump(X, curve) < 1e-9


@pytest.mark.parametrize("size", [0.3, 3.0])
def test_a_step_is_a_jump_on_both_sides(size: float) -> None:
    """A search that has failed from some bin on."""
    curve = 0.1 * X**2 + size * (X > 0.9)
    jumps = jumps_in_sight(curve)
    assert jumps.max() == pytest.approx(size, abs=0.1)
    assert (jumps[X < 0.5] < 0.05).all()
    assert largest_jump(X, curve) > 0.4 * size


def test_a_bin_without_a_point_between_two_is_a_gap() -> None:
    curve = X**2
    curve[15] = np.inf
    assert bumps(curve)[15] == np.inf
    assert largest_jump(X, curve) == np.inf


def test_planes_are_looked_at_along_both_axes() -> None:
    plane = X[:, None] ** 2 + X**2
    assert bumps(plane).max() < 1e-9
    plane[10, 20] += 1.0
    found = bumps(plane)
    assert found[10, 20] > 1.5
    assert found[9, 20] > 1.5
    assert found[10, 19] > 1.5
    assert found[0, 0] == 0.0


def test_reasons_name_what_is_wrong_where_it_is() -> None:
    moved = np.array([0.0, 0.0, 0.2, 0.0])
    c = Convergence(moved=moved, jumps=np.zeros(4))
    assert c.doubt(np.array([0, 1])) is None
    assert c.doubt(np.array([1, 2])) == "bins there still gained 0.2 when the search ended"
    assert not c.converged
    assert Convergence(moved=np.zeros(4), jumps=np.zeros(4)).converged
    assert Convergence(bound=1000).doubt(np.array([0])) == "the search was cut short after 1,000 evaluations"
    jumps = Convergence(jumps=np.array([0.0, np.inf]))
    assert "a first point" in str(jumps.doubt(np.array([1])))
    assert jumps.doubt(np.array([1]), closer=True) is None


def test_what_is_out_of_sight_jumps_by_nothing() -> None:
    """A bin far above every level between two that are not is an infinite bump, and out of sight: 0, not NaN."""
    jumps = jumps_in_sight(np.array([1.0, 2.0, 2.0 * FAR, 2.0, 1.0]))
    assert jumps[2] == 0.0
    assert np.isinf(jumps[[1, 3]]).all()
