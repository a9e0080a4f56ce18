"""Loops with charged scalars against numerical integrals, known limits and one another."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad

from terranova.models.physics import charged_loops, sm
from terranova.models.physics.charged_loops import S_0, X_T, Y_SM


def _integral(integrand: Callable[[float], float]) -> float:
    def mapped(q: float) -> float:
        s = q / (1.0 - q)
        return integrand(s) / (1.0 - q) ** 2

    return float(quad(mapped, 0.0, 1.0, epsabs=1e-14, epsrel=1e-11, limit=400)[0])


def _with_power(power: int, a: float, b: float) -> float:
    return X_T**2 * _integral(lambda s: s**power / ((s + X_T) ** 2 * (s + a) * (s + b)))


def test_the_box_of_the_sm_in_the_same_integrals() -> None:
    """In Feynman gauge: two W, W and Goldstone boson, two Goldstone bosons. A scalar replaces the latter."""
    assert (
        pytest.approx(_with_power(0, 1.0, 1.0) + 2.0 * _with_power(1, 1.0, 1.0) + _with_power(2, 1.0, 1.0) / 4.0)
        == S_0
    )
    assert pytest.approx(2.311, abs=2e-3) == S_0


@pytest.mark.parametrize("z", [0.9999999, 1.5, X_T, X_T * (1.0 + 1e-5), 6.0, 40.0, 200.0])
def test_boxes_with_a_scalar(z: float) -> None:
    expected = 2.0 * _with_power(1, 1.0, z) + _with_power(2, 1.0, z) / 2.0
    assert charged_loops.box_with_w(X_T, z) == pytest.approx(expected, rel=3e-4)
    for other in (z, z * (1.0 + 1e-5), z * 1.001, X_T, 2.5 * z, 30.0):
        expected = _with_power(2, z, other) / 4.0
        assert charged_loops.box_of_two(X_T, z, other) == pytest.approx(expected, rel=3e-4)


@pytest.mark.parametrize(("mass", "ratio"), [(200.0, 1.65), (350.0, 1.36), (500.0, 1.23), (800.0, 1.12)])
def test_mixing_with_one_scalar(mass: float, ratio: float) -> None:
    """Of the formulas of doi:10.1103/PhysRevD.41.3421 for |Y| = 1, evaluated by a referee."""
    assert charged_loops.b_mixing(np.array([mass]), np.array([-1.0])) == pytest.approx(ratio, abs=5e-3)


def test_two_scalars_of_one_mass_are_one() -> None:
    one = charged_loops.b_mixing(np.array([300.0]), np.array([1.3]))
    two = charged_loops.b_mixing(np.array([300.0, 300.0]), 1.3 * np.array([math.cos(0.7), -math.sin(0.7)]))
    assert two == pytest.approx(one, rel=1e-9)
    mass, yukawa = np.array([300.0]), np.array([1.3])
    both = np.array([300.0, 300.0]), 1.3 * np.array([math.cos(0.7), -math.sin(0.7)])
    assert charged_loops.bs_mumu(*both) == pytest.approx(charged_loops.bs_mumu(mass, yukawa))
    assert charged_loops.r_b(*both) == pytest.approx(charged_loops.r_b(mass, yukawa))


def test_heavy_scalars_decouple() -> None:
    far, y = np.array([1e5, 2e5]), np.array([1.0, -1.0])
    assert charged_loops.b_mixing(far, y) == pytest.approx(1.0, abs=1e-4)
    assert charged_loops.bs_mumu(far, y) == pytest.approx(1.0, abs=1e-4)
    assert charged_loops.r_b(far, y) == pytest.approx(charged_loops.R_B_SM, abs=1e-7)


def test_a_light_scalar_is_a_goldstone_boson() -> None:
    """Without gauge couplings, Goldstone bosons bring the m_t^2/(16 pi^2 v^2) by which the SM changes g_L."""
    assert charged_loops.z_penguin(1e6) == pytest.approx(1.0, abs=2e-5)
    light, y = np.array([1e-3]), np.array([1.0])
    change = charged_loops.R_B_SLOPE * charged_loops.M_TOP_MSBAR**2 / (16.0 * math.pi**2 * sm.VEV**2)
    assert charged_loops.r_b(light, y) - charged_loops.R_B_SM == pytest.approx(change, rel=1e-4)
    assert pytest.approx(-0.78, abs=0.01) == charged_loops.R_B_SLOPE
    # x_t/8 is also the leading term of Y_0 for a heavy top quark.
    assert charged_loops._inami_lim_y(1e8) == pytest.approx(1e8 / 8.0, rel=1e-5)


def test_penguins_are_smooth_where_masses_agree() -> None:
    around = [charged_loops.z_penguin(y) for y in (1.0 - 2e-4, 1.0 - 1e-5, 1.0, 1.0 + 1e-5, 1.0 + 2e-4)]
    assert np.diff(around) == pytest.approx(
        np.diff([1.0 - 2e-4, 1.0 - 1e-5, 1.0, 1.0 + 1e-5, 1.0 + 2e-4]) / 6.0, rel=0.02
    )
    assert around[2] == 0.5


def test_they_enhance_the_decay_and_reduce_r_b() -> None:
    mass, y = np.array([300.0, 600.0]), np.array([1.0, 0.5])
    assert charged_loops.bs_mumu(mass, y) > 1.05
    assert charged_loops.r_b(mass, y) < charged_loops.R_B_SM
    # C_A of arXiv:1311.0903 eq. (8), which is Y/2: 0.4802 with higher orders.
    assert pytest.approx(0.4802, rel=0.02) == Y_SM / 2.0
