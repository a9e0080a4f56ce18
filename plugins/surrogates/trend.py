"""A polynomial in the parameters, below trees and processes: what is smooth needs no steps."""

from __future__ import annotations

import itertools
import math

import numpy as np

from terranova import Angle, ParameterSpace, SignedLogUniform
from terranova.types import Array, Floats

RIDGE = 1e-6

MOST_TERMS = 10_000
"""Monomials of a basis: their products, which a fit needs, take 0.8 GB."""


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


class Basis:
    """All monomials up to a degree in the centred features: shared by all polynomials of a surrogate.

    Args:
        features: of the points.
        degree: 0 for none.
        centre: (f,) of the features.
    """

    def __init__(self, features: Features, degree: int, centre: Array) -> None:
        self.features, self.degree, self.centre = features, degree, centre
        self.terms = [
            term
            for k in range(1, degree + 1)
            for term in itertools.combinations_with_replacement(range(len(features.owner)), k)
            if all(i != j or i not in features.redundant for i, j in itertools.pairwise(term))
        ]
        place = {term: k for k, term in enumerate(self.terms)}
        self._parents = [place.get(term[:-1], -1) for term in self.terms]

    @staticmethod
    def degree_for(features: Features, rows: int, wanted: int) -> int:
        """Return the degree up to `wanted` with monomials for at most a tenth of the rows; a fifth for degree 1.

        It never has more than `MOST_TERMS`.
        """
        f = len(features.owner)
        sizes = [math.comb(f + k, k) - 1 for k in range(wanted + 1)]
        return max(k for k in range(wanted + 1) if sizes[k] <= min(rows / (5 if k < 2 else 10), MOST_TERMS))

    def __call__(self, u: Floats) -> Floats:
        """Return the monomials (n, t) at points u (n, d)."""
        z = self.features(u) - self.centre
        out = np.empty((len(self.terms), len(u)))
        for k, (term, parent) in enumerate(zip(self.terms, self._parents, strict=True)):
            np.multiply(out[parent] if parent >= 0 else 1.0, z[:, term[-1]], out=out[k])
        return out.T

    def fit(self, monomials: Floats, y: Floats, weights: Floats) -> Array:
        """Return constant and coefficients (1 + t,) of the weighted least squares for values y (n,)."""
        share = weights / weights.sum()
        mean = share @ monomials
        b = monomials - mean
        middle = float(share @ y)
        gram = (b * share[:, None]).T @ b + RIDGE * np.eye(len(self.terms))
        slopes = np.linalg.solve(gram, b.T @ (share * (y - middle)))
        return np.append(middle - mean @ slopes, slopes)

    def contributions(self, monomials: Floats, coefficients: Array, dimension: int) -> Floats:
        """Return the Shapley values (n, d) of a polynomial against the centre.

        A product of variables that vanish at the reference is a unanimity game: they share it equally
        (Shapley 1953).
        """
        out = np.zeros((len(monomials), dimension))
        for k, term in enumerate(self.terms):
            owners = sorted({self.features.owner[j] for j in term})
            out[:, owners] += (monomials[:, k] * coefficients[1 + k] / len(owners))[:, None]
        return out
