"""The kind `higgs-limits` in configurations: paths, units, places of mistakes, what is stored, cited; batches."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.higgs_files import EVERY_CLASS, LIKELIHOOD, TAUS, TWO_RATES, changed, limits, neutral, write

import terranova
from terranova.errors import ConfigError
from terranova.parsing.constraint_file import constraint_keys, read_constraint_set
from terranova.parsing.strict_yaml import dump
from terranova.plugins.higgs_limits.constraint import HiggsLimits
from terranova.registry import registry

pytestmark = pytest.mark.integration  # the loop over points is compiled

ENTRY: dict[str, Any] = {
    "name": "searches",
    "kind": "higgs-limits",
    "directory": "data",
    "particles": {
        "h2": {
            "mass": "mH1",
            "width": "width_h2",
            "production": {"ggH": "sigma_gg_h2"},
            "decays": {"tautau": 0.1},
        }
    },
    "source": "a data set made up for this test, arXiv:2210.09332",
}


def scan(folder: Path, **changes: Any) -> dict[str, Any]:
    """Write data and a configuration into a folder; return what `terranova.problem` needs."""
    write(folder, taus=TAUS)
    (folder / "set.yaml").write_text(
        dump({"name": "searches", "constraints": [{**ENTRY, "date": "2022-10-18", **changes}]}), encoding="utf-8"
    )
    return {"name": "thdm3", "constraints": [str(folder / "set.yaml")]}


def read(folder: Path, **changes: Any) -> HiggsLimits:
    (constraint,) = terranova.problem(**scan(folder, **changes)).constraints
    assert isinstance(constraint, HiggsLimits)
    return constraint


def test_the_directory_is_relative_to_the_file(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.directory == str(tmp_path / "data")
    assert found.observables == ("mH1", "width_h2", "sigma_gg_h2")
    assert found.describe() == "1 of 1 limits on h2"


def test_what_is_stored_makes_it_again(tmp_path: Path) -> None:
    found = read(tmp_path)
    keys = constraint_keys(found)
    assert keys["digest"] == found.digest
    again = tmp_path / "again.yaml"
    again.write_text(dump({"name": "searches", "constraints": [keys]}), encoding="utf-8")
    kinds = registry().constraint_kinds()
    assert read_constraint_set(again, kinds).constraints == (found,)
    assert hash(found) == hash(pickle.loads(pickle.dumps(found)))
    write(tmp_path, more=changed(TAUS, id=3))
    with pytest.raises(ConfigError, match=r"constraints\[0\].digest.*the data in .* have changed"):
        read_constraint_set(again, kinds)


def test_mistakes_have_their_places(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"directory .*/nowhere does not exist"):
        terranova.problem(**scan(tmp_path, directory="nowhere"))
    particles = {"h2": {**ENTRY["particles"]["h2"], "decays": {"tautua": 0.1}}}
    with pytest.raises(ConfigError, match=r"particles\.h2\.decays\.tautua.*did you mean 'tautau'"):
        terranova.problem(**scan(tmp_path, particles=particles))
    with pytest.raises(ConfigError, match=r"observable: unknown key"):
        terranova.problem(**scan(tmp_path, observable="mH1"))
    with pytest.raises(ConfigError, match=r"particles: expected keys with values, got nothing"):
        terranova.problem(**scan(tmp_path, particles=None))


def test_names_and_units_are_those_of_the_model(tmp_path: Path) -> None:
    def mapped(**changes: Any) -> dict[str, Any]:
        return scan(tmp_path, particles={"h2": {**ENTRY["particles"]["h2"], **changes}})

    with pytest.raises(ConfigError, match="reads 'mH7', which model 'thdm3' does not provide"):
        terranova.problem(**mapped(mass="mH7"))
    with pytest.raises(ConfigError, match="is in unit 'pb', but 'kappa_W' of model 'thdm3' is in '1'"):
        terranova.problem(**mapped(production={"ggH": "kappa_W"}))
    with pytest.raises(ConfigError, match="'width_h2' cannot be in GeV and in pb"):
        terranova.problem(**mapped(production={"ggH": "width_h2"}))


def test_citations_are_those_of_the_limits_that_are_applied(tmp_path: Path) -> None:
    files = {
        "taus": TAUS,
        "muons": changed(
            TAUS, id=2, reference="CMS-PAS-HIG-21-001", citeKey="", process__channels=[["ggH", "mumu"]]
        ),
        "taken": TAUS,
    }
    found = limits(tmp_path, {"h": neutral("h")}, files)
    assert found.references == ("ATLAS, arXiv:2001.00001 (Made:2020up)",)
    assert found.notices == ("of 2 limits 1 not applied, 1 files cannot be used; its report() says why",)
    more = limits(tmp_path, {"h": neutral("h", decays={"tautau": 0.1, "mumu": 0.1})}, files)
    assert more.references[0] == "ATLAS, CMS-PAS-HIG-21-001"


def test_a_point_is_explained(tmp_path: Path) -> None:
    found = limits(tmp_path, {"h": neutral("h"), "H": neutral("H")}, {"taus": TAUS})
    point = {
        "m_h": 250.0,
        "gg_h": 10.0,
        "bb_h": 0.0,
        "tautau_h": 0.1,
        "m_H": 900.0,
        "gg_H": 1.0,
        "bb_H": 0,
        "tautau_H": 0,
    }
    excluded, free = map(str, found.explain(point))
    assert excluded == (
        "h: excluded, observed ratio 2, expected 3.333, from h with ATLAS LHC13 139/fb, ggH > tautau + "
        "bbH > tautau; ATLAS, arXiv:2001.00001 (Made:2020up); deeper/taus.json"
    )
    assert free == "H: no limit applies"


def random_points(found: HiggsLimits, n: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    scale = {"GeV": (90.0, 700.0), "pb": (0.0, 3.0), "1": (0.0, 1.0)}
    return np.column_stack([rng.uniform(*scale[unit], n) for unit in found.units.values()])


def everything(folder: Path) -> HiggsLimits:
    """Return limits of every class on four particles."""
    files = {
        **EVERY_CLASS,
        "likelihood": changed(LIKELIHOOD, process=[{"channels": [["ggH", "bb"]]}]),
        "two_rates": changed(TWO_RATES, process=[{"channels": [[made, "mumu"]]} for made in ("ggH", "bbH")]),
    }
    decays = {"tautau": 0.1, "bb": 0.6, "tt": 0.05, "mumu": 0.25}
    scalars = {
        name: neutral(name, width=f"w_{name}", decays={**decays, "tautau": f"tautau_{name}"}) for name in ("h", "H")
    }
    scalars["A"] = neutral("A", width=10.0, decays={**decays, "Z h": "Zh", "Z H": "ZH", "h H": "hH", "H H": "HH"})
    scalars["Hp"] = {"mass": "m_Hp", "charge": "single", "decays": {"taunu": 0.7, "cs": "cs"}}
    return limits(folder, scalars, files, pair_production={"LEP": {"Hp Hp": "ee"}}, scale=2.0)


def test_a_point_has_the_same_bits_in_any_batch(tmp_path: Path) -> None:
    found = everything(tmp_path)
    values = random_points(found, 400)
    whole = found.ratios(values)
    assert len(set(whole[0].ravel().tolist()) - {-1}) == len(found.applied) == 7  # every limit decides somewhere
    halves = [found.ratios(part) for part in (values[:150], values[150:])]
    single = [found.ratios(values[i : i + 1]) for i in range(40)]
    shuffled = found.ratios(np.asfortranarray(values[::-1]))
    for k in range(3):
        assert np.array_equal(np.concatenate([half[k] for half in halves]), whole[k])
        assert np.array_equal(np.concatenate([one[k] for one in single]), whole[k][:40])
        assert np.array_equal(shuffled[k][::-1], whole[k])


def test_violation_and_likelihood(tmp_path: Path) -> None:
    found = everything(tmp_path)
    values = random_points(found, 400)
    largest = found.ratios(values)[2].max(axis=1)
    excluded = largest > 1.0
    assert 20 < excluded.sum() < 380
    assert np.array_equal(found.violation(values), np.where(excluded, (largest - 1.0) / 2.0, 0.0))
    assert np.array_equal(found.margin(values), (largest - 1.0) / 2.0)
    assert np.array_equal(found.loglike(values), np.where(excluded, -np.inf, 0.0))
    assert found.hard
    assert found.measurements == 0
    assert found.violation(values[:0]).shape == (0,)


def test_a_scan_says_what_it_leaves_out_and_cites(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scan(tmp_path)  # bbH is not mapped
    config = {
        "model": "thdm3",
        "constraints": [str(tmp_path / "set.yaml")],
        "budget": {"evaluations": 32},
        "sampler": {"name": "random", "islands": 1},
        "output": str(tmp_path / "run"),
    }
    run = terranova.scan(config, quiet=True)
    assert "of 1 limits 1 in part; its report() says why" in caplog.text
    assert "ATLAS, arXiv:2001.00001 (Made:2020up)" in run.manifest.citations


def test_the_example_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[3] / "docs" / "higgs-limits.md").read_text(encoding="utf-8")
    blocks = dict(
        reversed(re.findall(r"```(yaml|json|python)\n(.*?)```", text, flags=re.DOTALL))
    )  # the first of each
    (tmp_path / "hbdataset").mkdir()
    (tmp_path / "hbdataset" / "tautau.json").write_text(blocks["json"], encoding="utf-8")
    (tmp_path / "searches.yaml").write_text(blocks["yaml"], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(blocks["python"], names)
    assert str(names["decisions"][0]) in text
    assert "h2 has no bbH" in names["searches"].report()
