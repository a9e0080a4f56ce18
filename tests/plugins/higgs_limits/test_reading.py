"""Files that cannot be used are named with the reason; mistakes of a user's own keys are errors at their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.higgs_files import (
    CHAIN,
    COMMON,
    EVERY_CLASS,
    LIKELIHOOD,
    PAIR,
    PRODUCED,
    TAUS,
    TWO_RATES,
    WIDE,
    changed,
    limits,
    neutral,
    write,
)

from terranova.plugins.higgs_limits.constraint import HiggsLimits

H: dict[str, Any] = {"h": neutral("h")}


def reason(folder: Path, content: Any) -> str:
    """Return why a file cannot be used, beside one that can."""
    found = limits(folder, H, {"good": changed(TAUS, id=99), "odd": content})
    assert found.unusable.keys() == {"deeper/odd.json"}
    return found.unusable["deeper/odd.json"]


def test_every_class_is_read(tmp_path: Path) -> None:
    found = limits(tmp_path, H, EVERY_CLASS)
    assert {use.limit.limit_class for use in found.uses} == {data["limitClass"] for data in EVERY_CLASS.values()}
    assert len(found.uses) == len(EVERY_CLASS)
    assert found.unusable == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[]", "the document: expected keys with values"),
        ({**COMMON}, "limitClass: missing, expected one of ChannelLimit"),
        (
            changed(TAUS, limitClass="ChanelLimit"),
            "limitClass: 'ChanelLimit' is not known (did you mean 'ChannelLimit'",
        ),
        (changed(TAUS, id=None), "id: missing, expected a whole number"),
        (changed(TAUS, id=-1), "id: expected a whole number of at least 0, got -1"),
        (changed(TAUS, collider="LHC15"), "collider: 'LHC15' is not known"),
        (changed(TAUS, citeKey=7), "citeKey: expected text, got 7"),
        (changed(TAUS, luminosity="a lot"), "luminosity: expected a number, got 'a lot'"),
        (
            changed(TAUS, process__channels=[["ggH", "tautua"]]),
            "process.channels[0][1]: 'tautua' is not known (did you mean",
        ),
        (
            changed(TAUS, process__channels=[["ggH"]]),
            "process.channels[0]: expected [production, decay], got ['ggH']",
        ),
        (changed(TAUS, process__channels=[]), "process.channels: expected a list of channels"),
        (
            changed(TAUS, analysis__grid__mass=[200, 500, 300]),
            "analysis.grid.mass[2]: expected increasing numbers, got 300 after 500",
        ),
        (changed(TAUS, analysis__grid__mass="200"), "analysis.grid.mass: expected a list of numbers, got '200'"),
        (changed(TAUS, analysis__grid=None), "analysis.grid: missing"),
        (
            changed(TAUS, analysis__limit__observed=[1.0, 1.0]),
            "analysis.limit.observed: expected 3 numbers, as many as the grid",
        ),
        (
            changed(TAUS, analysis__limit__expected=[1.0, 0.0, 1.0]),
            "analysis.limit.expected[1]: expected a limit above zero, got 0",
        ),
        (
            changed(TAUS, analysis__limit__expected=[1, None, 1]),
            "analysis.limit.expected[1]: expected a number, got nothing",
        ),
        (changed(TAUS, analysis__massResolution={"absolute": 1}), "analysis.massResolution.relative: missing"),
        (
            changed(TAUS, analysis__massResolution__relative=-0.1),
            "massResolution.relative: expected a number of at least 0, got -0.1",
        ),
        (changed(TAUS, constraints=[{"spin": 2}]), "constraints[0]: expected modelLike, topDecayConsistency"),
        (
            changed(TAUS, constraints=[{"modelLike": "MSSM", "process": "signal"}]),
            "constraints[0].modelLike: 'MSSM' is not known",
        ),
        (changed(TAUS, constraints=[{"CPValue": "up"}]), "constraints[0].CPValue: 'up' is not known"),
        (changed(TAUS, normalization={"process": "signal"}), "normalization.reference: missing"),
        (
            changed(TAUS, analysis__acceptances=[{"constantAcceptance": 1}]),
            "analysis.acceptances: expected 2 acceptances",
        ),
        (
            changed(TAUS, analysis__acceptances=[{"x": 1}, {}]),
            "analysis.acceptances[0]: expected constantAcceptance",
        ),
        (
            changed(TAUS, analysis__acceptances=[{"massDepAcceptance": [1], "massGrid": [1, 2]}] * 2),
            "massDepAcceptance has 1 numbers, massGrid 2",
        ),
        (
            changed(
                TAUS,
                analysis__acceptances=[{"constantAcceptance": 1}] * 2,
                normalization={"reference": "SMHiggs", "process": "signal"},
            ),
            "normalization: not together with analysis.acceptances",
        ),
        (changed(WIDE, analysis__relativeWidth=None), "analysis.relativeWidth: missing, expected true or false"),
        (changed(CHAIN, process__chain="gamma"), "process.chain: 'gamma' is not known"),
        (changed(PAIR, analysis__equalDaughterMasses=False), "analysis.grid.massSecondDaughter: missing"),
        (
            changed(PRODUCED, analysis__equalParticleMasses=1),
            "analysis.equalParticleMasses: expected true or false, got 1",
        ),
        (changed(LIKELIHOOD, process=[{}, {}, {}]), "process: expected one or two processes, got 3"),
        (
            changed(LIKELIHOOD, analysis__likelihood__observed=[0.0]),
            "analysis.likelihood.observed: expected 2 x 3 numbers, got 1",
        ),
        (
            changed(LIKELIHOOD, analysis__likelihood__observed=[5.0] * 6),
            "the likelihood excludes a rate of zero at a mass of 200",
        ),
        (changed(TWO_RATES, analysis__stackedLlhGrid=[]), "analysis.stackedLlhGrid: expected a list of slices"),
        (
            changed(TWO_RATES, analysis__stackedLlhGrid=TWO_RATES["analysis"]["stackedLlhGrid"][::-1]),
            "analysis.stackedLlhGrid: 200 GeV comes after 400 GeV",
        ),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, content: Any, message: str) -> None:
    assert message in reason(tmp_path, content)


def test_an_id_that_is_taken(tmp_path: Path) -> None:
    found = limits(tmp_path, H, {"one": TAUS, "two": TAUS})
    assert found.unusable == {"deeper/two.json": "id 1 is that of deeper/one.json already"}
    assert found.notices == ("of 1 limits 1 files cannot be used; its report() says why",)
    assert "deeper/two.json: id 1 is that of" in found.report()


def test_directories_without_limits(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"directory .*/nowhere does not exist: expected the data files of HiggsTools"
    ):
        HiggsLimits(name="x", source="s", directory=str(tmp_path / "nowhere"), particles=H)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"directory .*/file is no folder"):
        HiggsLimits(name="x", source="s", directory=str(tmp_path / "file"), particles=H)
    with pytest.raises(ValueError, match="holds no limit that can be used, and no tables are named"):
        HiggsLimits(name="x", source="s", directory=str(write(tmp_path)), particles=H)
    with pytest.raises(ValueError, match=r"holds no limit that can be used: \('deeper/odd.json', 'not JSON"):
        limits(tmp_path, H, {"odd": "{"})


def test_what_is_not_mapped_is_said(tmp_path: Path) -> None:
    particles = {
        "h": neutral("h", production={"ggH": "gg"}),
        "A": {"mass": 300.0, "decays": {"gamgam": 0.1}},
        "Hp": {"mass": 300.0, "charge": "single"},
    }
    files = {"taus": TAUS, "zgam": changed(TAUS, id=9, process__channels=[["ggH", "Zgam"]]), "lep": PRODUCED}
    by_file = {use.limit.file: use for use in limits(tmp_path, particles, files).uses}
    assert by_file["deeper/taus.json"].state == "in part"
    assert by_file["deeper/taus.json"].remarks == (
        "h has no bbH",
        "A has no tautau",
        "A has no ggH",
        "A has no bbH",
    )
    assert by_file["deeper/zgam.json"].state == "not applied"
    assert by_file["deeper/zgam.json"].remarks == ("h has no Zgam; A has no Zgam; A has no ggH",)
    assert by_file["deeper/lep.json"].remarks[0].startswith("Hp has no taunu; Hp has no cs")


@pytest.mark.parametrize(
    ("particles", "message"),
    [
        ({}, "particles: expected at least one particle"),
        ({"Z": {"mass": 1}}, r"particles\.Z: 'Z' cannot be the name of a particle"),
        ({"h": {}}, r"particles\.h\.mass: missing, expected an observable or a number"),
        ({"h": {"mass": True}}, r"particles\.h\.mass: expected an observable or a number, got True"),
        (
            {"h": {"mass": 1, "prodution": {}}},
            r"particles\.h\.prodution: unknown key \(did you mean 'production'\?\)",
        ),
        ({"h": {"mass": 1, "charge": "neutal"}}, r"particles\.h\.charge: expected neutral, single, double"),
        (
            {"h": {"mass": 1, "production": {"ggh": "s"}}},
            r"production\.ggh: 'ggh' is no production .*did you mean 'ggH'",
        ),
        (
            {"h": {"mass": 1, "production": {"Hpmtb": "s"}}},
            r"Hpmtb is no production of a particle of charge 'neutral'",
        ),
        (
            {"h": {"mass": 1, "decays": {"tautua": "b"}}},
            r"decays\.tautua: 'tautua' is no decay .*did you mean 'tautau'",
        ),
        (
            {"h": {"mass": 1, "decays": {"Z A": "b"}}},
            r"decays\.Z A: expected Z or W and a particle, or two particles",
        ),
        ({"h": {"mass": 1, "couplings": {"kt": "b"}}}, r"couplings\.kt: 'kt' is not known"),
        ({"h": {"mass": 1, "production": {"LHC8": {"ggH": []}}}}, r"production\.LHC8\.ggH: expected an observable"),
    ],
)
def test_mistakes_of_the_mapping(tmp_path: Path, particles: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        limits(tmp_path, particles, {"taus": TAUS})


TABLE = {"file": "tau.txt", "channels": [["ggH", "tautau"]], "reference": "arXiv:2002.12223"}


def test_a_table_of_higgsbounds_5(tmp_path: Path) -> None:
    (tmp_path / "tau.txt").write_text(
        "# mass obs exp\n 200. 800 4.0D+02\n300, 200, 200 ! the last one\n\n", encoding="utf-8"
    )
    table = {**TABLE, "unit": "fb", "experiment": "CMS", "luminosity": 36.0, "particles": ["h"]}
    particles = {**H, "H": neutral("H")}
    found = HiggsLimits(name="x", source="s", directory=str(tmp_path), particles=particles, tables=(table,))
    (limit,) = found.applied
    assert limit.numbers.axes == ((200.0, 300.0),)
    assert limit.numbers.expected == pytest.approx((0.4, 0.2))
    assert limit.numbers.observed == pytest.approx((0.8, 0.2))
    assert (limit.only, limit.citation) == (("h",), "CMS, arXiv:2002.12223")


@pytest.mark.parametrize(
    ("text", "changes", "message"),
    [
        (None, {}, r"tables\[0\]: .*tau.txt: No such file"),
        ("", {}, "holds no numbers"),
        ("200 1\n", {}, "expected three columns, mass, observed and expected limit, got 2"),
        ("200 1 x\n", {}, "line 1: expected numbers, got '200 1 x'"),
        ("200 1 1\n300 1\n", {}, "line 2: expected 3 finite numbers"),
        ("300 1 1\n200 1 1\n", {}, "expected increasing masses"),
        ("200 -1 1\n", {}, "limits above zero"),
        ("200 1 1\n", {"unit": "nb"}, r"tables\.0\.unit: expected pb, fb, 1, got 'nb'"),
        ("200 1 1\n", {"chanels": []}, r"tables\.0\.chanels: unknown key \(did you mean 'channels'\?\)"),
        ("200 1 1\n", {"channels": [["ggH"]]}, r"tables\.0\.channels\.0: expected \[production, decay\]"),
        ("200 1 1\n", {"particles": ["g"]}, "there is no particle 'g'"),
        ("200 1 1\n", {"mass_resolution": {"rel": 1}}, "expected relative and absolute"),
    ],
)
def test_mistakes_of_a_table(tmp_path: Path, text: str | None, changes: dict[str, Any], message: str) -> None:
    if text is not None:
        (tmp_path / "tau.txt").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        HiggsLimits(name="x", source="s", directory=str(tmp_path), particles=H, tables=({**TABLE, **changes},))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("masse ggH\n1 2\n", "column 1 of the first line: 'masse', expected mass"),
        ("mass ggh\n1 2\n", "column 2 of the first line: 'ggh'"),
        ("mass ggH\n1\n", "line 2: expected 2 numbers, got 1"),
        ("mass ggH\n1 2\n", "expected two rows at least"),
    ],
)
def test_mistakes_of_a_reference(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "sm.dat").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        limits(tmp_path, H, {"taus": TAUS}, reference=str(tmp_path / "sm.dat"))
