"""Plugins that misbehave are told so, or do no harm; budgets and directories are handled with care."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terranova
from terranova import (
    Archipelago,
    Model,
    Observable,
    Parameter,
    Proposal,
    Uniform,
)
from terranova.errors import ConfigError, RunLocked, RunMismatch
from terranova.store import RunLock

pytestmark = pytest.mark.integration

X = np.linspace(0.0, 10.0, 12).reshape(-1, 1)


class Base(Model):
    """One parameter, two observables; subclasses answer wrongly."""

    name = "misbehaving"
    parameters = (Parameter("a", Uniform(0.0, 10.0)),)
    observables = (Observable("p"), Observable("q"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Twice and three times a."""
        return {"p": 2 * points["a"], "q": 3 * points["a"]}


class Vandal(Archipelago):
    """Changes what it is told."""

    name = "vandal"

    def ask(self) -> Proposal:
        """One random point an island."""
        u = np.array([stream.random(self.space.dimension) for stream in self.streams])
        return Proposal(u, np.arange(len(self.streams)))

    def tell(self, batch: terranova.Batch) -> None:
        """Declare everything valid."""
        batch.violations[...] = 0.0


class VandalPlugin:
    """Registers it."""

    @staticmethod
    @terranova.hookimpl
    def terranova_samplers() -> list[type[Archipelago]]:
        """The sampler above."""
        return [Vandal]


def _words(output: Path, **changes: Any) -> dict[str, Any]:
    base = {"model": "toy-shell", "constraints": ["toy-windows"], "sampler": {"name": "random", "islands": 2}}
    return {**base, "budget": {"evaluations": 400}, "output": str(output), **changes}


@pytest.mark.usefixtures("toy_registry")
class TestRuns:
    """Directories, budgets, locks."""

    def test_what_a_sampler_does_to_its_batch_does_not_change_the_count(self, tmp_path: Path) -> None:
        from terranova.registry import registry

        registry().register(VandalPlugin, name="vandal")
        run = terranova.scan(_words(tmp_path / "run", sampler={"name": "vandal", "islands": 2}), quiet=True)
        assert run.summary["valid"] == run.valid_count

    def test_budgets_given_to_resume_are_checked_and_grow_only(self, tmp_path: Path) -> None:
        terranova.scan(_words(tmp_path / "run"), quiet=True)
        before = (tmp_path / "run" / "config.yaml").read_text()
        with pytest.raises(RunMismatch, match="can grow"):
            terranova.resume(tmp_path / "run", evaluations=100, quiet=True)
        with pytest.raises(ConfigError, match="at least 1"):
            terranova.resume(tmp_path / "run", evaluations=-5, quiet=True)
        with pytest.raises(ConfigError, match="positive duration"):
            terranova.resume(tmp_path / "run", wall=-1.0, quiet=True)
        assert (tmp_path / "run" / "config.yaml").read_text() == before

    def test_a_locked_run_is_left_alone(self, tmp_path: Path) -> None:
        terranova.scan(_words(tmp_path / "run"), quiet=True)
        before = (tmp_path / "run" / "config.yaml").read_text()
        with RunLock(tmp_path / "run"), pytest.raises(RunLocked):
            terranova.resume(tmp_path / "run", evaluations=800, quiet=True)
        assert (tmp_path / "run" / "config.yaml").read_text() == before

    def test_a_start_that_was_cut_off_does_not_block_the_name(self, tmp_path: Path) -> None:
        (tmp_path / "run" / "points").mkdir(parents=True)
        (tmp_path / "run" / "config.yaml").write_text("model: toy-shell\n")
        assert terranova.scan(_words(tmp_path / "run"), quiet=True).count == 400

    def test_wall_time_of_earlier_sessions_counts(self, tmp_path: Path) -> None:
        slow = _words(
            tmp_path / "run", model={"name": "toy-point", "delay": 0.01}, budget={"wall": 1.0, "evaluations": 10**6}
        )
        first = terranova.scan(slow, quiet=True).count
        assert terranova.resume(tmp_path / "run", quiet=True).count == first
        assert terranova.resume(tmp_path / "run", wall="2s", quiet=True).count > first

    def test_going_through_stored_points_again_takes_nothing_from_the_wall_time(self, tmp_path: Path) -> None:
        slow = _words(
            tmp_path / "run", model={"name": "toy-point", "delay": 0.01}, budget={"wall": 1.0, "evaluations": 10**6}
        )
        run = terranova.scan(slow, quiet=True)
        stored = [run.count]
        for _ in range(3):  # no checkpoint is due in so short a time: each goes through all of it
            # Half a second beyond what was used, not beyond what was asked for: a busy machine overruns.
            run = terranova.resume(tmp_path / "run", wall=run.summary["seconds"] + 0.5, quiet=True)
            assert run.summary["evaluations"] == run.count
            stored.append(run.count)
        gained = np.diff(stored)
        assert gained.min() > 10
