"""Evaluations over the ranks of an MPI job: rank 0 asks, the others answer."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from terranova import Evaluation, Executor, PointModel, Problem
from terranova.errors import ParallelError
from terranova.parallel import world
from terranova.plugins.executors.processes import ProcessesExecutor
from terranova.plugins.executors.serial import SerialExecutor
from terranova.plugins.executors.tasks import Answer, Failure, Pace, Progress, Task
from terranova.types import Floats

FAREWELL_SECONDS = 10.0
"""How long ranks may go on evaluating what nobody wants any more, after an error on rank 0."""

_TAG = 7101


@dataclass(frozen=True)
class Terms:
    """How ranks are to evaluate: what rank 0 tells the others at the start.

    Attributes:
        isolate: in a child process each, so that a crash costs one point instead of the job.
        timeout: seconds that one point may take; isolates too.
    """

    isolate: bool
    timeout: float | None

    def executor(self, problem: Problem) -> Executor:
        """Return what evaluates within one rank."""
        if self.isolate or self.timeout is not None:
            return ProcessesExecutor(problem, 1, self.timeout)
        return SerialExecutor(problem)


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
    """

    name = "mpi"
    version = "1"
    description = "rank 0 asks, the other ranks evaluate; for slow models"
    over_ranks = True

    def __init__(
        self, problem: Problem, workers: int = 1, isolate: bool | None = None, timeout: float | None = None
    ) -> None:
        self._world = world()
        super().__init__(problem, max(1, self._world.size - 1))
        fragile = isinstance(problem.model.plugin, PointModel)
        self._terms = Terms(fragile if isolate is None else isolate, timeout)
        self._local = self._terms.executor(problem)
        self._pace = Pace()
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
                ranks = ", ".join(str(rank) for rank in sorted(self._busy))
                self._world.abort(f"ended because of {error!r}, while rank {ranks} was still evaluating")

    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the points x (n, d) on the other ranks."""
        if self._world.size == 1:
            return self._local.evaluate(x)
        self._batches += 1
        progress = Progress(self.problem, x, self._pace, self._batches)
        patience = _Patience()
        while not progress.complete:
            for rank in self._ranks:
                if rank not in self._busy and (task := progress.next_task(self.workers)) is not None:
                    self._busy.add(rank)
                    self._send(task, rank)
            received = self._receive()
            if received is None:
                patience.wait()
                continue
            patience = _Patience()
            rank, answer = received
            if isinstance(answer, Failure):
                answer.raise_here(f"rank {rank}")
            if answer.batch == self._batches:  # not one left over from a batch that ended in an error
                progress.keep(answer)
        return progress.evaluation()

    @property
    def _ranks(self) -> range:
        return range(1, self._world.size)

    def _send(self, message: Terms | Task | None, rank: int) -> None:
        self._world.communicator.send(message, dest=rank, tag=_TAG)

    def _receive(self) -> tuple[int, Any] | None:
        """Return a rank and its answer, if there is one."""
        for rank in self._busy:
            if self._world.communicator.iprobe(source=rank, tag=_TAG):
                answer = self._world.communicator.recv(source=rank, tag=_TAG)
                self._busy.remove(rank)
                return rank, answer
        return None

    @staticmethod
    def serve(problem: Problem) -> None:
        """Evaluate what rank 0 asks for, on every other rank, until it has had enough.

        SIGINT and SIGTERM reach all ranks, but it is for rank 0 to decide what becomes of the scan: here
        they are ignored.
        """
        with _signals_ignored():
            terms = _receive_from_root()
            with terms.executor(problem) as executor:
                while (task := _receive_from_root()) is not None:
                    world().communicator.send(_answer(executor, task), dest=0, tag=_TAG)


def _answer(executor: Executor, task: Task) -> Answer | Failure:
    started = time.perf_counter()
    try:
        evaluation = executor.evaluate(task.x)
    except Exception as error:
        return Failure.of(error)
    return Answer(task.batch, task.first, evaluation, time.perf_counter() - started)


def _receive_from_root() -> Any:
    communicator, patience = world().communicator, _Patience()
    while not communicator.iprobe(source=0, tag=_TAG):
        patience.wait()
    return communicator.recv(source=0, tag=_TAG)


class _Patience:
    """Waits for a message: at first without a pause, then in naps of a tenth of the time waited so far.

    MPI's own waiting keeps a core busy all the time, and Python handles no signal meanwhile.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._looks = 0

    def wait(self) -> None:
        """Wait a little; call it after each look that found nothing."""
        self._looks += 1
        waited = time.monotonic() - self._since
        time.sleep(0.0 if self._looks < 20 else min(max(0.1 * waited, 2e-5), 1e-3))


@contextlib.contextmanager
def _signals_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
