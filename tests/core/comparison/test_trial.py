"""Trials: run once, measured, and kept; what cannot be read says the cure."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

import terranova
from terranova.comparison.text import errors
from terranova.errors import RunError

pytestmark = [pytest.mark.usefixtures("toy_registry"), pytest.mark.integration]


WORDS: dict[str, Any] = {
    "samplers": ["random", {"name": "cmaes", "islands": 2, "label": "two islands"}],
    "problems": [{"model": "toy-shell", "constraints": ["toy-windows"]}],
    "budget": {"evaluations": 800},
    "seeds": 3,
    "workers": 0,
}


def test_unreadable_arrays_are_an_error_that_says_the_cure(tmp_path: Path) -> None:
    terranova.compare(WORDS, output=str(tmp_path / "c"))
    damaged = next((tmp_path / "c").rglob("trial.npz"))
    damaged.write_bytes(b"not arrays")
    with pytest.raises(RunError, match=r"delete .* to repeat the trial"):
        terranova.compare(WORDS, output=str(tmp_path / "c"))


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


def test_trials_before_and_after_an_edit_are_told_apart(tmp_path: Path) -> None:
    import json

    comparison = terranova.compare(WORDS, output=str(tmp_path / "c"))
    assert not comparison.problems[0].changed
    path = next((tmp_path / "c" / "trials").rglob("trial.json"))
    content = json.loads(path.read_text())
    content["sources"] = {"model": "another", "sampler": content["sources"]["sampler"]}
    path.write_text(json.dumps(content))
    (problem,) = terranova.compare(WORDS, output=str(tmp_path / "c")).problems
    assert problem.changed == ["model"]
    assert "The source of the model was changed between trials" in errors(problem)[0]
