"""Fits with a surrogate: the same results as without one, whatever the surrogate is worth."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import linear_solution, matrix, measured, words

import terranova
from terranova import Surrogate
from terranova.errors import ConfigError
from terranova.fitting.config_reading import load_fit
from terranova.fitting.intervals import threshold
from terranova.fitting.steps import Fit
from terranova.plugins.surrogates.gp import GpSurrogate
from terranova.registry import registry
from terranova.registry.hooks import hookimpl
from terranova.types import Bools, Floats

pytestmark = pytest.mark.integration

pytest.importorskip("emcee", reason="the fit extra is not installed")

VALUES = np.array([1.0, -2.0, 3.0])
MODEL = {"name": "fit-linear", "free": 2, "measured": 3}
DATA = [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)]
EFFECTIVE = 300
BEST, COVARIANCE, CHI2 = linear_solution(VALUES, 2)


class Shifted(GpSurrogate):
    """Takes the likelihood of one place for that of another: its maximum is a standard deviation away."""

    name = "gp-shifted"

    def mean(self, u: Floats) -> Floats:
        """What holds elsewhere."""
        return super().mean(u + np.array([COVARIANCE[0, 0] ** 0.5 / 20.0, 0.0]))


class Narrow(GpSurrogate):
    """Sees only half of the plane as allowed."""

    name = "gp-narrow"

    def near(self, u: Floats) -> Bools:
        """Refuses all above the best fit."""
        return np.asarray(u[:, 0] < BEST[0] / 20.0 + 0.5)


class Nothing(GpSurrogate):
    """Never learns anything."""

    name = "gp-nothing"

    def refit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Gives up."""
        self.reason = "by construction"


class _Plugin:
    @hookimpl
    def terranova_surrogates(self) -> Sequence[type[Surrogate]]:
        return [Shifted, Narrow, Nothing]


def _fit(output: Path, plugin: str = "gp", **more: Any) -> Fit:
    registry().register(_Plugin(), name="bad_surrogates", origin="tests")
    small = {"best": {"starts": 2, "generations": 60}, "output": str(output)}
    options = {"points": 300, "scales": 150}
    surrogate = {"plugin": plugin, "options": options, "batch": 60, "rounds": 4, "effective": EFFECTIVE}
    found = terranova.fit({**words(MODEL, DATA), **small, "surrogate": surrogate, **more}, quiet=True)
    assert found is not None
    return found


def _check(found: Fit) -> None:
    """Best fit, interval and moments are those of the closed form."""
    assert found.best.chi2 == pytest.approx(CHI2, abs=1e-4)
    sigma = COVARIANCE[0, 0] ** 0.5
    for interval in found.profiles[0].intervals:
        half = threshold(interval.level) ** 0.5 * sigma
        np.testing.assert_allclose(interval.parts[0], (BEST[0] - half, BEST[0] + half), atol=5e-3 * sigma)
    for posterior in found.posteriors:
        assert posterior.effective > 0.7 * EFFECTIVE
        independent = min(posterior.effective, float(EFFECTIVE))
        for i in range(2):
            mean, deviation = posterior.mean(f"a{i}")
            sigma = COVARIANCE[i, i] ** 0.5
            assert abs(mean - BEST[i]) < 5.0 * sigma / independent**0.5
            assert abs(deviation / sigma - 1.0) < 5.0 / (2.0 * independent) ** 0.5


def test_a_linear_model_with_a_surrogate(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"profile": [{"a0": None, "bins": 12}], "mcmc": True, "levels": [0.68, 0.95]}
    found = _fit(tmp_path / "f", **settings)
    _check(found)
    (posterior,) = found.posteriors
    assert posterior.correction is not None
    assert posterior.correction.used
    assert posterior.correction.weighted < 1500
    assert sum(found.spent.values()) == found.evaluations
    result = json.loads((tmp_path / "f" / "fit.json").read_text())
    assert result["surrogate"]["plugin"] == "gp"
    assert result["surrogate"]["learns"] in ("observables", "chi2")
    assert result["surrogate"]["largest error of chi2 in profiles"] < 0.1
    assert result["posteriors"][0]["correction"]["pareto k"] < 0.7
    # Once more: nothing is evaluated again, and the numbers are the same.
    again = _fit(tmp_path / "f", **settings)
    assert again.best.values == found.best.values
    assert again.evaluations == found.evaluations
    np.testing.assert_array_equal(again.posteriors[0].weights, posterior.weights)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("plugin", ["gp-shifted", "gp-narrow", "gp-nothing"])
def test_a_bad_surrogate_changes_no_result(tmp_path: Path, plugin: str) -> None:
    """It costs evaluations, and the result says whether it was of use; the numbers are the same."""
    found = _fit(tmp_path / "f", plugin, profile=[{"a0": None, "bins": 12}], levels=[0.68, 0.95], mcmc=True)
    _check(found)
    assert found.posteriors[0].correction is not None
    if plugin != "gp-shifted":  # weights can repair that
        assert not found.posteriors[0].correction.used


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_evidence_with_a_surrogate(tmp_path: Path) -> None:
    pytest.importorskip("nautilus", reason="the fit extra is not installed")
    found = _fit(tmp_path / "f", profile=[{"a0": None, "bins": 12}], nested={"live": 300, "effective": 1000})
    _check(found)
    expected = -0.5 * CHI2 + 0.5 * np.log(np.linalg.det(2.0 * np.pi * COVARIANCE)) - np.log(400.0)
    (posterior,) = found.posteriors
    assert posterior.log_evidence is not None
    assert posterior.log_evidence_error is not None
    assert abs(posterior.log_evidence - expected) < 5.0 * posterior.log_evidence_error + 0.02
    assert posterior.correction is not None
    assert posterior.correction.used


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_interval_of_an_observable_with_a_surrogate(tmp_path: Path) -> None:
    row = matrix(3, 2)[2]
    centre, error = float(row @ BEST), float(np.sqrt(row @ COVARIANCE @ row))
    found = _fit(tmp_path / "f", profile=[{"y2": [centre - 4 * error, centre + 4 * error], "bins": 24}])
    for interval in found.profiles[0].intervals:
        half = threshold(interval.level) ** 0.5 * error
        np.testing.assert_allclose(interval.parts[0], (centre - half, centre + half), atol=0.03 * error)


def test_wrong_words_of_a_surrogate_are_said(tmp_path: Path) -> None:
    for given, said in [({"plugin": "gq"}, "gp"), ({"batches": 3}, "batch"), ({"options": {"depht": 3}}, "depht")]:
        with pytest.raises(ConfigError) as caught:
            load_fit({**words(MODEL, DATA), "output": str(tmp_path / "f"), "surrogate": given})
        assert said in str(caught.value)
