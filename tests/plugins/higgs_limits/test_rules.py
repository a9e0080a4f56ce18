"""Which limit decides, and by how much, worked out by hand: one file of each class, and the rules between them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.higgs_files import (
    CHAIN,
    LIKELIHOOD,
    PAIR,
    PRODUCED,
    TAUS,
    TWO_RATES,
    WIDE,
    changed,
    limits,
    neutral,
)

from terranova.plugins.higgs_limits.constraint import Decision

pytestmark = pytest.mark.integration  # the loop over points is compiled

H: dict[str, Any] = {"h": neutral("h")}
POINT = {"m_h": 250.0, "gg_h": 1.0, "bb_h": 0.5, "tautau_h": 0.1}


def decide(
    folder: Path, files: dict[str, Any], particles: dict[str, Any], point: dict[str, float], **keys: Any
) -> Any:
    """Return what is decided for the first particle."""
    return limits(folder, particles, files, **keys).explain(point)[0]


def ratios(decision: Decision) -> tuple[float, float]:
    return decision.expected, decision.observed


def test_channels(tmp_path: Path) -> None:
    # Rate (1 + 0.5) 0.1 = 0.15 pb. Limits half-way between 200 and 300 GeV: expected 0.3, observed 0.5.
    decision = decide(tmp_path, {"taus": TAUS}, H, POINT)
    assert ratios(decision) == pytest.approx((0.15 / 0.3, 0.15 / 0.5), rel=1e-14)
    assert decision.contributing == (("h",),)
    assert decision.limit.file == "deeper/taus.json"


def test_width(tmp_path: Path) -> None:
    particles = {"h": {"mass": "m", "width": "w", "production": {"ggH": "gg"}, "decays": {"tt": 0.5}}}
    # At 500 GeV and 15 GeV the relative width is 0.03: the middle of both axes, (1 + 2 + 3 + 4) / 4 = 2.5.
    # Rate 10 x 0.5 = 5.
    point = {"m": 500.0, "w": 15.0, "gg": 10.0}
    assert ratios(decide(tmp_path, {"wide": WIDE}, particles, point)) == pytest.approx(
        (5 / 2.5, 5 / 5.0), rel=1e-14
    )
    # Widths are allowed up to a tenth beyond the table, with the value of its end: (2 + 4) / 2 = 3.
    wider = decide(tmp_path, {"wide": WIDE}, particles, {**point, "w": 27.4})
    assert ratios(wider) == pytest.approx((5 / 3.0, 5 / 6.0), rel=1e-14)
    assert decide(tmp_path, {"wide": WIDE}, particles, {**point, "w": 27.6}).limit is None
    absolute = changed(WIDE, analysis__relativeWidth=False)
    narrow = decide(tmp_path, {"wide": absolute}, particles, {**point, "w": 0.03})
    assert ratios(narrow) == pytest.approx((5 / 2.5, 5 / 5.0), rel=1e-14)


def test_chain(tmp_path: Path) -> None:
    mother = {
        "mass": 400.0, "production": {"ggH": "gg", "bbH": "bb"}, "decays": {"Z H": "br"},
    }  # fmt: skip
    daughter = {"mass": 125.0, "decays": {"bb": 0.6, "tautau": 0.1}}
    # Rate (2 + 1) 0.5 (0.6 + 0.1) = 1.05. Limit: in the mother's mass the middle, in the daughter's a quarter:
    # 100 GeV (0.1 + 0.3) / 2 = 0.2, 200 GeV (0.2 + 0.4) / 2 = 0.3; 0.75 x 0.2 + 0.25 x 0.3 = 0.225; observed twice.
    found = limits(tmp_path, {"A": mother, "H": daughter}, {"chain": CHAIN})
    point = {"gg": 2.0, "bb": 1.0, "br": 0.5}
    for decision in found.explain(point):  # it counts for mother and daughter
        assert ratios(decision) == pytest.approx((1.05 / 0.225, 1.05 / 0.45), rel=1e-14)
        assert decision.contributing == (("A",), ("H",))
    # With acceptances 0.5 and 0.25: (2 x 0.5 + 1 x 0.25) 0.5 x 0.7 = 0.4375.
    halved = changed(
        CHAIN, analysis__productionAcceptances=[{"constantAcceptance": 0.5}, {"constantAcceptance": 0.25}]
    )
    less = limits(tmp_path, {"A": mother, "H": daughter}, {"chain": halved}).explain(point)[0]
    assert less.expected == pytest.approx(0.4375 / 0.225, rel=1e-14)


def test_pair_of_daughters(tmp_path: Path) -> None:
    h = {"mass": 125.0, "decays": {"bb": 0.6, "tautau": 0.1}}
    mother = {"mass": 400.0, "production": {"ggH": "gg"}, "decays": {"h h": 0.5}}
    # Two of a kind: bb bb 0.36, bb tautau twice 0.12, tautau tautau 0.01: (0.6 + 0.1)^2 = 0.49. Rate 2 0.5 0.49 =
    # 0.49. Limit in the middle of both masses: 0.25, observed 0.1.
    found = decide(tmp_path, {"pair": PAIR}, {"X": mother, "h": h}, {"gg": 2.0})
    assert ratios(found) == pytest.approx((0.49 / 0.25, 4.9), rel=1e-14)
    assert found.contributing == (("X",), ("h",), ("h",))
    # bb on one side and tau tau on the other is one unordered pair: 2 x 0.6 x 0.1.
    apart = changed(PAIR, process__firstDecay=["bb"], process__secondDecay=["tautau"])
    once = decide(tmp_path, {"pair": apart}, {"X": mother, "h": h}, {"gg": 2.0})
    assert once.expected == pytest.approx(2.0 * 0.5 * 0.12 / 0.25, rel=1e-14)


def test_daughters_of_unequal_masses(tmp_path: Path) -> None:
    h, s = ({"mass": mass, "decays": {"bb": 0.5}} for mass in (125.0, "m_s"))
    mother = {"mass": 400.0, "production": {"ggH": "gg"}, "decays": {"s h": 0.5}}
    particles = {"X": mother, "h": h, "s": s}
    files = {"pair": changed(PAIR, process__firstDecay=["bb"], process__secondDecay=["bb"])}
    # 5 + 5 GeV of resolution: a limit on equal masses meets 125 and 134 GeV, but not 125 and 136 GeV.
    # Beyond 5 GeV the two are no cluster, so that (s, h) and (h, s) are two processes, each of a rate of
    # 2 0.5 0.25 = 0.25; as the first daughter h is at 125 GeV, s at 134 GeV: 0.25 and 0.2 + 0.1 x 34 / 50 = 0.268.
    assert decide(tmp_path, files, particles, {"gg": 2.0, "m_s": 134.0}).expected == pytest.approx(0.25 / 0.25)
    assert decide(tmp_path, files, particles, {"gg": 2.0, "m_s": 136.0}).limit is None
    # Within 5 GeV they are one cluster in both roles, and both orders add up: 0.5, at the mean mass of 127 GeV.
    near = decide(tmp_path, files, particles, {"gg": 2.0, "m_s": 129.0})
    assert near.expected == pytest.approx(0.5 / 0.254, rel=1e-14)
    assert near.contributing == (("X",), ("h", "s"), ("h", "s"))


def test_pair_production(tmp_path: Path) -> None:
    particles = {"Hp": {"mass": "m", "charge": "single", "decays": {"taunu": 0.7, "cs": 0.3}}}
    # H+ and H- can be told apart: 0.7 (0.7 + 0.3) = 0.7. Rate 0.4 x 0.7 = 0.28, limit at 80 GeV 0.2, observed 0.15.
    found = decide(
        tmp_path, {"lep": PRODUCED}, particles, {"m": 80.0, "ee": 0.4}, pair_production={"LEP": {"Hp Hp": "ee"}}
    )
    assert ratios(found) == pytest.approx((0.28 / 0.2, 0.28 / 0.15), rel=1e-14)
    wrong_collider = limits(tmp_path, particles, {"lep": PRODUCED, "taus": TAUS}, pair_production={"Hp Hp": "ee"})
    assert [use.state for use in wrong_collider.uses] == ["not applied", "not applied"]


def test_likelihood(tmp_path: Path) -> None:
    # q at 300 GeV is the mean of the masses: 0, 6, 24 at rates of 0, 1, 2. CLs is 0.05 where the expected q is
    # 3.841459 (1.959964 sigma): at a rate of 3.841459 / 6 = 0.6402431. The rate is 1.6: 2.4990 times as much.
    point = {"m_h": 300.0, "gg_h": 4.0, "bb_h": 0.0, "tautau_h": 0.4}
    expected = 1.6 * 6.0 / 3.841458820694124
    decision = decide(tmp_path, {"llh": LIKELIHOOD}, H, point)
    assert ratios(decision) == pytest.approx((expected, expected), rel=1e-10)  # data as expected: the same CLs
    weak = changed(LIKELIHOOD, analysis__likelihood__expected=[0.0, 1e-3, 2e-3, 0.0, 1e-3, 2e-3])
    assert decide(tmp_path, {"llh": weak}, H, point).limit is None  # no rate of the table is excluded


def test_likelihood_of_two_rates(tmp_path: Path) -> None:
    # k = 1.5 at 300 GeV; rates x = 0.1 and y = 0.4: expected q = 1.5 (0.8 + 0.8) s = 2.4 s, so s = 1.600608.
    # Observed q = 1.2 s is below the expected one, A = 2.4 s: CLs = (1 - Phi(sqrt q)) / Phi(sqrt A - sqrt q).
    # At s = 2.6567 (q = 3.1880, A = 6.3761): (1 - Phi(1.78550)) / Phi(0.73960) = 0.037094 / 0.77023 = 0.04816;
    # at s = 2.58 (q = 3.0960, A = 6.1920): (1 - Phi(1.75954)) / Phi(0.72883) = 0.039243 / 0.76695 = 0.05117.
    point = {"m_h": 300.0, "gg_h": 0.5, "bb_h": 2.0, "tautau_h": 0.2}
    decision = decide(tmp_path, {"llh": TWO_RATES}, H, point)
    assert decision.expected == pytest.approx(2.4 / 3.841458820694124, rel=1e-10)
    assert 1 / 2.6567 < decision.observed < 1 / 2.58


def test_applies_half_a_resolution_beyond_the_grid(tmp_path: Path) -> None:
    # 200 - 0.5 x 0.1 x 200 = 190 and 500 + 25 = 525 GeV, with the values of the ends.
    for mass, expected in ((189.9, 0.0), (190.1, 0.15 / 0.4), (524.9, 0.15 / 0.1), (525.1, 0.0)):
        assert decide(tmp_path, {"taus": TAUS}, H, {**POINT, "m_h": mass}).expected == pytest.approx(expected)


def test_states_within_the_resolution_add_up(tmp_path: Path) -> None:
    particles = {name: neutral(name) for name in ("h", "H")}
    point = {**POINT, "m_H": 260.0, "gg_H": 2.0, "bb_H": 1.0, "tautau_H": 0.1}
    found = limits(tmp_path, particles, {"taus": TAUS}).explain(point)
    # 10 GeV apart, and 0.1 x 255 GeV of resolution. Rates 0.15 + 0.3 = 0.45 at (250 x 0.15 + 260 x 0.3) / 0.45 =
    # 256.667 GeV: limit 0.4 - 0.2 x 0.56667 = 0.286667.
    for decision in found:
        assert decision.expected == pytest.approx(0.45 / (0.4 - 0.2 * (17 / 30)), rel=1e-14)
        assert decision.contributing == (("h", "H"),)
    # 30 GeV apart, and 26.5 GeV of resolution: each alone.
    alone = limits(tmp_path, particles, {"taus": TAUS}).explain({**point, "m_H": 280.0})
    assert [d.expected for d in alone] == pytest.approx([0.15 / 0.3, 0.3 / 0.24], rel=1e-14)


def test_a_state_between_two_others_is_in_two_clusters(tmp_path: Path) -> None:
    particles = {name: neutral(name) for name in "abc"}
    point = {f"{what}_{name}": 0.1 for name in "abc" for what in ("gg", "tautau")}
    point |= {f"bb_{name}": 0.0 for name in "abc"} | {"m_a": 250.0, "m_b": 270.0, "m_c": 290.0}
    # a to c are 40 GeV apart, more than 27: the clusters are {a, b} at 260 and {b, c} at 280 GeV, of 0.02 each.
    # The second has the lower limit, 0.4 - 0.2 x 0.8 = 0.24, and decides for b.
    found = limits(tmp_path, particles, {"taus": TAUS}).explain(point)
    assert [d.contributing for d in found] == [(("a", "b"),), (("b", "c"),), (("b", "c"),)]
    assert [d.expected for d in found] == pytest.approx([0.02 / 0.28, 0.02 / 0.24, 0.02 / 0.24], rel=1e-14)


def test_the_most_sensitive_limit_decides(tmp_path: Path) -> None:
    # Expected 0.15 / 0.3 = 0.5 by the first, 0.15 / 0.25 = 0.6 by the second: that decides with its observed
    # limit of 1.0, though the first one would exclude with 0.01.
    first = changed(TAUS, analysis__limit__observed=[0.01, 0.01, 0.01])
    second = changed(TAUS, id=9, analysis__limit={"expected": [0.25] * 3, "observed": [1.0] * 3})
    found = limits(tmp_path, H, {"first": first, "second": second})
    decision = found.explain(POINT)[0]
    assert ratios(decision) == pytest.approx((0.6, 0.15), rel=1e-14)
    assert decision.limit is not None
    assert decision.limit.number == 9


def test_what_is_far_from_sensitive_decides_nothing(tmp_path: Path) -> None:
    # Expected ratio 0.15 / 1600, below 1e-4: dropped, whatever the observed one is. 0.17 / 1600 is above.
    strict = changed(TAUS, analysis__limit={"expected": [1600.0] * 3, "observed": [0.01] * 3})
    assert decide(tmp_path, {"taus": strict}, H, POINT).limit is None
    assert decide(tmp_path, {"taus": strict}, H, {**POINT, "gg_h": 1.2}).observed == pytest.approx(17.0)


def test_cp(tmp_path: Path) -> None:
    odd = changed(TAUS, constraints=[{"CPValue": "odd"}])
    assert decide(tmp_path, {"taus": odd}, {"h": neutral("h", cp="odd")}, POINT).expected == pytest.approx(0.5)
    found = limits(tmp_path, {"h": neutral("h"), "A": neutral("A", cp="odd")}, {"taus": odd})
    assert found.uses[0].remarks == ("not to h: assumes cp odd, and it is undefined",)


def test_muons_as_taus(tmp_path: Path) -> None:
    # (m_mu / m_tau)^2 = 0.0035357; at 250 GeV the velocity is 1 to 1e-4. 5.5 % off is too much.
    files = {"taus": changed(TAUS, constraints=[{"mumuTautauRatio": "even"}])}
    particles = {"h": neutral("h", decays={"tautau": "tautau_h", "mumu": "mumu_h"})}
    for factor, applies in ((1.0, True), (1.05, True), (1.06, False), (0.94, False)):
        decision = decide(tmp_path, files, particles, {**POINT, "mumu_h": 0.1 * 0.0035357 * factor})
        assert (decision.limit is not None) == applies
    assert limits(tmp_path, {"h": neutral("h"), "s": particles["h"]}, files).uses[0].state == "in part"


def test_top_decays(tmp_path: Path) -> None:
    files = {
        "top": changed(
            TAUS, process={"channels": [["brtHpb", "taunu"]]}, constraints=[{"topDecayConsistency": ["brtHpb"]}]
        )
    }
    particles = {"Hp": {"mass": 250.0, "charge": "single", "production": {"brtHpb": "t"}, "decays": {"taunu": 1.0}}}
    # BR(t -> W b) + BR(t -> H+ b) is within 0.02 of 1; the rate is a branching ratio.
    for other, applies in ((0.9, True), (0.885, True), (0.875, False)):
        decision = decide(tmp_path, files, particles, {"t": 0.1, "wb": other}, br_t_Wb="wb")
        assert (decision.limit is not None) == applies
    # What is not said is what the mapped decays leave: only those of other particles may be missing.
    assert decide(tmp_path, files, particles, {"t": 0.1}).expected == pytest.approx(0.1 / 0.3)
    second = {**particles["Hp"], "mass": 900.0, "production": {"brtHpb": "t2"}}
    both = {**particles, "H2p": second}
    assert decide(tmp_path, files, both, {"t": 0.1, "t2": 0.01}).limit is not None
    assert decide(tmp_path, files, both, {"t": 0.1, "t2": 0.03}).limit is None


def test_reference_rates(tmp_path: Path) -> None:
    sm = tmp_path / "sm.dat"
    sm.write_text("mass ggH bbH Htt tautau\n100 40 2 1 0.1\n300 20 1 1 0.1\n", encoding="utf-8")
    # The reference at 250 GeV: 25 x 0.1 + 1.25 x 0.1 = 2.625. The signal strength 0.15 / 2.625 over the limit 0.3.
    strength = changed(TAUS, normalization={"reference": "SMHiggs", "process": "signal"})
    decision = decide(tmp_path, {"taus": strength}, H, POINT, reference=str(sm))
    assert decision.expected == pytest.approx(0.15 / 2.625 / 0.3, rel=1e-14)
    # Without a reference, and beyond it, nothing is known.
    assert decide(tmp_path, {"taus": strength}, H, {**POINT, "m_h": 301.0}, reference=str(sm)).limit is None
    without = limits(tmp_path / "two", H, {"taus": strength, "plain": changed(TAUS, id=9)})
    assert [use.state for use in without.uses] == ["applied", "not applied"]
    # Shares as in the reference: bbH is a twentieth of ggH. Its weight is 1/21: a strength of its own that is
    # larger by x deviates by about 20/21 x / 21, and 2 % are allowed: x = 0.44.
    like = changed(TAUS, constraints=[{"modelLike": "SMHiggs", "process": "signal"}])
    for share, applies in ((1.0, True), (1.4, True), (1.5, False), (0.5, False)):
        point = {**POINT, "bb_h": share / 20.0}
        assert (decide(tmp_path, {"taus": like}, H, point, reference=str(sm)).limit is not None) == applies
    # The top alone in the loop: kappa_t = 0.2 and sigma(ggH) = 25 x 0.2^2 = 1.
    top = changed(TAUS, constraints=[{"topDominatedHgg": True}])
    particles = {"h": neutral("h", cp="even", couplings={"effCPeTopYuk": "kt"})}
    for kappa, applies in ((0.2, True), (0.24, True), (-0.2, True), (0.26, False)):
        decision = decide(tmp_path, {"taus": top}, particles, {**POINT, "kt": kappa}, reference=str(sm))
        assert (decision.limit is not None) == applies
    files = {"taus": top, "plain": changed(TAUS, id=9)}
    undecided = limits(tmp_path / "three", {"h": neutral("h")}, files, reference=str(sm))
    assert undecided.uses[1].state == "not applied"


def test_acceptances(tmp_path: Path) -> None:
    by_mass = {"massDepAcceptance": [0.0, 1.0], "massGrid": [200.0, 300.0]}
    files = {"taus": changed(TAUS, analysis__acceptances=[{"constantAcceptance": 0.5}, by_mass])}
    # At 250 GeV both are 0.5; at 300 GeV the second one is 1: 0.1 (1 x 0.5 + 0.5 x 1) = 0.1 over 0.2.
    assert decide(tmp_path, files, H, POINT).expected == pytest.approx(0.5 * 0.15 / 0.3, rel=1e-14)
    assert decide(tmp_path, files, H, {**POINT, "m_h": 300.0}).expected == pytest.approx(0.1 / 0.2, rel=1e-14)
    # ct^2 0.5 + cp^2 at 250 GeV with ct = 2, cp = 1: (4 x 0.5 + 1 x 0.5) / (ct^2 + cp^2 = 5) = 0.5.
    one = {"constantAcceptance": 1.0}
    couplings = {
        "couplingDepAcceptance": [
            [{"effCPeTopYuk": 2}, {"constantAcceptance": 0.5}],
            [{"effCPoTopYuk": 2}, by_mass],
        ],
        "denominator": [[{"effCPeTopYuk": 2}, one], [{"effCPoTopYuk": 2}, one]],
    }
    files = {"taus": changed(TAUS, analysis__acceptances=[couplings, {"constantAcceptance": 0.0}])}
    particles = {"h": neutral("h", couplings={"effCPeTopYuk": "ct", "effCPoTopYuk": 1.0})}
    found = decide(tmp_path, files, particles, {**POINT, "ct": 2.0})
    assert found.expected == pytest.approx(0.5 * 0.1 / 0.3, rel=1e-14)
    unmapped = limits(tmp_path, H, files).uses[0]
    assert unmapped.remarks == ("h has no coupling effCPeTopYuk", "h has no coupling effCPoTopYuk")
