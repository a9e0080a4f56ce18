"""The simplest executor: the model runs in this process, or in one child of it."""

from __future__ import annotations

import contextlib
import faulthandler
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from terranova import Evaluation, Executor, PointModel, Problem
from terranova.errors import OutOfMemory, lacks_memory
from terranova.interfaces.batch import join
from terranova.plugins.executors.last_words import NoSilentEnd, last_words
from terranova.plugins.executors.processes import ProcessesExecutor
from terranova.plugins.executors.tasks import Pace
from terranova.types import Floats

Evaluate = Callable[[Floats], Evaluation]


class SerialExecutor(Executor):
    """Evaluates one batch after the other. Right for vectorised models.

    Args:
        problem: what to evaluate.
        workers: is ignored: there is one.
        isolate: evaluate in a child process, so that a crash costs one point instead of the scan.
        timeout: seconds that one point may take; isolates too.
        memory: bytes that the child may allocate; isolates too.
        logs: folder for what the model prints in a child; None drops it.
    """

    name = "serial"
    version = "2"
    description = "in this process, or in one child of it"

    def __init__(
        self,
        problem: Problem,
        workers: int = 1,
        isolate: bool = False,
        timeout: float | None = None,
        memory: int | None = None,
        logs: Path | None = None,
    ) -> None:
        super().__init__(problem, 1)
        alone = isolate or timeout is not None or memory is not None
        self._child = ProcessesExecutor(problem, 1, timeout, memory, logs) if alone else None
        self._in_place = _with_last_words(problem)
        self._no_silent_end = NoSilentEnd(problem.model.name)
        self._speaks = False

    def __enter__(self) -> Self:
        if self._child is not None:
            self._child.__enter__()
            return self
        self._no_silent_end.__enter__()
        if not faulthandler.is_enabled():
            with contextlib.suppress(ValueError, OSError, AttributeError):  # a stderr that is no file
                faulthandler.enable(sys.stderr)
                self._speaks = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.__exit__(kind, error, trace)
            return
        self._no_silent_end.__exit__(kind, error, trace)
        if self._speaks:
            faulthandler.disable()

    def warm_up(self) -> None:
        """Evaluate one point of a vectorised model, so that its kernels are compiled."""
        if self._child is not None:
            self._child.watch = self.watch
            self._child.warm_up()
        elif not isinstance(self.problem.model.plugin, PointModel):
            space = self.problem.model.space
            self._in_place(space.to_physical(np.full((1, space.dimension), 0.5)))

    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the points x (n, d): in one call if they can be, else in tasks of 0.2 s."""
        if self._child is not None:
            self._child.watch = self.watch
            return self._child.evaluate(x)
        if not self.problem.one_by_one:
            with self.watch.breakable():
                evaluation = self._in_place(x)
            _require_memory(evaluation)
            return evaluation
        pace, first = Pace(), 0
        parts: list[Evaluation] = []
        while first < len(x):
            self.watch.poll()
            points = pace.points(len(x) - first, 1)
            started = time.perf_counter()
            with self.watch.breakable():
                parts.append(self._in_place(x[first : first + points]))
            pace.learn(points, time.perf_counter() - started)
            self.watch.done(first, parts[-1])
            first += points
        return join(parts, len(self.problem.model.observables))


def _require_memory(evaluation: Evaluation) -> None:
    """Take a batch of which every point failed for want of memory for what it is: no property of the points.

    Raises:
        OutOfMemory: it is one.
    """
    reasons = evaluation.reason
    if len(reasons) > 1 and all(reason and lacks_memory(reason) for reason in reasons):
        raise OutOfMemory(
            f"all {len(reasons):,} points of a batch failed for want of memory ({reasons[0][:200]}): that is no "
            "property of the points, and none of them is stored. Give the process more memory, start fewer ranks "
            "on this machine, or smaller batches (sampler.islands), and resume"
        )


def _with_last_words(problem: Problem) -> Evaluate:
    """Return `problem.evaluate`, called in a way that speaks if the model kills this process.

    faulthandler then prints the stack, and a stack names files: this frame's is a sentence for who reads it.
    """
    names: dict[str, Any] = {"compute": problem.evaluate}
    sentence = f"<{last_words(problem.model.name, 'killed it')}>"
    exec(compile("def evaluate(x):\n    return compute(x)", sentence, "exec"), names)
    evaluate: Evaluate = names["evaluate"]
    return evaluate
