"""A polynomial in the parameters, on top of which trees are grown: what is smooth needs no steps."""

from __future__ import annotations

import itertools

import numpy as np

from terranova import Angle, ParameterSpace, SignedLogUniform
from terranova.types import Array, Floats

RIDGE = 1e-6


class Features:
    """Smooth coordinates of the unit cube: u, but |2u - 1| and the sign for priors of two signs, and the circle
    for angles.

    Attributes:
        owner: the axis of the cube to which each coordinate belongs.
        redundant: coordinates whose squares are functions of the others.
    """

    def __init__(self, space: ParameterSpace) -> None:
        self._axes: list[tuple[int, str]] = []
        for i, parameter in enumerate(space.free):
            if isinstance(parameter.prior, SignedLogUniform):
                self._axes += [(i, "size"), (i, "sign")]
            elif isinstance(parameter.prior, Angle):
                self._axes += [(i, "cos"), (i, "sin")]
            else:
                self._axes.append((i, "u"))
        self.owner = [i for i, _ in self._axes]
        # Their squares say nothing new (1, and 1 - cos^2): a fit would share effects out between equal monomials.
        self.redundant = {k for k, (_, kind) in enumerate(self._axes) if kind in ("sign", "sin")}

    def __call__(self, u: Floats) -> Floats:
        """Return the coordinates (n, f) of points u (n, d)."""
        return np.column_stack([_coordinate(kind, u[:, i]) for i, kind in self._axes])


def _coordinate(kind: str, v: Floats) -> Floats:
    if kind == "u":
        return 2.0 * v - 1.0
    if kind == "size":
        return 2.0 * np.abs(2.0 * v - 1.0) - 1.0
    if kind == "sign":
        return np.where(v < 0.5, -1.0, 1.0)
    return np.cos(2.0 * np.pi * v) if kind == "cos" else np.sin(2.0 * np.pi * v)


class Trend:
    """Least squares on all monomials up to a degree in the centred features.

    Args:
        features: of the points.
        degree: 0 for a constant.
    """

    def __init__(self, features: Features, degree: int) -> None:
        self.features = features
        count = len(features.owner)
        self.terms = [
            term
            for k in range(1, degree + 1)
            for term in itertools.combinations_with_replacement(range(count), k)
            if all(i != j or i not in features.redundant for i, j in itertools.pairwise(term))
        ]
        self.centre: Array = np.zeros(count)
        self.constant = 0.0
        self.weights: Array = np.zeros(len(self.terms))

    @staticmethod
    def degree_for(features: Features, rows: int, wanted: int) -> int:
        """Return the degree up to `wanted` whose monomials number at most a fifth of the rows."""
        f = len(features.owner)
        sizes = [0, f, f + f * (f + 1) // 2, f + f * (f + 1) // 2 + f * (f + 1) * (f + 2) // 6]
        return max(k for k in range(wanted + 1) if sizes[k] <= rows / 5)

    def _monomials(self, u: Floats) -> Floats:
        z = self.features(u) - self.centre
        out = np.empty((len(u), len(self.terms)))
        for k, term in enumerate(self.terms):
            out[:, k] = z[:, term[0]]
            for j in term[1:]:
                out[:, k] *= z[:, j]
        return out

    def fit(self, u: Floats, y: Floats) -> None:
        """Learn values y (n,) at u (n, d)."""
        self.centre = self.features(u).mean(axis=0)
        a = self._monomials(u)
        mean = a.mean(axis=0)
        b = a - mean
        gram = b.T @ b / len(u) + RIDGE * np.eye(len(self.terms))
        self.weights = np.linalg.solve(gram, b.T @ (y - y.mean()) / len(u))
        self.constant = float(y.mean() - mean @ self.weights)

    def __call__(self, u: Floats) -> Floats:
        """Return the values (n,)."""
        if not self.terms:
            return np.full(len(u), self.constant)
        return self.constant + self._monomials(u) @ self.weights

    def contributions(self, u: Floats, dimension: int) -> Floats:
        """Return the Shapley values (n, d) against the centre of the training points.

        A product of variables that vanish at the reference is a unanimity game: they share it equally
        (Shapley 1953).
        """
        out = np.zeros((len(u), dimension))
        if not self.terms:
            return out
        values = self._monomials(u) * self.weights
        for k, term in enumerate(self.terms):
            owners = sorted({self.features.owner[j] for j in term})
            out[:, owners] += values[:, k : k + 1] / len(owners)
        return out
