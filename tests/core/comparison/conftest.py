"""A comparison whose trials have results that are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terranova.comparison.config_reading import load_comparison
from terranova.comparison.measures import measure_points
from terranova.comparison.results import Comparison
from terranova.comparison.trial import trials

WORDS: dict[str, Any] = {
    "samplers": ["random", {"name": "sobol", "label": "even"}],
    "problems": [{"model": "toy-shell", "constraints": ["toy-windows"]}],
    "budget": {"evaluations": 100},
    "seeds": 2,
}


@pytest.fixture
def comparison(tmp_path: Path, toy_registry: None) -> Comparison:
    """Two samplers, two seeds: `even` found twice as much, and one trial of `random` failed."""
    config = load_comparison(WORDS, output=str(tmp_path / "c"))
    for trial in trials(config):
        trial.directory.mkdir(parents=True)
        label = trial.sampler_entry.label
        if label == "random" and trial.seed == config.seeds[1]:
            trial.fail("it broke")
            continue
        found = 20 if label == "even" else 10
        valid = np.zeros(100, dtype=bool)
        valid[4 : 4 + found] = True
        u = np.random.default_rng(trial.seed).random((found, 4))
        measured = measure_points(valid, u, np.empty((found, 0)))
        measured.numbers.update(regions=1, seconds=1.0)
        trial.record(measured)
    return Comparison(config)
