"""What the 3HDM is compared with: reference vectors, and the potential written once more from its
Lagrangian.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from terranova.models.physics import sm
from terranova.types import Floats

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Vectors:
    """Reference points: x (n, 16), observables (n, 149), violations (n, 61) and what belongs to them."""

    parameters: list[str]
    observables: list[str]
    constraints: list[str]
    labels: list[str]
    x: Floats
    o: Floats
    c: Floats
    valid: np.ndarray
    vacuum: list[dict[str, float] | None]
    box_map_checks: list[dict[str, list[float]]]
    bsg_function_checks: dict[str, dict[str, float]]

    def column(self, name: str) -> Floats:
        """Values (n,) of one observable."""
        return self.o[:, self.observables.index(name)]


def read_vectors() -> Vectors:
    """Read the reference vectors of the 3HDM."""
    data = json.loads((DATA / "thdm3_vectors.json").read_text())
    points = data["points"]
    return Vectors(
        data["parameters"],
        data["observables"],
        data["constraints"],
        [p["label"] for p in points],
        np.array([p["x"] for p in points]),
        np.array([p["o"] for p in points]),
        np.array([p["c"] for p in points]),
        np.array([p["valid"] for p in points]),
        [p.get("vacuum") for p in points],
        data["box_map_checks"],
        data["bsg_function_checks"],
    )


@dataclass(frozen=True)
class Lagrangian:
    """The scalar potential of twelve real fields, term by term as it stands in the Lagrangian.

    Fields (..., 12) are ordered doublet by doublet: Re and Im of the upper, then of the lower component,
    each over sqrt2. Independent of the model's code. V is a quartic polynomial, so that finite differences
    with five points are exact up to rounding.
    """

    diagonal: Floats
    soft: Floats
    quartic: Floats

    def __call__(self, fields: Floats) -> Floats:
        return self.quadratic(fields) + self.v4(fields)

    def products(self, fields: Floats) -> np.ndarray:
        """(ab) = phi_a^dagger phi_b: (..., 3, 3)."""
        f = np.asarray(fields).reshape(*np.shape(fields)[:-1], 3, 2, 2)
        phi = (f[..., 0] + 1j * f[..., 1]) / math.sqrt(2.0)
        return np.einsum("...ac,...bc->...ab", phi.conj(), phi)

    def quadratic(self, fields: Floats) -> Floats:
        """The mass terms."""
        z = self.products(fields)
        diagonal = sum(self.diagonal[k] * z[..., k, k].real for k in range(3))
        pairs = ((0, 1), (0, 2), (1, 2))
        return diagonal + sum(2 * m * z[..., a, b].real for m, (a, b) in zip(self.soft, pairs, strict=True))

    def v4(self, fields: Floats) -> Floats:
        """The quartic terms."""
        z = self.products(fields)
        x = [z[..., k, k].real for k in range(3)]
        lam = [0.0, *self.quartic]
        total = lam[1] * x[0] ** 2 + lam[2] * x[1] ** 2 + lam[3] * x[2] ** 2
        total = total + lam[4] * x[0] * x[1] + lam[5] * x[0] * x[2] + lam[6] * x[1] * x[2]
        total = total + (lam[7] * z[..., 0, 1] * z[..., 1, 0]).real
        total = total + (lam[8] * z[..., 0, 2] * z[..., 2, 0]).real
        total = total + (lam[9] * z[..., 1, 2] * z[..., 2, 1]).real
        complex_terms = (
            lam[10] * z[..., 0, 1] * z[..., 0, 2]
            + lam[11] * z[..., 0, 1] * z[..., 2, 1]
            + lam[12] * z[..., 0, 2] * z[..., 1, 2]
        )
        return total + 2 * complex_terms.real

    def derivatives(self, at: Floats, direction: Floats) -> tuple[float, float, float]:
        """First, second and third derivative along a direction (12,), by five-point differences."""
        step = max(1.0, float(np.max(np.abs(at))))
        v = self(at + step * np.arange(-2, 3)[:, None] * direction)
        first = (v[0] - 8 * v[1] + 8 * v[3] - v[4]) / (12 * step)
        second = (-v[0] + 16 * v[1] - 30 * v[2] + 16 * v[3] - v[4]) / (12 * step**2)
        third = (-v[0] + 2 * v[1] - 2 * v[3] + v[4]) / (2 * step**3)
        return float(first), float(second), float(third)

    def hessian(self, at: Floats) -> Floats:
        """All second derivatives (12, 12)."""
        unit = np.eye(12)
        diagonal = np.array([self.derivatives(at, e)[1] for e in unit])
        out = np.diag(diagonal)
        for i, j in itertools.combinations(range(12), 2):
            both = self.derivatives(at, unit[i] + unit[j])[1]
            out[i, j] = out[j, i] = 0.5 * (both - diagonal[i] - diagonal[j])
        return out

    def third(self, at: Floats, a: Floats, b: Floats, c: Floats) -> float:
        """Mixed third derivative along three directions, by polarisation."""
        total = 0.0
        for n in (1, 2, 3):
            for group in itertools.combinations((a, b, c), n):
                total += (-1) ** (3 - n) * self.derivatives(at, np.sum(group, axis=0))[2]
        return total / 6.0

    def fourth(self) -> Floats:
        """The tensor of fourth derivatives (12, 12, 12, 12), by polarisation of the quartic form."""
        unit = np.eye(12)
        i, j, k, m = np.meshgrid(*[np.arange(12)] * 4, indexing="ij")
        vectors = [unit[index] for index in (i, j, k, m)]
        total = np.zeros((12, 12, 12, 12))
        for n in (1, 2, 3, 4):
            for group in itertools.combinations(vectors, n):
                total += (-1) ** (4 - n) * self.v4(np.sum(group, axis=0))
        return total


@dataclass(frozen=True)
class Vacuum:
    """A point of the model seen from outside: its potential and its electroweak vacuum."""

    potential: Lagrangian
    fields: Floats


def electroweak_vacuum(x: Floats, o: Mapping[str, float]) -> Vacuum:
    """The potential and the vacuum of the point x (16,) from the model's couplings o."""
    beta1, beta2 = math.atan(x[5]), math.atan(x[6])
    vhat = np.array([math.cos(beta1) * math.cos(beta2), math.sin(beta1) * math.cos(beta2), math.sin(beta2)])
    fields = np.zeros(12)
    fields[[2, 6, 10]] = sm.VEV * vhat
    quartic = np.array([o[f"lambda{k}"] for k in range(1, 13)])
    diagonal = np.array([o["m11sq"], o["m22sq"], o["m33sq"]])
    return Vacuum(Lagrangian(diagonal, np.asarray(x[13:16]), quartic), fields)
