"""The kind `search`: limits at and between the entries of a record, what decides, and the likelihood."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr
from support.alone import assert_alone_as_in_a_batch

from terranova import CLsLimit
from terranova.plugins.higgs_limits.search import Search
from terranova.plugins.higgs_limits.search_records import read_table

RECORD: dict[str, Any] = {
    "title": "made up",
    "experiment": "ATLAS",
    "luminosity": 139,
    "doi": "10.1000/xyz",
    "date": "2022-07-01",
    "table": "table 1",
    "hepdata": "none: made up",
    "quantity": "sigma BR",
    "unit": "fb",
    "confidence": 0.95,
    "mass_resolution": 0.1,
    "axes": [{"quantity": "mass", "unit": "GeV", "values": [200, 300, 500]}],
    "observed": [100.0, 50.0, 10.0],
    "expected": [80.0, 60.0, 12.0],
}
ONE = {"h": {"mass": "m", "rate": [["sigma", "br"]]}}


def search(folder: Path, record: dict[str, Any], signals: dict[str, Any] = ONE, **keys: Any) -> Search:
    """Write a record, and return the constraint on it."""
    file = folder / "record.json"
    file.write_text(json.dumps(record))
    return Search(name="s", record=str(file), signals=signals, source="doi:10.1000/xyz", date="2022-07-01", **keys)


def values(constraint: Search, **columns: Any) -> np.ndarray:
    """Return values (n, observables) from columns by name."""
    return np.column_stack(np.broadcast_arrays(*(np.atleast_1d(columns[name]) for name in constraint.observables)))


def test_the_published_limits_are_met_at_and_between_their_masses(tmp_path: Path) -> None:
    found = search(tmp_path, RECORD)
    assert found.observables == ("m", "sigma", "br")
    assert found.units == {"m": "GeV", "sigma": "pb", "br": "1"}
    masses, limits = np.array([200.0, 250.0, 300.0, 400.0, 500.0]), np.array([0.1, 0.075, 0.05, 0.03, 0.01])
    at = values(found, m=masses, sigma=2.0 * limits * (1 + 1e-12), br=0.5)
    below = values(found, m=masses, sigma=2.0 * limits * (1 - 1e-12), br=0.5)
    assert (found.violation(at) > 0.0).all()
    assert (found.violation(below) == 0.0).all()
    assert found.margin(values(found, m=masses, sigma=6.0 * limits, br=0.5)) == pytest.approx(2.0)


def test_nothing_is_known_beyond_the_masses(tmp_path: Path) -> None:
    found = search(tmp_path, RECORD)
    outside = values(found, m=[199.9, 500.1, 50.0], sigma=1e6, br=1.0)
    assert (found.violation(outside) == 0.0).all()
    assert (found.loglike(outside) == 0.0).all()
    only = search(tmp_path, RECORD, between=(250.0, 400.0))
    rates = values(only, m=[240.0, 250.0, 400.0, 410.0], sigma=1e6, br=1.0)
    assert ((only.violation(rates) > 0.0) == [False, True, True, False]).all()


@pytest.mark.parametrize("rate", [0.0, 0.02, 0.05, 0.3])
def test_the_likelihood_is_that_of_a_cls_limit_and_rewards_no_excess(tmp_path: Path, rate: float) -> None:
    """Equation 16 of arXiv:1007.1727: relative to no signal for a deficit, to the measured signal for an excess."""
    found = search(tmp_path, RECORD)
    for mass, observed, expected in ((200.0, 0.1, 0.08), (300.0, 0.05, 0.06), (400.0, 0.03, 0.036)):
        cls = CLsLimit(name="c", observables=("r",), observed=observed, expected=expected, source="doi:10.1000/xyz")
        measured = max(cls.measurement[0], 0.0)
        relative = np.diff(cls.loglike(np.array([[measured], [max(rate, measured)]])))
        got = found.loglike(values(found, m=mass, sigma=rate, br=1.0))
        assert got == pytest.approx(relative, rel=1e-3, abs=1e-3)
        assert got <= 0.0


def test_at_the_limit_cls_is_five_per_cent(tmp_path: Path) -> None:
    found = search(tmp_path, RECORD)
    sigma = 0.08 / 1.959963984540054
    chi2 = -2.0 * found.loglike(values(found, m=200.0, sigma=[0.1, 0.05], br=1.0))
    # Two values of a parabola with a known width give its centre m.
    m = (0.1**2 - 0.05**2 - sigma**2 * (chi2[0] - chi2[1])) / (2.0 * 0.05)
    assert ndtr((m - 0.1) / sigma) / ndtr(m / sigma) == pytest.approx(0.05, rel=1e-3)


def test_without_an_expected_limit_it_is_half_a_gaussian(tmp_path: Path) -> None:
    found = search(tmp_path, {key: value for key, value in RECORD.items() if key != "expected"})
    got = found.loglike(values(found, m=200.0, sigma=[0.1, 0.05], br=1.0))
    assert -2.0 * got == pytest.approx([2.7055, 2.7055 / 4], rel=1e-4)


TWO = {"a": {"mass": "m_a", "rate": [["s_a"]]}, "b": {"mass": "m_b", "rate": [["s_b"]]}}


def test_states_within_the_resolution_add_up(tmp_path: Path) -> None:
    found = search(tmp_path, RECORD, TWO)
    near = values(found, m_a=200.0, s_a=0.07, m_b=[215.0, 230.0], s_b=0.04)
    observed, _ = found.ratios(near)
    assert observed[0] == pytest.approx([0.11 / 0.1, 0.11 / 0.0925])
    assert observed[1] == pytest.approx([0.07 / 0.1, 0.04 / 0.085])
    assert ((found.violation(near) > 0.0) == [True, False]).all()


def test_the_most_sensitive_state_decides(tmp_path: Path) -> None:
    """As in HiggsTools: of a second state, less sensitive, an unlucky observation does not count."""
    record = {**RECORD, "mass_resolution": 0.0, "observed": [100.0, 50.0, 30.0], "expected": [100.0, 200.0, 10.0]}
    found = search(tmp_path, record, TWO)
    point = values(found, m_a=500.0, s_a=0.02, m_b=300.0, s_b=0.08)
    observed, expected = found.ratios(point)
    assert (observed[0] > 1.0).tolist() == [False, True]
    assert np.argmax(expected[0]) == 0
    assert found.violation(point)[0] == 0.0
    assert "a allowed, 0.6667 of the observed" in found.explain(
        {"m_a": 500.0, "s_a": 0.02, "m_b": 300.0, "s_b": 0.08}
    )


def test_two_masses_and_what_is_missing(tmp_path: Path) -> None:
    record = {
        **RECORD,
        "axes": [
            {"quantity": "mass", "unit": "GeV", "values": [300, 400]},
            {"quantity": "lighter_mass", "unit": "GeV", "values": [130, 150, 300]},
        ],
        "observed": [[10.0, 20.0, None], [30.0, 40.0, 50.0]],
        "expected": [[10.0, 20.0, None], [30.0, 40.0, 50.0]],
    }
    signal = {"AZH": {"mass": "m", "lighter": "l", "rate": [["s", 0.5]]}}
    found = search(tmp_path, record, signal)
    at = values(
        found, m=[300.0, 350.0, 400.0, 350.0, 350.0, 350.0], l=[130.0, 140.0, 300.0, 200.0, 120.0, 301.0], s=0.1
    )
    observed, _ = found.ratios(at)
    # Beside the entry that is missing, and beyond the axes, there is no limit; on the edge there is.
    assert observed[:, 0] == pytest.approx([0.05 / 0.01, 0.05 / 0.025, 0.05 / 0.05, 0.0, 0.0, 0.0])


def test_widths(tmp_path: Path) -> None:
    record = {
        **RECORD,
        "axes": [
            {"quantity": "mass", "unit": "GeV", "values": [200, 400]},
            {"quantity": "relative_width", "unit": "per cent", "values": [1, 5]},
        ],
        "observed": [[10.0, 20.0], [10.0, 20.0]],
        "expected": [[10.0, 20.0], [10.0, 20.0]],
    }
    signal = {"h": {"mass": "m", "width": "w", "rate": [["s"]]}}
    found = search(tmp_path, record, signal)
    at = values(found, m=200.0, w=[0.1, 2.0, 6.0, 10.0, 10.1], s=0.02)
    assert found.ratios(at)[0][:, 0] == pytest.approx([2.0, 2.0, 0.02 / 0.015, 1.0, 0.0])
    narrow = search(tmp_path, {**RECORD, "largest_width": 0.05}, signal)
    at = values(narrow, m=200.0, w=[10.0, 10.1], s=1.0)
    assert narrow.ratios(at)[0][:, 0] == pytest.approx([10.0, 0.0])


def test_acceptance_of_a_fiducial_limit(tmp_path: Path) -> None:
    found = search(tmp_path, {**RECORD, "acceptance": {"mass": [200, 400], "factor": [0.5, 0.7]}})
    at = values(found, m=[200.0, 300.0, 500.0], sigma=0.1, br=1.0)
    assert found.ratios(at)[0][:, 0] == pytest.approx([0.05 / 0.1, 0.06 / 0.05, 0.07 / 0.01])


def test_a_point_alone_and_in_a_batch(tmp_path: Path) -> None:
    found = search(tmp_path, RECORD, TWO)
    rng = np.random.default_rng(3)
    many = rng.uniform([150.0, 0.0, 150.0, 0.0], [550.0, 0.2, 550.0, 0.2], size=(50, 4))
    assert_alone_as_in_a_batch(found, many, (0, 17, 49))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "nb"}, "unit: expected pb, fb, 1, got 'nb'"),
        ({"observed": [1.0, 2.0]}, "observed: expected 3 numbers"),
        ({"observed": [1.0, -2.0, 3.0]}, "observed: expected positive numbers"),
        ({"title": ""}, "title: expected text"),
        ({"mass_resolution": 1.5}, "mass_resolution: expected a number from 0 to 1"),
        ({"axes": [{"quantity": "mass", "unit": "TeV", "values": [1, 2, 3]}]}, "axes.0.unit: expected GeV"),
        ({"axes": [{"quantity": "mass", "unit": "GeV", "values": [1, 3, 2]}]}, "increasing numbers"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"record\.json: ") as error:
        search(tmp_path, {**RECORD, **change})
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("signals", "message"),
    [
        ({}, "at least one signal"),
        ({"h": {"mass": "m"}}, "signals.h.rate: missing"),
        ({"h": {"mass": "m", "rate": ["sigma"]}}, "a list of products"),
        ({"h": {"mass": "m", "rates": [["s"]], "rate": [["s"]]}}, "unknown key"),
        ({"h": {"mass": "m", "lighter": "l", "rate": [["s"]]}}, "no axis of lighter_mass"),
        ({"h": {"mass": "m", "rate": [["br"], ["s", "br"]]}}, "br is used in 1 and in pb"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(tmp_path: Path, signals: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        search(tmp_path, RECORD, signals)
    assert message in str(error.value)


def test_a_changed_record_is_noticed_and_a_moved_one_is_the_same(tmp_path: Path) -> None:
    from terranova.runs.provenance import _fingerprint

    found = search(tmp_path, RECORD)
    other = tmp_path / "elsewhere"
    other.mkdir()
    assert _fingerprint(search(other, RECORD)) == _fingerprint(found)
    changed = {**RECORD, "observed": [100.0, 50.0, 11.0]}
    assert _fingerprint(search(other, changed)) != _fingerprint(found)
    with pytest.raises(ValueError, match="has changed"):
        search(tmp_path, changed, digest=found.digest)


def test_every_record_of_the_package_can_be_looked_up() -> None:
    import terranova

    folder = Path(terranova.__file__).resolve().parent / "constraints" / "thdm3" / "searches"
    files = sorted(folder.glob("*.json"))
    assert len(files) > 30
    for file in files:
        record = read_table(file.read_bytes(), file.name)
        assert "arXiv:" in record.citation
        if record.expected is not None:
            ratio = record.observed / record.expected
            known = ratio[np.isfinite(ratio)]
            assert (known > 0.2).all(), file.name
            assert (known < 5.0).all(), file.name


def test_searches_answer_together_as_each_does(tmp_path: Path) -> None:
    signals = {
        "h": {"mass": "m", "rate": [["sigma", "br"]], "width": "w"},
        "H": {"mass": "m2", "rate": [["sigma2", 0.5], ["sigma"]], "width": "w2"},
    }
    records = [
        RECORD,
        {**RECORD, "largest_width": 0.05},
        {key: value for key, value in RECORD.items() if key != "expected"},
        {
            **RECORD,
            "confidence": 0.9,
            "axes": [*RECORD["axes"], {"quantity": "width", "unit": "GeV", "values": [1, 20]}],
            "observed": [[100, 150], [50, 80], [None, 12]],
            "expected": [[90, 150], [70, 80], [None, 10]],
        },
        {**RECORD, "acceptance": {"mass": [200, 400], "factor": [0.5, 0.7]}},
    ]
    searches = []
    for i, record in enumerate(records):
        folder = tmp_path / str(i)
        folder.mkdir()
        searches.append(search(folder, record, signals, scale=1.0 + i))
    panel = Search.panel(searches)
    assert panel is not None
    names = list(panel.observables)
    rng = np.random.default_rng(3)
    scale = {"m": 300.0, "m2": 300.0, "w": 15.0, "w2": 15.0, "br": 1.0, "sigma": 0.2, "sigma2": 0.3}
    table = np.column_stack([scale[name] * rng.uniform(0.4, 1.8, 500) for name in names])
    margins, loglikes = panel.judge(table)
    for one, margin, loglike in zip(searches, margins.T, loglikes.T, strict=True):
        own = np.ascontiguousarray(table[:, [names.index(name) for name in one.observables]])
        np.testing.assert_array_equal(margin, one.margin(own))
        np.testing.assert_array_equal(loglike, one.loglike(own))
        assert 0 < (margin > 0).sum() < 500
        assert (loglike < 0).any()


@pytest.mark.integration
@pytest.mark.parametrize("n", [1, 400])
def test_a_panel_says_of_every_search_of_the_package_what_each_says_alone(n: int) -> None:
    import terranova

    group = terranova.problem("thdm3", ["scalars"]).constraints
    searches = [c for c in group if type(c) is Search]
    assert len(searches) > 30
    panel = Search.panel(searches)
    assert panel is not None
    rng = np.random.default_rng(3)
    units = {name: unit for search in searches for name, unit in search.units.items()}
    draw = {"GeV": lambda: 10.0 ** rng.uniform(-1.0, 3.5, n), "pb": lambda: 10.0 ** rng.uniform(-4.0, 2.0, n)}
    columns = {name: draw.get(unit, lambda: rng.uniform(-1.0, 1.0, n))() for name, unit in units.items()}
    margins, terms = panel.judge(np.column_stack([columns[name] for name in panel.observables]))
    for j, search in enumerate(searches):
        alone = search.judge(values(search, **columns))
        np.testing.assert_array_equal(margins[:, j], alone.margin)
        np.testing.assert_allclose(terms[:, j], alone.loglike, rtol=1e-13)
    if n > 1:
        assert ((margins > 0.0).any(axis=0) & (margins < 0.0).any(axis=0)).sum() > 20
