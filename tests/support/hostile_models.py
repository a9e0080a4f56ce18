"""Models that do to their process whatever can be done. A module, for worker processes import it by name."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from terranova import BoundModel, Model, Observable, Parameter, PointFailed, PointModel, Problem, Uniform, hookimpl
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


DEEDS: dict[str, Callable[[], None]] = {
    name.lstrip("_"): function
    for name, function in list(globals().items())
    if name.startswith("_") and callable(function) and getattr(function, "__module__", "") == __name__
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
