"""The choice of an executor: by the configuration, the number of ranks, and how the model computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.fragile_models import Fragile, Staged, problem

from terranova.config.scan import Parallel
from terranova.engine.executors import choose_executor, make_executor
from terranova.errors import ParallelError, PluginMissing
from terranova.evaluation.executor import Executor
from terranova.parallel.world import World
from terranova.plugins.executors import MpiExecutor, ProcessesExecutor, SerialExecutor
from terranova.registry import registry


class Ranks(World):
    """A world of so many ranks, none of which is ever asked."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


@pytest.mark.parametrize(
    ("ranks", "parallel", "model", "expected"),
    [
        (1, {}, Fragile, SerialExecutor),
        (1, {"executor": "processes"}, Staged, ProcessesExecutor),
        (2, {}, Staged, SerialExecutor),
        (2, {}, Fragile, MpiExecutor),
        (2, {"mode": "islands"}, Fragile, SerialExecutor),
        (2, {"mode": "evaluations"}, Staged, MpiExecutor),
        (2, {"executor": "mpi", "mode": "islands"}, Staged, MpiExecutor),
    ],
)
def test_who_evaluates(ranks: int, parallel: dict[str, Any], model: Any, expected: type[Executor]) -> None:
    assert choose_executor(Parallel(**parallel), problem(model), Ranks(ranks)) is expected


def test_a_fit_has_no_islands_so_that_all_ranks_evaluate_for_the_first() -> None:
    assert choose_executor(Parallel(mode="islands"), problem(Staged), Ranks(2), islands=False) is MpiExecutor


def test_where_no_executor_works_over_ranks_the_cure_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = [p for p in registry().plugins if not getattr(p.target, "over_ranks", False)]
    monkeypatch.setattr(registry(), "plugins", alone)
    with pytest.raises(ParallelError, match="mode: islands"):
        choose_executor(Parallel(), problem(Fragile), Ranks(2))
    with pytest.raises(ParallelError, match="start the fit on one"):
        choose_executor(Parallel(), problem(Fragile), Ranks(2), islands=False)


def test_an_unknown_executor_is_named() -> None:
    with pytest.raises(PluginMissing, match="'serail'"):
        choose_executor(Parallel(executor="serail"), problem(Staged), Ranks(1))


class Listener(Executor):
    """Takes some of the options."""

    name = "listener"

    def __init__(self, problem: Any, workers: int = 1, timeout: float = 1.0, isolate: bool = True) -> None:
        super().__init__(problem, workers)
        self.timeout, self.isolate = timeout, isolate

    def evaluate(self, x: Any) -> Any:
        """Never asked."""


@pytest.mark.parametrize(
    ("parallel", "model", "isolate"),
    [
        ({}, Staged, False),
        ({}, Fragile, True),
        ({"timeout": 3.0}, Staged, True),
        ({"memory": 10**9}, Staged, True),
        ({"isolation": "none"}, Fragile, False),
        ({"isolation": "process"}, Staged, True),
    ],
)
def test_fragile_models_and_limits_ask_for_isolation(
    parallel: dict[str, Any], model: Any, isolate: bool, tmp_path: Path
) -> None:
    made = make_executor(Listener, Parallel(**parallel), problem(model), tmp_path)
    assert isinstance(made, Listener)
    assert made.isolate is isolate
    assert made.timeout == parallel.get("timeout", 1.0), "what is not given is left to the executor"
