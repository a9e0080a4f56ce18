"""The coordinate in which a target is learned: linear, logarithmic, or logarithmic with both signs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from terranova.types import Floats

DECADES, SIGNED_DECADES = 1.5, 4.0
"""Targets that span more are learned as logarithms; those of both signs only if they span very much more."""


@dataclass(frozen=True)
class Scale:
    """An invertible map of one target: y -> (g(y) - centre) / width, g of the given kind.

    Attributes:
        kind: "linear", "log", or "asinh" (of y / unit).
    """

    kind: str
    centre: float
    width: float
    unit: float = 1.0

    @classmethod
    def of(cls, y: Floats) -> Scale:
        """Choose the one for values y (n,), finite."""
        kind, unit = "linear", 1.0
        size = np.abs(y[y != 0.0])
        decades = np.log10(np.quantile(size, 0.99) / np.quantile(size, 0.01)) if len(size) else 0.0
        if decades > DECADES and (y > 0).all():
            kind = "log"
        elif decades > SIGNED_DECADES:
            kind, unit = "asinh", float(np.quantile(size, 0.05))
        bare = cls(kind, 0.0, 1.0, unit).forward(y)
        width = float(bare.std())
        return cls(kind, float(bare.mean()), width if width > 0.0 else 1.0, unit)

    def forward(self, y: Floats) -> Floats:
        """Map values to the coordinate, of mean 0 and standard deviation 1."""
        if self.kind == "log":
            y = np.log(y)
        elif self.kind == "asinh":
            y = np.arcsinh(y / self.unit)
        return (y - self.centre) / self.width

    def backward(self, z: Floats) -> Floats:
        """Inverse of `forward`."""
        y = z * self.width + self.centre
        if self.kind == "log":
            return np.exp(np.clip(y, -700.0, 700.0))
        if self.kind == "asinh":
            return self.unit * np.sinh(np.clip(y, -700.0, 700.0))
        return y
