"""Checks of the scotogenic model that need no other program: limits, symmetries, derivatives of the Lagrangian."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy.integrate import quad
from support.scotogenic_potential import FULL, GENERIC, NO_Y, observables, point, potential

from terranova.models.physics import sm
from terranova.models.physics.dipole import dipole_functions
from terranova.models.physics.selfenergy import (
    b1_mean,
    log_mean,
    mass_log_mean,
    xx_inverse_mean,
    xx_log_mean,
)
from terranova.models.physics.takagi import takagi
from terranova.models.scotogenic import ScotogenicCI37, annihilation, electroweak, relic_couplings
from terranova.models.scotogenic.spectrum import V, read_base, scalar_masses


def derivative(order: tuple[int, ...], x: np.ndarray, step: float = 25.0) -> float:
    """Mixed derivative of V at the vacuum by central differences, exact for the quartic polynomial in its order."""
    total = 0.0
    for signs in itertools.product((1.0, -1.0), repeat=len(order)):
        fields = np.zeros(9)
        for sign, k in zip(signs, order, strict=True):
            fields[k] += sign * step
        total += math.prod(signs) * potential(fields, x)
    return total / (2.0 * step) ** len(order)


def test_masses_are_the_hessian_of_the_potential() -> None:
    x = point(**GENERIC)[0]
    step = 1.0
    hessian = np.array([[derivative((i, j), x, step) for j in range(9)] for i in range(9)])
    found = np.sort(np.linalg.eigvalsh(hessian))
    m2, mixing = np.empty(4), np.empty((2, 2))
    assert scalar_masses(read_base(x), m2, mixing) > 0
    expected = np.sort([0.0, 0.0, 0.0, 2 * x[0] * V**2, m2[0], m2[1], m2[2], m2[3], m2[3]])
    # Differences of a quartic carry terms of order lambda step^2.
    assert found == pytest.approx(expected, abs=3.0 * step**2)
    assert mixing.T @ mixing == pytest.approx(np.eye(2), abs=1e-14)


def test_unitarity_from_the_whole_scattering_matrix() -> None:
    """Quartic couplings of all 45 two-particle states, from fourth derivatives of V."""
    rng = np.random.default_rng(4)
    for _ in range(3):
        values = dict(zip(GENERIC, rng.uniform(-2.0, 2.0, 6), strict=True)) | {"alpha": 0.0}
        values |= {"lam4S": rng.uniform(0, 2), "lam4eta": rng.uniform(0, 2), "lamH": rng.uniform(0, 2)}
        x = point(**values)[0]
        pairs = list(itertools.combinations_with_replacement(range(9), 2))
        memo: dict[tuple[int, ...], float] = {}
        matrix = np.empty((45, 45))
        for r, (i, j) in enumerate(pairs):
            for c, (k, n) in enumerate(pairs):
                key = tuple(sorted((i, j, k, n)))
                if key not in memo:
                    memo[key] = derivative(key, x, 1e3)
                norm = (math.sqrt(0.5) if i == j else 1.0) * (math.sqrt(0.5) if k == n else 1.0)
                matrix[r, c] = norm * memo[key]
        largest = float(np.abs(np.linalg.eigvalsh(matrix)).max())
        assert electroweak.unitarity(read_base(x)) == pytest.approx(largest, rel=1e-6)


def test_unitarity_of_known_models() -> None:
    """The SM (Lee, Quigg, Thacker, doi:10.1103/PhysRevD.16.1519), a lone singlet, and two doublets
    (Akeroyd, Arhrib, Naimi, hep-ph/0006035, in V = l1/2 |H|^4 + l2/2 |eta|^4 + ...).
    """
    none = dict.fromkeys(("lamH", "lam4S", "lam4eta", "lamS", "lamSeta", "lameta", "lametap", "lametapp"), 0.0)
    m_h = 125.0
    sm_like = none | {"lamH": m_h**2 / (2.0 * V**2)}
    assert electroweak.unitarity(read_base(point(**sm_like)[0])) == pytest.approx(3.0 * m_h**2 / V**2)
    # V = lam4S S^4/2 scatters S S by 12 lam4S, half of that for identical particles.
    assert electroweak.unitarity(read_base(point(**(none | {"lam4S": 0.7}))[0])) == pytest.approx(6.0 * 0.7)
    rng = np.random.default_rng(8)
    for _ in range(100):
        l1, l2 = rng.uniform(0.0, 3.0, 2)
        l3, l4, l5 = rng.uniform(-3.0, 3.0, 3)
        x = point(**(none | {"lamH": l1 / 2, "lam4eta": l2 / 2, "lameta": l3, "lametap": l4, "lametapp": l5}))[0]
        roots = [
            (1.5 * (l1 + l2), math.hypot(1.5 * (l1 - l2), 2 * l3 + l4)),
            (0.5 * (l1 + l2), 0.5 * math.hypot(l1 - l2, 2 * l4)),
            (0.5 * (l1 + l2), 0.5 * math.hypot(l1 - l2, 2 * l5)),
        ]
        channels = [mean + sign * root for mean, root in roots for sign in (1, -1)]
        channels += [l3 + 2 * l4 - 3 * l5, l3 - l5, l3 + 2 * l4 + 3 * l5, l3 + l5, l3 + l4, l3 - l4]
        assert electroweak.unitarity(read_base(x)) == pytest.approx(max(map(abs, channels)), rel=1e-12)


def test_boundedness_against_random_directions() -> None:
    """No direction goes below zero where V is declared bounded; one does where it is not."""
    rng = np.random.default_rng(12)
    r2 = rng.dirichlet((0.5, 0.5, 0.5), 20_000)  # |H|^2, |eta|^2, S^2
    r2 = np.concatenate([r2, np.eye(3)])
    for _ in range(200):
        q = rng.uniform(-1.0, 1.0, 8)
        q[:3] = np.abs(q[:3])
        x = point(
            lamH=q[0], lam4S=q[1], lam4eta=q[2], lamS=q[3], lamSeta=q[4], lameta=q[5], lametap=q[6], lametapp=q[7]
        )[0]
        h, e, s = r2.T
        worst = q[5] + min(0.0, q[6] - abs(q[7]))
        v4 = q[0] * h**2 + q[2] * e**2 + 0.5 * q[1] * s**2 + 0.5 * q[3] * s * h + 0.5 * q[4] * s * e + worst * h * e
        bounded = electroweak.boundedness(read_base(x))
        if bounded > 0:
            assert v4.min() >= 0.0
        if bounded < -0.05:
            assert v4.min() < 0.0


def loop_scale(**values: float) -> np.ndarray:
    """Singular values of the loop matrix M_L, descending, in GeV."""
    found = observables(**values)
    return np.array([found[f"ML_sv_{k}"] for k in (1, 2, 3)])


def test_neutrinos_are_massless_without_lepton_number_violation() -> None:
    """With lambda'' = alpha = y = 0 lepton number is conserved; lambda'' = 0 alone leaves masses."""
    generic = loop_scale()[0]
    assert loop_scale(**NO_Y, alpha=0.0, lametapp=0.0)[0] < 1e-14 * generic
    assert loop_scale(lametapp=0.0)[0] > 1e-4 * generic
    # alpha = lambda'' = 0: S does not mix and phi cancels A, so only (Psi, Psi) is left, of second order in y.
    only_psi = loop_scale(alpha=0.0, lametapp=0.0)
    assert only_psi[0] > 0
    assert only_psi[1] < 1e-10 * only_psi[0]
    small = {name: 1e-3 * (1.0 + k) for k, name in enumerate(NO_Y)}
    half = {name: 0.5 * value for name, value in small.items()}
    ratio = loop_scale(**half, alpha=0.0, lametapp=0.0)[0] / loop_scale(**small, alpha=0.0, lametapp=0.0)[0]
    assert ratio == pytest.approx(0.25, rel=1e-4)
    # y = 0: Psi is Dirac, its row and column vanish; F1 and F2 feel phi against A through alpha.
    only_f = loop_scale(**NO_Y, lametapp=0.0, alpha=200.0)
    assert only_f[1] > 1e-3 * only_f[0] > 0
    assert only_f[2] < 1e-14 * only_f[0]


def test_plain_scotogenic_limit() -> None:
    """y = alpha = 0: M_L is diagonal with the formula of Ma, hep-ph/0601225, eq. 11."""
    found = observables(**NO_Y, alpha=0.0, lametapp=0.05, MF1=700.0, MF2=1900.0)
    mr2, ma2 = found["m_phi_1"] ** 2, found["m_A"] ** 2
    if abs(mr2 - ma2) > 1e5:
        mr2 = found["m_phi_2"] ** 2
    expected = []
    for m in (700.0, 1900.0):

        def f(s2: float, m: float = m) -> float:
            return s2 / (s2 - m * m) * math.log(s2 / (m * m))

        expected.append(abs(m / (32.0 * math.pi**2) * (f(mr2) - f(ma2))))
    assert [found["ML_sv_1"], found["ML_sv_2"]] == pytest.approx(sorted(expected, reverse=True), rel=1e-10)
    assert found["ML_sv_3"] < 1e-14 * found["ML_sv_1"]


def test_inert_doublet_limit_of_oblique_parameters() -> None:
    """alpha = y = 0: T and S of Barbieri, Hall, Rychkov, hep-ph/0603188, by their integrals."""
    values = {**GENERIC, **NO_Y, "alpha": 0.0, "MS2": 4e6}
    found = observables(**values)
    mr, ma, mc = found["m_phi_1"], found["m_A"], found["m_etap"]

    def F(a: float, b: float) -> float:
        return 0.5 * (a * a + b * b) - a * a * b * b / (a * a - b * b) * math.log(a * a / (b * b))

    t = (F(mc, mr) + F(mc, ma) - F(mr, ma)) / (16.0 * math.pi**2 * sm.ALPHA_MZ * V**2)
    integral, _ = quad(lambda x: x * (1 - x) * math.log((x * mr**2 + (1 - x) * ma**2) / mc**2), 0, 1)
    assert found["T"] == pytest.approx(t, rel=1e-9)
    assert found["S"] == pytest.approx(integral / (2.0 * math.pi), rel=1e-8)


def test_oblique_parameters_decouple() -> None:
    """Ten times the masses: a hundredth of S and T, and less (couplings fixed)."""
    light = observables(**GENERIC, re_y11=0.8, re_y21=-0.5, MS2=2e5, Meta2=2e5, MPsi=600.0, MF1=500.0, MF2=900.0)
    heavy = observables(**GENERIC, re_y11=0.8, re_y21=-0.5, MS2=2e7, Meta2=2e7, MPsi=6e3, MF1=5e3, MF2=9e3)
    for name in ("S", "T"):
        assert abs(heavy[name]) < 0.013 * abs(light[name]), name
    assert abs(heavy["U"]) < 5e-4 * abs(light["U"])


def test_custodial_limits_of_t() -> None:
    """T = 0 for fermions with |y1| = |y2|, and for scalars with m_A = m_eta+ without mixing."""
    fermions = NO_Y | {"re_y11": 0.9, "re_y21": 0.9, "re_y12": 0.4, "re_y22": 0.4}
    scalars = {"alpha": 0.0, "lametap": -0.2, "lametapp": -0.2}
    broken = abs(observables(**(fermions | {"re_y21": 0.1}), **scalars)["T"])
    assert abs(observables(**fermions, **scalars)["T"]) < 1e-9 < 1e-4 * broken


@pytest.mark.parametrize("x", [1e-3, 0.2, 0.849, 0.851, 0.99, 1.0, 1.1, 1.149, 1.151, 7.0, 400.0])
def test_dipole_functions_against_their_integrals(x: float) -> None:
    """Feynman integrals of Lavoura, hep-ph/0302221, and Leveille, at leading order in the lepton mass."""

    def integral(f: object) -> float:
        return float(quad(f, 0, 1, epsabs=0, epsrel=1e-12)[0])  # type: ignore[arg-type]

    expected = (
        integral(lambda t: 0.5 * t * t * (1 - t) / (t + x * (1 - t))),
        integral(lambda t: 0.5 * t * t * (1 - t) / (1 - t + x * t)),
        integral(lambda t: t * (1 - t) / (t + x * (1 - t))),
        integral(lambda t: t * t / (1 - t + x * t)),
        integral(lambda t: t**3 / 6 / (t + x * (1 - t))),
        integral(lambda t: (t * t / 2 - t**3 / 6) / (1 - t + x * t)),
    )
    assert dipole_functions(x) == pytest.approx(expected, rel=2e-10)


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (2.0, 2.5), (3.0, 2.2), (1.0, 1e-3), (1e4, 7.0)])
def test_vacuum_polarisation_integrals(a: float, b: float) -> None:
    def integral(f: object) -> float:
        return float(quad(f, 0, 1, epsabs=1e-14, epsrel=1e-12)[0])  # type: ignore[arg-type]

    def mass(x: float) -> float:
        return x * a + (1 - x) * b

    assert log_mean(a, b) == pytest.approx(integral(lambda x: math.log(mass(x))), abs=1e-12)
    assert mass_log_mean(a, b) == pytest.approx(
        integral(lambda x: mass(x) * math.log(mass(x))), rel=1e-11, abs=1e-13
    )
    assert xx_log_mean(a, b) == pytest.approx(integral(lambda x: x * (1 - x) * math.log(mass(x))), abs=1e-12)
    assert xx_inverse_mean(a, b) == pytest.approx(integral(lambda x: x * (1 - x) / mass(x)), rel=1e-11)
    weighted = integral(lambda z: z * math.log((1 - z) * a + z * b))
    assert b1_mean(a, b) == pytest.approx(weighted, abs=1e-12)


@pytest.mark.parametrize("kind", ["generic", "pseudo-dirac", "degenerate", "hierarchical"])
def test_takagi_factors(kind: str) -> None:
    """U^T M U is diagonal, U unitary, the values are singular values, also for exactly degenerate pairs."""
    rng = np.random.default_rng(6)
    m = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    m = m + m.T
    if kind == "pseudo-dirac":
        m[2:, :] = m[:, 2:] = 0.0
        m[2, 3] = m[3, 2] = 1e3
    elif kind == "degenerate":
        q = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
        m = q.T @ np.diag([2.0, 2.0, 5.0, 5.0]) @ q
        m = 0.5 * (m + m.T)
    elif kind == "hierarchical":
        s = np.diag([1.0, 1e-2, 1e-5, 1e-8])
        m = s @ m @ s
    u, values = np.empty((4, 4), complex), np.empty(4)
    takagi(m.copy(), u, values)
    assert u.conj().T @ u == pytest.approx(np.eye(4), abs=1e-14)
    assert u.T @ m @ u == pytest.approx(np.diag(values), abs=1e-13 * np.abs(m).max())
    assert values == pytest.approx(np.sort(np.linalg.svd(m)[1]), abs=1e-14 * np.abs(m).max())


def test_higgs_couplings_are_gauge_covariant() -> None:
    """i (T^T Y + Y T) = Y theta: the couplings of the unbroken phase are those of one Lagrangian."""
    rng = np.random.default_rng(9)
    x = point()[0]
    x[14:22] = rng.normal(size=8)
    W = np.linalg.qr(rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6)))[0]
    theta, Y = np.empty((4, 6, 6), complex), np.empty((4, 6, 6), complex)
    relic_couplings.rotate_generators(W, theta)
    relic_couplings.higgs_couplings(x, W, Y)
    for a, d in itertools.product(range(4), range(4)):
        turned = sum(Y[c] * relic_couplings.HIGGS[a, c, d] for c in range(4))
        assert 1j * (theta[a].T @ Y[d] + Y[d] @ theta[a]) == pytest.approx(turned, abs=1e-13)


def test_annihilation_of_pure_multiplets() -> None:
    """Degenerate doublets, averaged over states: (3 g2^4 + g1^4 + 6 g1^2 g2^2)/512 pi m^2 for the inert doublet
    (arXiv:0903.4010) and (81 g2^4 + 43 g1^4 + 12 g1^2 g2^2)/2048 pi m^2 for a Dirac doublet; a singlet with a
    portal, lambda^2/16 pi m^2.
    """
    g1, g2, m = relic_couplings.G1, relic_couplings.G2, 1000.0
    rot = np.eye(5)
    gauge = np.empty((4, 5, 5))
    relic_couplings.rotate_scalar_generators(rot, gauge)
    none3, none4, leptons = np.zeros((5, 5, 4)), np.zeros((5, 5, 4, 4)), np.zeros((5, 6, 9), complex)
    rates = [
        annihilation.scalar_pair(i, j, np.full(5, m), np.full(6, m), gauge, none4, none3, leptons)
        for i in range(1, 5)
        for j in range(1, 5)
    ]
    expected = (3 * g2**4 + g1**4 + 6 * g1**2 * g2**2) / (512 * math.pi * m**2)
    assert np.mean(rates) == pytest.approx(expected, rel=1e-13)
    lam = 0.3
    quartic = none4.copy()
    quartic[0, 0] = lam * np.eye(4)
    singlet = annihilation.scalar_pair(0, 0, np.full(5, m), np.full(6, m), gauge, quartic, none3, leptons)
    assert singlet == pytest.approx(lam**2 / (16 * math.pi * m**2), rel=1e-13)
    u = np.eye(4, dtype=complex)
    u[2:, 2:] = np.array([[1, 1j], [1, -1j]]) / math.sqrt(2.0)
    W, theta = np.empty((6, 6), complex), np.empty((4, 6, 6), complex)
    relic_couplings.fermion_rotation(u, W)
    relic_couplings.rotate_generators(W, theta)
    masses, none_h = np.full(6, m), np.zeros((4, 6, 6), complex)
    total = [
        annihilation.gauge_final(a, b, masses, theta)
        + annihilation.higgs_final(a, b, masses, theta, none_h)
        + annihilation.mixed_final(a, b, masses, theta, none_h)
        + annihilation.fermion_final(a, b, masses, np.full(5, 1e9), theta, leptons)
        for a in range(2, 6)
        for b in range(2, 6)
    ]
    expected = (81 * g2**4 + 43 * g1**4 + 12 * g1**2 * g2**2) / (2048 * math.pi * m**2)
    assert np.mean(total) == pytest.approx(expected, rel=1e-13)


def weyl(p: np.ndarray, helicity: int) -> np.ndarray:
    """Two-spinor of a massless particle: sigma.p chi = helicity |p| chi, norm sqrt(2E)."""
    sigma = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    values, vectors = np.linalg.eigh(np.einsum("k,kij->ij", p, sigma) / np.linalg.norm(p))
    return np.asarray(vectors[:, int(np.argmin(abs(values - helicity)))] * math.sqrt(2.0 * np.linalg.norm(p)))


def test_lepton_final_states_against_explicit_spinors() -> None:
    """Amplitudes of chi_A chi_B -> l_p l_q by exchanged scalars, summed numerically over spins and angles."""
    rng = np.random.default_rng(2)
    m_f, m_s = rng.uniform(300, 2000, 6), rng.uniform(300, 2000, 5)
    Y = rng.normal(size=(5, 6, 9)) + 1j * rng.normal(size=(5, 6, 9))
    A, B = 0, 3
    epsilon = np.array([[0.0, 1.0], [-1.0, 0.0]])
    energy, product = 0.5 * (m_f[A] + m_f[B]), m_f[A] * m_f[B]
    inverse = 1.0 / (product + m_s**2)
    direction = rng.normal(size=3)
    n = energy * direction / np.linalg.norm(direction)
    same = opposite = 0.0
    spins = np.eye(2)
    for sa, sb in itertools.product(spins, spins):
        # At rest x_alpha = sqrt(m) xi and, with its index raised, y^dagger = sqrt(m) xi.
        a, b = math.sqrt(m_f[A]) * sa, math.sqrt(m_f[B]) * sb
        p_out, q_out = weyl(n, -1), weyl(-n, -1)
        pair = np.einsum("i,ip,iq->pq", inverse, Y[:, A].conj(), Y[:, B].conj())
        y_a = {"p": p_out.conj() @ a, "q": q_out.conj() @ a}
        y_b = {"p": p_out.conj() @ b, "q": q_out.conj() @ b}
        amplitude = pair * y_a["p"] * y_b["q"] - pair.T * y_b["p"] * y_a["q"]
        same += float((abs(amplitude) ** 2).sum())
        anti = weyl(-n, -1)  # y_q of the antilepton solves the same equation as x_q
        x_a, x_b = a @ epsilon @ anti, b @ epsilon @ anti
        cross = np.einsum("i,ip,iq->pq", inverse, Y[:, A].conj(), Y[:, B])
        back = np.einsum("i,ip,iq->pq", inverse, Y[:, B].conj(), Y[:, A])
        amplitude = cross * y_a["p"] * x_b - back * y_b["p"] * x_a
        opposite += float((abs(amplitude) ** 2).sum())
    # sigma v = sum |M|^2 / 4 (spins) / 4 m_A m_B / 8 pi; l l and its conjugate, and 1/2 for the order of p and q.
    to_rate = 1.0 / (4.0 * 4.0 * product * 8.0 * math.pi)
    no_gauge = np.zeros((4, 6, 6), complex)
    assert annihilation.lepton_pairs(A, B, m_f, m_s, Y) == pytest.approx(to_rate * same, rel=1e-12)
    assert annihilation.fermion_final(A, B, m_f, m_s, no_gauge, Y) == pytest.approx(to_rate * opposite, rel=1e-12)


def test_charged_current_limits_of_flavour() -> None:
    """Without couplings to one generation its decays vanish; da_mu is linear in g_R while the flip dominates."""
    alone = {f"{part}_g{name}{k}": 0.0 for part in ("re", "im") for name in ("Psi", "F1_", "F2_") for k in (1, 3)}
    found = observables(**alone, gR1=0.0, gR3=0.0)
    for name in ("BR_mu_egamma", "BR_tau_mugamma", "CR_Au", "BR_mu_3e", "BR_Z_mutau"):
        assert found[name] == 0.0, name
    strong = {"re_gPsi2": 0.1, "re_gF1_2": 0.2}
    single, double = (observables(**strong, gR2=g)["da_mu"] for g in (1e-2, 2e-2))
    without = observables(**strong, gR2=0.0)["da_mu"]
    assert (double - without) / (single - without) == pytest.approx(2.0, rel=2e-3)
    assert without < 0.0 or abs(without) < abs(single)


def test_options_and_metadata() -> None:
    assert ScotogenicCI37.citations
    assert all(p.description for p in FULL.parameters)
    assert all(o.description for o in FULL.observables)
