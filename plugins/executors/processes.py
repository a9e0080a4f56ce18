"""A pool of worker processes on this machine that survives whatever a model does to them."""

from __future__ import annotations

import pickle
import time
from multiprocessing import connection
from types import TracebackType
from typing import Self

from terranova import Evaluation, Executor, Problem, Status
from terranova.errors import ContractError, ParallelError
from terranova.plugins.executors.tasks import TASK_SECONDS, Answer, Failure, Pace, Progress
from terranova.plugins.executors.worker import ADVICE, Worker
from terranova.types import Floats

LOOK_AGAIN = 1.0
"""Seconds after which busy workers are looked at even if none of them has said anything."""

FAREWELL_SECONDS = 2.0
"""How long idle workers may take to end by themselves."""


class ProcessesExecutor(Executor):
    """Evaluates in worker processes of this machine. A worker that dies costs one point, not the scan.

    Args:
        problem: what to evaluate; it is pickled for the workers.
        workers: number of processes.
        timeout: seconds that one point may take; without it, no limit.
    """

    name = "processes"
    version = "1"
    description = "worker processes on this machine; survives crashes and points that hang"

    def __init__(self, problem: Problem, workers: int = 1, timeout: float | None = None) -> None:
        super().__init__(problem, workers)
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        if timeout is not None and not timeout > 0:
            raise ValueError(f"timeout must be a positive number of seconds, not {timeout}")
        self.timeout = timeout
        self._pace = Pace(TASK_SECONDS if timeout is None else min(TASK_SECONDS, timeout / 4))
        self._recipe = b""
        self._team: list[Worker] = []
        self._batches = 0

    def __enter__(self) -> Self:
        self._recipe = _pickled(self.problem)
        try:
            while len(self._team) < self.workers:
                self._team.append(Worker(self._recipe))
        except BaseException:
            self._kill_all()
            raise
        return self

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
        progress = Progress(self.problem, x, self._pace, self._batches, self.watch.done)
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
        for worker in self._team:
            if worker.idle and (task := progress.next_task(self.workers)) is not None:
                try:
                    worker.start(task)
                except OSError:
                    progress.put_back(task)

    def _listen(self, progress: Progress) -> None:
        """Wait for something to happen, and deal with it."""
        patience = LOOK_AGAIN
        if self.timeout is not None:
            ends = [w.since + self.timeout for w in self._team if w.task is not None]
            patience = min([patience, *(end - time.monotonic() for end in ends)])
        heard = connection.wait([w.connection for w in self._team], timeout=max(patience, 0.0))
        lost = []
        for worker in self._team:
            if worker.connection in heard:
                try:
                    self._take(worker, progress)
                except EOFError:
                    lost.append(worker)
            elif self._gone(worker):
                lost.append(worker)
        for worker in lost:
            self._blame(worker, progress)
        self._renew(lost)

    def _take(self, worker: Worker, progress: Progress) -> None:
        message = worker.receive()
        if isinstance(message, Failure):
            worker.task = None
            message.raise_here("a worker process")
        if isinstance(message, Answer):
            progress.keep(message)
            worker.answered += len(message.evaluation.status)
            if worker.task is None or worker.answered == len(worker.task.x):
                worker.task = None

    def _gone(self, worker: Worker) -> bool:
        """True for a worker that died without closing its connection, or whose time is up."""
        return self._late(worker) or (not worker.alive and not worker.connection.poll())

    def _late(self, worker: Worker) -> bool:
        busy = worker.task is not None and self.timeout is not None
        return busy and time.monotonic() >= worker.since + (self.timeout or 0.0)

    def _blame(self, worker: Worker, progress: Progress) -> None:
        """Find out why a worker is lost, and what that means for its task."""
        if not worker.ready:
            raise ParallelError(
                f"a worker process {worker.cause_of_death()} while it started. If this is a script, its scan "
                "must be under `if __name__ == '__main__':`, for workers import the script too"
            )
        if worker.task is None:
            return
        seconds = time.monotonic() - worker.since
        if worker.alive and self._late(worker):
            status, reason = Status.TIMEOUT, f"no answer within {self.timeout:g} s"
        else:
            status, reason = Status.CRASHED, f"the worker process {worker.cause_of_death()}"
        progress.lost(worker.task, worker.answered, status, reason, seconds)

    def _renew(self, lost: list[Worker]) -> None:
        for worker in lost:
            worker.kill()
            self._team[self._team.index(worker)] = Worker(self._recipe)

    def _kill_all(self) -> None:
        while self._team:
            self._team.pop().kill()


def _pickled(problem: Problem) -> bytes:
    try:
        return pickle.dumps(problem)
    except Exception as error:
        raise ContractError(
            f"model {problem.model.name!r} with its constraints cannot be sent to worker processes "
            f"({type(error).__name__}: {error}); {ADVICE}"
        ) from error
