"""Evaluations over the ranks of an MPI job: rank 0 asks, the others answer."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

from terranova import Evaluation, Executor, Problem, Watch
from terranova.errors import ParallelError
from terranova.parallel.world import Backoff, world
from terranova.plugins.executors.serial import SerialExecutor
from terranova.plugins.executors.tasks import Answer, Failure, Pace, Progress, Task
from terranova.system.signals import Interrupted
from terranova.types import Floats

FAREWELL_SECONDS = 10.0
"""How long ranks may go on evaluating what nobody wants any more, after an error or a signal."""

_TAG = 7101


@dataclass(frozen=True)
class Terms:
    """How ranks are to evaluate: what rank 0 tells the others at the start.

    Attributes:
        isolate: in a child process each, so that a crash costs one point instead of the job.
        timeout: seconds that one point may take; isolates too.
        memory: bytes that a child may allocate; isolates too.
        logs: folder for what the model prints.
    """

    isolate: bool
    timeout: float | None
    memory: int | None
    logs: Path | None

    def executor(self, problem: Problem) -> Executor:
        """Return what evaluates within one rank."""
        return SerialExecutor(problem, 1, self.isolate, self.timeout, self.memory, self.logs)


class MpiExecutor(Executor):
    """Evaluates on all other ranks; with a single rank, in this process. For slow models.

    Rank 0 uses it as any executor, while every other rank is in `MpiExecutor.serve(problem)`, which returns
    when rank 0 leaves its with statement. Only points and answers travel: each rank has its own problem.

    Args:
        problem: what to evaluate.
        workers: is ignored: all ranks but the first work.
        isolate: evaluate in a child process of each rank, so that a crash costs one point instead of the job;
            None does so for a `PointModel`, which may be an external code.
        timeout: seconds that one point may take; isolates too.
        memory: bytes that a child may allocate; isolates too.
        logs: folder for what the model prints in such a child; None drops it.
    """

    name = "mpi"
    version = "2"
    description = "rank 0 asks, the other ranks evaluate; for slow models"
    over_ranks = True

    def __init__(
        self,
        problem: Problem,
        workers: int = 1,
        isolate: bool | None = None,
        timeout: float | None = None,
        memory: int | None = None,
        logs: Path | None = None,
    ) -> None:
        self._world = world()
        super().__init__(problem, max(1, self._world.size - 1))
        fragile = problem.one_by_one
        self._terms = Terms(fragile if isolate is None else isolate, timeout, memory, logs)
        self._local = self._terms.executor(problem)
        self._paces = {rank: Pace() for rank in self._ranks}
        self._busy: set[int] = set()
        self._batches = 0

    def __enter__(self) -> Self:
        if not self._world.is_root:
            raise ParallelError("only rank 0 asks for evaluations; the other ranks call MpiExecutor.serve")
        if self._world.size == 1:
            self._local.__enter__()
        for rank in self._ranks:
            self._send(self._terms, rank)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._world.size == 1:
            self._local.__exit__(kind, error, trace)
        for rank in self._ranks:
            self._send(None, rank)
        # After an error some ranks are still busy. An answer that nobody receives would hold its rank for ever.
        deadline = time.monotonic() + FAREWELL_SECONDS
        while self._busy:
            if self._receive() is None and time.monotonic() > deadline:
                self._end_all(error)

    def _end_all(self, error: BaseException | None) -> NoReturn:
        ranks = ", ".join(str(rank) for rank in sorted(self._busy))
        stop = self._world.stop
        if error is None and stop is not None and stop.signal:
            message = f"stopped by a signal, while rank {ranks} was still evaluating; every point is stored"
            self._world.abort(message, stop.exit_code)
        self._world.abort(f"ended because of {error!r}, while rank {ranks} was still evaluating")

    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the points x (n, d) on the other ranks."""
        if self._world.size == 1:
            self._local.watch = self.watch
            return self._local.evaluate(x)
        self._batches += 1
        progress = Progress(self.problem, x, self._batches, self.watch.done)
        backoff = Backoff()
        while not progress.complete:
            for rank in self._ranks:
                if (
                    rank not in self._busy
                    and (task := progress.next_task(self.workers, self._paces[rank])) is not None
                ):
                    self._busy.add(rank)
                    self._send(task, rank)
            self.watch.poll()
            received = self._receive()
            if received is None:
                self._world.check_on_others(backoff.since)
                backoff.pause()
                continue
            backoff = Backoff()
            rank, answer = received
            if isinstance(answer, Failure):
                answer.raise_here(f"rank {rank}")
            # Not what was broken off, nor what is left over from a batch that ended in an error.
            if answer is not None and answer.batch == self._batches:
                progress.keep(answer, self._paces[rank])
        return progress.evaluation()

    @property
    def _ranks(self) -> range:
        return range(1, self._world.size)

    def _send(self, message: Terms | Task | None, rank: int) -> None:
        self._world.send(message, rank, _TAG)

    def _receive(self) -> tuple[int, Any] | None:
        """Return a rank and its answer, if there is one."""
        for rank in self._busy:
            if received := self._world.receive(rank, _TAG):
                self._busy.remove(rank)
                return rank, received[0]
        return None

    @staticmethod
    def serve(problem: Problem) -> None:
        """Evaluate what rank 0 asks for, on every other rank, until it has had enough.

        A signal to stop that reaches any rank reaches all. It ends what is being evaluated here; rank 0 then
        decides what becomes of the scan.
        """
        terms = _receive_from_root()
        with terms.executor(problem) as executor:
            executor.watch = _RankWatch()
            while (task := _receive_from_root()) is not None:
                world().send(_answer(executor, task), 0, _TAG)


class _RankWatch(Watch):
    """Breaks off this rank's evaluations when the scan is to stop."""

    def poll(self) -> None:
        everyone = world()
        everyone.attend()
        if everyone.stop is not None and everyone.stop.signal:
            raise Interrupted

    def breakable(self) -> AbstractContextManager[None]:
        stop = world().stop
        return nullcontext() if stop is None else stop.breakable()


def _answer(executor: Executor, task: Task) -> Answer | Failure | None:
    """Return the answer to a task; None if it was broken off."""
    started = time.perf_counter()
    try:
        evaluation = executor.evaluate(task.x)
    except Interrupted:
        return None
    except Exception as error:
        return Failure.of(error)
    return Answer(task.batch, task.first, evaluation, time.perf_counter() - started)


def _receive_from_root() -> Any:
    everyone = world()
    received: list[Any] = []

    def has_come() -> bool:
        received.extend(everyone.receive(0, _TAG) or ())
        return bool(received)

    everyone.wait(has_come)
    return received[0]
