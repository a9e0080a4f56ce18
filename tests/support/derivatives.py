"""A model that offers its derivatives, and wrong ones when it is asked to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from terranova import Angle, LogUniform, Model, Observable, Parameter, SignedLogUniform, Uniform


class Differentiable(Model):
    """Four observables of four parameters, differentiated by hand.

    Args:
        fault: what is wrong with the derivatives: "sign", "swapped", "shape", "raises", "nan", or nothing.
    """

    name = "differentiable"
    parameters = (
        Parameter("a", Uniform(-2.0, 3.0), unit="GeV"),
        Parameter("b", LogUniform(1e-3, 1e4), unit="GeV"),
        Parameter("c", SignedLogUniform(1e-2, 1e3)),
        Parameter("phi", Angle()),
    )
    observables = (
        Observable("product", unit="GeV^2"),
        Observable("ratio", unit="GeV"),
        Observable("wave"),
        Observable("bent", unit="GeV^2"),
    )

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.evaluated = self.differentiated = 0

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Smooth functions."""
        a, b, c, phi = (points[p.name] for p in self.parameters)
        self.evaluated += len(a)
        return {"product": a * b, "ratio": b / c, "wave": np.sin(phi) * a, "bent": a**2 + b**2}

    def jacobian(self, x: Any, observables: Any) -> Any:
        """Their derivatives."""
        self.differentiated += len(x)
        a, b, c, phi = x.T
        out = np.zeros((len(x), 4, 4))
        out[:, 0, 0], out[:, 0, 1] = b, a
        out[:, 1, 1], out[:, 1, 2] = 1.0 / c, -b / c**2
        out[:, 2, 0], out[:, 2, 3] = np.sin(phi), np.cos(phi) * a
        out[:, 3, 0], out[:, 3, 1] = 2.0 * a, 2.0 * b
        if self.fault == "raises" and (a > 0.0).any():
            raise ArithmeticError("no derivative")
        if self.fault == "nan":
            out[:, 1, 2] = np.nan
        return {"sign": -out, "swapped": np.swapaxes(out, 1, 2), "shape": out[:, :3]}.get(self.fault, out)
