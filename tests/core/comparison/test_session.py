"""Comparisons from the file to the page: equal budgets, nothing repeated, failures that cost one trial."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terranova
from terranova.comparison.config import load_comparison
from terranova.comparison.page import write_results
from terranova.comparison.trial import trials
from terranova.errors import ConfigError, RunError

pytestmark = pytest.mark.usefixtures("toy_registry")

WORDS: dict[str, Any] = {
    "samplers": ["random", {"name": "cmaes", "islands": 2, "label": "two islands"}],
    "problems": [{"model": "toy-shell", "constraints": ["toy-windows"]}],
    "budget": {"evaluations": 800},
    "seeds": 3,
    "workers": 0,
}


def test_every_trial_has_the_same_budget_and_is_measured(tmp_path: Path) -> None:
    comparison = terranova.compare(WORDS, output=str(tmp_path / "c"))
    assert comparison.complete
    (problem,) = comparison.problems
    for label in ("random", "two islands"):
        assert problem.values(label, "evaluations").tolist() == [800.0] * 3
    assert sum(row.solved for row in problem.rows) >= 3
    page = write_results(comparison).read_text(encoding="utf-8")
    assert "two islands" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    lines = (tmp_path / "c" / "trials.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 3


def test_measures_are_those_of_the_scan(tmp_path: Path) -> None:
    comparison = terranova.compare(WORDS, output=str(tmp_path / "c"), keep=True)
    trial = next(t for t in trials(comparison.plan) if t.sampler_entry.label == "two islands")
    frame = terranova.open(trial.run_directory).to_pandas().sort_values(["generation", "island", "index"])
    result = trial.result()
    assert result is not None
    assert result["valid"] == frame["valid"].sum()
    assert result["first_valid"] == int(np.flatnonzero(frame["valid"])[0]) + 1
    assert trial.arrays()["valid"][-1] == result["valid"]


def test_a_second_call_repeats_nothing_and_a_changed_sampler_is_run_anew(tmp_path: Path) -> None:
    terranova.compare(WORDS, output=str(tmp_path / "c"))
    results = sorted((tmp_path / "c").rglob("trial.json"))
    before = {path: path.stat().st_mtime_ns for path in results}
    terranova.compare(WORDS, output=str(tmp_path / "c"))
    assert {path: path.stat().st_mtime_ns for path in results} == before
    changed = [{"name": "random", "islands": 3}, WORDS["samplers"][1]]
    terranova.compare(WORDS, samplers=changed, output=str(tmp_path / "c"))
    repeated = {path for path in results if path.stat().st_mtime_ns != before[path]}
    assert {path.parts[-3] for path in repeated} == {"random"}


def test_a_sampler_that_fails_costs_its_trials_only(tmp_path: Path) -> None:
    class Wild(terranova.Sampler):
        """Leaves the cube."""

        name = "wild"

        def ask(self) -> Any:
            return np.full((5, self.space.dimension), 1.5)

        def tell(self, batch: Any) -> None:
            pass

    class Module:
        @staticmethod
        @terranova.hookimpl
        def terranova_samplers() -> list[Any]:
            return [Wild]

    from terranova.registry import registry

    registry().register(Module, name="wild", origin="tests")
    comparison = terranova.compare(WORDS, samplers=["random", "wild"], output=str(tmp_path / "c"))
    wild = next(row for row in comparison.problems[0].rows if row.sampler == "wild")
    assert (wild.trials, sum(wild.errors.values())) == (0, 3)
    assert "outside [0, 1]" in next(iter(wild.errors))
    assert "outside [0, 1]" in write_results(comparison).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samplers": ["rundom"]}, "samplers[0]: no sampler is named 'rundom' (did you mean 'random'"),
        ({"problems": ["toy-shall"]}, "problems[0].model: no model is named 'toy-shall'"),
        ({"budget": {}}, "budget: expected evaluations or wall"),
        ({"budget": {"valid": 10}}, "budget.valid: unknown key"),
        ({"seeds": 0}, "seeds: expected a number of seeds"),
        ({"seeds": [1, 1]}, "seeds: a seed is given twice"),
        ({"samplers": ["random", "random"]}, "samplers[1]: there is another 'random'"),
        ({"observables": {"rong": [0, 1]}}, "observables: model 'toy-shell' has no observable 'rong'"),
        ({"observables": {"ring": [1, 0]}}, "observables.ring: expected a range with low < high"),
    ],
)
def test_bad_words_are_named_with_their_place(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_comparison({**WORDS, **change}, output=str(tmp_path))
    assert words in str(caught.value)


def test_the_plan_survives_its_file(tmp_path: Path) -> None:
    plan = load_comparison(WORDS, output=str(tmp_path))
    (tmp_path / "plan.yaml").write_text(plan.to_yaml())
    assert load_comparison(tmp_path / "plan.yaml") == plan


def test_unreadable_arrays_are_an_error_that_says_the_cure(tmp_path: Path) -> None:
    terranova.compare(WORDS, output=str(tmp_path / "c"))
    damaged = next((tmp_path / "c").rglob("trial.npz"))
    damaged.write_bytes(b"not arrays")
    with pytest.raises(RunError, match=r"delete .* to repeat the trial"):
        terranova.compare(WORDS, output=str(tmp_path / "c"))


COMPARISON = """
samplers: [random, sobol]
problems: [{model: thdm3, constraints: [theory]}]
budget: {evaluations: 20000}
seeds: 2
workers: 2
"""


@pytest.mark.slow
def test_worker_processes_survive_a_kill_and_the_command_goes_on(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(COMPARISON)
    command = [sys.executable, "-m", "terranova", "compare", "c.yaml", "--output", "out", "--quiet"]
    first = subprocess.Popen(command, cwd=tmp_path, start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("journal*")) and not list(tmp_path.rglob("*.journal")):
        if first.poll() is not None or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    while _workers(tmp_path) and time.monotonic() < deadline:  # they end with the process that started them
        time.sleep(0.1)
    assert not _workers(tmp_path)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    assert "report: out/comparison.html" in done.stdout
    assert len(list(tmp_path.rglob("trial.json"))) == 4
    evaluations = {json.loads(p.read_text())["evaluations"] for p in tmp_path.rglob("trial.json")}
    assert evaluations == {20_000}


def _workers(directory: Path) -> list[int]:
    """Processes that run trials below a directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
            here = os.readlink(process / "cwd")
        except OSError:
            continue
        if b"terranova.comparison.worker" in words and here == str(directory):
            found.append(int(process.name))
    return found


def test_a_trial_stopped_by_ctrl_c_has_no_result_and_ends_the_rest(tmp_path: Path) -> None:
    class Halting(terranova.Sampler):
        """Presses Ctrl-C when told."""

        name = "ctrl-c"

        def ask(self) -> Any:
            return self.rng.random((5, self.space.dimension))

        def tell(self, batch: Any) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    class Module:
        @staticmethod
        @terranova.hookimpl
        def terranova_samplers() -> list[Any]:
            return [Halting]

    from terranova.registry import registry

    registry().register(Module, name="ctrl-c", origin="tests")
    comparison = terranova.compare(WORDS, samplers=["ctrl-c", "random"], output=str(tmp_path / "c"))
    assert not comparison.complete
    assert not list(tmp_path.rglob("trial.json"))


@pytest.mark.slow
def test_the_command_leaves_with_130_after_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(COMPARISON.replace("20000", "100000000"))
    command = [sys.executable, "-m", "terranova", "compare", "c.yaml", "--output", "out", "--quiet"]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("attempts")) and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said, complaints = running.communicate(timeout=120)
    assert running.returncode == 130, complaints
    assert "the same command goes on" in said
    assert "Traceback" not in complaints
    assert not _workers(tmp_path)
