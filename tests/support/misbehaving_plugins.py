"""A toy model that does harm when the environment tells it to; the configuration of a scan does not know."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from typing import Any

from support.toys import OneByOne, Shell
from terranova import ConstraintSet, Model, Window, hookimpl

DEED = "NAUGHTY"
"""JSON in the environment: what to do, on which rank, after how many points, and a file that says it was done."""


class Harm:
    """Counts points, and does what the environment asks for when there are enough."""

    def __init__(self) -> None:
        self.points = 0

    def after(self, points: int) -> None:
        """Count points that are about to be evaluated."""
        from terranova.parallel.launchers import detect_launcher

        self.points += points
        words = os.environ.get(DEED)
        if not words:
            return
        order = json.loads(words)
        if order.get("nap"):
            time.sleep(order["nap"])
        launch = detect_launcher()
        rank = launch.rank if launch else 0
        if self.points < order.get("points", 0) or rank not in (order.get("rank", rank), None):
            return
        once = order.get("once")
        if once:
            try:
                os.close(os.open(once, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
        do(order.get("deed", ""))


def do(deed: str) -> None:
    """Do harm."""
    if deed == "raise":
        from terranova.errors import ContractError

        raise ContractError("this model is broken here")
    if deed == "bug":
        raise Bug("a bug")
    if deed == "exit0":
        os._exit(0)
    if deed == "exit3":
        os._exit(3)
    if deed == "leave":
        sys.exit(7)
    if deed == "segfault":
        ctypes.string_at(0)
    if deed == "hang":
        os.kill(os.getpid(), signal.SIGSTOP)
    if deed.startswith("SIG"):
        os.kill(os.getpid(), signal.Signals[deed])


class Bug(BaseException):
    """Not an `Exception`, so that the engine does not make a failed row of it."""


class Naughty(Shell):
    """The vectorised toy model."""

    name = "toy-naughty"

    def __init__(self) -> None:
        self.harm = Harm()

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Two smooth functions, and perhaps some harm."""
        self.harm.after(len(points["a"]))
        return super().evaluate(points)


class NaughtyPoint(OneByOne):
    """The toy model of one point at a time."""

    name = "toy-naughty-point"

    def __init__(self, delay: float = 0.0) -> None:
        super().__init__(delay=delay)
        self.harm = Harm()

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """The same, and perhaps some harm."""
        self.harm.after(1)
        return super().evaluate_point(point)


WIDE = ConstraintSet(
    "toy-wide",
    (
        Window(name="ring", observables=("ring",), lower=0.0, upper=10.0, source="theory: chosen for tests"),
        Window(name="ratio", observables=("ratio",), lower=-1.0, upper=1.0, unit="GeV", source="theory: for tests"),
    ),
)
"""Constraints that a good part of random points satisfies."""


@hookimpl
def terranova_models() -> list[type[Model]]:
    """The naughty ones."""
    return [Naughty, NaughtyPoint]


@hookimpl
def terranova_constraint_sets() -> list[ConstraintSet]:
    """The wide windows."""
    return [WIDE]
