"""Chooses and makes the executor of a scan or a fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from terranova.config import ScanConfig
from terranova.config.scan import Parallel
from terranova.errors import ParallelError
from terranova.evaluation.executor import Executor
from terranova.evaluation.problem import Problem
from terranova.interfaces.model import PointModel
from terranova.parallel.world import World
from terranova.registry import registry
from terranova.registry.kinds import options


def _executor(config: ScanConfig, problem: Problem, everyone: World) -> type[Executor]:
    """Return the executor that fits the configuration and the number of ranks.

    With several ranks and a model that computes one point at a time, or on request, ranks evaluate for the
    first; otherwise each rank has islands of its own, and evaluates its points itself.
    """
    chosen: type[Executor] = registry().get("executor", config.parallel.executor).target
    if everyone.size == 1 or chosen.over_ranks:
        return chosen
    slow = isinstance(problem.model.plugin, PointModel)
    if config.parallel.mode == "islands" or (config.parallel.mode == "auto" and not slow):
        return chosen
    able: list[type[Executor]] = [p.target for p in registry().of_kind("executor") if p.target.over_ranks]
    if not able:
        raise ParallelError("no executor is installed that evaluates over ranks: use parallel: {mode: islands}")
    return able[0]


def make_executor(cls: type[Executor], choice: Parallel, problem: Problem, directory: Path) -> Executor:
    """Return the executor, with as much of what was asked for as it understands.

    A model that computes one point at a time may call programs of others: it runs in a process of its own unless
    the configuration says otherwise.
    """
    limited = choice.timeout is not None or choice.memory is not None
    fragile = isinstance(problem.model.plugin, PointModel)
    wanted: dict[str, Any] = {
        "workers": choice.workers,
        "isolate": choice.isolation == "process" or (choice.isolation == "auto" and (fragile or limited)),
        "timeout": choice.timeout,
        "memory": choice.memory,
        "logs": directory / "logs",
    }
    known = {"workers", *(option.name for option in options("executor", cls))}
    return cls(problem, **{k: v for k, v in wanted.items() if k in known and v is not None})
