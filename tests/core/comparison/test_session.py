"""Comparisons from the file to the page: equal budgets, nothing repeated, failures that cost one trial."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terranova
from terranova.comparison import session
from terranova.comparison.config_reading import load_comparison
from terranova.comparison.page import write_results
from terranova.comparison.trial import trials
from terranova.errors import RunLocked
from terranova.store.lock import RunLock

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]

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


def test_trials_that_others_hold_for_too_long_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(session, "STOP_SECONDS", 0.5)
    config = load_comparison(WORDS, seeds=1, output=str(tmp_path / "c"))
    with RunLock(next(trials(config)).directory):
        assert session.run_comparison(config, quiet=True) == RunLocked.exit_code
    said = capsys.readouterr().err
    assert "a trial has no result yet: " in said
    assert f"is in use: process {os.getpid()} on " in said
    assert session.run_comparison(config, quiet=True) == 0
    assert all(trial.result() for trial in trials(config))


@pytest.mark.integration
def test_what_is_given_in_python_is_compared_in_this_process(tmp_path: Path) -> None:
    model = terranova.model_from(lambda a: a**2, {"a": (0, 1)}, "y", vectorised=True)
    low = terranova.Window(name="low", observables=("y",), source="me", upper=0.25)
    results = terranova.compare(
        problems=[{"model": model, "constraints": [low]}],
        samplers=["random"],
        seeds=2,
        workers=2,
        budget={"evaluations": 50},
        output=tmp_path / "comparison",
        quiet=True,
    )
    assert results.complete
