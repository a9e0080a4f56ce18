"""What must hold in the ALP model: scaling, limits, no dependence on the matching scale, other ways to solve it."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp

import terranova
from terranova.models.alp import escape, inputs, running, transitions
from terranova.models.physics.low_energy import alpha_s
from terranova.models.physics.pseudoscalar import anomaly_loop, photon_loop, photon_loop_integral, photon_loop_table
from terranova.types import Floats

SETS = ["alp-babar", "alp-babar-kstar", "alp-belle", "alp-displaced", "alp-flavour"]
BELLE2 = ["alp-belle2-2311.14629", "alp-belle2-2510.18953", "alp-belle2-2602.09666"]
POINT = {
    "ma": 2.0,
    "fa": 1e6,
    "Lam": 1e6,
    "cqL3": 0.13,
    "cG": 0.13,
    "ceR": 0.02,
    "cuR": -0.01,
    "cW": 0.3,
    "cB": 0.1,
}


@pytest.fixture(scope="module")
def alp() -> terranova.BoundModel:
    return terranova.model("alp")


def random_points(alp: terranova.BoundModel, n: int, seed: int = 1) -> Floats:
    """Points (n, d) with every coupling switched on, masses and scales in the whole range."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(alp.space)))
    x[:, 0] = rng.uniform(0.3, 4.78, n)
    x[:, 1:3] = 10.0 ** rng.uniform(3.0, 9.0, (n, 2))
    x[:, 16:18] *= 1e-3
    x[:, 18] = rng.random(n)
    return x


def direct_running(scale: float, couplings: dict[str, Floats]) -> dict[str, Floats]:
    """arXiv:2012.12272 eqs. (18)-(20) with 3x3 matrices, integrated from the scale to 100 GeV."""
    names = ("cqL", "cuR", "cdR", "clL", "ceR")
    c_g, c_w, c_b = (float(couplings.get(name, np.zeros(1))[0]) for name in ("cG", "cW", "cB"))
    log_range = (math.log(scale), math.log(inputs.SCALE_W))

    def sm_slope(_: float, p: Floats) -> Floats:
        return running._standard_model(p)

    start = solve_ivp(sm_slope, log_range[::-1], running._START, rtol=1e-10, atol=1e-12).y[:, -1]

    def slope(_: float, y: Floats) -> Floats:
        p, c = y[:6], dict(zip(names, y[6:].reshape(5, 3, 3), strict=True))
        a_s, a_1, a_2 = p[:3]
        yu, yd, ye = (np.diag([0.0, 0.0, value]) for value in p[3:])
        q, u, d, lep, e = (c[name] for name in names)
        one = np.eye(3)
        g = c_g - 0.5 * np.trace(2.0 * q - u - d)
        w = c_w - 0.5 * np.trace(3.0 * q + lep)
        b = c_b + np.trace(4.0 / 3.0 * u + d / 3.0 - q / 6.0 + e - 0.5 * lep)
        x = np.trace(
            3.0 * q @ (yu @ yu - yd @ yd) - 3.0 * u @ yu @ yu + 3.0 * d @ yd @ yd - lep @ ye @ ye + e @ ye @ ye
        )

        def gauge(strong: float, weak: float, hyper: float) -> Floats:
            return 12.0 * (4.0 / 3.0 * strong * a_s**2 * g + 0.75 * weak * a_2**2 * w + hyper**2 * a_1**2 * b) * one

        beta_q = 0.5 * (yu @ yu @ q + q @ yu @ yu + yd @ yd @ q + q @ yd @ yd) - yu @ u @ yu - yd @ d @ yd
        beta_u = yu @ yu @ u + u @ yu @ yu - 2.0 * yu @ q @ yu - 2.0 * x * one + gauge(1.0, 0.0, 2.0 / 3.0)
        beta_d = yd @ yd @ d + d @ yd @ yd - 2.0 * yd @ q @ yd + 2.0 * x * one + gauge(1.0, 0.0, 1.0 / 3.0)
        beta_l = 0.5 * (ye @ ye @ lep + lep @ ye @ ye) - ye @ e @ ye - gauge(0.0, 1.0, 0.5)
        beta_e = ye @ ye @ e + e @ ye @ ye - 2.0 * ye @ lep @ ye + 2.0 * x * one + gauge(0.0, 0.0, 1.0)
        matrices = np.array([beta_q - gauge(1.0, 1.0, 1.0 / 6.0), beta_u, beta_d, beta_l, beta_e])
        return np.concatenate([running._standard_model(p), matrices.ravel() / (16.0 * math.pi**2)])

    given = [couplings.get(name, np.zeros(3)) for name in names]
    first = np.array([c if c.ndim == 2 else np.diag(c) for c in given])
    y = solve_ivp(slope, log_range, np.concatenate([start, first.ravel()]), rtol=1e-10, atol=1e-14).y[:, -1]
    return dict(zip(names, y[6:].reshape(5, 3, 3), strict=True))


def test_the_map_solves_the_matrix_equations() -> None:
    rng = np.random.default_rng(3)
    couplings = {name: rng.normal(size=3) for name in ("cqL", "cuR", "cdR", "clL", "ceR")}
    couplings |= {name: rng.normal(size=1) for name in ("cG", "cW", "cB")}
    t, u, _ = running.evolution()
    at = 140
    scale = inputs.SCALE_W * math.exp(t[at])
    got = u[at] @ np.concatenate(list(couplings.values()))
    expected = np.concatenate([np.diag(matrix) for matrix in direct_running(scale, couplings).values()])
    assert got[:15] == pytest.approx(expected, rel=1e-7, abs=1e-8)


@pytest.mark.slow
def test_a_tree_level_transition_runs_as_its_whole_multiplet(alp: terranova.BoundModel) -> None:
    """c23L is one element of V^+ c_q V: running c_q as a matrix gives the couplings to leptons that it induces."""
    k_d = np.zeros((3, 3))
    k_d[1, 2] = k_d[2, 1] = 1.0
    c_q = inputs.CKM_W @ k_d @ inputs.CKM_W.conj().T
    real, imaginary = (direct_running(1e6, {"cqL": part}) for part in (c_q.real, c_q.imag))
    o = alp.evaluate(ma=2.0, fa=1e6, Lam=1e6, c23L=1.0, cqL3=0.0, cG=0.0)
    low = inputs.CKM_W.conj().T @ (real["cqL"] + 1j * imaginary["cqL"]) @ inputs.CKM_W
    assert o["c_sbV_re"][0] == pytest.approx(low[1, 2].real, rel=2e-3)  # that, and 0.13 % from the W-top loop
    top = (real["cuR"] - real["cqL"])[2, 2]
    log = 2.0 * math.log(inputs.SCALE_W / inputs.M_TOP)
    # c_eR - c_lL with the difference of the top loops, T_3 - Q s_w^2.
    threshold = 3.0 / (8.0 * math.pi**2) * inputs.Y_TOP_W**2 * top * log * 0.5
    assert o["c_mumu"][0] == pytest.approx((real["ceR"] - real["clL"])[1, 1] + threshold, rel=1e-6)
    assert abs(o["c_mumu"][0]) > 0.01


def test_nothing_depends_on_the_scale_of_matching(monkeypatch: pytest.MonkeyPatch) -> None:
    """Running above 100 GeV minus running below is what the logarithms of the matching undo.

    This holds only if right-handed fermions get the Z and photon loops with the opposite sign and no W loop, and if
    the W-top loop is there for the diagonal couplings of down quarks, too.
    """
    top = {"cqL1": 0.0, "cqL2": 0.0, "cqL3": 0.9, "cuR1": 0.0, "cuR2": 0.0, "cuR3": -0.4}
    index = {name: i for i, name in enumerate(running._FULL)}
    parts = running._anomalous_dimension()
    h = 1e-4
    matched = []
    for sign in (-1.0, 1.0):
        monkeypatch.setattr(inputs, "SCALE_W", 100.0 * math.exp(sign * h))
        matched.append(running.matching())
    slope = (matched[1] - matched[0]) / (2.0 * h)
    monkeypatch.undo()
    # At tree level: c_fR - c_fL, with the CKM matrix for left-handed down quarks.
    monkeypatch.setattr(inputs, "Y_TOP_W", 0.0)
    monkeypatch.setattr(inputs, "ALPHA_EM_W", 0.0)
    tree = running.matching()
    monkeypatch.undo()
    c = np.zeros(18)
    for name, value in top.items():
        c[index[name]] = value
    change = slope @ c + tree @ (inputs.Y_TOP_W**2 * parts[3]) @ c
    assert np.abs(change).max() < 1e-9
    charges = {"ee": -1.0, "mumu": -1.0, "tautau": -1.0, "uu": 2 / 3, "cc": 2 / 3, "dd": -1 / 3, "ss": -1 / 3}
    gauge = inputs.ALPHA_2_W**2 * parts[1] + inputs.ALPHA_1_W**2 * parts[2]
    for name, charge in charges.items():
        for boson in ("cW", "cB"):
            row, column = running.LOW_ENERGY.index(name), index[boson]
            above = (tree @ gauge)[row, column]
            below = 24.0 * charge**2 * inputs.ALPHA_EM_W**2 / (16.0 * math.pi**2)  # QED, c_gamma = c_W + c_B
            # The W-top loop, at order y_t^2 alpha, is of higher order in the diagonal couplings.
            assert slope[row, column] + above - below == pytest.approx(0.0, abs=1e-12 + 1e-6 * abs(above)), name
    wrong = running.matching(like_alpaca=True)
    assert abs(wrong[1 + 1, index["cW"]] / running.matching()[1 + 1, index["cW"]] - 1.0) > 0.05


def test_qcd_running_below_the_weak_scale_solves_its_equation() -> None:
    def slope(t: float, c: Floats) -> Floats:
        return np.full(5, 2.0 * (alpha_s(math.exp(t)) / math.pi) ** 2 * (1.0 + 0.5 * c.sum()))

    # c_qq = 0 and c_G = 1 at 100 GeV
    low = solve_ivp(slope, (math.log(100.0), math.log(5.0)), np.zeros(5), rtol=1e-10, atol=1e-14).y[:, -1]
    assert low == pytest.approx(np.full(5, running.qcd_shift()), rel=1e-8)


def test_the_photon_loop_is_the_feynman_integral() -> None:
    """The integral over x of arXiv:1708.00443 with tau -> tau - i epsilon, on either side of its pole."""
    for tau in (1e-3, 0.1, 0.7, 1.0, 3.0, 50.0):
        pole = math.sqrt(tau) / (1.0 + math.sqrt(tau))

        def numerator(x: float, tau: float = tau) -> float:
            return 1.0 - 4.0 * tau * (1.0 - x) ** 2 - 2.0 * x + 4.0 * x * x

        def below(v: float, tau: float = tau, pole: float = pole) -> float:
            x = pole - v * v
            root = math.sqrt(tau * (1.0 - x) ** 2 - x * x)
            return 2.0 * v * numerator(x) / root * math.atan2(x, root)

        def above(v: float, part: int, tau: float = tau, pole: float = pole) -> float:
            x = pole + v * v
            root = math.sqrt(x * x - tau * (1.0 - x) ** 2)
            angle = math.log((x + root) / (math.sqrt(tau) * (1.0 - x))) if part == 0 else -0.5 * math.pi
            return -2.0 * v * numerator(x) / root * angle

        options: dict[str, Any] = {"epsabs": 1e-11, "limit": 200}
        end = math.sqrt(1.0 - pole) * (1.0 - 1e-12)
        real = quad(below, 1e-9, math.sqrt(pole), **options)[0] + quad(above, 1e-9, end, (0,), **options)[0]
        imaginary = quad(above, 1e-9, end, (1,), **options)[0]
        expected = complex(5.0 + 4.0 / 3.0 * real, 4.0 / 3.0 * imaginary)
        assert photon_loop_integral(tau) == pytest.approx(expected, abs=1e-6)
    table = photon_loop_table()
    for tau in (5e-8, 1e-4, 0.0123, 0.5, 0.999):
        assert photon_loop(table, tau) == pytest.approx(photon_loop_integral(tau), rel=1e-7, abs=1e-7)


def test_the_anomaly_loop_has_its_limits() -> None:
    assert anomaly_loop(1e-10) == pytest.approx(1.0, abs=1e-7)
    assert anomaly_loop(1e4) == pytest.approx(-1.0 / 3e4, rel=1e-3)


def test_form_factors_agree_where_they_must() -> None:
    a = transitions.form_factors()[0]
    assert transitions.scalar_form_factor(a, 0.0) == pytest.approx(transitions.plus_at_zero(), rel=1e-14)
    wrong = transitions.scalar_form_factor(transitions.form_factors(like_alpaca=True)[0], 0.0)
    assert wrong / transitions.plus_at_zero() == pytest.approx(0.983, abs=1e-3)


def test_couplings_are_linear(alp: terranova.BoundModel) -> None:
    x = random_points(alp, 3)
    x[:, :3] = [2.0, 1e6, 1e7]
    x[:, 18] = 0.0
    x[2, 3:18] = 0.7 * x[0, 3:18] - 1.3 * x[1, 3:18]
    o = alp.evaluate_array(x).observables
    columns = [i for i, obs in enumerate(alp.observables) if obs.name.startswith("c_")]
    scale = np.abs(o[:, columns]).max()
    assert o[2, columns] == pytest.approx(0.7 * o[0, columns] - 1.3 * o[1, columns], abs=1e-12 * scale)


def test_rates_fall_with_the_square_of_f_a(alp: terranova.BoundModel) -> None:
    one, two = alp.evaluate(POINT), alp.evaluate({**POINT, "fa": 3e6})
    names = [o.name for o in alp.observables if o.name.startswith(("W_", "BR_B0", "BR_Bp"))]
    for name in set(names) - {"W_gamgam", "W_SM"}:  # two loops depend on ln f_a
        assert two[name][0] == pytest.approx(one[name][0] / 9.0, rel=1e-12), name
    assert two["W_gamgam"][0] == pytest.approx(one["W_gamgam"][0] / 9.0, rel=0.1)
    assert two["c_sbV_re"] == one["c_sbV_re"]


def test_escape_probabilities() -> None:
    plane = terranova.model("alp-plane")
    ctau = np.logspace(-2, 9, 400)
    o = plane.evaluate(ma=2.0, ctau=ctau, BR_BpKa=1e-5)
    for name in ("belle2", "babar"):
        p = o[f"Pinv_{name}"]
        assert (np.diff(p) >= 0.0).all()
        assert p[-1] == pytest.approx(1.0, abs=1e-6)
        assert o[f"BRinv_{name}"] == pytest.approx(1e-5 * p)
    assert (o["Pinv_belle2"] <= o["Pinv_babar"]).all()
    # In the middle of the published range, iso and mean momentum, and against adaptive quadrature.
    mean = terranova.model("alp-plane", escape="mean-momentum").evaluate(ma=2.0, ctau=80.0, BR_BpKa=1.0)
    iso = plane.evaluate(ma=2.0, ctau=80.0, BR_BpKa=1.0)
    assert [iso["Pinv_belle2"][0], mean["Pinv_belle2"][0]] == pytest.approx([0.339908, 0.345188], abs=2e-6)
    assert [iso["Pinv_babar"][0], mean["Pinv_babar"][0]] == pytest.approx([0.598669, 0.623399], abs=2e-6)
    m_b, m_k = inputs.M_BP, inputs.M_KP
    energy = (m_b**2 + 4.0 - m_k**2) / (2.0 * m_b)
    momentum, gamma = math.sqrt(energy**2 - 4.0), math.hypot(1.0, escape.BOOST_BELLE2)

    def survive(cosine: float) -> float:
        lab = math.hypot(
            escape.BOOST_BELLE2 * energy + gamma * momentum * cosine, momentum * math.sqrt(1 - cosine**2)
        )
        return 0.5 * math.exp(-100.0 * 2.0 / (lab * 80.0))

    assert iso["Pinv_belle2"][0] == pytest.approx(quad(survive, -1.0, 1.0)[0], rel=1e-10)
    # Only length over c tau matters.
    double = terranova.model("alp-plane", length_belle2=200.0).evaluate(ma=2.0, ctau=160.0, BR_BpKa=1.0)
    assert double["Pinv_belle2"][0] == pytest.approx(iso["Pinv_belle2"][0], rel=1e-14)


@pytest.mark.parametrize("belle2", BELLE2)
def test_without_couplings_nothing_is_changed(belle2: str, alp: terranova.BoundModel) -> None:
    """chi2 of the SM is 0 in every search at every mass; the guards have a constant, the same at all masses."""
    problem = terranova.problem("alp", constraints=[belle2, *SETS])
    x = np.zeros((50, len(alp.space)))
    x[:, 0], x[:, 1:3] = np.linspace(0.3, 4.7, 50), 1e6
    observables = problem.evaluate(x).observables
    assert np.isfinite(observables).all()
    loglike = problem.score(x, observables)[1]
    searches = terranova.problem("alp", constraints=[belle2, *SETS[:-1]])
    assert np.abs(searches.score(x, observables)[1]).max() == 0.0
    assert loglike == pytest.approx(np.full(50, loglike[0]), abs=1e-3)  # Delta m_s to all digits below 2.4 GeV


def test_chi2_is_continuous_in_the_mass(alp: terranova.BoundModel) -> None:
    """But for the switch of hadrons near 1.4 GeV, thresholds, and the ends of tables."""
    problem = terranova.problem("alp", constraints=[BELLE2[0], *SETS])
    x = np.zeros((4001, len(alp.space)))
    x[:] = [POINT.get(name, 0.0) for name in alp.space.names]
    x[:, 0] = np.linspace(1.55, 2.35, 4001)
    chi2 = -2.0 * problem.score(x, problem.evaluate(x).observables)[1]
    assert np.abs(np.diff(chi2)).max() < 0.02 * (chi2.max() - chi2.min())


def test_dark_decays_are_invisible(alp: terranova.BoundModel) -> None:
    visible, dark = alp.evaluate(POINT), alp.evaluate({**POINT, "br_dark": 0.75})
    assert dark["ctau"][0] == pytest.approx(0.25 * visible["ctau"][0])
    assert dark["BRa_hadrons"][0] == pytest.approx(0.25 * visible["BRa_hadrons"][0])
    assert dark["Pinv_belle2"][0] > 0.75


def test_branching_ratios_add_up(alp: terranova.BoundModel) -> None:
    x = random_points(alp, 300)
    x[:, 18] = 0.0
    o = alp.evaluate_array(x).observables
    column = {obs.name: o[:, i] for i, obs in enumerate(alp.observables)}
    total = sum(column[f"BRa_{name}"] for name in ("ee", "mumu", "tautau", "gamgam", "hadrons"))
    assert total == pytest.approx(np.ones(300))
    assert column["ctau"] == pytest.approx(inputs.HBARC_CM / column["width"])


@pytest.mark.parametrize("size", [1, 7, 256])
def test_a_point_has_the_same_bits_in_every_batch(alp: terranova.BoundModel, size: int) -> None:
    x = random_points(alp, 1000)
    whole = alp.evaluate_array(x).observables
    rows = np.random.default_rng(size).permutation(len(x))[:size]
    assert np.isfinite(whole).all()
    assert np.array_equal(alp.evaluate_array(x[rows]).observables, whole[rows])


def test_thresholds_are_finite(alp: terranova.BoundModel) -> None:
    masses = [
        0.3,
        2 * inputs.M_MU,
        2 * inputs.M_TAU,
        2 * inputs.M_C,
        inputs.M_BP - inputs.M_KP,
        inputs.M_BP - inputs.M_KSTP,
    ]
    masses += [1.27, 1.4, 1.5, 2.4, 2.5, 3.0, 4.18, 4.78, 2 * 4.183 - 5.36693, inputs.M_ETAP]
    x = random_points(alp, len(masses))
    x[:, 0] = np.clip(masses, 0.3, 4.78)
    assert np.isfinite(alp.evaluate_array(x).observables).all()


@pytest.mark.parametrize(
    ("name", "value"), [("ma", 0.2), ("ma", 5.0), ("Lam", 50.0), ("Lam", 1e19), ("br_dark", 1.0)]
)
def test_outside_its_range_the_model_says_nothing(alp: terranova.BoundModel, name: str, value: float) -> None:
    assert np.isnan(alp.evaluate({**POINT, name: value})["ctau"][0])


def test_lambda_may_follow_f_a() -> None:
    tied, free = terranova.model("alp", scale="4pi-fa"), terranova.model("alp")
    assert "Lam" not in tied.space.names
    point = {name: value for name, value in POINT.items() if name != "Lam"}
    expected = free.evaluate({**point, "Lam": 4.0 * math.pi * 1e6})
    assert tied.evaluate(point)["ctau"][0] == expected["ctau"][0]


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("alp", {"scale": "mz"}, "scale must be 'free' or '4pi-fa'"),
        ("alp", {"running": "none"}, "running must be"),
        ("alp", {"escape": "none"}, "escape must be"),
        ("alp", {"length_babar": 0.0}, "length_babar must be positive"),
        ("alp-plane", {"boost_babar": -1.0}, "boost_babar must be positive"),
    ],
)
def test_options_are_checked(model: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(terranova.ConfigError, match=words):
        terranova.model(model, **options)


def test_readings_of_the_excess_exclude_each_other() -> None:
    with pytest.raises(terranova.ConfigError, match=r"are alternatives .* count the same data twice"):
        terranova.problem("alp", constraints=BELLE2[:2])


def test_problems_can_be_sent_to_workers() -> None:
    problem = terranova.problem("alp", constraints=[BELLE2[0], *SETS])
    x = np.array([[POINT.get(name, 0.0) for name in problem.model.space.names]])
    observables = problem.evaluate(x).observables
    sent = pickle.loads(pickle.dumps(problem))
    assert np.array_equal(sent.score(x, sent.evaluate(x).observables)[0], problem.score(x, observables)[0])
