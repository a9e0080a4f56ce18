"""The scotogenic model by SPheno and micrOMEGAs: numbers arrive both ways, what fails is a row with a reason."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from support import spheno_programs

import terranova
from terranova import Status
from terranova.errors import ConfigError, ContractError, PluginMissing
from terranova.external.slha import read_slha
from terranova.models.scotogenic.slha_map import DEFAULT
from terranova.models.scotogenic.spheno_model import ScotogenicSPheno, xenon_cross_section


@pytest.fixture
def programs(tmp_path: Path) -> tuple[str, str]:
    """Stand-ins for SPheno and micrOMEGAs."""
    return spheno_programs.install(tmp_path)


def with_mf2(model: ScotogenicSPheno, values: list[float]) -> np.ndarray:
    """Points with the default of everything but M_F2."""
    x = np.tile([float(p.default_value) for p in model.parameters], (len(values), 1))
    x[:, [p.name for p in model.parameters].index("MF2")] = values
    return x


def columns(model: ScotogenicSPheno) -> dict[str, int]:
    return {o.name: k for k, o in enumerate(model.observables)}


@pytest.mark.parametrize("variant", ["ci37", "ci37c", "full43"])
def test_numbers_of_the_programs_replace_the_native_ones(programs: tuple[str, str], variant: str) -> None:
    bound = terranova.BoundModel(ScotogenicSPheno(programs[0], programs[1], variant=variant))
    native = terranova.model(f"scotogenic-{variant}")
    # No default: a coupling that is not written, or in the wrong place, would go unnoticed.
    u = np.random.default_rng(5).uniform(0.3, 0.7, (1, bound.space.dimension))
    u[:, 7] = u[:, 11:14] = 0.4
    x = bound.space.to_physical(u)
    first = bound.evaluate_array(x)
    assert first.status.tolist() == [Status.OK], first.reason
    rows = bound.evaluate_stage(1, x, first, np.array([True]))
    assert rows.status.tolist() == [Status.OK], rows.reason
    out = dict(zip(columns(bound.plugin), rows.observables[0], strict=True))
    base = {o.name: v for o, v in zip(native.observables, native.evaluate_array(x).observables[0], strict=True)}
    given = dict(zip(bound.space.names, x[0], strict=True))
    coupling = {k.removeprefix("re_g"): complex(v, {**base, **given}["im" + k[2:]])
                for k, v in {**base, **given}.items() if k.startswith("re_g")}  # fmt: skip
    yukawas = [complex(given[f"re_y{k}{i}"], given[f"im_y{k}{i}"]) for k in (1, 2) for i in (1, 2)]
    assert out["mh"] == pytest.approx(math.sqrt(2 * given["lamH"]) * 246.21965 + 2.0, rel=1e-8)
    assert out["BR_mu_egamma"] == pytest.approx(abs(coupling["Psi1"] * coupling["Psi2"]) ** 2, rel=1e-8)
    assert out["BR_tau_egamma"] == pytest.approx(abs(sum(yukawas)) ** 2, rel=1e-8)
    assert out["BR_tau_mugamma"] == pytest.approx(abs(coupling["F2_3"]) ** 2, rel=1e-8)
    assert out["da_mu"] == pytest.approx(1e-9 * given["gR2"], rel=1e-8)
    assert out["da_tau"] == pytest.approx(given["gR1"] + given["gR3"], rel=1e-8)
    assert (out["S"], out["T"], out["U"], out["edm_e_ecm"]) == (-0.022, 0.011, 0.003, 3e-32)
    assert [out[f"mnu_eV_{k}"] for k in (1, 2, 3)] == pytest.approx([1.1e-3, 9e-3, 5e-2], rel=1e-12)
    loop = "" if variant == "full43" else "_loop"
    assert out[f"dm31{loop}"] == pytest.approx(5e-2**2 - 1.1e-3**2)
    assert out["chi2_STU"] != base["chi2_STU"]
    assert out["Omega_h2"] == pytest.approx(0.12 * out["mh"] / 125.0, abs=1e-6)
    # amplitudes 2 and 3 for protons and neutrons, 54 and 77.29 of them
    assert out["sigma_SI_cm2"] == pytest.approx(((54 * 2 + 77.29 * 3) / 131.29) ** 2 * 1e-48)
    assert out["sigma_over_LZ"] == out["sigma_SI_cm2"] / base["LZ_limit_cm2"]
    unsaid = ["m_phi_1", "m_etap", "m_dm", "bfb", "unitarity_max", "mu_gamgam", f"s12{loop}", "dm_gap"]
    assert all(out[name] == base[name] for name in unsaid)


def test_without_micromegas_dark_matter_is_native(programs: tuple[str, str]) -> None:
    bound, native = terranova.BoundModel(ScotogenicSPheno(programs[0])), terranova.model("scotogenic-ci37")
    x = with_mf2(bound.plugin, [2500.0, 2600.0])
    out = bound.evaluate_stage(1, x, bound.evaluate_array(x), np.array([True, True])).observables
    first = native.evaluate_array(x)
    want = native.evaluate_stage(1, x, first, np.array([True, True])).observables
    for name in ("Omega_h2", "sigv_cm3s", "sigma_SI_cm2", "sigma_over_LZ", "Omega_error"):
        assert np.array_equal(out[:, columns(bound.plugin)[name]], want[:, columns(bound.plugin)[name]])


def test_xenon_sees_equal_couplings_as_they_are() -> None:
    assert xenon_cross_section(3e-12, 3e-12) == pytest.approx(3e-12)


SPHENO_REASONS = {
    1000: "SPhenoT12A gave no answer within 2 s",
    1001: "SPhenoT12A left with code 99; its last words: SPheno stand-in, reading LesHouches.in | there was",
    1002: "SPhenoT12A was killed by SIGSEGV",
    1003: "SPheno.spc:1: characters that SLHA does not have",
    1004: "SPheno left no SPheno.spc; its last words: SPheno stand-in, reading LesHouches.in | tachyonic states",
    1005: "no block FLAVORKITLFV",
    1006: "block FLAVORKITLFV has no entry 901",
    1007: "block SPHENOLOWENERGY: entry 1 is called 'S-parameter (1-loop BSM)', expected 'T-parameter'",
    1008: "block MASS, entry 25: 'NaN' is no finite number",
    1009: "SPheno: loop masses did not converge",
    1010: "cut off",
}
OMEGA_REASONS = {
    1100: "omegas gave no answer within 2 s",
    1101: "omegas left with code 99",
    1102: "micrOMEGAs left no omg.out; its last words: ",
    1103: "block RELIC, entry 1: 'nan' is no finite number",
    1104: "micrOMEGAs found no relic density: Omega_h2 = -1",
    1105: "after 'proton SI' the program printed nothing, expected one number",
}


@pytest.mark.slow
@pytest.mark.fault("F23", "F24")
def test_every_fault_is_a_row_with_its_reason(
    programs: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTS", "1")
    plugin = ScotogenicSPheno(*programs, timeout=2.0, micromegas_timeout=2.0, keep_failed=str(tmp_path / "kept"))
    bound = terranova.BoundModel(plugin)
    cases = [*SPHENO_REASONS.items(), *OMEGA_REASONS.items(), (1500, "")]
    x = with_mf2(plugin, [mf2 + 0.5 for mf2, _ in cases])
    first = bound.evaluate_array(x)
    fine = first.status == Status.OK
    assert fine.tolist() == [mf2 >= 1100 for mf2, _ in cases], first.reason
    rows = bound.evaluate_stage(1, x, first, fine)
    for (mf2, expected), status, reason in zip(cases, rows.status, rows.reason, strict=True):
        assert expected in reason, mf2
        assert status == {1009: Status.UNPHYSICAL, 1500: Status.OK}.get(mf2, Status.RAISED), mf2
    lost = rows.observables[~fine]
    assert np.isnan(lost).all(), "no number of a failed point looks like one"
    assert np.isnan(rows.observables[11:-1, columns(plugin)["Omega_h2"]]).all()
    kept = list((tmp_path / "kept").iterdir())
    assert len(kept) == len(cases) - 2, "all but the unphysical one and the good one"
    written = read_slha(kept[0] / "LesHouches.in")
    assert written.value("MINPAR", 1, comment="lamH") == x[0, 0]
    assert written.text("SPhenoInput", 55) == "1"


@pytest.mark.slow
def test_a_scan_goes_on_whatever_the_programs_do(
    programs: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two worker processes at a time; every row has the numbers of its own point."""
    monkeypatch.setenv("FAULTS", "1")
    window: dict[str, Any] = {"kind": "window", "source": "test"}
    run = terranova.scan(
        model={"name": "scotogenic-spheno", "spheno": programs[0], "micromegas": programs[1], "timeout": 1.0},
        parameters={
            "MF2": {"prior": "uniform", "lower": 1001.0, "upper": 1021.0},
            "lamS": {"prior": "fixed", "value": 0.01},
        },
        constraints=[
            {"name": "mh", "observable": "mh", "lower": 110, "upper": 140, "unit": "GeV", **window},
            {"name": "Omega", "observable": "Omega_h2", "lower": 0.0, "upper": 1.0, **window},
        ],
        sampler={"name": "sobol", "islands": 1},
        budget={"evaluations": 48},
        parallel={"workers": 2},
        output=tmp_path / "run",
        quiet=True,
        trust=True,
    )
    rows = run.to_pandas()
    assert len(rows) == 48
    lost, good = rows[rows.status != Status.OK], rows[rows.status == Status.OK]
    assert len(lost) > 15
    assert (lost.reason != "").all()
    assert lost.mh.isna().all()
    assert (good.MF2 >= 1011).all()
    np.testing.assert_allclose(good.mh, np.sqrt(2 * good.lamH) * 246.21965 + 2.0, rtol=1e-8)
    np.testing.assert_allclose(good.da_mu, 1e-9 * good.gR2, rtol=1e-7)
    assert run.valid_count > 0
    valid = good[good.valid]
    np.testing.assert_allclose(valid.Omega_h2, 0.12 * valid.mh / 125.0, atol=1e-6)


def test_a_missing_program_says_where_to_name_it(programs: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(
        PluginMissing, match=r"needs the program SPheno.*name it in the configuration: model: \{name"
    ):
        ScotogenicSPheno()
    with pytest.raises(PluginMissing, match="'no-such-spheno' is not there"):
        ScotogenicSPheno("no-such-spheno")
    with pytest.raises(ContractError, match="'no-omegas' is not there"):
        ScotogenicSPheno(programs[0], "no-omegas")
    with pytest.raises(ConfigError, match="needs the program SPheno"):
        terranova.scan(
            model="scotogenic-spheno", constraints=[], sampler="sobol", budget={"evaluations": 1}, output=tmp_path
        )


def edited(tmp_path: Path, change: Any) -> str:
    """A copy of the map, changed."""
    content = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    change(content)
    path = tmp_path / "map.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


def test_a_map_of_ones_own(programs: tuple[str, str], tmp_path: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["parameters"]["MINPAR"][1] = {"of": "lamH", "times": 4.0}
        content["spectrum"]["m_chi_1"] = {"block": "gaugeGUT", "index": 1, "times": 1000.0}
        del content["spectrum"]["CR_Al"]

    bound = terranova.BoundModel(ScotogenicSPheno(programs[0], map=edited(tmp_path, change)))
    x = with_mf2(bound.plugin, [2500.0])
    out = bound.evaluate_array(x).observables[0]
    native = terranova.model("scotogenic-ci37").evaluate_array(x).observables[0]
    at = columns(bound.plugin)
    assert out[at["mh"]] == pytest.approx(2.0 * math.sqrt(2.0 * x[0, 0]) * 246.21965 + 2.0)
    assert out[at["m_chi_1"]] == 360.0
    assert out[at["CR_Al"]] == native[at["CR_Al"]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c.pop("fixed"), "expected the keys spheno, micromegas, fixed"),
        (lambda c: c["parameters"].pop("GRIN"), "gR1, gR2, gR3 not written to any block"),
        (lambda c: c["parameters"]["MINPAR"].update({1: "lamG"}), "parameters.MINPAR.1: 'lamG' is no parameter"),
        (lambda c: c["parameters"]["MINPAR"].update({"a": "lamH"}), "'a' is no index"),
        (lambda c: c["spectrum"].update(mg={"block": "MASS", "index": 1}), "spectrum.mg: no such observable"),
        (lambda c: c["spectrum"]["mh"].update(times="1e9"), "spectrum.mh.times: expected a number, got '1e9'"),
        (lambda c: c["spectrum"]["mh"].pop("index"), "spectrum.mh: expected block, comment, index"),
        (lambda c: c["spheno"].update(output="folder/x"), "spheno.output: expected the name of a file"),
        (lambda c: c.update(spectrum=3), "spectrum: expected a mapping, got 3"),
    ],
)
def test_a_map_without_sense_is_refused(programs: tuple[str, str], tmp_path: Path, change: Any, words: str) -> None:
    with pytest.raises(ContractError, match=re.escape(words)):
        ScotogenicSPheno(programs[0], map=edited(tmp_path, change))
