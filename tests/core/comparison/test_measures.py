"""Measures of a trial: counted in the order of evaluation, whoever ran it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terranova
from terranova.comparison.trial import trials

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]


WORDS: dict[str, Any] = {
    "samplers": ["random", {"name": "cmaes", "islands": 2, "label": "two islands"}],
    "problems": [{"model": "toy-shell", "constraints": ["toy-windows"]}],
    "budget": {"evaluations": 800},
    "seeds": 3,
    "workers": 0,
}


def test_measures_are_those_of_the_scan(tmp_path: Path) -> None:
    comparison = terranova.compare(WORDS, output=str(tmp_path / "c"), keep=True)
    trial = next(t for t in trials(comparison.config) if t.sampler_entry.label == "two islands")
    frame = terranova.open(trial.run_directory).to_pandas().sort_values(["generation", "island", "index"])
    result = trial.result()
    assert result is not None
    assert result["valid"] == frame["valid"].sum()
    assert result["first_valid"] == int(np.flatnonzero(frame["valid"])[0]) + 1
    assert trial.arrays()["valid"][-1] == result["valid"]
