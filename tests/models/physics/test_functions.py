"""Special functions, loop functions, oblique functions, eigenvalues, tables, running and widths."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import spence

from terranova.models.physics import (
    eigen,
    higgs_decays,
    loops,
    oblique,
    running,
    sm,
    special,
    tables,
)
from terranova.models.thdm3 import higgs, scalars

element = st.floats(-1e6, 1e6)


# --- dilogarithm and eigenvalues --------------------------------------------------------------------------
@given(st.floats(-1e8, 1.0))
def test_dilogarithm(x: float) -> None:
    assert special.dilog(x) == pytest.approx(spence(1.0 - x), rel=3e-14, abs=1e-15)


@given(st.tuples(*[element] * 6))
def test_symmetric_3x3_eigenvalues(m: tuple[float, ...]) -> None:
    a11, a22, a33, a12, a13, a23 = m
    matrix = np.array([[a11, a12, a13], [a12, a22, a23], [a13, a23, a33]])
    expected = np.linalg.eigvalsh(matrix)
    assert eigen.eigenvalues_3x3(*m) == pytest.approx(expected, abs=2e-14 * max(1.0, np.abs(matrix).max()))


def test_small_eigenvalue_of_a_large_matrix_survives() -> None:
    """Diagonal 1e8, 1e4, 1 turned by large angles: the closed trigonometric formula has no digit of the 1
    left.
    """
    q, _ = np.linalg.qr(np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.3], [0.2, 0.7, 1.0]]))
    m = q @ np.diag([1e8, 1e4, 1.0]) @ q.T
    values = eigen.eigenvalues_3x3(m[0, 0], m[1, 1], m[2, 2], m[0, 1], m[0, 2], m[1, 2])
    assert values[0] == pytest.approx(1.0, abs=1e-7)


@given(st.tuples(*[element] * 3))
def test_symmetric_2x2_eigenvalues(m: tuple[float, ...]) -> None:
    expected = np.linalg.eigvalsh([[m[0], m[1]], [m[1], m[2]]])
    assert eigen.eigenvalues_2x2(*m) == pytest.approx(expected, abs=1e-14 * max(1.0, *map(abs, m)))


# --- h -> gamma gamma, Z gamma, gg ---------------------------------------------------------------------
def test_heavy_particle_limits() -> None:
    tau = 1e-3
    f = loops.triangle_f(tau)
    assert loops.amplitude_scalar(tau, f).real == pytest.approx(1 / 3, rel=1e-3)
    assert loops.amplitude_fermion(tau, f).real == pytest.approx(4 / 3, rel=1e-3)
    assert loops.amplitude_vector(tau, f).real == pytest.approx(-7.0, rel=1e-3)
    assert loops.amplitude_fermion_odd(tau, f).real == pytest.approx(2.0, rel=1e-3)
    i_1, i_2 = loops.z_gamma_integrals(4 * (5000 / 125) ** 2, 4 * (5000 / sm.M_Z) ** 2)
    assert i_1.real == pytest.approx(1 / 6, rel=1e-3)
    assert (i_1 - i_2).real == pytest.approx(-1 / 3, rel=1e-3)


def test_loop_functions_are_continuous_at_threshold() -> None:
    for function in (loops.triangle_f, loops.triangle_g):
        assert abs(function(1 - 1e-12) - function(1 + 1e-12)) < 1e-5


def test_standard_model_widths_to_photons() -> None:
    """LO: 9.33 keV and 6.25 keV; YR4 with higher orders has 9.28 and 6.27."""
    m = sm.M_HIGGS
    gamgam = sm.G_F * sm.ALPHA_EM**2 * m**3 / (128 * math.sqrt(2) * math.pi**3) * abs(higgs.GAMGAM_SM) ** 2
    phase_space = (1 - (sm.M_Z / m) ** 2) ** 3
    zgam = sm.G_F**2 * sm.M_W**2 * sm.ALPHA_EM * m**3 / (64 * math.pi**4) * phase_space * abs(higgs.ZGAM_SM) ** 2
    assert gamgam * 1e6 == pytest.approx(9.329, abs=2e-3)
    assert zgam * 1e6 == pytest.approx(6.248, abs=2e-3)


def test_weights_of_w_and_top_in_the_photon_rate() -> None:
    norm = abs(higgs.GAMGAM_SM) ** 2
    top = 4 / 3 * loops.amplitude_fermion(0.13128, loops.triangle_f(0.13128))
    assert abs(higgs.GAMGAM_W) ** 2 / norm == pytest.approx(1.605, abs=2e-3)
    assert abs(top) ** 2 / norm == pytest.approx(0.078, abs=1e-3)


def test_charged_scalar_in_z_gamma_obeys_the_low_energy_theorem() -> None:
    """A heavy scalar doublet component: -(2 cos^2 - 1)/(6 cos) = -0.1047 in the normalisation of the W
    loop.
    """
    heavy = -higgs.CHARGED_SCALAR_Z * loops.z_gamma_scalar(1e4, sm.M_HIGGS)
    assert heavy.real == pytest.approx(-0.104744, abs=1e-4)


# --- oblique functions ---------------------------------------------------------------------------------
def vacuum_polarisation(i: float, j: float, q: float) -> float:
    """(24/Q) [B22(Q) - B22(0)] of two scalars, by its Feynman integral; hep-ph/9307270."""

    def integrand(x: float) -> float:
        at_zero = x * i + (1 - x) * j
        at_q = at_zero - x * (1 - x) * q
        return at_q * math.log(abs(at_q)) - at_zero * math.log(at_zero)

    points = []
    root = (q - i + j) ** 2 - 4 * q * j
    if root > 0:
        points = [(q - i + j + s * math.sqrt(root)) / (2 * q) for s in (-1, 1)]
    integral = quad(integrand, 0, 1, points=[p for p in points if 0 < p < 1] or None, epsabs=1e-10, limit=200)[0]
    return -2.0 - 12.0 / q * integral


@pytest.mark.parametrize(("i", "j"), [(300.0, 200.0), (150.0, 150.0), (40.0, 30.0), (1000.0, 120.0), (60.0, 31.0)])
def test_g_is_the_vacuum_polarisation_of_two_scalars(i: float, j: float) -> None:
    i2, j2, q = i * i, j * j, sm.M_Z**2
    g = oblique.big_g(i2, j2, q, oblique.log_ratio(i2, j2))
    assert g + math.log(i2) + math.log(j2) == pytest.approx(vacuum_polarisation(i2, j2, q), abs=1e-7)


def test_oblique_functions_are_continuous_at_equal_masses() -> None:
    m2, q = 250.0**2, sm.M_Z**2
    near = m2 * (1 + 1e-7)
    log = oblique.log_ratio(near, m2)
    assert oblique.big_f(near, m2, log) == pytest.approx(0.0, abs=1e-6)
    assert oblique.big_g(near, m2, q, log) == pytest.approx(oblique.big_g(m2, m2, q, 0.0), abs=1e-5)
    assert oblique.big_g_hat(q * (1 + 1e-8), q) == pytest.approx(oblique.big_g_hat(q, q), abs=1e-6)


@given(st.floats(50.0, 2000.0), st.floats(50.0, 2000.0))
def test_f_is_symmetric_and_positive(a: float, b: float) -> None:
    forward = oblique.big_f(a * a, b * b, oblique.log_ratio(a * a, b * b))
    backward = oblique.big_f(b * b, a * a, oblique.log_ratio(b * b, a * a))
    assert forward == pytest.approx(backward, abs=1e-9 * (a * a + b * b))
    assert forward >= -1e-9 * (a * a + b * b)


def test_two_higgs_doublets_of_a_public_code() -> None:
    """A unit-test point of ScannerS (arXiv:2007.02985): S, T, U of the two-doublet model."""
    m_light, m_heavy, m_odd, m_charged = 125.0, 745.843, 724.282, 773.505
    alpha, beta, m_ref = -0.675878, 1.02734, 126.0
    w2, z2 = 80.385**2, sm.M_Z**2
    s2 = 1 - w2 / z2
    h = np.array([m_heavy, m_light]) ** 2
    k = np.array([math.cos(beta - alpha), math.sin(beta - alpha)]) ** 2
    o = 1.0 - k
    a2, c2, ref2 = m_odd**2, m_charged**2, m_ref**2

    def f(x: float, y: float) -> float:
        return oblique.big_f(x, y, oblique.log_ratio(x, y))

    def g(x: float, y: float, q: float) -> float:
        return oblique.big_g(x, y, q, oblique.log_ratio(x, y))

    t = f(c2, a2) - 3 * (f(z2, ref2) - f(w2, ref2))
    s = (
        (2 * s2 - 1) ** 2 * g(c2, c2, z2)
        - 2 * math.log(c2)
        + math.log(a2)
        - math.log(ref2)
        - oblique.big_g_hat(ref2, z2)
    )
    u = g(c2, a2, w2) - (2 * s2 - 1) ** 2 * g(c2, c2, z2)
    u += oblique.big_g_hat(ref2, z2) - oblique.big_g_hat(ref2, w2)
    for i in range(2):
        t += o[i] * (f(c2, h[i]) - f(h[i], a2)) + 3 * k[i] * (f(z2, h[i]) - f(w2, h[i]))
        s += o[i] * g(h[i], a2, z2) + math.log(h[i]) + k[i] * oblique.big_g_hat(h[i], z2)
        u += o[i] * (g(c2, h[i], w2) - g(h[i], a2, z2))
        u += k[i] * (oblique.big_g_hat(h[i], w2) - oblique.big_g_hat(h[i], z2))
    assert s / (24 * math.pi) == pytest.approx(-0.00171785, abs=3e-7)
    assert t / (16 * math.pi * s2 * w2) == pytest.approx(0.0304964, abs=3e-6)
    assert u / (24 * math.pi) == pytest.approx(3.3029e-5, abs=3e-8)


# --- running, tables, widths ---------------------------------------------------------------------------
def test_strong_coupling_runs() -> None:
    assert running.alpha_s(sm.M_Z) == pytest.approx(sm.ALPHA_S_MZ)
    assert running.alpha_s(160.0) == pytest.approx(0.108790, abs=1e-6)
    assert running.alpha_s(4.8) == pytest.approx(0.214123, abs=1e-6)


def test_bottom_mass_at_the_higgs_mass() -> None:
    """2.79 GeV in arXiv:1610.07922 with more loops."""
    assert scalars.strong_at(sm.M_HIGGS).m_b == pytest.approx(2.79, rel=0.02)


def test_log_interpolation() -> None:
    table = tables.log_table([1.0, 2.0, 4.0], [1.0, 10.0, 1000.0])
    assert tables.interpolate_log(table, 1.5) == pytest.approx(math.sqrt(10.0))
    assert tables.interpolate_log(table, 2.0) == pytest.approx(10.0)
    assert tables.interpolate_log(table, 3.0) == pytest.approx(100.0)
    assert tables.interpolate_log(table, 0.0) == pytest.approx(0.1)
    assert tables.interpolate_log(table, 5.0) == pytest.approx(10_000.0)
    with pytest.raises(ValueError, match="ascend"):
        tables.log_table([2.0, 1.0], [1.0, 1.0])


@pytest.mark.parametrize(("mass", "width"), [(180.0, 0.6306), (300.0, 8.384), (400.0, 27.3), (800.0, 270.0)])
def test_width_of_a_heavy_standard_higgs_boson(mass: float, width: float) -> None:
    """YR4 with higher orders has 0.631, 8.43, 29.2 and 304 GeV."""
    strong = scalars.strong_at(mass)
    form_factor2, _ = scalars.gluon_fusion(mass, 1.0, 1.0, False, *scalars.quark_loops(mass))
    fermions = np.empty(5)
    scalars.fermion_widths(mass, 1.0, 1.0, 1.0, strong, False, fermions)
    total = fermions.sum()
    total += higgs_decays.to_gluons(mass, form_factor2, strong.alpha_s) + sum(scalars.vector_pair_width(mass))
    assert total == pytest.approx(width, rel=2e-3)


@pytest.mark.parametrize(("mass", "ratio"), [(200.0, 2.445), (300.0, 3.003), (500.0, 1.915), (1000.0, 1.283)])
def test_gluon_fusion_of_a_pseudoscalar(mass: float, ratio: float) -> None:
    """Top loop only; SusHi with higher orders has 2.490, 3.104, 1.895, 1.264."""
    quarks = scalars.quark_loops(mass)
    odd, even = (scalars.gluon_fusion(mass, 1.0, 0.0, cp_odd, *quarks)[1] for cp_odd in (True, False))
    assert odd / even == pytest.approx(ratio, abs=1e-3)


def test_vector_pairs_obey_the_goldstone_equivalence() -> None:
    """Far above threshold WW : ZZ = 2 : 1 and the width is that of Goldstone bosons, m^3 / (16 pi v^2)."""
    m = 1e5
    ww, zz = higgs_decays.to_vector_pair(m, sm.M_W, False), higgs_decays.to_vector_pair(m, sm.M_Z, True)
    assert ww / zz == pytest.approx(2.0, rel=1e-5)
    assert ww == pytest.approx(m**3 / (16 * math.pi * sm.VEV**2), rel=1e-5)


def test_top_decays_to_a_light_charged_scalar_like_to_a_goldstone_boson() -> None:
    """Y = 1, X = -1 at m = 0: Gamma = m_t^3 / (16 pi v^2) up to m_b."""
    width = higgs_decays.top_to_charged(1e-3, sm.M_TOP, 1e-3, 1e-3, -1.0, 1.0)
    assert width == pytest.approx(sm.M_TOP**3 / (16 * math.pi * sm.VEV**2), rel=1e-6)


def test_closed_channels_have_no_width() -> None:
    assert higgs_decays.to_scalars(200.0, 100.0, 100.0, 50.0) == 0.0
    assert higgs_decays.to_scalar_vector(200.0, 120.0, sm.M_Z, 1.0) == 0.0
    assert higgs_decays.to_fermions(300.0, sm.M_TOP, sm.M_TOP, 3.0, 1.0, False) == 0.0
    assert higgs_decays.charged_to_quarks(170.0, sm.M_TOP, 4.78, sm.M_TOP, 2.8, 1.0, 1.0) == 0.0
    assert higgs_decays.top_to_charged(172.0, sm.M_TOP, 4.78, 2.8, 1.0, 1.0) == 0.0
