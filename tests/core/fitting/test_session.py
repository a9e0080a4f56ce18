"""Fits as a whole: words, directories, scans, interruption, what is written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import linear_solution, measured, words

import terranova
from terranova.errors import PluginMissing, RunError, RunMismatch
from terranova.fitting import packages
from terranova.runs.spot_check import spot_check
from terranova.system.environment import clean_environment

pytestmark = pytest.mark.integration

MPIRUN = shutil.which("mpirun", path=str(Path(sys.executable).parent)) or shutil.which("mpirun")
VALUES = np.array([1.0, -2.0, 3.0])
MODEL = {"name": "fit-linear", "free": 2, "measured": 3}
DATA = [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)]
PATIENCE = 120.0


def _words(output: Path, **more: Any) -> dict[str, Any]:
    small = {"best": {"starts": 2, "generations": 60}, "output": str(output)}
    return {**words(MODEL, DATA), **small, **more}


def test_missing_package_is_said_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PluginMissing, match=r"iminuit and nautilus.*terranova\[fit\]"):
        terranova.fit(_words(tmp_path / "f", nested=True))
    assert not (tmp_path / "f").exists()


def test_other_words_in_the_same_directory_are_refused(tmp_path: Path) -> None:
    terranova.fit(_words(tmp_path / "f"), quiet=True)
    with pytest.raises(RunMismatch, match="other settings under best, profile"):
        terranova.fit(_words(tmp_path / "f", profile=["a0"], best={"starts": 3}), quiet=True)
    with pytest.raises(RunMismatch, match="terranova fit"):
        terranova.resume(tmp_path / "f")


def _scan(output: Path, constraints: list[Any], **more: Any) -> None:
    scan = {"sampler": {"name": "random"}, "budget": {"evaluations": 400}, "output": str(output)}
    terranova.scan({**words({**MODEL, **more}, constraints), **scan}, quiet=True)


def test_points_of_several_scans_are_scored_anew(tmp_path: Path) -> None:
    """They were made with another constraint, which leaves no trace."""
    for name in ("a", "b"):
        _scan(tmp_path / name, [measured("y0", 9.0, unit="GeV")])
    found = terranova.fit(_words(tmp_path / "f", scans=[str(tmp_path / "a"), str(tmp_path / "b")]), quiet=True)
    assert found is not None
    assert found.known == 800
    assert found.best.chi2 == pytest.approx(linear_solution(VALUES, 2)[2], abs=1e-5)


def test_scans_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="nowhere"):
        terranova.fit(_words(tmp_path / "f", scans=[str(tmp_path / "nowhere")]), quiet=True)
    _scan(tmp_path / "other", [measured("y0", 9.0, unit="GeV")], measured=4)
    with pytest.raises(RunError, match="scan of model 'fit-linear' with free: 2, measured: 4"):
        terranova.fit(_words(tmp_path / "f", scans=[str(tmp_path / "other")]), quiet=True)
    assert not (tmp_path / "f").exists()


def test_points_with_other_fixed_values_are_left_out(tmp_path: Path) -> None:
    _scan(tmp_path / "a", [measured("y0", 9.0, unit="GeV")])
    config = _words(tmp_path / "f", scans=[str(tmp_path / "a")], parameters={"a1": 2.0})
    found = terranova.fit(config, quiet=True)
    assert found is not None
    assert found.known == 0
    assert found.best.values["a1"] == 2.0


@pytest.mark.parametrize(
    ("columns", "observables", "violations"),
    [
        (None, ["y0", "y1", "y2"], 0),
        (["y3"], ["y0", "y1", "y2", "y3"], 0),
        ("all", ["y0", "y1", "y2", "y3", "y4", "y5"], 2),
    ],
    ids=["needed", "one more", "all"],
)
def test_only_the_columns_that_are_needed_are_stored(
    columns: Any, observables: list[str], violations: int, tmp_path: Path
) -> None:
    """y0 and y1 are measured, y2 is profiled. The best fit has them all; the directory is a whole run."""
    more = {} if columns is None else {"columns": columns}
    small = {"best": {"starts": 1, "generations": 10}, "output": str(tmp_path / "f"), **more}
    config = {**words({**MODEL, "measured": 6}, DATA[:2]), "profile": [{"y2": [-3, 3], "bins": 2}], **small}
    found = terranova.fit(config, quiet=True)
    assert found is not None
    assert {f"y{i}" for i in range(6)} < set(found.best.values)
    run = terranova.open(tmp_path / "f")
    assert [o.name for o in run.observables] == observables
    assert len(run.constraints) == violations
    frame = run.to_pandas()
    chi2 = (frame["y0"] - 1.0) ** 2 + (frame["y1"] + 2.0) ** 2
    np.testing.assert_allclose(-2.0 * frame["loglike"], chi2)
    outside = (abs(frame["y0"] - 1.0) > 3.0) | (abs(frame["y1"] + 2.0) > 3.0)  # accepted within three deviations
    assert (frame["valid"] == ~outside).all()
    assert ((frame["total_violation"] > 0.0) == outside).all()
    assert run.verify().ok
    check = spot_check(run, run.problem())
    assert check.points > 8
    assert check.same


def test_nothing_allowed_is_an_error_for_people(tmp_path: Path) -> None:
    window = {"name": "w", "observable": "a0", "kind": "window", "lower": 11, "unit": "GeV", "source": "test"}
    with pytest.raises(RunError, match=r"allowed.*scan first"):
        terranova.fit({**_words(tmp_path / "f"), "constraints": [*DATA, window]}, quiet=True)


# -- real processes, with a model that is installed ---------------------------------------------------------

PLANE = """
model: alp-plane
constraints: [alp-belle2-2311.14629, alp-babar]
seed: 4
best: {{starts: 4, generations: 200}}
profile: [{{ctau: [5, 2000], bins: 12}}, {{ctau: [20, 500], BR_BpKa: null, bins: 5}}]
mcmc: {{lengths: 20, steps: 1000}}
output: {output}
"""
SURROGATE = """
surrogate: {{options: {{points: 300, scales: 150}}, batch: 60, rounds: 3, effective: 200}}
"""


def _start(folder: Path, name: str, ranks: int = 1, more: str = "") -> subprocess.Popen[str]:
    file = folder / f"{name}.yaml"
    file.write_text((PLANE + more).format(output=folder / name))
    command = [sys.executable, "-m", "terranova", "fit", str(file), "-q"]
    if ranks > 1:
        command = [str(MPIRUN), "-n", str(ranks), *command]
    return subprocess.Popen(
        command, env=clean_environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _finished(folder: Path, name: str, ranks: int = 1, more: str = "") -> dict[str, Any]:
    process = _start(folder, name, ranks, more)
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, out + err
    result: dict[str, Any] = json.loads((folder / name / "fit.json").read_text())
    result.pop("seconds")
    return result


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 75)])
def test_an_interrupted_fit_ends_with_the_same_numbers(tmp_path: Path, number: signal.Signals, code: int) -> None:
    whole = _finished(tmp_path, "whole")
    for _ in range(2):
        before = terranova.open(tmp_path / "cut").evaluated if (tmp_path / "cut" / "manifest.json").exists() else 0
        process = _start(tmp_path, "cut")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.05)
            try:
                if terranova.open(tmp_path / "cut").evaluated > before + 1000:
                    break
            except RunError:
                continue
        os.kill(process.pid, number)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == code
    assert 2000 < terranova.open(tmp_path / "cut").evaluated < whole["evaluations"]
    assert _finished(tmp_path, "cut") == whole
    assert terranova.open(tmp_path / "cut").evaluated == whole["evaluations"]


@pytest.mark.mpi
@pytest.mark.slow
@pytest.mark.xdist_group("mpi")
@pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine")
@pytest.mark.parametrize("more", ["", SURROGATE], ids=["model", "surrogate"])
def test_ranks_do_not_change_the_numbers(tmp_path: Path, more: str) -> None:
    pytest.importorskip("mpi4py", reason="the mpi extra is not installed")
    assert _finished(tmp_path, "two", 2, more) == _finished(tmp_path, "one", 1, more)
