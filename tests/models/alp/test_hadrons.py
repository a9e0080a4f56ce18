"""The hadronic width of the ALP: what was published, no jumps, and what its error does to the likelihood."""

from __future__ import annotations

import math

import numpy as np
import pytest

import terranova
from terranova import Asymmetric, Limit
from terranova.constraints import alp as searches
from terranova.models.alp import AxionLikeParticle, escape, hadrons, inputs
from terranova.types import Floats

OPTIONS = tuple(hadrons.CHOICES)
GLUON = {"fa": 1e3, "Lam": 1e3, "cG": 16.0 * math.pi**2, "cqL3": 0.0, "cuR": 0.0, "ceR": 0.0}
"""The ALP of arXiv:1811.03474 with its scale at 1 TeV: only gluons, c_G/f_a = 16 pi^2/TeV."""
FERMIONS = {"fa": 1e3, "Lam": 1e3, "cG": 0.0, "cqL3": 0.0, "cuR": 2.0, "cdR": 2.0, "ceR": 2.0}
"""That of arXiv:2310.03524: all fermions alike, twice the axial current that a coupling of 1 has here."""
MIXED = {"fa": 1e6, "Lam": 1e6, "cG": 0.125, "cqL3": 0.1277, "cuR": -0.02, "ceR": 0.01}

FIGURE = {
    # GeV: all decays, eta pi pi, K K pi, rho rho in eV
    1.1: (1.23e4, 1.23e4, math.nan, 15.5),
    1.2: (5.51e4, 5.32e4, 2.99e3, 131.0),
    1.3: (1.253e5, 1.15e5, 1.21e4, 783.0),
    1.4: (2.125e5, 1.91e5, 2.28e4, 3.67e3),
    1.5: (2.82e5, 2.46e5, 2.66e4, 1.29e4),
    1.6: (3.133e5, 2.51e5, 2.55e4, 3.23e4),
    1.7: (2.946e5, 2.06e5, 1.97e4, 4.97e4),
    2.0: (2.212e5, math.nan, math.nan, math.nan),
    2.1: (2.347e5, math.nan, math.nan, math.nan),
    2.3: (2.597e5, math.nan, math.nan, math.nan),
}
"""Figure of arXiv:1811.03474 as digitised by ALPINIST (J. Jerhot et al., arXiv:2201.05170, widths/integrated)."""


def evaluate(masses: Floats, couplings: dict[str, float], **options: object) -> dict[str, Floats]:
    return terranova.model("alp", **options).evaluate({**couplings, "ma": masses})


def test_the_default_is_the_published_figure() -> None:
    """Two ways from one paper: its figure, digitised by others, and its formulas, evaluated by others again."""
    masses = np.array(list(FIGURE))
    o = evaluate(masses, GLUON)
    figure = 1e-9 * np.array(list(FIGURE.values()))
    assert o["W_hadrons"] == pytest.approx(figure[:, 0], rel=0.14)
    # The worst are the first points of steep curves; from 1.5 GeV on all are within 11 %.
    for name, column, tolerance in (("W_etapipi", 1, 0.19), ("W_KKpi", 2, 0.31), ("W_4pi", 3, 0.25)):
        given = ~np.isnan(figure[:, column])
        assert o[name][given] == pytest.approx(figure[given, column], rel=tolerance), name
    old = evaluate(masses, GLUON, like_alpaca=True)["W_hadrons"]
    assert (old[:3] < 0.05 * figure[:3, 0]).all()  # what this replaces


def test_fermions_alike_have_the_published_branching_ratio() -> None:
    """BR(a -> mu mu) = 0.2022433833 at 1 GeV in the table of arXiv:2501.04525, decoded elsewhere."""
    o = evaluate(np.array([1.0]), FERMIONS, hadronic="2501.04525")
    assert o["BRa_mumu"][0] == pytest.approx(0.2022, rel=0.02)


def test_what_the_columns_contain_is_what_this_model_runs_to() -> None:
    for couplings, c_g, expected in (
        ({**GLUON, "cG": 1.0}, 1.0, hadrons.HALF_SUM_GLUON),
        (FERMIONS, 0.0, hadrons.HALF_SUM_FERMION),
    ):
        o = evaluate(np.array([2.0]), couplings)
        half_sum = 0.5 * (o["c_uu"] + o["c_dd"] + o["c_ss"])[0]
        assert half_sum == pytest.approx(expected, rel=1e-3)
        # In these directions the tables are what comes out, whatever is assumed of the phase between them.
        coherent = hadrons.singlet(0.3, 0.7, c_g, half_sum, True)
        assert coherent == pytest.approx(0.3 if c_g else 0.7, rel=2e-3)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("couplings", [GLUON, FERMIONS, MIXED])
def test_the_width_has_no_jump(option: str, couplings: dict[str, float]) -> None:
    """On either side of every mass where anything changes: nodes, joins, thresholds of the tables."""
    special = [*np.array(hadrons.tables().masses), *np.array(hadrons.tables().gluon_masses)]
    special += [0.85, 0.95, 1.0, 1.2, 1.35, 1.4, 1.45, 1.9, 2.2, 3.0]
    at = np.array([m for m in special if 0.42 <= m < 4.7 and abs(m - 2.54) > 0.01])
    eps = 1e-10  # the width rises by up to its 1e4 part in 1e-6 GeV beside poles
    low, high = (evaluate(at * (1.0 + sign * eps), couplings, hadronic=option) for sign in (-1.0, 1.0))
    for name in ("W_hadrons", "hadronic_spread", "ctau", "ctau_theory"):
        assert high[name] == pytest.approx(low[name], rel=1e-5, abs=1e-50), name


def test_alpacas_own_rule_jumps() -> None:
    """The jump by a factor of a hundred at 1.4 GeV that the others do not have."""
    o = evaluate(np.array([1.4 - 1e-9, 1.4 + 1e-9]), GLUON, like_alpaca=True)["W_hadrons"]
    assert o[1] > 100.0 * o[0]


def test_descriptions_meet_in_quarks_and_gluons() -> None:
    masses = np.array([2.2, 2.6, 3.5, 4.7])
    for couplings in (GLUON, FERMIONS, MIXED):
        widths = [evaluate(masses, couplings, hadronic=option)["W_hadrons"] for option in OPTIONS]
        o = evaluate(masses, couplings)
        assert widths[0] == pytest.approx(o["W_gg"] + o["W_cc"], rel=1e-12)
        for other in widths[1:]:
            assert other == pytest.approx(widths[0], rel=1e-12)


def test_channels_add_up_to_the_width_of_mesons() -> None:
    masses = np.linspace(0.5, 1.9, 57)
    for couplings in (GLUON, FERMIONS, MIXED):
        o = evaluate(masses, couplings)
        total = sum(o[f"W_{name}"] for name in hadrons.CHANNELS)
        assert total == pytest.approx(o["W_hadrons"], rel=0.01)  # but for omega pi pi, 3 eta, 2 eta pi0


def test_the_spread_is_that_of_the_descriptions() -> None:
    masses = np.linspace(1.0, 3.0, 101)
    for couplings in (GLUON, FERMIONS, MIXED):
        one, other = (evaluate(masses, couplings, hadronic=name) for name in hadrons.PUBLISHED)
        ratio = np.exp(np.abs(np.log(one["W_hadrons"] / other["W_hadrons"])))
        assert (one["hadronic_spread"] >= (1.0 - 1e-12) * ratio).all()
        assert np.array_equal(one["hadrons_reliable"], (one["hadronic_spread"] <= 2.0).astype(float))
        # Of the lifetime it is less: muons do not spread.
        assert (one["ctau_theory"] <= 0.5 * np.log(one["hadronic_spread"]) + 1e-12).all()
    gluon = evaluate(np.array([1.2, 1.4, 1.9, 2.9]), GLUON)
    assert gluon["hadrons_reliable"].tolist() == [0.0, 0.0, 1.0, 1.0]
    nothing = evaluate(masses, {**GLUON, "cG": 0.0})
    assert (nothing["hadronic_spread"] == 1.0).all()
    assert (nothing["ctau_theory"] == 0.0).all()


def test_the_default_range_of_the_mass_is_reliable() -> None:
    """For c_G, c_qL3 and what they induce, the couplings of the Belle II example."""
    prior = next(p.prior for p in AxionLikeParticle().parameters if p.name == "ma")
    assert isinstance(prior, terranova.Uniform)
    masses = np.linspace(prior.lower, prior.upper, 101)
    for c_top in (0.0, 0.01, 0.1277):
        o = evaluate(masses, {**MIXED, "cqL3": c_top, "cuR": 0.0, "ceR": 0.0})
        assert (o["hadrons_reliable"] == 1.0).all()


def test_the_error_of_an_escape_probability_is_its_slope() -> None:
    for grid, mean in ((escape.directions(), False), (escape.mean_directions(), True)):
        geometry = (inputs.M_BP, inputs.M_KP, escape.BOOST_BABAR, escape.LENGTH_BABAR, grid, mean)
        for ctau in (3.0, 50.0, 4000.0):
            p, slope = escape.escape_probability(2.0, ctau, *geometry)
            step = 1e-5
            up, down = (escape.escape_probability(2.0, ctau * math.exp(s), *geometry)[0] for s in (step, -step))
            assert slope == pytest.approx((up - down) / (2.0 * step), rel=1e-7)
            assert 0.0 < p < 1.0
    o = evaluate(np.array([1.5]), MIXED)
    assert 0.0 < o["Pinv_babar_theory"][0] < o["Pinv_belle2_theory"][0] < 5.0 * o["ctau_theory"][0]


def test_errors_of_theory_are_those_of_the_kinds_of_files() -> None:
    """A recast as an asymmetric Gaussian, and a limit, at a relative error of the prediction."""
    error, br = 0.4, np.linspace(0.0, 4e-5, 41)
    recast, _ = searches._recast("altmannshofer")
    best, _ = recast.centre(br, np.full(41, 2.0))
    names = {"name": "x", "observables": ("x",), "source": "arXiv:2311.14629"}
    plain = Asymmetric(
        value=best[0], sigma_up=11.34e-6 - best[0], sigma_down=best[0] - 6.32e-6, theory_relative=error, **names
    )
    nothing = plain.loglike(np.zeros((1, 1)))
    expected = plain.loglike(br[:, None]) - nothing
    assert recast.loglike(br, np.full(41, 2.0), np.full(41, error)) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    limit = Limit(upper=2.6e-5, cl=0.9, theory_relative=error, **names)
    mine = searches.InvisibleLimit(2.6e-5, 0.9)
    assert mine.loglike(br, np.full(41, error)) == pytest.approx(limit.loglike(br[:, None]), rel=1e-12)
    accepted = mine.violation(br, np.full(41, error)) == 0.0
    expected_accepted = (2.0 * np.abs(limit.loglike(br[:, None])) <= 1.2815515655446004**2) | (br < 2.6e-5)
    assert np.array_equal(accepted, expected_accepted)


def test_limits_count_as_no_measurement_and_plane_has_no_error() -> None:
    problem = terranova.problem("alp", constraints=["alp-belle", "alp-displaced", "alp-babar"])
    assert [c.measurements for c in problem.constraints] == [0] * 7 + [1]
    o = terranova.model("alp-plane").evaluate(ma=2.0, ctau=80.0, BR_BpKa=1e-5)
    assert o["Pinv_belle2_theory"][0] == o["Pinv_babar_theory"][0] == 0.0


def test_a_displaced_search_follows_the_lifetime() -> None:
    """Of a limit far above the longest lifetime, BR and limit are both proportional to it: no error is left."""
    problem = terranova.problem("alp", constraints=["alp-displaced"])
    limit = next(c for c in problem.constraints if c.name == "LHCb_Kmumu")
    reads = np.array([[1e-9, 2.0, 10.0, 0.0], [1e-9, 2.0, 10.0, 0.5]])
    one, other = limit.loglike(reads)
    assert one < other < 0.0
    far = np.array([[1e-9, 2.0, 1e4, 0.0], [1e-9, 2.0, 1e4, 0.5]])
    one, other = limit.loglike(far)
    assert one == pytest.approx(other, rel=1e-12)
