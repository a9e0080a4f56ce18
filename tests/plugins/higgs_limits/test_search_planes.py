"""The kind `search-planes`: a Gaussian likelihood of two rates, whose limits are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr
from support.alone import assert_alone_as_in_a_batch
from support.higgs_files import COMMON

from terranova.plugins.higgs_limits.constraint import HiggsLimits
from terranova.plugins.higgs_limits.search_planes import SearchPlanes

SIGMA = {200.0: (0.1, 0.04), 300.0: (0.05, 0.02)}
RATES = np.concatenate([np.linspace(0.0, 4.0, 401), [8.0, 100.0]])
SIGNALS = {name: {"mass": f"m_{name}", "rates": [[[f"gg_{name}", 0.5]], [[f"bb_{name}"]]]} for name in ("h", "A")}


def planes(folder: Path, excess: float = 0.0, **changes: Any) -> SearchPlanes:
    """Return the constraint on a record in fb, of a measurement with so many standard deviations of signal gg."""
    found = []
    for mass, (s_gg, s_bb) in SIGMA.items():
        x, y = np.meshgrid(RATES, RATES, indexing="ij")
        expected = x**2 + y**2
        observed = (x - excess) ** 2 + y**2
        # Less the least value between no signal and the point: at the share (x excess) / (x^2 + y^2) of it.
        share = np.clip(x * excess / np.maximum(expected, 1e-300), 0.0, 1.0)
        observed = np.maximum(observed - (share * x - excess) ** 2 - (share * y) ** 2, 0.0)
        axes = [(1e3 * s_gg * RATES).tolist(), (1e3 * s_bb * RATES).tolist()]
        found.append({"mass": mass, "rates": axes, "observed": observed.tolist(), "expected": expected.tolist()})
    record = {
        "title": "made up",
        "experiment": "ATLAS",
        "luminosity": 139,
        "doi": "10.1000/xyz",
        "date": "2022-07-01",
        "table": "table 1",
        "hepdata": "none: made up",
        "quantity": "q of two rates",
        "unit": "fb",
        "confidence": 0.95,
        "mass_resolution": 0.1,
        "planes": found,
        **changes,
    }
    file = folder / "planes.json"
    file.write_text(json.dumps(record))
    return SearchPlanes(name="p", record=str(file), signals=SIGNALS, source="doi:10.1000/xyz", date="2022-07-01")


def point(found: SearchPlanes, **given: float) -> np.ndarray:
    """Return values (1, observables); a second state is far away."""
    return np.array([[{"m_h": 200.0, "m_A": 1e4, **given}.get(name, 0.0) for name in found.observables]])


def test_the_limit_of_a_gaussian(tmp_path: Path) -> None:
    """Without an excess CLs of a rate r is 2 Phi(-r / sigma): 5 % at 1.96 sigma, along both rates and any ray."""
    found = planes(tmp_path)
    assert found.units == {"m_h": "GeV", "gg_h": "pb", "bb_h": "pb", "m_A": "GeV", "gg_A": "pb", "bb_A": "pb"}
    for mass, (s_gg, s_bb) in SIGMA.items():
        for angle in (0.0, 0.7, np.pi / 2):
            gg, bb = 2.0 * s_gg * np.cos(angle), s_bb * np.sin(angle)  # the factor 1/2 of the rate
            for pulls, allowed in ((1.95, True), (1.97, False), (50.0, False)):
                at = point(found, m_h=mass, gg_h=pulls * gg, bb_h=pulls * bb)
                assert (found.violation(at)[0] == 0.0) == allowed
                if pulls < 4.0:
                    assert found.margin(at)[0] == pytest.approx(np.log(0.05 / (2.0 * ndtr(-pulls))), abs=2e-3)
                    assert found.loglike(at)[0] == pytest.approx(-0.5 * pulls**2, abs=1e-3)


def test_an_excess_weakens_the_limit(tmp_path: Path) -> None:
    found = planes(tmp_path, excess=1.5)
    at = point(found, gg_h=2.0 * 0.1 * 3.0)  # 3 sigma of signal where 1.5 were seen
    wanted = np.log(ndtr(-1.5) / ndtr(1.5))
    assert found.margin(at)[0] == pytest.approx(np.log(0.05) - wanted, abs=5e-3)
    assert found.loglike(point(found, gg_h=0.2))[0] == 0.0
    # Another rate does not profit from it.
    along_bb = point(found, bb_h=0.04 * 1.97)
    assert found.violation(along_bb)[0] > 0.0


def test_neighbours_add_up_and_distant_states_do_not(tmp_path: Path) -> None:
    found = planes(tmp_path)
    one = {"gg_h": 2.0 * 0.1 * 1.2, "gg_A": 2.0 * 0.1 * 1.2}
    assert found.violation(point(found, **one, m_A=210.0))[0] > 0.0
    assert found.violation(point(found, **one, m_A=230.0))[0] == 0.0
    assert found.loglike(point(found, gg_h=1e3, m_h=199.0))[0] == 0.0


def test_a_point_alone_and_in_a_batch(tmp_path: Path) -> None:
    found = planes(tmp_path, excess=1.0)
    rng = np.random.default_rng(4)
    scale = {"m_h": 400.0, "m_A": 400.0, "gg_h": 0.5, "gg_A": 0.5, "bb_h": 0.1, "bb_A": 0.1}
    many = rng.random((40, 6)) * [scale[name] for name in found.observables]
    assert_alone_as_in_a_batch(found, many, (0, 11, 39))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"unit": "nb"}, "unit: expected pb, fb, 1"),
        ({"planes": []}, "planes: expected"),
        ({"confidence": 0.2}, "confidence: expected a number"),
        ({"title": ""}, "title: expected text"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        planes(tmp_path, **change)


def test_it_excludes_what_the_rules_of_higgstools_exclude(tmp_path: Path) -> None:
    """The same planes as a file of HiggsTools, read by `higgs-limits`: its limit is where this one begins."""
    found = planes(tmp_path, excess=0.8)
    given = json.loads((tmp_path / "planes.json").read_text())
    slices = [
        {
            "mass": plane["mass"],
            "channels": (1e-3 * np.array(plane["rates"])).tolist(),
            **{which: np.ravel(plane[which]).tolist() for which in ("expected", "observed")},
        }
        for plane in given["planes"]
    ]
    file = {
        **COMMON,
        "limitClass": "LikelihoodLimit",
        "process": [{"channels": [["ggH", "tautau"]]}, {"channels": [["bbH", "tautau"]]}],
        "analysis": {"stackedLlhGrid": slices},
    }
    folder = tmp_path / "higgstools"
    folder.mkdir()
    (folder / "limit.json").write_text(json.dumps(file))
    particle = {"mass": "m", "production": {"ggH": "gg", "bbH": "bb"}, "decays": {"tautau": 1.0}}
    other = HiggsLimits(
        name="o", directory=str(folder), particles={"h": particle}, source="doi:10.1000/xyz", date="2022-07-01"
    )
    for mass, gg, bb in ((200.0, 0.05, 0.01), (200.0, 0.01, 0.05), (240.0, 0.1, 0.0), (300.0, 0.0, 0.03)):
        columns = {"m": mass, "gg": gg, "bb": bb}
        ratio = other.ratios(np.array([[columns[name] for name in other.observables]]))[2][0, 0]
        for factor, excluded in ((0.999, False), (1.001, True)):
            scale = factor / ratio
            at = point(found, m_h=mass, gg_h=2.0 * gg * scale, bb_h=bb * scale)
            assert (found.violation(at)[0] > 0.0) == excluded
