"""Runs checked by the model that is installed now, with an executor of their own."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from support.stored_runs import scanned

from terranova.engine.recheck import check_run, ready_executor, require_one_physics
from terranova.errors import RunMismatch
from terranova.runs.run import Run

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]


@pytest.fixture
def runs(tmp_path: Path, toy_registry: None) -> list[Run]:
    budget = {"evaluations": 200}
    return [scanned(tmp_path / f"run{seed}", seed=seed, budget=budget) for seed in (1, 2)]


def _other_physics(monkeypatch: pytest.MonkeyPatch) -> None:
    from support.toys import Shell

    before = Shell.evaluate
    monkeypatch.setattr(Shell, "evaluate", lambda self, points: {n: v + 1 for n, v in before(self, points).items()})


def test_a_run_is_checked_and_nothing_is_left_in_its_directory(runs: list[Run]) -> None:
    before = sorted(runs[0].directory.rglob("*"))
    assert check_run(runs[0]).same
    assert sorted(runs[0].directory.rglob("*")) == before
    with ready_executor(runs[0].problem()) as executor:
        assert executor.problem is runs[0].problem()


def test_runs_of_one_physics_go_together(runs: list[Run], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        require_one_physics(runs)
    assert not caplog.records


def test_runs_of_an_older_source_go_together_if_the_hash_says_so(
    runs: list[Run], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _other_physics(monkeypatch)
    require_one_physics(runs)
    assert "one state of its source made them all" in caplog.text
    manifest = runs[1].manifest
    other = {**manifest.versions, "source of model toy-shell": "another"}
    replace(manifest, versions=other).save(runs[1].directory)
    with pytest.raises(RunMismatch, match="Merge only runs that the same model has made"):
        require_one_physics([runs[0], Run(runs[1].directory)])


def test_without_the_model_it_is_said_that_nothing_was_checked(
    runs: list[Run], caplog: pytest.LogCaptureFixture
) -> None:
    from terranova.registry import registry

    shared = registry()
    gone = [p for p in shared.plugins if p.name == "toy-shell"]
    for plugin in gone:
        shared.plugins.remove(plugin)
    require_one_physics([Run(run.directory) for run in runs])
    assert "not checked whether one model made the points" in caplog.text
