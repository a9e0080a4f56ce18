"""The coordinate in which a target is learned: linear, logarithmic, of both signs, or from the top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terranova import PieceReader
from terranova.types import Array, Floats

KINDS = ("linear", "log", "asinh", "top")

DECADES, SIGNED_DECADES = 1.5, 4.0
"""Targets that span more are learned as logarithms; those of both signs only if they span very much more."""

LACKING = 0.3
"""Quantile of what targets lack to the largest: there the coordinate "top" turns from linear to logarithmic."""


@dataclass(frozen=True)
class Scale:
    """An invertible map of one target: y -> (g(y) - centre) / width, g of the given kind.

    Attributes:
        kind: "linear", "log", "asinh" (of y / unit), or "top": -log(1 + (top - y) / unit), which resolves the
            largest values best, as of a log-likelihood.
    """

    kind: str
    centre: float
    width: float
    unit: float = 1.0
    top: float = 0.0

    @classmethod
    def of(cls, y: Floats, weights: Floats) -> Scale:
        """Choose the one for values y (n,), finite, of which weights (n,) say how much they matter."""
        kind, unit = "linear", 1.0
        size = np.abs(y[y != 0.0])
        decades = np.log10(np.quantile(size, 0.99) / np.quantile(size, 0.01)) if len(size) else 0.0
        if decades > DECADES and (y > 0).all():
            kind = "log"
        elif decades > SIGNED_DECADES:
            kind, unit = "asinh", float(np.quantile(size, 0.05))
        return cls._of(kind, y, weights, unit)

    @classmethod
    def below_top(cls, y: Floats, weights: Floats) -> Scale:
        """Return the scale "top" for values y (n,)."""
        top = float(y.max())
        order = np.argsort(top - y)
        share = np.cumsum(weights[order]) / weights.sum()
        unit = float((top - y)[order][np.searchsorted(share, LACKING)])
        return cls._of("top", y, weights, unit if unit > 0.0 else 1.0, top)

    @classmethod
    def _of(cls, kind: str, y: Floats, weights: Floats, unit: float, top: float = 0.0) -> Scale:
        bare = cls(kind, 0.0, 1.0, unit, top).forward(y)
        centre = float(np.average(bare, weights=weights))
        width = float(np.sqrt(np.average((bare - centre) ** 2, weights=weights)))
        return cls(kind, centre, width if width > 0.0 else 1.0, unit, top)

    def forward(self, y: Floats) -> Floats:
        """Map values to the coordinate, of weighted mean 0 and standard deviation 1."""
        if self.kind == "log":
            y = np.log(y)
        elif self.kind == "asinh":
            y = np.arcsinh(y / self.unit)
        elif self.kind == "top":
            y = -np.log(np.maximum(1.0 + (self.top - y) / self.unit, 1e-3))
        return (y - self.centre) / self.width

    def backward(self, z: Floats) -> Floats:
        """Inverse of `forward`."""
        y = z * self.width + self.centre
        if self.kind == "log":
            return np.exp(np.clip(y, -700.0, 700.0))
        if self.kind == "asinh":
            return self.unit * np.sinh(np.clip(y, -700.0, 700.0))
        if self.kind == "top":
            return self.top - self.unit * np.expm1(np.clip(-y, -700.0, 700.0))
        return y


def stored_scales(scales: Sequence[Scale]) -> tuple[list[str], Array]:
    """Return kinds and numbers (q, 4) of scales, for a file."""
    numbers: list[list[Any]] = [[scale.centre, scale.width, scale.unit, scale.top] for scale in scales]
    return [scale.kind for scale in scales], np.array(numbers, dtype=float).reshape(-1, 4)


def read_scales(stored: PieceReader) -> list[Scale]:
    """Return the scales that a file holds as `scales`.

    Raises:
        ValueError: it holds something else.
    """
    kinds = stored.words("scales", KINDS)
    numbers = stored.array("scales", (len(kinds), 4))
    if not kinds or not (numbers[:, 1:3] > 0.0).all():
        raise ValueError("scales: expected at least one, with widths and units above 0")
    return [Scale(kind, *row) for kind, row in zip(kinds, numbers.tolist(), strict=True)]
