"""What a fit writes: files that others can read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import linear_solution, measured, words

import terranova

pytestmark = pytest.mark.integration


VALUES = np.array([1.0, -2.0, 3.0])


MODEL = {"name": "fit-linear", "free": 2, "measured": 3}


DATA = [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)]


def _words(output: Path, **more: Any) -> dict[str, Any]:
    small = {"best": {"starts": 2, "generations": 60}, "output": str(output)}
    return {**words(MODEL, DATA), **small, **more}


def test_a_fit_writes_what_others_can_read(tmp_path: Path) -> None:
    pytest.importorskip("emcee", reason="the fit extra is not installed")
    config = _words(
        tmp_path / "f",
        profile=[{"a0": None, "bins": 12}, {"a0": [-3, 3], "a1": [-3, 3], "bins": 5}, {"y0": [-5, 5], "bins": 12}],
        mcmc={"lengths": 10, "steps": 600},
    )
    found = terranova.fit(config, quiet=True)
    assert found is not None
    folder = tmp_path / "f"
    result = json.loads((folder / "fit.json").read_text())
    expected, covariance, chi2 = linear_solution(VALUES, 2)
    assert result["best"]["values"]["a0"] == pytest.approx(expected[0], abs=1e-3)
    assert result["best"]["chi2"] == pytest.approx(chi2, abs=1e-5)
    ((low, high),) = result["profiles"][0]["intervals"]["0.68"]
    assert high - low == pytest.approx(2 * 0.99446 * covariance[0, 0] ** 0.5, rel=0.01)
    assert "arXiv" in result["posteriors"][0]["citation"]
    for name in ("profile-a0", "profile-a0-a1", "profile-y0", "posterior-mcmc"):
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    from terranova.fitting.figures import draw_curve, label

    assert label(found, "a0") == "$a_{0}$ [GeV]"
    assert draw_curve(found, found.profiles[0]).axes[0].get_xlabel() == "$a_{0}$ [GeV]"
    # The directory is a run: every evaluation is in it once.
    run = terranova.open(folder)
    assert run.evaluated == found.evaluations
    # Once more: nothing is evaluated again, and the numbers are the same.
    again = terranova.fit(config, quiet=True)
    assert again is not None
    assert again.best.values == found.best.values
    assert terranova.open(folder).evaluated == found.evaluations


def test_getdist_reads_the_chains(tmp_path: Path) -> None:
    getdist = pytest.importorskip("getdist", reason="getdist is not installed")
    found = terranova.fit(_words(tmp_path / "f", mcmc={"lengths": 10, "steps": 600}), quiet=True)
    assert found is not None
    samples = getdist.loadMCSamples(str(tmp_path / "f" / "mcmc"), no_cache=True)
    posterior = found.posteriors[0]
    assert samples.getParamNames().list()[:2] == ["a0", "a1"]
    mean, deviation = posterior.mean("a0")
    assert samples.mean("a0") == pytest.approx(mean, rel=1e-6)
    assert samples.std("a0") == pytest.approx(deviation, rel=1e-2)
