"""One worker process, as its owner holds it; what it runs is in `child`."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing import spawn
from pathlib import Path
from typing import Any

from terranova.errors import ParallelError
from terranova.plugins.executors.child import EXIT_MEMORY, IMPORTING
from terranova.plugins.executors.messages import Garbled, OwnersEnd
from terranova.plugins.executors.tasks import LOADED, READY, Answer, Failure, Task
from terranova.system.amounts import size_text
from terranova.system.environment import worker_environment
from terranova.system.process_tree import end_tree, exit_code, marked

PROGRAM = Path(__file__).with_name("child.py")

TAKE_SECONDS = 60.0
"""How long an idle worker, which does nothing but wait for a task, may need to take it."""

LAST_SECONDS = 5.0
"""How long one whose connection is closed may need to end, on a busy machine."""

IMPORT_SECONDS = 600.0
"""How long a worker that has just been started may need to take the problem."""


def _search_path() -> list[str]:
    """Where this process looks for modules, in a form that means the same in another directory."""
    try:
        return [entry or os.getcwd() for entry in sys.path]
    except OSError:  # somebody has removed the current directory
        return [entry for entry in sys.path if entry]


class Worker:
    """A process that evaluates tasks; it is the leader of its own session.

    What it starts, such as external programs, ends with it, and a Ctrl-C in the terminal reaches only the owner.
    It has no input, its output goes to the log, and $TMPDIR is a folder of its own.

    Args:
        recipe: the pickled problem.
        memory: bytes that it may allocate, and each process that it starts; None for no limit. Linux only.
        log: where to write what the model prints; None drops it.
        warm: evaluate a point before being ready, so that kernels are compiled.

    Attributes:
        loaded: True once it has the problem.
        ready: True once it can take tasks.
        warm: as given.
        task: what it is busy with, None when idle.
        answered: how many points of the task it has answered.
        since: when it was started, the task was handed over, or its last answer came.
    """

    def __init__(self, recipe: bytes, *, memory: int | None, log: Path | None, warm: bool) -> None:
        if IMPORTING in os.environ:
            raise ParallelError(
                "a script that scans is run by its worker: it must scan under `if __name__ == '__main__':`"
            )
        ours, theirs = socket.socketpair()
        self.connection = OwnersEnd(ours)
        lifeline, self._lifeline = os.pipe()  # closed by the system when the owner dies
        self._memory, self._log, self.warm = memory, log, warm
        self._scratch = tempfile.mkdtemp(prefix="terranova-worker-")
        base = {**worker_environment(), "TMPDIR": self._scratch}
        environment, self._mark = marked(base)
        settings = {
            "path": _search_path(),
            "connection": theirs.fileno(),
            "lifeline": lifeline,
            "log": None if log is None else str(log.absolute()),
            "scratch": self._scratch,
            "mark": self._mark,
            "memory": memory,
            "main": _preparation_of_main() if b"__main__" in recipe and b"cloudpickle" not in recipe else None,
            "warm": warm,
        }
        # Not multiprocessing: its children run the script that was started, which needs a guard for that, and
        # a forked child of an MPI rank, or of threads, may hang.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(PROGRAM), json.dumps(settings)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), lifeline),
            start_new_session=True,
        )
        theirs.close()
        os.close(lifeline)
        self.loaded = self.ready = False
        self.task: Task | None = None
        self.answered = 0
        self._garbled = False
        self.since = time.monotonic()
        with contextlib.suppress(OSError):  # it is dead; that will be noticed
            self.connection.send(recipe, IMPORT_SECONDS)

    @property
    def pid(self) -> int:
        """Number of the process, its group and its session."""
        return self._process.pid

    @property
    def idle(self) -> bool:
        """True when it could take a task."""
        return self.ready and self.task is None

    @property
    def alive(self) -> bool:
        """False once the process has ended."""
        return exit_code(self.pid) is None

    def start(self, task: Task) -> None:
        """Hand over a task.

        Raises:
            OSError: the process died while it was idle, or does not listen.
        """
        self.task, self.answered, self.since = task, 0, time.monotonic()
        try:
            self.connection.send(pickle.dumps(task), TAKE_SECONDS)
        except OSError:
            self.task = None
            self._process.kill()  # it may have got half of it
            raise

    def receive(self) -> Iterator[Any]:
        """Yield what has come: `LOADED`, `READY`, an `Answer` to the task, or a `Failure`.

        Raises:
            EOFError: the process has died, or says what a worker does not say.
        """
        try:
            for message in self.connection.receive():
                self._understand(message)
                yield message
        except Garbled as error:
            self._garbled = True
            raise EOFError from error

    def _understand(self, message: Any) -> None:
        """Keep the record of what a worker has said.

        Raises:
            Garbled: it is nothing that it could say now.
        """
        if isinstance(message, Answer):
            if self.task is None or not message.fits(self.task, self.answered):
                raise Garbled
            self.answered += len(message.evaluation.status)
            if self.answered == len(self.task.x):
                self.task = None
        elif isinstance(message, Failure):
            self.task = None
        elif isinstance(message, str) and message in (LOADED, READY) and not self.ready:
            self.loaded, self.ready = True, message == READY
        else:
            raise Garbled
        self.since = time.monotonic()

    def cause_of_death(self) -> str:
        """Return, in words that follow "the worker process", how it ended."""
        if self._garbled:
            return "said what is no answer: the model has written to its connection, or forked without leaving"
        self.join(LAST_SECONDS)
        code = exit_code(self.pid)
        limit = "" if self._memory is None else f" (parallel.memory is {size_text(self._memory)})"
        if code is None:
            return "closed its connection"
        if code == EXIT_MEMORY:
            return f"ran out of memory{limit}"
        if code >= 0:
            return f"exited with code {code}"
        hint = ""
        if -code == signal.SIGKILL or (limit and -code in (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS)):
            hint = f", perhaps out of memory{limit}"
        return f"was killed by {signal.Signals(-code).name}{hint}"

    def dismiss(self) -> None:
        """Ask the process to end by itself; `kill` is to follow."""
        with contextlib.suppress(OSError):
            self.connection.send(pickle.dumps(None), 0.1)

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.002)

    def kill(self) -> None:
        """End the process and all that it started."""
        if self._log and not self.alive:
            time.sleep(0.02)  # in which its last words reach the log
        end_tree(self.pid, self._mark)
        self._process.wait()
        self.connection.close()
        os.close(self._lifeline)
        shutil.rmtree(self._scratch, ignore_errors=True)


def _preparation_of_main() -> dict[str, Any]:
    """Return how the script that was started can be run again, as a module, for the classes in it."""
    preparation: dict[str, Any] = dict(spawn.get_preparation_data("worker"))
    wanted = ("init_main_from_name", "init_main_from_path", "dir", "sys_argv")
    return {name: preparation[name] for name in wanted if name in preparation}
