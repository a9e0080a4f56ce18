"""Loops of other packages, in processes of their own, on our model: benchmarks/peers."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import terranova
from terranova.comparison.config import ComparisonConfig
from terranova.comparison.config_reading import load_comparison
from terranova.comparison.trial import Trial
from terranova.runs.coverage import Coverage

FOLDER = Path(__file__).parents[2] / "benchmarks" / "peers"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FOLDER.is_dir(), reason="no sources of benchmarks here")]

BUDGET = 6_001
"""Not a multiple of any batch."""

RANDOM = """
import numpy as np
from far_model import FarModel
model = FarModel()
rng = np.random.default_rng(model.seed)
while True:
    u = rng.random((64, model.dimension))
    violations, values = model(u)
    misses = np.maximum(0.0, np.maximum(model.low - values, values - model.high))
    assert ((misses == 0.0) == (violations == 0.0)).all()
"""


@pytest.fixture(scope="module")
def peers() -> ModuleType:
    """benchmarks/peers/run.py."""
    spec = importlib.util.spec_from_file_location("peers_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config(tmp_path: Path) -> ComparisonConfig:
    words = {"samplers": ["random"], "problems": ["islands-2"], "budget": {"evaluations": BUDGET}, "seeds": [5]}
    return load_comparison({**words, "output": str(tmp_path / "out")})


def attempt(peers: ModuleType, config: ComparisonConfig, program: Path, **options: Any) -> Trial:
    peer = peers.Peer("a peer", str(program), options)
    trial = Trial(config, config.problems[0], peer.sampler_entry(""), config.seeds[0])
    peers.attempt(trial, peer, Path(sys.executable), 250.0)
    return trial


def test_every_point_of_a_peer_is_noted_in_order(
    peers: ModuleType, config: ComparisonConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))
    program = tmp_path / "random_search.py"
    program.write_text(RANDOM)
    trial = attempt(peers, config, program)
    result = trial.result()
    assert result is not None
    assert "error" not in result, result

    problem = terranova.problem("islands-2", ["islands-2"])
    u = np.random.default_rng(5).random((BUDGET + 64, 2))[:BUDGET]
    violations, _ = problem.score(u, problem.evaluate(problem.model.space.to_physical(u)).observables)
    valid = (violations == 0.0).all(axis=1)
    assert valid.any()
    cover = Coverage(2)
    cover.add(u[valid])
    assert result["evaluations"] == BUDGET
    assert result["first_valid"] == np.flatnonzero(valid)[0] + 1
    assert result["valid"] == valid.sum()
    assert result["coverage"] == cover.mean
    np.testing.assert_array_equal(trial.arrays()["u"], u[valid])
    assert result["sampler_us"] > 0.0
    assert result["model_us"] > 0.0


def test_what_packages_print_does_not_get_into_the_pipe(
    peers: ModuleType, config: ComparisonConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))
    program = tmp_path / "talkative.py"
    program.write_text(RANDOM.replace("while True:", "while True:\n    print('words')"))
    result = attempt(peers, config, program).result()
    assert result is not None
    assert result["evaluations"] == BUDGET


def test_pycma_as_a_peer_finds_valid_points_and_repeats_itself(peers: ModuleType, config: ComparisonConfig) -> None:
    firsts = []
    for time in range(2):  # an option that it does not read makes it another trial
        result = attempt(peers, config, FOLDER / "pycma_fmin.py", loss="log", time=time).result()
        assert result is not None
        assert result["evaluations"] == BUDGET
        assert result["first_valid"] is not None
        firsts.append((result["first_valid"], result["valid"], result["coverage"]))
    assert firsts[0] == firsts[1]


def test_a_peer_that_dies_is_a_trial_with_a_reason(
    peers: ModuleType, config: ComparisonConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(FOLDER))
    program = tmp_path / "mortal.py"
    program.write_text("from far_model import FarModel\nmodel = FarModel()\nraise ValueError('no more')")
    result = attempt(peers, config, program).result()
    assert result is not None
    assert result["error"] == f"it ended after 0 of {BUDGET} evaluations, exit code 1: ValueError: no more"
