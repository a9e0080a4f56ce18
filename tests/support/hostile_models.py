"""Models that do to their process whatever can be done. A module, for worker processes import it by name."""

from __future__ import annotations

import ctypes
import locale
import os
import pickle
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from terranova import BoundModel, Model, Observable, Parameter, PointFailed, PointModel, Problem, Uniform, hookimpl
from terranova.plugins.executors.messages import frame
from terranova.types import Floats

HOARD: list[bytes] = []


def _segfault() -> None:
    ctypes.string_at(0)


def _abort() -> None:
    os.abort()


def _leave() -> None:
    os._exit(3)


def _sys_exit() -> None:
    sys.exit(4)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_group() -> None:
    os.killpg(0, signal.SIGKILL)


def _stack() -> None:
    sys.setrecursionlimit(10**9)
    nested: list[object] = []
    for _ in range(10**5):
        nested = [nested]
    repr(nested)


def _memory() -> None:
    hoard = []
    while True:
        hoard.append(bytearray(os.urandom(1024) * 10_000))


def _leak() -> None:
    HOARD.append(os.urandom(1024) * 30_000)


def _sleep() -> None:
    time.sleep(600)


def _gil() -> None:
    ctypes.PyDLL(None).sleep(600)


def _busy_c_loop() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")  # takes for ever, within C, without letting go of the GIL


def _stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def _deaf() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(600)


def _close() -> None:
    os.closerange(0, 200)


def _read() -> None:
    input("which value? ")


def _wander() -> None:
    os.chdir("/")


def _print() -> None:
    for _ in range(40):
        print("iteration does not converge " * 2000)
        os.write(2, b"\x1b[2J\x00 and worse " * 1000)


def _children() -> None:
    for session in (True, False):
        subprocess.Popen(
            [sys.executable, "-IS", "-c", "import time; time.sleep(600)"],
            start_new_session=session,
            close_fds=False,
        )


def _children_then_die() -> None:
    _children()
    os._exit(5)


def _recursion() -> None:
    _recursion()


def _unphysical() -> None:
    raise PointFailed("tachyon")


# what a model may do to the connection with the scan, and to what the worker's program needs


def _sockets() -> list[int]:
    """Return the connections of this process with its owner."""
    found = []
    for number in range(3, 100):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                found.append(number)
    return found


def _streams() -> None:
    for number in (0, 1, 2):
        os.close(number)


def _fork() -> None:
    os.fork()  # and both return


def _daemonise() -> None:
    if os.fork():
        os._exit(0)
    os.setsid()


def _daemon() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.closerange(0, 200)
        time.sleep(600)
        os._exit(0)


def _hang_up() -> None:
    for number in _sockets():
        os.close(number)


def _garble() -> None:
    for number in _sockets():
        os.write(number, b"terribly sorry, " * 100)


def _half_a_message() -> None:
    for number in _sockets():
        os.write(number, frame(b"x" * 1000)[:50])


def _stop_within_a_message() -> None:
    _half_a_message()
    _stop()


def _unknown_message() -> None:
    for number in _sockets():
        os.write(number, frame(b"cno_such_module\nThing\n."))


def _leaving_message() -> None:
    for number in _sockets():
        os.write(number, frame(b"csys\nexit\n(I3\ntR."))


def _pointless_message() -> None:
    for number in _sockets():
        os.write(number, frame(pickle.dumps(np.arange(3))))


def _take_place() -> None:
    for number in _sockets():
        os.dup2(os.open(os.environ["PRECIOUS"], os.O_WRONLY), number)


def _nonblocking() -> None:
    for number in _sockets():
        os.set_blocking(number, False)


def _habits() -> None:
    os.umask(0o777)
    os.nice(5)
    locale.setlocale(locale.LC_ALL, "C")
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(limit, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.environ.clear()


def _alarm() -> None:
    signal.setitimer(signal.ITIMER_REAL, 1e-6)
    time.sleep(0.1)


def _thread() -> None:
    threading.Thread(target=time.sleep, args=(600,)).start()


def _modules() -> None:
    sys.modules.clear()


def _session() -> None:
    os.setsid()


def _traced() -> None:
    trace_me = 0
    ctypes.CDLL(None).ptrace(trace_me, 0, 0, 0)
    _stop()


def _flood() -> None:
    for _ in range(30):
        os.write(1, b"nothing to say " * 70_000)


def _long_words() -> None:
    raise ValueError("no " * 30_000_000)


DEEDS: dict[str, Callable[[], None]] = {
    name.lstrip("_"): function
    for name, function in list(globals().items())
    if name.startswith("_")
    and name != "_sockets"
    and callable(function)
    and getattr(function, "__module__", "") == __name__
}
NAMES = ("good", *DEEDS)


def deed(name: str) -> float:
    """Return the value of the parameter `deed` at which a model does that."""
    return NAMES.index(name) + 0.5


class Hostile(PointModel):
    """Does what its parameter `deed` says; notes its tries in the file that TRIES names."""

    name = "hostile"
    parameters = (Parameter("a", Uniform(0, 1)), Parameter("deed", Uniform(0, len(NAMES))))
    observables = (Observable("f"), Observable("here"), Observable("pid"))

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Do it, then compute."""
        name = NAMES[int(point["deed"])]
        if "TRIES" in os.environ:
            with open(os.environ["TRIES"], "a") as file:
                file.write(f"{point['a']!r} {name}\n")
        if name != "good":
            DEEDS[name]()
        here = float(os.path.exists(os.environ.get("MARKER", "no marker")))
        return {"f": float(np.exp(np.sin(point["a"]))), "here": here, "pid": float(os.getpid())}


class HostileArray(Model):
    """Vectorised: does the first deed that any of its points asks for; negative ones are good."""

    name = "hostile-array"
    parameters = (Parameter("a", Uniform(0, 1)), Parameter("deed", Uniform(-len(NAMES), len(NAMES))))
    observables = (Observable("f"), Observable("g"))

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Do it, then compute."""
        for value in points["deed"]:
            if value >= 1.0:
                DEEDS[NAMES[int(value)]]()
        a = points["a"]
        return {"f": np.exp(np.sin(a)) * np.log1p(a) ** 1.7, "g": np.tanh(a) / np.sqrt(1 + a)}


class DeadCentre(HostileArray):
    """Kills its process in the middle of its space, where executors warm up."""

    name = "dead-centre"
    parameters = (Parameter("a", Uniform(0, 1)), Parameter("deed", Uniform(0.0, 2.0 * deed("segfault"))))


class FastAndSlow(PointModel):
    """In one of the processes a hundred times slower."""

    name = "fast-and-slow"
    parameters = (Parameter("a", Uniform(0, 1)),)
    observables = (Observable("f"), Observable("pid"))

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Sleep for 4 ms, or for 0.4 s."""
        time.sleep(0.4 if self._slow() else 0.004)
        return {"f": float(np.exp(point["a"])), "pid": float(os.getpid())}

    def _slow(self) -> bool:
        claim = Path(os.environ["SLOW"])
        try:
            with claim.open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return claim.read_text() == str(os.getpid())
        return True


def problem(model: type[Model]) -> Problem:
    """Return the problem of a model without constraints."""
    return Problem(BoundModel(model()), [])


def points(deeds: list[str]) -> Floats:
    """Return points that do these things."""
    return np.column_stack([np.linspace(0, 1, len(deeds)), [deed(name) for name in deeds]])


@hookimpl
def terranova_models() -> list[type[Model]]:
    """All of them."""
    return [Hostile, HostileArray, FastAndSlow]
