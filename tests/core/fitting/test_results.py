"""The directory of a finished fit: what its files say, and what was not computed."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from terranova.errors import RunError
from terranova.fitting.output import RESULT, profile_file
from terranova.fitting.results import FitResults
from terranova.runs.derived import FITTED

NUMBERS: dict[str, Any] = {
    "model": "m",
    "best": {"chi2": 3.5, "values": {"a": 1.0, "y": None}},
    "profiles": [
        {"quantities": ["a"], "intervals": {"0.68": [[0.5, 1.5]], "0.95": [[None, 2.0], [3.0, None]]}},
        {"quantities": ["a", "b"]},
    ],
    "posteriors": [{"method": "mcmc"}],
}


@pytest.fixture
def results(tmp_path: Path) -> FitResults:
    """A fit whose files were written by hand."""
    (tmp_path / RESULT).write_text(json.dumps(NUMBERS))
    (tmp_path / profile_file(("a",))).write_text("a,loglike,delta_chi2\n0,-2,1\n1,-1.5,0\n")
    (tmp_path / "mcmc.paramnames").write_text("a A\ny* Y\n")
    (tmp_path / "mcmc.txt").write_text("1.0 2.5 0.1 7.0\n2.0 1.5 0.2 8.0\n")
    return FitResults(tmp_path)


def test_the_best_fit(results: FitResults) -> None:
    assert results.chi2 == 3.5
    assert results.best["a"] == 1.0
    assert math.isnan(results.best["y"])
    assert "chi2 3.5" in repr(results)


def test_profiles_and_intervals(results: FitResults) -> None:
    assert results.profiled == [("a",), ("a", "b")]
    assert results.profile("a")["delta_chi2"].tolist() == [1, 0]
    assert results.intervals("a") == {0.68: ((0.5, 1.5),), 0.95: ((-math.inf, 2.0), (3.0, math.inf))}
    with pytest.raises(KeyError, match="no profile of b was computed; there are: a, a and b"):
        results.profile("b")


def test_posteriors(results: FitResults) -> None:
    frame = results.posterior("mcmc")
    assert list(frame.columns) == ["weight", "loglike", "a", "y"]
    assert frame["loglike"].tolist() == [-2.5, -1.5]
    with pytest.raises(KeyError, match="no posterior was sampled by 'nested'; there are: mcmc"):
        results.posterior("nested")


def test_what_is_no_finished_fit(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no fit"):
        FitResults(tmp_path)
    (tmp_path / FITTED).touch()
    with pytest.raises(RunError, match="has not ended; `terranova fit`"):
        FitResults(tmp_path)
    for text in ("{", "[]", '{"model": "m"}'):
        (tmp_path / RESULT).write_text(text)
        with pytest.raises(RunError, match="cannot be read, or is not the result"):
            FitResults(tmp_path)
