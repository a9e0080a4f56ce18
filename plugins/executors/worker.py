"""One worker process: the handle that its owner holds, and the program that it runs."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any

from terranova import Problem
from terranova.errors import ContractError
from terranova.parallel import clean_environment
from terranova.plugins.executors.tasks import Answer, Failure, Task

READY = "ready"

ADVICE = (
    "its functions and classes must be at the top level of a module; or do without worker processes "
    "(executor 'serial', or 'mpi' with isolate=False)"
)

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Several workers of several threads each would compete for the cores."""


class Worker:
    """A process that evaluates tasks; it is the leader of its own session.

    What it starts, such as external programs, belongs to that session and dies with it, and a Ctrl-C in the
    terminal reaches only the owner.

    Args:
        recipe: the pickled problem.

    Attributes:
        ready: True once it has the problem and can take tasks.
        task: what it is busy with, None when idle.
        answered: how many points of the task it has answered.
        since: when the task was handed over, or its last answer came.
    """

    def __init__(self, recipe: bytes) -> None:
        context = get_context("spawn")  # a forked child of an MPI rank, or of threads, may hang
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_main, args=(theirs, recipe), daemon=True)
        with _environment_of_workers():
            self._process.start()
        theirs.close()
        self.ready = False
        self.task: Task | None = None
        self.answered = 0
        self.since = time.monotonic()

    @property
    def idle(self) -> bool:
        """True when it could take a task."""
        return self.ready and self.task is None

    @property
    def alive(self) -> bool:
        """False once the process has ended."""
        return self._process.is_alive()

    def start(self, task: Task) -> None:
        """Hand over a task.

        Raises:
            OSError: the process died while it was idle.
        """
        self.connection.send(task)
        self.task, self.answered, self.since = task, 0, time.monotonic()

    def receive(self) -> Any:
        """Return the next message: `READY`, an `Answer` or a `Failure`.

        Raises:
            EOFError: the process has died.
        """
        try:
            message = self.connection.recv()
        except (OSError, pickle.UnpicklingError) as error:  # died within a message
            raise EOFError from error
        if message == READY:
            self.ready = True
        self.since = time.monotonic()
        return message

    def cause_of_death(self) -> str:
        """Return, in words, how the process ended."""
        self._process.join(1.0)
        code = self._process.exitcode
        if code is None:
            return "closed its connection"
        if code >= 0:
            return f"exited with code {code}"
        hint = ", perhaps for lack of memory" if -code == signal.SIGKILL else ""
        return f"was killed by {signal.Signals(-code).name}{hint}"

    def dismiss(self) -> None:
        """Ask the process to end by itself; `kill` is to follow."""
        with contextlib.suppress(OSError):
            self.connection.send(None)

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._process.join(max(seconds, 0.0))

    def kill(self) -> None:
        """End the process and all that it started."""
        if self._process.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()


@contextlib.contextmanager
def _environment_of_workers() -> Iterator[None]:
    """Set, while a process is started, the environment that it should inherit."""
    before = dict(os.environ)
    wanted = {**dict.fromkeys(ONE_THREAD, "1"), **clean_environment(before)}
    try:
        _replace_environment(wanted)
        yield
    finally:
        _replace_environment(before)


def _replace_environment(wanted: dict[str, str]) -> None:
    for name in set(os.environ) - set(wanted):
        del os.environ[name]
    os.environ.update(wanted)


# ------------------------------------------------------------------------------------------------------------
# in the worker


def _main(owner: Connection, recipe: bytes) -> None:
    os.setsid()
    os.set_inheritable(owner.fileno(), False)  # or a program that survives us would hold the connection open
    threading.Thread(target=_die_with_owner, daemon=True).start()
    try:
        problem: Problem = pickle.loads(recipe)
    except Exception as error:
        words = f"the model cannot be rebuilt in a worker process ({type(error).__name__}: {error}); {ADVICE}"
        owner.send(Failure.of(ContractError(words)))
        return
    owner.send(READY)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while (task := owner.recv()) is not None:
            for answer in _answers(problem, task):
                owner.send(answer)


def _die_with_owner() -> None:
    """End this session as soon as the owner is gone, even in the middle of an evaluation."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)


def _answers(problem: Problem, task: Task) -> Iterator[Answer | Failure]:
    size = 1 if task.one_by_one else len(task.x)
    for first in range(0, len(task.x), size):
        started = time.perf_counter()
        try:
            evaluation = problem.evaluate(task.x[first : first + size])
        except Exception as error:
            yield Failure.of(error)
            return
        yield Answer(task.batch, task.first + first, evaluation, time.perf_counter() - started)
