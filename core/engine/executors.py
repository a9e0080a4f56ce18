"""Choice and construction of the executor of a scan or a fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from terranova.config.scan import Parallel
from terranova.errors import ParallelError
from terranova.evaluation.executor import Executor
from terranova.evaluation.problem import Problem
from terranova.parallel.world import World
from terranova.registry import registry
from terranova.registry.kinds import options


def choose_executor(
    parallel: Parallel, problem: Problem, everyone: World, *, islands: bool = True
) -> type[Executor]:
    """Return the executor that fits the configuration and the number of ranks.

    With several ranks and a model that computes one point at a time, or on request, ranks evaluate for the
    first; otherwise each rank has islands of its own, and evaluates its points itself.

    Args:
        parallel: how the work is to be shared out.
        problem: what is evaluated.
        everyone: all ranks.
        islands: whether ranks can have islands of their own; False for a fit, of which only the first rank asks for
            points, so that all others evaluate for it, whatever the mode.

    Raises:
        PluginError: there is no executor of that name, or it is broken.
        ParallelError: ranks are to evaluate for the first, and no executor can do that.
    """
    chosen: type[Executor] = registry().get("executor", parallel.executor).target
    if everyone.size == 1 or chosen.over_ranks:
        return chosen
    slow = problem.one_by_one
    if islands and (parallel.mode == "islands" or (parallel.mode == "auto" and not slow)):
        return chosen
    over_ranks: list[type[Executor]] = [p.target for p in registry().of_kind("executor") if p.target.over_ranks]
    if not over_ranks:
        cure = "use parallel: {mode: islands}" if islands else "start the fit on one"
        raise ParallelError(f"no executor is installed that evaluates over ranks: {cure}")
    return over_ranks[0]


def make_executor(cls: type[Executor], parallel: Parallel, problem: Problem, directory: Path) -> Executor:
    """Return the executor, with as much of what was asked for as it understands.

    A model that computes one point at a time may call programs of others: it runs in a process of its own unless
    the configuration says otherwise.

    Args:
        cls: as `choose_executor` returned it.
        parallel: how the work is to be shared out.
        problem: what it evaluates.
        directory: of the run, for logs.
    """
    limited = parallel.timeout is not None or parallel.memory is not None
    fragile = problem.one_by_one
    wanted: dict[str, Any] = {
        "workers": parallel.workers,
        "isolate": parallel.isolation == "process" or (parallel.isolation == "auto" and (fragile or limited)),
        "timeout": parallel.timeout,
        "memory": parallel.memory,
        "logs": directory / "logs",
    }
    accepted = {"workers", *(option.name for option in options("executor", cls))}
    return cls(problem, **{name: value for name, value in wanted.items() if name in accepted and value is not None})
