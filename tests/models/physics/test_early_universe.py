"""Degrees of freedom in the early universe: known limits, thermodynamics, another calculation."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.polynomial.polynomial import polyval

from terranova.models.physics.early_universe import ENTROPY_TODAY, degrees_of_freedom, plasma

# K. Saikawa, S. Shirai, arXiv:1803.01038, eq. C.1 and table 1: g* above 120 MeV
NUMERATOR = (1.0, 1.11724, 3.12672e-1, -4.68049e-2, -2.65004e-2, -1.19760e-3, 1.82812e-4, 1.36436e-4, 8.55051e-5,
             1.2284e-5, 3.82259e-7, -6.87035e-9)  # fmt: skip
DENOMINATOR = (1.43382e-2, 1.37559e-2, 2.92108e-3, -5.38533e-4, -1.62496e-4, -2.87906e-5, -3.84278e-6, 2.78776e-6,
               7.40342e-7, 1.1721e-7, 3.72499e-9, -6.74107e-11)  # fmt: skip


def test_limits() -> None:
    """Photons, neutrinos and e+- at some MeV; all particles, less some per cent of interaction, at the upper
    end.
    """
    g, h, _ = degrees_of_freedom(np.array([3e-3, 280.0]))
    assert g[0] == pytest.approx(10.75, rel=2e-3)
    assert h[0] == pytest.approx(10.75, rel=3e-3)
    assert 0.97 * 106.75 < g[1] < 106.75
    assert pytest.approx(2 + 7 / 8 * 6 * 4 / 11 * 1.004, rel=5e-3) == ENTROPY_TODAY  # N_eff = 3.04


def test_energy_and_entropy_belong_together() -> None:
    """d rho = T ds: 4 g + dg/dln T = 4 h + (4/3) dh/dln T, to what a spline through rounded numbers can keep."""
    log = np.linspace(np.log(1.0), np.log(100.0), 400)
    g, h, slope = degrees_of_freedom(np.exp(log))
    left = 4 * g + np.gradient(g, log)
    right = 4 * h + 4 / 3 * h * slope
    assert np.max(np.abs(left / right - 1)[5:-5]) < 0.02


def test_another_calculation() -> None:
    """Within 6 % everywhere, at the maximum of the QCD crossover; at 10 to 100 GeV between 0 and 6 %."""
    t = np.geomspace(0.15, 250.0, 100)
    other = polyval(np.log(t), NUMERATOR) / polyval(np.log(t), DENOMINATOR)
    ratio = degrees_of_freedom(t)[0] / other
    assert np.max(np.abs(ratio - 1.0)) < 0.06
    assert ((ratio > 1.0) & (ratio < 1.06))[t > 10.0].all()


def test_the_table_is_the_spline() -> None:
    for t in (2e-3, 0.3, 7.0, 23.0, 150.0):
        g, h, slope = (v[0] for v in degrees_of_freedom(np.array([t])))
        assert plasma(t)[0] == pytest.approx(h, rel=5e-3)
        assert plasma(t)[1] == pytest.approx(h / np.sqrt(g) * (1 + slope / 3), rel=5e-3)
    assert plasma(1e4) == plasma(1e3)
    assert plasma(1e-9) == plasma(1e-4)
