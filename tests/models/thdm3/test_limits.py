"""Limits in which the 3HDM is known: alignment, decoupling, custodial symmetry, sum rules."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova.models.physics import oblique, sm
from terranova.models.thdm3 import kernel as thdm3
from terranova.models.thdm3 import mixing

RNG_SEED = 7


def evaluate(x: np.ndarray) -> dict[str, np.ndarray]:
    out = thdm3.observables(np.atleast_2d(x), 1.0)
    return {name: out[:, i] for name, i in thdm3.COLUMN.items()}


def box(n: int) -> np.ndarray:
    """Random points of the box with soft terms up to 1e5 GeV^2."""
    rng = np.random.default_rng(RNG_SEED)
    low = [-1.5] * 5 + [0.1] * 2 + [125.0] * 2 + [100.0] * 4 + [-1e5] * 3
    high = [1.5] * 5 + [10.0] * 2 + [1000.0] * 6 + [1e5] * 3
    return rng.uniform(low, high, size=(n, 16))


def aligned(n: int) -> np.ndarray:
    """The same with h1 along the vacuum."""
    x = box(n)
    x[:, 0], x[:, 1] = np.arctan(x[:, 5]), np.arctan(x[:, 6])
    return x


def exact(m: float) -> np.ndarray:
    """The aligned point with degenerate heavy masses near m and soft terms that keep the quartics small."""
    x = np.array([math.atan(1.3), math.atan(1.7), 0.4, -0.4, -0.4, 1.3, 1.7] + [m, m + 50] * 3 + [0.0] * 3)
    B, U = np.empty((3, 3)), np.empty((3, 3))
    mixing.vacuum_directions(x[5], x[6], B)
    mixing.goldstone_rotation(B, x[4], U)
    m2 = np.array([0.0, m * m, (m + 50) ** 2])
    x[13:] = [mixing.mass_matrix_element(U, m2, a, b) for a, b in ((0, 1), (0, 2), (1, 2))]
    return x


def test_alignment_gives_standard_couplings() -> None:
    o = evaluate(aligned(300))
    for name in ("kappa_W", "kappa_Z", "kappa_t", "kappa_b", "kappa_tau", "R_gg", "R_ggF"):
        assert o[name] == pytest.approx(1.0, abs=1e-12)
    # g_h1h1h1 sums quartic couplings of order 1e5 to 0.1.
    assert o["kappa_lambda"] == pytest.approx(1.0, abs=1e-8)


def test_decoupling_of_the_loop_induced_decays() -> None:
    deviation = [abs(evaluate(exact(m))["R_gamgam"][0] - 1.0) for m in (500.0, 1000.0, 2000.0)]
    assert deviation[0] < 0.02
    for near, far in itertools.pairwise(deviation):
        assert far / near == pytest.approx(0.25, rel=0.15)  # m_h^2 / m_C^2


def test_decoupling_of_the_oblique_parameters() -> None:
    """Splittings of m^2 are held fixed while the masses grow."""
    previous = None
    for m in (1e3, 1e4, 5e4):
        x = exact(m)
        x[[7, 9, 11]] = np.sqrt(m * m + np.array([0.0, 3e4, 1e4]))
        o = evaluate(x)
        size = max(abs(o[name][0]) for name in "STU")
        assert previous is None or size < 0.05 * previous
        previous = size
    assert previous is not None
    assert previous < 1e-5


def test_custodial_symmetry_gives_no_t() -> None:
    x = aligned(500)
    x[:, 4] = x[:, 3]
    x[:, 11:13] = x[:, 9:11]
    assert np.abs(evaluate(x)["T"]).max() < 1e-12


def test_t_in_alignment_is_the_two_doublet_formula() -> None:
    """With all mixing angles of the heavy states equal, T is a sum of inert-doublet terms."""
    x = aligned(100)
    x[:, 3] = x[:, 4] = -x[:, 2]
    expected = []
    for row in x:
        total = 0.0
        for h, a, c in zip(row[[7, 8]] ** 2, row[[9, 10]] ** 2, row[[11, 12]] ** 2, strict=True):
            for first, second, sign in ((c, h, 1), (c, a, 1), (h, a, -1)):
                total += sign * oblique.big_f(first, second, oblique.log_ratio(first, second))
        expected.append(total / (16 * math.pi * sm.SIN2_W * sm.M_W**2))
    assert evaluate(x)["T"] == pytest.approx(expected, rel=1e-10, abs=1e-12)


def test_couplings_to_quarks_obey_the_orthogonality_sum_rule() -> None:
    o = evaluate(box(500))
    assert o["X1"] * o["Y1"] + o["X2"] * o["Y2"] == pytest.approx(1.0, abs=1e-12)


def test_equal_charged_masses_hide_their_mixing_angle_from_bsgamma() -> None:
    x = np.repeat(box(1), 20, axis=0)
    x[:, 12] = x[:, 11]
    x[:, 4] = np.linspace(-1.5, 1.5, 20)
    assert np.ptp(evaluate(x)["BR_bsgamma"]) < 1e-13


def test_branching_ratios_add_up() -> None:
    o = evaluate(box(300))
    total = sum(o[name] for name in o if name.startswith("BR_h1_"))
    assert total == pytest.approx(1.0, abs=1e-12)
    assert o["width_h1"] == pytest.approx(sm.HIGGS_WIDTH * o["R_width"])
    for state in ("h2", "h3", "A1", "A2", "H1p", "H2p"):
        shares = [o[name] for name in o if name.startswith("br_") and name.endswith(f"_{state}")]
        assert min(share.min() for share in shares) >= 0.0
        assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    for state in ("H1p", "H2p"):
        assert ((o[f"br_t_b{state}"] > 0) <= (box(300)[:, 11 if state == "H1p" else 12] < sm.M_TOP)).all()


def test_signal_strengths_of_one_decay_differ_by_production_only() -> None:
    o = evaluate(box(100))
    for decay in ("gamgam", "ZZ", "WW", "tautau"):
        ratio = o[f"mu_ttH_{decay}"] / o[f"mu_VBF_{decay}"]
        assert ratio == pytest.approx((o["kappa_t"] / o["kappa_W"]) ** 2, rel=1e-12)
        assert np.array_equal(o[f"mu_VH_{decay}"], o[f"mu_VBF_{decay}"])


@settings(max_examples=50, deadline=None)
@given(st.floats(0.0, 1.0), st.integers(0, 15))
def test_edges_of_the_box_are_finite(u: float, axis: int) -> None:
    x = box(1)[0]
    low = [-math.pi / 2] * 5 + [0.0] * 2 + [125.0] * 2 + [100.0] * 4 + [-1e7] * 3
    high = [math.pi / 2] * 5 + [10.0] * 2 + [1000.0] * 6 + [1e7] * 3
    x[axis] = low[axis] if u < 0.5 else high[axis]
    assert all(np.isfinite(column).all() for column in evaluate(x).values())


def test_scalar_and_w_loops_interfere_with_the_sign_of_the_coupling() -> None:
    """A positive h1 H+ H- coupling reduces h1 -> gamma gamma: A_0 > 0 against A_1 < 0."""
    x = aligned(200)
    o = evaluate(x)
    both = (o["g_h1_H1H1"] > 0) & (o["g_h1_H2H2"] > 0)
    weak = both & (np.abs(o["g_h1_H1H1"]) < 3e3) & (np.abs(o["g_h1_H2H2"]) < 3e3)
    assert weak.sum() > 3
    assert (o["R_gamgam"][weak] < 1.0).all()


def test_inclusive_rates_are_means_of_the_exclusive_ones() -> None:
    """Weights: cross sections of arXiv:1610.07922. Production with bottom quarks has no rates of its own."""
    sigma = {"ggF": 48.58, "VBF": 3.782, "VH": 1.373 + 0.8839, "ttH": 0.5071}
    out = evaluate(box(200))
    for decay in ("gamgam", "ZZ", "WW", "tautau"):
        bottoms = 0.488 * out["kappa_b"] ** 2 * out[f"mu_ggF_{decay}"] / out["R_ggF"]
        total = sum(weight * out[f"mu_{mode}_{decay}"] for mode, weight in sigma.items()) + bottoms
        np.testing.assert_allclose(out[f"mu_{decay}"], total / (sum(sigma.values()) + 0.488), rtol=1e-12)
    np.testing.assert_array_equal(out["mu_mumu"], out["mu_tautau"])
    share = out["mu_Zgam"] / out["mu_gamgam"]
    np.testing.assert_allclose(share, out["R_Zgam"] / out["R_gamgam"], rtol=1e-12)


def test_inclusive_rates_of_the_standard_model_are_one() -> None:
    out = evaluate(aligned(50))
    change = out["R_gamgam"] / out["R_width"]  # charged scalars change what decays to photons
    np.testing.assert_allclose(out["mu_gamgam"], change, rtol=1e-12)
    np.testing.assert_allclose(out["mu_ZZ"], 1.0 / out["R_width"], rtol=1e-12)
