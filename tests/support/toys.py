"""Small models and samplers for tests of the engine."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from terranova import (
    Angle,
    ConstraintSet,
    LogUniform,
    Model,
    Observable,
    Parameter,
    PointFailed,
    PointModel,
    SignedLogUniform,
    Uniform,
    Window,
    hookimpl,
)

PARAMETERS = (
    Parameter("a", Uniform(0.0, 10.0), unit="GeV", latex="a"),
    Parameter("b", LogUniform(1e-3, 1e3), unit="GeV", latex="b"),
    Parameter("c", SignedLogUniform(1e-1, 1e7), unit="GeV^2", latex="c"),
    Parameter("phi", Angle(), latex=r"\phi"),
)
OBSERVABLES = (
    Observable("ring", latex="r", description="distance from a circle"),
    Observable("ratio", unit="GeV", description="a thin shell"),
)


class Shell(Model):
    """A thin curved valid region, vectorised."""

    name = "toy-shell"
    description = "a thin curved region"
    parameters = PARAMETERS
    observables = OBSERVABLES

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Two smooth functions of four parameters."""
        ring = (points["a"] - 5.0) ** 2 + 4.0 * np.sin(points["phi"]) ** 2
        return {"ring": ring, "ratio": np.log10(points["b"]) + 0.01 * np.log10(np.abs(points["c"]))}


class Planes(Shell):
    """Like `Shell`, with two kinds of points, and planes that it wants to be drawn."""

    name = "toy-planes"
    observables = (
        *OBSERVABLES,
        Observable("kind", categories=("inner", "outer $")),
        Observable("size", scale="log"),
    )
    planes = (("a", "ring", "kind"), ("size", "ratio"), ("phi", "a", "size"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The functions of `Shell`, on which side of it, and a number of many decades that may be negative."""
        out = dict(super().evaluate(points))
        return {**out, "kind": np.where(out["ring"] > 1.0, 1.0, 0.0), "size": points["c"]}


class Holes(Shell):
    """Like `Shell`, with points that fail in every way a vectorised model can."""

    name = "toy-holes"

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """NaN for large a; an exception when any point has tiny b."""
        if np.any(points["b"] < 2e-3):
            raise ValueError("b too small for this calculation")
        answer = dict(super().evaluate(points))
        answer["ring"] = np.where(points["a"] > 9.0, np.nan, answer["ring"])
        return answer


class OneByOne(PointModel):
    """The same physics a point at a time, with failures of every kind; `delay` makes it slow."""

    name = "toy-point"
    parameters = PARAMETERS
    observables = OBSERVABLES

    def __init__(self, delay: float = 0.0, deadly: bool = False) -> None:
        self.delay = delay
        self.deadly = deadly

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Fails for a > 9 (unphysical) and a < 0.5 (exception, or death of the process when `deadly`)."""
        time.sleep(self.delay)
        if point["a"] > 9.0:
            raise PointFailed("tachyonic")
        if point["a"] < 0.5:
            if self.deadly:
                os._exit(3)
            raise ZeroDivisionError("a vanishes")
        ring = (point["a"] - 5.0) ** 2 + 4.0 * float(np.sin(point["phi"])) ** 2
        return {"ring": ring, "ratio": float(np.log10(point["b"]) + 0.01 * np.log10(abs(point["c"])))}


class Staged(Model):
    """An expensive observable that is computed only where the cheap one is accepted."""

    name = "toy-staged"
    parameters = PARAMETERS[:1]
    observables = (Observable("cheap"), Observable("dear", stage=1))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Only the cheap one."""
        return {"cheap": points["a"]}

    def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
        """The dear one."""
        filled = observables.copy()
        filled[:, 1] = 2.0 * x[:, 0]
        return filled


def shell_set(model: str = "") -> ConstraintSet:
    """Windows that accept a thin region of the toy models."""
    return ConstraintSet(
        "toy-windows",
        (
            Window(name="ring", observables=("ring",), lower=4.0, upper=4.2, source="theory: chosen for tests"),
            Window(
                name="ratio",
                observables=("ratio",),
                lower=0.5,
                upper=0.55,
                unit="GeV",
                source="theory: chosen for tests",
            ),
        ),
        model=model,
    )


@hookimpl
def terranova_models() -> list[type[Model]]:
    """All toy models."""
    return [Shell, Planes, Holes, OneByOne, Staged]


@hookimpl
def terranova_constraint_sets() -> list[ConstraintSet]:
    """The toy constraint set."""
    return [shell_set()]
