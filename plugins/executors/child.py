"""The program of a worker process: evaluates tasks until its owner has had enough.

It is started as a file, with what it needs to know as JSON. A small process beside it, the guardian, survives
whatever the model does: it collects what the model prints, and ends everything if the owner is gone.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import resource
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

LOG_BYTES = 500_000
"""Size at which a log is put aside for a new one; the one before that is dropped."""

IMPORTING = "TERRANOVA_IMPORTING"
"""Set while a worker runs the script that was started, which must not start workers again."""

EXIT_MEMORY = 86
"""Exit code of a worker that ran out of memory: what it holds on to is given back by a new one."""


def main(settings: dict[str, Any]) -> None:
    """Be a worker.

    Args:
        settings: from `Worker`: path, connection, lifeline, log, scratch, mark, memory, main, warm.
    """
    sys.path[:] = settings["path"]
    _leave_guardian(settings)
    if settings["memory"] is not None:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        most = settings["memory"] if hard == resource.RLIM_INFINITY else min(settings["memory"], hard)
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        faulthandler.enable()
    _evaluate_tasks(settings)


# ------------------------------------------------------------------------------------------------------------
# the guardian


def _leave_guardian(settings: dict[str, Any]) -> None:
    """Split in two: the guardian never returns from here."""
    if settings["log"] is None:
        heard, told = -1, os.open(os.devnull, os.O_WRONLY)
    else:
        heard, told = os.pipe()
    if os.fork() == 0:
        try:
            _guard(settings, heard)
        finally:
            os._exit(0)
    for number in (1, 2):
        os.dup2(told, number)
    os.close(told)
    os.close(settings["lifeline"])
    if heard >= 0:
        os.close(heard)


def _guard(settings: dict[str, Any], heard: int) -> None:
    os.setpgid(0, 0)  # a model that kills its group
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, signal.SIG_IGN)
    lifeline = settings["lifeline"]
    devnull = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(devnull, number)
    keep = {0, 1, 2, lifeline, heard}
    for number in range(3, 256):
        if number not in keep:
            with contextlib.suppress(OSError):
                os.close(number)
    log = _Log(settings["log"])
    sources = [lifeline] if heard < 0 else [lifeline, heard]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if heard in ready:
            said = os.read(heard, 1 << 16)
            if said:
                log.write(said)
            else:
                sources.remove(heard)
        if lifeline in ready:  # nobody writes there: it is the end of the owner
            break
    from terranova.system.process_tree import end_tree  # only now: few guardians ever need it

    end_tree(os.getsid(0), settings["mark"])
    shutil.rmtree(settings["scratch"], ignore_errors=True)


class _Log:
    """What the model prints, as far as it is worth keeping; a disk that is full costs only the words."""

    def __init__(self, path: str) -> None:
        self._path = path

    def write(self, said: bytes) -> None:
        with contextlib.suppress(OSError):
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            with open(self._path, "ab") as file:
                if file.tell() > LOG_BYTES:
                    os.replace(self._path, f"{self._path}.old")
                    file = open(self._path, "ab")  # noqa: SIM115
                file.write(said)
                file.close()


# ------------------------------------------------------------------------------------------------------------
# the worker


def _evaluate_tasks(settings: dict[str, Any]) -> None:
    if settings["main"] is not None:
        from multiprocessing import spawn

        os.environ[IMPORTING] = "1"
        spawn.prepare(settings["main"])  # the model's class is in the script that was started: run that first
        del os.environ[IMPORTING]
    from terranova.errors import ContractError
    from terranova.plugins.executors import tasks
    from terranova.plugins.executors.messages import WorkersEnd

    owner = WorkersEnd(settings["connection"])
    try:
        problem = owner.receive()
    except EOFError:
        return
    except Exception as error:
        text = f"the model cannot be rebuilt in a worker process ({type(error).__name__}: {error}); {tasks.ADVICE}"
        owner.send(tasks.Failure.of(ContractError(text)))
        return
    owner.send(tasks.LOADED)
    if settings["warm"]:
        with contextlib.suppress(Exception):  # the points themselves will tell
            import numpy as np

            space = problem.model.space
            problem.evaluate(space.to_physical(np.full((1, space.dimension), 0.5)))
    owner.send(tasks.READY)
    home = os.open(".", os.O_RDONLY | os.O_DIRECTORY)  # not its name: somebody may remove it
    with contextlib.suppress(EOFError, BrokenPipeError):
        while (task := owner.receive()) is not None:
            for answer in _answers(problem, task, home):
                owner.send(answer)


def _answers(problem: Any, task: Any, home: int) -> Iterator[Any]:
    from terranova.plugins.executors.tasks import Answer, Failure

    size = 1 if task.one_by_one else len(task.x)
    for first in range(0, len(task.x), size):
        os.fchdir(home)  # where the model may have left it
        started = time.perf_counter()
        try:
            evaluation = problem.evaluate(task.x[first : first + size])
        except Exception as error:
            yield Failure.of(error)
            return
        if any(reason.startswith("MemoryError") for reason in evaluation.reason):
            os._exit(EXIT_MEMORY)
        yield Answer(task.batch, task.first + first, evaluation, time.perf_counter() - started)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
