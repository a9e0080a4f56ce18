"""Interpolation against scipy on grids drawn at random, and CLs against its definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator
from scipy.stats import norm

from terranova.plugins.higgs_limits.compiling import compile_limits
from terranova.plugins.higgs_limits.interpolation_kernels import in_slices, log_cls, on_grid
from terranova.plugins.higgs_limits.limits import Channels, Grid, Limit, Role, Slice
from terranova.plugins.higgs_limits.mapping import Particle, Sector
from terranova.plugins.higgs_limits.program import EXPECTED, OBSERVED, SLICE_EXPECTED, Program, Rows

pytestmark = pytest.mark.integration  # the kernels are compiled


def axis(draw: Any, least: int) -> tuple[float, ...]:
    steps = draw(st.lists(st.floats(0.5, 100.0), min_size=least, max_size=5))
    return tuple(np.cumsum(steps).tolist())


@st.composite
def grids(draw: Any) -> tuple[tuple[tuple[float, ...], ...], np.ndarray, np.ndarray]:
    """Axes, numbers and points, some of which lie beyond the ends."""
    axes = tuple(axis(draw, 2) for _ in range(draw(st.integers(1, 3))))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    numbers = rng.uniform(0.01, 10.0, tuple(map(len, axes)))
    spread = [(a[0] - 10.0, a[-1] + 10.0) for a in axes]
    points = np.array([rng.uniform(low, high, 20) for low, high in spread]).T
    points[0] = [a[0] for a in axes]
    points[1] = [a[-1] for a in axes]
    return axes, numbers, points


def program_of(numbers: Any) -> Program:
    """Return the program of one limit with these numbers."""
    sector = Sector((Particle("h", 125.0, 1.0, production={("LHC13", "ggH"): 1.0}, decays={"tautau": 1.0}),))
    process = Channels((("ggH", "tautau"),))
    limit = Limit("f", "c", 1, "r", "k", "LHC13", "ATLAS", 1.0, (process,), (Role(0.0, 1.0),), numbers)
    return compile_limits([limit], sector, Rows.of(sector), None)[0]


@settings(max_examples=25, deadline=None)
@given(grids())
def test_a_grid_is_interpolated_linearly_in_all_axes(grid: Any) -> None:
    axes, numbers, points = grid
    program = program_of(Grid(axes, tuple(numbers.ravel()), tuple((2.0 * numbers).ravel())))
    clipped = np.array([np.clip(points[:, k], a[0], a[-1]) for k, a in enumerate(axes)]).T
    wanted = RegularGridInterpolator(axes, numbers)(clipped)
    padded = np.column_stack([points, np.full((len(points), 3 - len(axes)), 7.0)])
    found = [on_grid(*program, 0, EXPECTED, *point) for point in padded]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose([on_grid(*program, 0, OBSERVED, *x) for x in padded], 2.0 * wanted, rtol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_slices_are_interpolated_one_by_one(data: Any) -> None:
    masses = axis(data.draw, 2)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    slices, tables = [], []
    for mass in masses:
        axes = (axis(data.draw, 2), axis(data.draw, 2))
        numbers = rng.uniform(0.0, 10.0, (len(axes[0]), len(axes[1])))
        slices.append(Slice(mass, axes, tuple(numbers.ravel()), tuple(numbers.ravel())))
        tables.append(RegularGridInterpolator(axes, numbers))
    program = program_of(tuple(slices))
    for _ in range(10):
        mass, x, y = rng.uniform(masses[0] - 5.0, masses[-1] + 5.0), *rng.uniform(0.0, 500.0, 2)
        values = [
            float(table([[np.clip(v, a[0], a[-1]) for v, a in zip((x, y), s.rates, strict=True)]])[0])
            for s, table in zip(slices, tables, strict=True)
        ]
        wanted = np.interp(mass, masses, values)
        assert in_slices(*program, 0, SLICE_EXPECTED, mass, x, y) == pytest.approx(wanted, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("expected", [0.0, 1e-12, 0.3, 1.0, 3.84, 20.0, 300.0])
@pytest.mark.parametrize("observed", [0.0, 1e-6, 0.5, 2.0, 9.0, 100.0])
def test_cls(expected: float, observed: float) -> None:
    """Equations 65 and 66 of arXiv:1007.1727, with tails in logarithms."""
    root = math.sqrt(expected)
    if observed <= expected:
        wanted = norm.logsf(math.sqrt(observed)) - norm.logsf(math.sqrt(observed) - root)
    elif expected < 1e-9:
        wanted = -observed / 2.0  # the limit of the second case; the difference of the tails has no digits there
    else:
        signal, background = (observed + expected) / (2.0 * root), (observed - expected) / (2.0 * root)
        wanted = norm.logsf(signal) - norm.logsf(background)
    # Where both tails are far out the ratio of their leading terms is good to the inverse square of the distance.
    assert log_cls(expected, observed) == pytest.approx(wanted, rel=1e-9, abs=2e-3)


def test_data_as_expected() -> None:
    """With data as expected CLs is twice the tail of the significance."""
    for q in (0.0, 1.0, 3.841458820694124, 10.0):
        assert math.exp(log_cls(q, q)) == pytest.approx(2.0 * norm.sf(math.sqrt(q)), rel=1e-12)
