"""Constraint sets that come with terranova: data of today, one home for each datum, and sets for reproduction."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy import stats

import terranova
from terranova import ConstraintSet, Correlated
from terranova.models.physics import sm
from terranova.models.physics.oblique_data import STU, STU_RHO, STU_SIGMA, chi2_oblique
from terranova.models.thdm3 import inclusive
from terranova.registry import registry

CURRENT = ["theory", "electroweak", "higgs-lhc", "flavour"]
AUTHORS = ["theory", "electroweak-2402.07661", "higgs-lhc-2402.07661", "flavour-2402.07661"]


WINDOWS = """
U: [-0.07, 0.13]
BR_bsgamma: [2.80, 3.866667]
kappa_W: [0.74, 1.34]
kappa_Z: [0.77, 1.40]
kappa_t: [0.70, 1.39]
abs_kappa_b: [0.34, 1.72]
kappa_tau: [0.56, 1.55]
mu_ggF_gamgam: [0.83938, 1.2437]
mu_ggF_ZZ: [0.74217, 1.17125]
mu_ggF_WW: [0.88858, 1.40064]
mu_ggF_tautau: [0.38512, 1.4799]
mu_VBF_bb: [0.25467, 1.73147]
mu_VBF_gamgam: [0.82778, 1.95134]
mu_VBF_ZZ: [0.4666, 2.37018]
mu_VBF_WW: [0.7614, 1.51746]
mu_VBF_tautau: [0.63258, 1.411]
mu_VH_gamgam: [0.51316, 2.6488]
mu_VH_ZZ: [-0.3778, 3.8327]
mu_VH_WW: [0.2203, 4.6871]
mu_VH_tautau: [-0.18588, 2.25236]
mu_VH_bb: [0.5496, 1.4926]
mu_ttH_gamgam: [0.28385, 1.55607]
mu_ttH_ZZ: [-0.5298, 5.0474]
mu_ttH_WW: [0.41174, 2.93806]
mu_ttH_tautau: [-0.13248, 3.09174]
mu_ttH_bb: [-0.31177, 1.03061]
"""
"""The accepted intervals as they were when this was the only reading of the data."""


def _set(name: str, model: str = "thdm3") -> ConstraintSet:
    found = registry().get("constraints", name, model=model).target
    assert isinstance(found, ConstraintSet)
    return found


def _built_in() -> list[ConstraintSet]:
    mine = [p for p in registry().of_kind("constraints") if p.origin.endswith(": terranova.constraints")]
    return [plugin.target for plugin in mine]


def test_the_sets_for_reproduction_have_the_windows_of_the_authors() -> None:
    windows = {c.name: c.window() for name in AUTHORS[1:] for c in _set(name) if len(c.observables) == 1}
    expected = yaml.safe_load(WINDOWS)
    assert set(windows) == set(expected)
    for name, window in windows.items():
        assert window == pytest.approx(expected[name], abs=6e-6), name
    ellipse = next(iter(_set(AUTHORS[1])))
    assert isinstance(ellipse, Correlated)
    assert ellipse.chi2(np.zeros((1, 2)))[0] == pytest.approx(4.37, abs=5e-3)
    assert ellipse.max_chi2 == 5.99
    assert len(terranova.problem("thdm3", AUTHORS).constraints) == 61 - 6


@pytest.mark.parametrize(("one", "other"), list(zip(CURRENT[1:], AUTHORS[1:], strict=True)))
def test_two_readings_of_one_measurement_are_alternatives(one: str, other: str) -> None:
    with pytest.raises(terranova.errors.ConfigError, match="alternatives"):
        terranova.problem("thdm3", [one, other])


def test_all_models_have_one_set_of_oblique_parameters() -> None:
    shared = registry().get("constraints", "electroweak", model="thdm3")
    for model in ("scotogenic-ci37", "scotogenic-full43"):
        assert registry().get("constraints", "electroweak", model=model) is shared
    (stu,) = shared.target
    assert isinstance(stu, Correlated)
    assert stu.values == pytest.approx(STU)
    assert stu.sigmas == pytest.approx(STU_SIGMA)
    np.testing.assert_allclose(stu.correlation, STU_RHO)
    at = np.array([[0.05, 0.1, 0.01]])
    assert stu.chi2(at)[0] == pytest.approx(chi2_oblique(*at[0]))
    assert stu.violation(np.zeros((1, 3)))[0] == 0.0


def test_the_correlations_are_those_of_the_fit_without_u() -> None:
    """At U = 0 the fit of three is that of two, of the same review: S = -0.05(7), T = 0.00(6)."""
    given_u = STU_RHO[:2, 2] * STU_SIGMA[:2] / STU_SIGMA[2]
    centre = STU[:2] - given_u * STU[2]
    errors = STU_SIGMA[:2] * np.sqrt(1.0 - STU_RHO[:2, 2] ** 2)
    np.testing.assert_allclose(centre, [-0.05, 0.00], atol=5e-3)
    np.testing.assert_allclose(errors, [0.07, 0.06], atol=5e-3)


def test_every_datum_of_today_is_taken_once() -> None:
    """Couplings are derived from the rates; S, T, U are of one fit."""
    problem = terranova.problem("thdm3", CURRENT)
    read = [name for c in problem.constraints for name in c.measured]
    assert len(read) == len(set(read))
    assert not [name for name in read if name.startswith(("kappa", "abs_kappa"))]
    assert sum(c.measurements for c in problem.constraints) == 3 + 7 + 4


def test_limits_are_no_measurements_of_the_example() -> None:
    """Counted as measurements they had made p = 0.25 of the data of arXiv:2402.07661 to 0.76."""
    kappas = ["kappa_W", "kappa_Z", "kappa_t", "abs_kappa_b", "kappa_tau"]
    sets = [{"name": name, "without": kappas} if "lhc" in name else name for name in AUTHORS]
    problem = terranova.problem("thdm3", [*sets, "scalars"])
    freedom = sum(c.measurements for c in problem.constraints) - problem.search_space.dimension
    assert freedom == 23 - 16
    assert stats.chi2.sf(9.05, freedom) == pytest.approx(0.25, abs=5e-3)


def test_rates_of_the_standard_model_are_accepted_and_no_common_factor_of_0_8() -> None:
    """What all rates have in common is 1.01 +- 0.05, as CMS alone has it: 1.014 +0.055 -0.053, arXiv:2602.18611."""
    (rates,) = _set("higgs-lhc")
    assert isinstance(rates, Correlated)
    factors = np.linspace(0.8, 1.2, 4001)
    chi2 = rates.chi2(factors[:, None] * np.ones(7))
    inside = factors[chi2 < chi2.min() + 1.0]
    assert factors[chi2.argmin()] == pytest.approx(1.014, abs=0.01)
    assert (inside[-1] - inside[0]) / 2 == pytest.approx(0.054, abs=0.005)
    assert rates.violation(np.ones((1, 7)))[0] == 0.0
    assert rates.largest_chi2 == pytest.approx(rates.chi2(np.ones((1, 7)))[0] + 11.83)
    assert rates.violation(np.full((1, 7), 0.8))[0] > 0.0


def test_errors_of_theory_of_the_rates_follow_from_those_of_widths_and_cross_sections() -> None:
    """Errors in percent of widths and cross sections of the LHC Higgs working group, arXiv:1610.07922."""
    (rates,) = _set("higgs-lhc")
    assert isinstance(rates, Correlated)
    assert rates.theory is not None
    given = {name: entry.get("sigma", entry.get("relative")) for name, entry in rates.theory.items()}
    widths = {"m_b": {"bb": 1.7}, "alpha_s": {"bb": -1.4, "cc": -1.9, "gg": 3.0}}
    for name, errors in widths.items():
        total = sum(sm.HIGGS_BRANCHING[decay] * error for decay, error in errors.items())
        expected = [errors.get(str(o).rpartition("_")[2], 0.0) - total for o in rates.observables]
        np.testing.assert_allclose(100.0 * np.array(given[name]), expected, atol=0.02)
    others = inclusive.VBF + inclusive.WH + inclusive.ZH + inclusive.TTH + inclusive.BBH
    share = inclusive.GGF / (inclusive.GGF + others)
    assert 100.0 * given["ggF"] == pytest.approx(share * np.hypot(3.9, 3.2), abs=0.05)
    vh = inclusive.WH * np.hypot(0.6, 1.9) + inclusive.ZH * np.hypot(3.5, 1.6)
    assert 100.0 * given["VH"] == pytest.approx(vh / (inclusive.WH + inclusive.ZH), abs=0.05)


def test_data_that_come_with_terranova_say_how_old_they_are() -> None:
    for group in _built_in():
        if not group.reproduces and any(c.date for c in group):
            assert group.updated, group.name
            assert not group.outdated(date(2026, 12, 1)), group.name


def test_sets_that_reproduce_a_publication_never_age() -> None:
    frozen = {group.name for group in _built_in() if group.reproduces}
    assert {*AUTHORS[1:], "g2-wp20", "alp-belle2-2311.14629"} <= frozen
    assert not any(_set(name).outdated(date(2099, 1, 1)) for name in AUTHORS[1:])


def test_every_search_says_what_to_cite() -> None:
    for constraint in _set("scalars"):
        assert any("arXiv:" in reference for reference in constraint.references), constraint.name


def test_every_record_of_a_search_says_what_of_its_citation_was_confirmed() -> None:
    [folder] = {
        Path(c.record).parent for c in terranova.problem("thdm3", ["scalars"]).constraints if c.kind == "search"
    }
    records = sorted(folder.rglob("*.json"))
    assert len(records) == 37
    for file in records:
        record = json.loads(file.read_text())
        assert record["confirmed"], file.name
        assert (
            "from memory" in record["confirmed"] or "doi" in record["confirmed"] or "journal" in record["confirmed"]
        )
