"""Tables of -2 ln L: their entries, what lies between them, and what lies beyond."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator
from support.constraint_kinds import PAIR
from support.constraint_kinds import one as _one

from terranova import Chi2Table

X, Y = (0.0, 1.0, 2.0, 4.0, 5.0), (-1.0, 0.0, 0.5, 2.0)


def _parabola(x: Any, y: Any = 0.0) -> Any:
    return 1.5 * (x - 2.0) ** 2 + 0.5 * (x - 2.0) * y + 2.0 * y**2


ROWS = tuple(tuple(float(_parabola(x, y)) for x in X) for y in Y)


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_entries_are_met(interpolation: Any) -> None:
    table = Chi2Table(**PAIR, x_grid=X, y_grid=Y, chi2=ROWS, interpolation=interpolation)
    x, y = np.meshgrid(X, Y)
    at = np.column_stack([x.ravel(), y.ravel()])
    np.testing.assert_allclose(-2 * table.loglike(at), np.ravel(ROWS), atol=1e-12)
    np.testing.assert_allclose(table.violation(at), np.maximum(np.ravel(ROWS) - 4.0, 0.0), atol=1e-12)
    again = pickle.loads(pickle.dumps(table))
    np.testing.assert_array_equal(again.loglike(at), table.loglike(at))
    assert table.measurements == 2
    assert table.units == {"x": "1", "y": "1"}


def test_linear_interpolation_is_bilinear() -> None:
    table = Chi2Table(**PAIR, x_grid=X, y_grid=Y, chi2=ROWS)
    at = np.random.default_rng(0).uniform((0.0, -1.0), (5.0, 2.0), (200, 2))
    expected = RegularGridInterpolator((X, Y), np.array(ROWS).T)(at)
    np.testing.assert_allclose(-2 * table.loglike(at), expected, atol=1e-12)


def test_cubic_interpolation_knows_a_parabola() -> None:
    at = np.random.default_rng(0).uniform((0.0, -1.0), (5.0, 2.0), (200, 2))
    table = Chi2Table(**PAIR, x_grid=X, y_grid=Y, chi2=ROWS, interpolation="cubic")
    exact = _parabola(*at.T)
    np.testing.assert_allclose(-2 * table.loglike(at), exact, atol=1e-9)
    one = Chi2Table(**_one(), x_grid=X, chi2=(tuple(_parabola(x) for x in X),), interpolation="cubic")
    np.testing.assert_allclose(-2 * one.loglike(at[:, :1]), _parabola(at[:, 0]), atol=1e-9)


def test_cubic_interpolation_never_falls_below_the_smallest_entry() -> None:
    steep = Chi2Table(**_one(), x_grid=(0, 1, 2, 3, 4), chi2=((9, 0, 0, 9, 9),), interpolation="cubic")
    assert (-2 * steep.loglike(np.linspace(0, 4, 400)[:, None]) >= 0.0).all()


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
def test_beyond_the_grid_nothing_is_likely(interpolation: Any) -> None:
    """Also where the nearest entry is small: always violated, at least max_chi2, and worse farther away."""
    flat = Chi2Table(**PAIR, x_grid=X, y_grid=Y, chi2=tuple((0.5,) * 5 for _ in Y), interpolation=interpolation)
    at = np.array([[5.0, 0.0], [np.nextafter(5.0, 6.0), 0.0], [5.5, 0.0], [10.0, 0.0], [10.0, 5.0], [2.0, -2.5]])
    chi2 = -2 * flat.loglike(at)
    np.testing.assert_allclose(chi2, [0.5, 4.0, 4.1, 5.0, 6.0, 4.5])
    violation = flat.violation(at)
    assert violation[0] == 0.0
    assert (violation[1:] > 0.0).all()
    high = Chi2Table(**_one(), x_grid=(0, 1), chi2=((0, 9),))
    assert -2 * high.loglike(np.array([[2.0]]))[0] == pytest.approx(10.0), "the edge, where that is larger"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({**_one(), "x_grid": (0,), "chi2": ((0,),)}, "at least 2 entries"),
        ({**_one(), "x_grid": (0, 1, 2), "chi2": ((0, 1, 2),), "interpolation": "cubic"}, "at least 4 entries"),
        ({**_one(), "x_grid": (0, 1), "chi2": ((0, 1),), "interpolation": "quintic"}, "'linear' or 'cubic'"),
        ({**_one(), "x_grid": (1, 0), "chi2": ((0, 1),)}, "must increase"),
        ({**_one(), "x_grid": (0, 1), "chi2": ((0, float("nan")),)}, "not finite"),
        ({**_one(), "x_grid": (0, 1), "chi2": ((5, 6),)}, "accepts nothing"),
        ({**_one(), "x_grid": (0, 1), "chi2": ((0, 1), (0, 1))}, "expected 1 row"),
        ({**PAIR, "x_grid": (0, 1), "chi2": ((0, 1), (0, 1))}, "y_grid: missing"),
        ({**PAIR, "x_grid": (0, 1), "y_grid": (0, 1), "chi2": ((0, 1),)}, "expected 2 rows"),
    ],
)
def test_senseless_tables_are_refused(words: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Chi2Table(**words)


def test_units_of_both_observables_are_declared() -> None:
    table = Chi2Table(**PAIR, x_grid=X, y_grid=Y, chi2=ROWS, unit="GeV", y_unit="eV2")
    assert table.units == {"x": "GeV", "y": "eV2"}
    assert "x, y" in table.describe()
