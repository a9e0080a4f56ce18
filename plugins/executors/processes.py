"""A pool of worker processes on this machine that survives whatever a model does to them."""

from __future__ import annotations

import math
import pickle
import time
from collections.abc import Sequence
from multiprocessing import connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import cloudpickle  # type: ignore[import-untyped]
import numpy as np

from terranova import Evaluation, Executor, PointModel, Problem, Status
from terranova.errors import ContractError, ParallelError
from terranova.parallel.world import world
from terranova.plugins.executors.messages import OwnersEnd
from terranova.plugins.executors.tasks import ADVICE, TASK_SECONDS, Answer, Failure, Pace, Progress
from terranova.plugins.executors.worker import Worker
from terranova.types import Floats

LOOK_AGAIN = 1.0
"""Seconds after which busy workers are looked at even if none of them has said anything."""

FAREWELL_SECONDS = 2.0
"""How long idle workers may take to end by themselves."""

START_SECONDS = 600.0
"""How long a worker may take to import the model, on a busy network disk."""

WARM_SECONDS = 180.0
"""How long its first point may take, for which kernels are compiled, unless the timeout is longer."""

START_TRIES = 3
"""So many workers in a row may die while they start, before the scan is given up."""

TIMEOUT = 3600.0
"""Seconds that one point may take, unless something else was asked for: nothing may hang for ever."""


class ProcessesExecutor(Executor):
    """Evaluates in worker processes of this machine. A worker that dies costs one point, not the scan.

    With a single worker, this is how a model is isolated: other executors use it for that. A vectorised model then
    gets its batches as a whole.

    Args:
        problem: what to evaluate; it is pickled for the workers.
        workers: number of processes.
        timeout: seconds that one point may take, an hour if None; for a vectorised model, one call.
        memory: bytes that a worker may allocate, and each program that it starts; Linux only. None for no limit.
        logs: folder for what the model prints; None drops it.
    """

    name = "processes"
    version = "2"
    description = "worker processes on this machine; survives crashes and points that hang"
    isolates = True

    def __init__(
        self,
        problem: Problem,
        workers: int = 1,
        timeout: float | None = None,
        memory: int | None = None,
        logs: Path | None = None,
    ) -> None:
        super().__init__(problem, workers)
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout must be a positive number of seconds, not {timeout}")
        self.timeout = TIMEOUT if timeout is None else timeout
        self.memory, self.logs = memory, logs
        self._warm = not isinstance(problem.model.plugin, PointModel)
        whole = workers == 1
        if not whole:
            task_seconds = min(TASK_SECONDS, self.timeout / 4)
        elif not problem.one_by_one:  # the deadline is that of the whole task
            task_seconds = self.timeout / 4
        else:  # the deadline is that of each point
            task_seconds = math.inf
        self._paces = [Pace(task_seconds, whole=whole) for _ in range(workers)]
        self._recipe = b""
        self._team: list[Worker] = []
        self._batches = 0
        self._died_starting = 0

    def __enter__(self) -> Self:
        self._recipe = _pickled(self.problem)
        try:
            while len(self._team) < self.workers:
                self._team.append(self._new_worker(len(self._team)))
        except BaseException:
            self._kill_all()
            raise
        return self

    def _new_worker(self, place: int) -> Worker:
        log = None if self.logs is None else self.logs / f"model-{world().rank}-{place}.log"
        return Worker(self._recipe, memory=self.memory, log=log, warm=self._warm)

    def warm_up(self) -> None:
        """Wait until all workers have the model, so that the clock of the scan starts after that."""
        nothing = Progress(self.problem, np.empty((0, len(self.problem.model.space))), 0)
        while not all(worker.ready for worker in self._team):
            self.watch.poll()
            self._listen(nothing)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        idle = [worker for worker in self._team if worker.idle]
        for worker in idle:
            worker.dismiss()
        deadline = time.monotonic() + FAREWELL_SECONDS
        for worker in idle:
            worker.join(deadline - time.monotonic())
        self._kill_all()

    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the points x (n, d). Those that a worker died of, or was late with, are failed rows."""
        if not self._team:
            raise RuntimeError("the executor has no workers: use it in a with statement")
        self._batches += 1
        progress = Progress(self.problem, x, self._batches, self.watch.done)
        try:
            while not progress.complete:
                self.watch.poll()
                self._hand_out(progress)
                self._listen(progress)
        except BaseException:
            self._renew([worker for worker in self._team if worker.task is not None])
            raise
        return progress.evaluation()

    def _hand_out(self, progress: Progress) -> None:
        for worker, pace in zip(self._team, self._paces, strict=True):
            if worker.idle and (task := progress.next_task(self.workers, pace)) is not None:
                try:
                    worker.start(task)
                except OSError:
                    progress.put_back(task)

    def _listen(self, progress: Progress) -> None:
        """Wait for something to happen, and deal with it."""
        patience = min([LOOK_AGAIN, *(self._deadline(w) - time.monotonic() for w in self._team if not w.idle)])
        heard = _readable([w.connection for w in self._team], max(patience, 0.0))
        lost = []
        for worker in self._team:
            if worker.connection in heard:
                try:
                    self._take(worker, progress)
                except EOFError:
                    lost.append(worker)
                    continue
            if self._gone(worker):
                lost.append(worker)
        for worker in lost:
            self._blame(worker, progress)
        self._renew(lost)

    def _take(self, worker: Worker, progress: Progress) -> None:
        for message in worker.receive():
            if isinstance(message, Failure):
                message.raise_here("a worker process")
            if isinstance(message, Answer):
                progress.keep(message, self._paces[self._team.index(worker)])
            elif worker.ready:
                self._died_starting = 0

    def _deadline(self, worker: Worker) -> float:
        if worker.task is not None:
            return worker.since + self.timeout
        return worker.since + (max(WARM_SECONDS, self.timeout) if worker.loaded else START_SECONDS)

    def _late(self, worker: Worker) -> bool:
        return not worker.idle and time.monotonic() >= self._deadline(worker)

    def _gone(self, worker: Worker) -> bool:
        """True for a worker that died without closing its connection, or whose time is up."""
        return self._late(worker) or (not worker.alive and not _readable([worker.connection], 0.0))

    def _blame(self, worker: Worker, progress: Progress) -> None:
        """Find out why a worker is lost, and what that means for its task."""
        late = worker.alive and self._late(worker)
        if not worker.ready:
            self._could_not_start(worker, f"was not ready within {START_SECONDS:g} s" if late else "")
            return
        if worker.task is None:
            return
        seconds = time.monotonic() - worker.since
        if late:
            status, reason = Status.TIMEOUT, f"no answer within {self.timeout:g} s"
        else:
            status, reason = Status.CRASHED, f"the worker process {worker.cause_of_death()}"
        progress.lost(worker.task, worker.answered, status, reason, seconds)

    def _could_not_start(self, worker: Worker, why: str) -> None:
        """Raise if workers keep dying before they can do anything.

        One that has the problem has died, or hangs, while it evaluated a point to warm up: then go without.
        """
        if worker.loaded and self._warm:
            self._warm = False
            return
        self._died_starting += 1
        if self._died_starting >= START_TRIES or why:
            where = "" if self.logs is None else f"; what it printed is in {self.logs}"
            raise ParallelError(
                f"a worker process {why or worker.cause_of_death()} while it started{where}. If the model is in "
                "the script that was started, its scan must be under `if __name__ == '__main__':`, for workers run "
                "the script too"
            )

    def _renew(self, lost: list[Worker]) -> None:
        for worker in lost:
            worker.kill()
            place = self._team.index(worker)
            self._team[place] = self._new_worker(place)

    def _kill_all(self) -> None:
        while self._team:
            self._team.pop().kill()


def _pickled(problem: Problem) -> bytes:
    """Return the problem for a worker; what a script or notebook defines goes with its code, if it can."""
    try:
        plain = pickle.dumps(problem)
        if b"__main__" not in plain:
            return plain
    except Exception:
        plain = b""
    try:
        by_value: bytes = cloudpickle.dumps(problem)
        return by_value
    except Exception as error:
        if plain:
            return plain  # a worker runs the script again
        raise ContractError(
            f"model {problem.model.name!r} with its constraints cannot be sent to worker processes "
            f"({type(error).__name__}: {error}); {ADVICE}"
        ) from error


def _readable(ends: Sequence[OwnersEnd], seconds: float) -> list[OwnersEnd]:
    """Wait until something has come, so long at most; return from where."""
    waited_for: list[Any] = list(ends)  # its type names only some of what it takes: whatever has a fileno()
    heard: list[Any] = connection.wait(waited_for, seconds)
    return heard
