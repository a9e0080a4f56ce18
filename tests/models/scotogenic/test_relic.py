"""The relic density: rates against a slow calculation and published formulas, freeze-out against integrals and
scipy.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest
from support.relic_reference import Reference, average, full_calculation
from support.relic_reference import relic_density as slow_relic_density
from support.scotogenic_potential import FULL, NAMES, NO_Y, point, potential

from terranova.models.physics import sm
from terranova.models.scotogenic import (
    annihilation,
    broken_phase,
    freeze_out,
    helicity,
    massive_fermions,
    massive_scalars,
    neutrinos,
    pair_rates,
    relic_couplings,
    spectrum,
)
from terranova.models.scotogenic.pair_rates import Couplings, Scratch, invariant_rate
from terranova.models.scotogenic.relic import CM3_S, relic_density
from terranova.models.scotogenic.relic_error import decay_rate
from terranova.models.scotogenic.sommerfeld import ALPHA, GAUGE, enhancement, hulthen
from terranova.models.scotogenic.spectrum import V

DATA = json.loads((Path(__file__).parents[2] / "data" / "scotogenic_relic.json").read_text(encoding="utf-8"))
WEAK = {"lamS": 1e-4, "lamSeta": 1e-4, "lameta": 1e-4, "lametap": -1e-4, "lametapp": -1e-5, "alpha": 0.0}
HEAVY = {"MS2": 9e6, "Meta2": 9e6, "MF1": 5000.0, "MF2": 5000.0, "MPsi": 5000.0}


class Point:
    """Couplings of one point, in the unbroken and in the broken phase, and scratch space."""

    def __init__(self, x: np.ndarray) -> None:
        s = spectrum.spectrum(x)
        b = spectrum.read_base(x[0])
        rot, W = np.empty((5, 5)), np.empty((6, 6), complex)
        relic_couplings.scalar_rotation(s.mixing[0], rot)
        relic_couplings.fermion_rotation(s.u[0], W)
        theta, theta_s = np.empty((4, 6, 6), complex), np.empty((4, 5, 5))
        y_h, y_l = np.empty((4, 6, 6), complex), np.empty((5, 6, 9), complex)
        quartic, cubic = np.empty((5, 5, 4, 4)), np.empty((5, 5, 4))
        relic_couplings.rotate_generators(W, theta)
        relic_couplings.rotate_scalar_generators(rot, theta_s)
        relic_couplings.higgs_couplings(x[0], W, y_h)
        relic_couplings.lepton_couplings(x[0], neutrinos.couplings(x, 2, s).G[0], W, rot, y_l)
        relic_couplings.scalar_couplings(b, rot, quartic, cubic, np.empty((5, 5)))
        m_s = np.sqrt(s.m2[0][[0, 1, 2, 3, 3]])
        m_f = np.concatenate([s.m_chi[0], [b.m_psi, b.m_psi]])
        self.mass, self.dof = np.concatenate([m_s, m_f]), np.repeat([1.0, 2.0], [5, 6])
        self.unbroken = (m_s, m_f, theta.copy(), theta_s.copy(), y_h, cubic, quartic, y_l)
        broken_phase.rotate(theta)
        broken_phase.rotate(theta_s)
        h = (np.ascontiguousarray(part) for part in (cubic[:, :, 0], quartic[:, :, 0, 0]))
        self.couplings = Couplings(m_s, m_f, theta, theta_s, y_h[0].copy(), *h, y_l)
        self.scratch = Scratch(
            np.empty((2, 3, 4)), np.empty((4, 3, 2, 2, 2)), np.empty((36, 12)), np.empty((4, 2)),
            np.empty((4, 4)), np.empty((4, 4)),
        )  # fmt: skip

    def rate(self, i: int, j: int, s: float) -> float:
        return float(invariant_rate(i, j, s, True, self.couplings, self.scratch))

    def curve(self) -> np.ndarray:
        sigma, curve = np.empty((11, 11)), np.empty((3, 11, 11))
        pair_rates.at_threshold(*self.unbroken, True, sigma)
        pair_rates.parabolas(self.mass, self.dof, sigma, np.empty(11), self.couplings, self.scratch, curve)
        return curve


def generic(scale: float = 1.0, seed: int = 3) -> np.ndarray:
    """Everything mixed, all couplings of order one; masses, and alpha, are 400 to 800 GeV times the scale."""
    rng = np.random.default_rng(seed)
    values = {"lamS": 0.4, "lamSeta": 0.1, "lameta": 0.9, "lametap": -0.55, "lametapp": 0.35, "alpha": 180 * scale}
    values |= {"MS2": (400 * scale) ** 2, "Meta2": (420 * scale) ** 2}
    values |= {"MF1": 400 * scale, "MF2": 800 * scale, "MPsi": 500 * scale}
    for name in NAMES[14:]:
        values[name] = float(rng.uniform(-0.8, 0.8))
    return point(**values)


def slow(x: np.ndarray, angles: int = 2) -> Reference:
    return Reference(dict(zip(NAMES, x[0], strict=True)), lambda f: potential(f, x[0]), angles=angles)


def test_rates_against_dirac_matrices() -> None:
    """Sums over the two components of charged states, whose choice of basis is free: one pair of each kind.

    The slow calculation takes b quarks to be massless; at threshold it has two angles where one is enough.
    """
    x = generic()
    fast, reference = Point(x), slow(x)
    neutral = [int(np.argmin(abs(reference.m_s - m))) for m in fast.mass[:3]]
    charged = [k for k in range(5) if k not in neutral]
    order = np.argsort(fast.mass[5:], kind="stable")
    of_fermion = {int(k): 5 + n for n, k in enumerate(order)}
    states = {
        "phi1": ([0], neutral[:1]),
        "phi2": ([1], neutral[1:2]),
        "A": ([2], neutral[2:]),
        "eta": ([3, 4], charged),
        **{f"chi{a}": ([5 + a], [of_fermion[a]]) for a in range(4)},
        "psi": ([9, 10], [of_fermion[4], of_fermion[5]]),
    }
    pairs = "phi1 phi1, phi1 phi2, phi1 A, A eta, chi0 chi0, chi0 chi1, chi2 psi, phi1 chi0, eta chi1, A psi"
    for k, text in enumerate(pairs.split(", ")):
        (mine, theirs), (mine_too, theirs_too) = (states[name] for name in text.split())
        threshold = fast.mass[mine[0]] + fast.mass[mine_too[0]]
        s = threshold**2 * (1.3 if k % 2 == 0 else 1.02)
        found = sum(fast.rate(*sorted(p), s) for p in itertools.product(mine, mine_too))
        expected = sum(reference.rate(*sorted(p), s) for p in itertools.product(theirs, theirs_too))
        assert found == pytest.approx(expected, rel=3e-4), text


def test_heavy_states_do_not_feel_the_broken_phase() -> None:
    """At 20 times the masses, threshold rates into bosons are those into massless ones, to M_Z^2/m^2."""
    heavy = Point(generic(20.0))
    m_s, m_f, theta, theta_s, y_h, cubic, quartic, y_l = heavy.unbroken
    none = np.zeros_like(y_l)
    c, w = heavy.couplings, heavy.scratch
    for i, j in ((0, 0), (1, 1), (0, 1), (2, 2), (2, 3), (3, 3), (3, 4)):
        s = (m_s[i] + m_s[j]) ** 2
        found = massive_scalars.two_bosons(i, j, s, 0.3, m_s, c.theta_s, c.cubic, w.vector, w.matrix)
        found += massive_scalars.with_higgs(
            i, j, s, 0.3, m_s, c.theta_s, c.cubic, c.quartic[i, j], w.vector, w.matrix
        )
        expected = annihilation.scalar_pair(i, j, m_s, m_f, theta_s, quartic, cubic, none)
        assert found / (4 * m_s[i] * m_s[j]) == pytest.approx(expected, rel=5e-4), (i, j)
    for a, b in ((0, 0), (1, 1), (0, 1), (4, 4), (4, 5), (2, 3), (1, 4)):
        s = (m_f[a] + m_f[b]) ** 2
        helicity.spinors(m_f[a], m_f[b], 0.0, w.spin)
        more = (w.spin, w.vector, w.matrix)
        found = massive_fermions.two_bosons(a, b, s, 0.3, m_f, c.theta, c.y_h, *more, w.chains)
        found += massive_fermions.boson_and_higgs(a, b, s, 0.3, m_f, c.theta, c.y_h, *more)
        found += massive_fermions.two_higgs(a, b, s, 0.3, m_f, c.y_h, w.spin, w.matrix)
        expected = annihilation.gauge_final(a, b, m_f, theta) + annihilation.higgs_final(a, b, m_f, theta, y_h)
        expected += annihilation.mixed_final(a, b, m_f, theta, y_h)
        assert found / 4 / (4 * m_f[a] * m_f[b]) == pytest.approx(expected, rel=2e-3), (a, b)


def test_twins_are_equal() -> None:
    """What charge conservation makes equal is equal, and computed once."""
    p = Point(generic(seed=5))
    seen = 0
    for i, j in itertools.combinations_with_replacement(range(11), 2):
        other = pair_rates.twin(i, j)
        if other != 11 * i + j:
            seen += 1
            s = (p.mass[i] + p.mass[j]) ** 2 * 1.1
            assert p.rate(i, j, s) == pytest.approx(p.rate(other // 11, other % 11, s), rel=1e-12), (i, j)
    assert seen == 3 + 1 + 4 + 1 + 3 + 4 + 2


@pytest.mark.parametrize("mass", [317.0, 700.0])
def test_singlet_portal_by_the_width_of_a_heavy_higgs(mass: float) -> None:
    """All but h h is h* -> SM: sigma v_rel = 2 (lambda v)^2/sqrt(s) |D_h|^2 Gamma_h(sqrt(s)), Cline et al.,
    arXiv:1306.4710; widths at tree level.
    """
    lam = 0.2
    x = point(**{**WEAK, **NO_Y, **HEAVY, "lamS": lam, "MS2": mass**2 - 0.5 * lam * V**2})
    p = Point(x)
    for factor in (1.0, 1.2):
        s = 4 * mass**2 * factor
        root = math.sqrt(s)
        width = 0.0
        for m, n in ((sm.M_W_2024, 2), (sm.M_Z, 1)):
            r = 4 * m * m / s
            width += n * root**3 / (32 * math.pi * V**2) * math.sqrt(1 - r) * (1 - r + 0.75 * r * r)
        for m in (sm.M_TOP_2024, broken_phase.M_BOTTOM):
            width += 3 * root * m * m / (8 * math.pi * V**2) * max(1 - 4 * m * m / s, 0.0) ** 1.5
        expected = 2 * (lam * V) ** 2 * root * width / (s - sm.M_HIGGS_2024**2) ** 2
        bare = p.couplings._replace(quartic=np.zeros((5, 5)))
        h = broken_phase.momentum(s, sm.M_HIGGS_2024, sm.M_HIGGS_2024)
        t = 2 * (lam * V) ** 2 / (sm.M_HIGGS_2024**2 - s / 2)  # at threshold
        total = invariant_rate(0, 0, s, True, bare, p.scratch)
        if factor == 1.0:
            pole = lam * V * 3 * sm.M_HIGGS_2024**2 / V / (s - sm.M_HIGGS_2024**2)
            total -= 0.5 * (t + pole) ** 2 * h / (4 * math.pi * root)
            assert total == pytest.approx(expected, rel=1e-6)
        else:
            assert total > expected


def test_average_of_a_parabola() -> None:
    """The closed form against the integral over the energy with Bessel functions, for unequal masses."""
    mass, alpha, beta, gamma = np.array([500.0, 560.0]), 0.3, 2e-7, -4e-14
    masses = np.full(11, 1e9)
    masses[:2] = mass
    for x in (12.0, 25.0, 80.0):
        total = {}
        for i, j in ((0, 0), (0, 1), (1, 1)):
            q = mass[i] ** 2 + mass[j] ** 2
            curve = np.zeros((3, 11, 11))
            curve[:, i, j] = (
                (alpha + q * (beta + gamma * q)) / (4 * mass[i] * mass[j]), beta / 2 + gamma * q, gamma
            )  # fmt: skip
            curve[:, j, i] = curve[:, i, j]
            work = np.empty((2, 11))
            total[i, j], _ = freeze_out.effective(
                x, 500.0, masses, np.ones(11), curve, np.zeros(11), np.zeros(2), work
            )
            share = work[0] / work[0].sum()
            expected = average(lambda s: alpha + s * (beta + gamma * s), mass[i], mass[j], 500.0 / x)
            expected *= share[i] * share[j] * (1 if i == j else 2)
            assert total[i, j] == pytest.approx(expected, rel=2e-5), (x, i, j)


def test_boltzmann_equation() -> None:
    """Followed by scipy's stiff solver: coannihilation at 3 % splitting, and a rate with a slope."""
    mass, dof = np.full(11, 1e9), np.repeat([1.0, 2.0], [5, 6])
    mass[0], mass[1], mass[5] = 600.0, 618.0, 900.0
    curve = np.zeros((3, 11, 11))
    rates = {(0, 0): 1e-10, (0, 1): 4e-9, (1, 1): 2e-8}
    for (i, j), value in rates.items():
        curve[1, i, j] = curve[1, j, i] = value
        curve[0, i, j] = curve[0, j, i] = 0.3 * value
    work = np.empty((2, 11))
    omega, frozen = freeze_out.freeze_out(mass, dof, curve, np.zeros(11), np.zeros(2), work, freeze_out.RULE)

    def sigma(i: int, j: int, t: float) -> float:
        kappa = [freeze_out.bessel(m / t)[1] for m in (mass[i], mass[j])]
        return float(rates[i, j] * (1.0 + 0.3 * kappa[0] * kappa[1]))

    few = np.array([0, 1, 5])
    expected, _ = slow_relic_density(mass[few], dof[few], sigma, list(rates))
    assert omega == pytest.approx(expected, rel=1e-3)
    assert 20 < frozen < 30


STORED = DATA["points"]


def test_at_least_twenty_points_of_every_kind() -> None:
    """The whole of it against `full_calculation`, whose results are stored; all but two are points of scans."""
    assert len(STORED) >= 20
    assert {p["kind"] for p in STORED} == {"phi1", "A", "doublet", "singlet", "wp20", "coannihilation"}
    x = np.array([p["x"] for p in STORED])
    found = relic_density(x, 2, sommerfeld=False)
    expected = np.array([[p["omega"], p["sigma_v"] * CM3_S] for p in STORED])
    assert np.max(np.abs(found[:, 0] / expected[:, 0] - 1.0)) < 0.002
    assert np.max(np.abs(found[:, 1] / expected[:, 1] - 1.0)) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["phi1", "singlet"])
def test_the_stored_numbers_are_those_of_the_slow_calculation(kind: str) -> None:
    stored = next(p for p in STORED if p["kind"] == kind)
    omega, rate = full_calculation(slow(np.array([stored["x"]]), angles=4))
    assert omega == pytest.approx(stored["omega"], rel=1e-4)
    assert rate == pytest.approx(stored["sigma_v"], rel=1e-4)


def inert(m_h: float, m_a: float, m_c: float, lam: float) -> np.ndarray:
    """Inert doublet by its masses and half the coupling of h, in the names of micrOMEGAs' model."""
    m2 = m_h**2 - lam * V**2
    eta, even, odd = (2 * (m**2 - m2) / V**2 for m in (m_c, m_h, m_a))
    quartic = {"lameta": eta, "lametap": (even + odd) / 2 - eta, "lametapp": (even - odd) / 2}
    return point(**{**WEAK, **NO_Y, **HEAVY, **quartic, "Meta2": m2})


def test_inert_doublet_against_micromegas() -> None:
    """micrOMEGAs 4.3.2 (arXiv:1606.03834), built from source: sigma v at m/T = 25, and Omega h^2.

    Its g* is 3 to 4 % larger at the temperatures in question, so that its Omega is lower by half of that and more.
    """
    for m_h, m_a, m_c, lam, omega, rate in DATA["micromegas_inert_doublet"]:
        found = relic_density(inert(m_h, m_a, m_c, lam), 2, sommerfeld=False)[0]
        assert found[1] == pytest.approx(rate * 1e-36 * 2.99792458e10, rel=0.006)
        assert 1.0 < found[0] / omega < 1.04


def test_singlet_and_doublet_fermions_against_micromegas() -> None:
    """Mixed fermions with real y, which annihilate in p waves into t t, W W, Z Z and h h; micrOMEGAs 4.3.2."""
    for m_f, m_psi, y1, y2, omega, rate in DATA["micromegas_singlet_doublet"]:
        heavy = {"MS2": 25e6, "Meta2": 25e6, "MF2": 8000.0}
        x = point(**{**WEAK, **NO_Y, **heavy, "MF1": m_f, "MPsi": m_psi, "re_y11": y1, "re_y21": y2})
        found = relic_density(x, 2, sommerfeld=False)[0]
        assert found[1] == pytest.approx(rate * 1e-36 * 2.99792458e10, rel=0.005)
        assert 1.0 < found[0] / omega < 1.04


def test_thermal_masses() -> None:
    """0.10 (mu/TeV)^2 of a higgsino, hep-ph/0601041; without Sommerfeld factors, as there."""
    for mu in (800.0, 1000.0, 1200.0):
        x = point(**{**WEAK, **NO_Y, **HEAVY, "MPsi": mu})
        assert relic_density(x, 2, sommerfeld=False)[0, 0] == pytest.approx(0.10 * (mu / 1000) ** 2, rel=0.03)


def test_sommerfeld_factors() -> None:
    """Coulomb's where the range is infinite; attraction enhances; in the fermion doublet both nearly cancel."""
    for alpha in (0.03, -0.01):
        speed = np.array([0.05, 0.2])
        coulomb = math.pi * alpha / speed / (1 - np.exp(-math.pi * alpha / speed))
        assert hulthen(alpha, np.array(1e8), speed) == pytest.approx(coulomb, rel=1e-3)
    assert hulthen(ALPHA[0], np.array(10.0), np.array(0.2)) == pytest.approx(1.0, abs=0.02)
    scalar, fermion = (enhancement(1000.0, 25.0, share) for share in GAUGE)
    assert 1.1 < scalar < 1.2
    assert 0.97 < fermion < 1.0
    assert enhancement(1000.0, 200.0, 1.0) > enhancement(1000.0, 25.0, 1.0)
    table = enhancement(730.0, 33.0, 1.0)
    t, w = np.polynomial.hermite.hermgauss(60)
    t, w = t[30:], w[30:] * t[30:] ** 2
    exact = hulthen(ALPHA[0], np.array(730.0), np.sqrt(t**2 / 33.0))
    assert table == pytest.approx(float(exact @ w / w.sum()), rel=2e-3)


def test_sommerfeld_and_errors_of_inert_doublets() -> None:
    x = inert(540.0, 541.0, 541.5, 0.01)
    bare, whole = relic_density(x, 2, sommerfeld=False)[0], relic_density(x, 2)[0]
    assert 0.85 < whole[0] / bare[0] < 0.9
    assert 0.03 < bare[2] < 0.05 < whole[2] < 0.1


def error(**values: float) -> float:
    return float(relic_density(point(**values), 2)[0, 2])


def test_error_near_thresholds_and_for_light_candidates() -> None:
    """Dark matter of 160 GeV meets two top quarks among thermal energies; at 62 GeV there is the pole of h."""
    portal = {**WEAK, **NO_Y, **HEAVY, "lamS": 0.1}
    assert error(**{**portal, "MS2": 400.0**2}) < 0.08
    assert error(**{**portal, "MS2": 165.0**2}) > 0.2
    assert error(**{**portal, "MS2": 25.0**2}) > 1.0


def test_error_of_decays_that_come_too_late() -> None:
    """F at 320 GeV and eta at 600 GeV, which turns into F by couplings to leptons only.

    The width of eta_1 -> F e by g_F alone is g^2 m (1 - r)^2/16 pi, for each lepton and antilepton.
    """
    values = {**WEAK, **NO_Y, **HEAVY, "MF1": 320.0, "MF2": 2000.0, "MPsi": 900.0, "Meta2": 600.0**2}
    values |= {"re_y11": 0.6, "im_y21": 0.6}
    tiny = {name: 1e-13 for name in NAMES if name.startswith(("re_g", "im_g", "gR"))}
    linked = {**tiny, "re_gF1_1": 1e-5}
    assert error(**values, **linked) < 0.1
    assert error(**values, **tiny) > 0.1

    alone = Point(point(**{**values, **NO_Y, **tiny, "re_gF1_1": 1e-5}))
    r = (320.0 / alone.mass[3]) ** 2
    rate = decay_rate(alone.mass, alone.dof, alone.couplings, True, 1e6)
    widths = (1e-5) ** 2 * 600.0 * (1 - r) ** 2 / (16 * math.pi)  # of each of eta_R, eta_I, eta^+, to l and lbar
    assert rate == pytest.approx(4 * widths / 5, rel=1e-2)  # S, too heavy to be there, counts at this temperature


def test_options_of_the_model() -> None:
    names = [o.name for o in FULL.observables][-3:]
    assert names == ["Omega_h2", "sigv_cm3s", "Omega_error"]
