"""The steps of a fit, one after the other: each is done, counted, and told of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.fit_problems import likelihood, linear_solution, measured, problem, words

from terranova.fitting.config_reading import load_fit
from terranova.fitting.steps import run_steps

pytestmark = pytest.mark.integration
VALUES = np.array([1.0, -2.0, 3.0])


def test_best_fit_profile_and_chains_of_a_linear_model(tmp_path: Path) -> None:
    pytest.importorskip("emcee", reason="the fit extra is not installed")
    model = {"name": "fit-linear", "free": 2, "measured": 3}
    data = [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)]
    more = {
        "best": {"starts": 2, "generations": 60},
        "profile": [{"a0": None, "bins": 8}],
        "mcmc": {"lengths": 2, "steps": 200},
    }
    config = load_fit({**words(model, data), **more}, output=str(tmp_path / "f"))
    known, said = likelihood(problem(model, data)), []
    fit = run_steps(config, known, 7, said.append)
    best, _, chi2 = linear_solution(VALUES, 2)
    assert fit.best.chi2 == pytest.approx(chi2, abs=1e-4)
    assert [fit.best.values[f"a{i}"] for i in range(2)] == pytest.approx(best.tolist(), abs=1e-2)
    assert [len(result.intervals) for result in fit.profiles] == [3]
    assert [posterior.method for posterior in fit.posteriors] == ["mcmc"]
    assert fit.known == 7
    assert sum(fit.spent.values()) == fit.evaluations == known.evaluations
    assert said
