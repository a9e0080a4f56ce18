"""A Gaussian process on a polynomial: smooth, and exact at the points it has seen.

It suits few dimensions and thousands of points: learning costs n^3, a prediction n.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

import numpy as np

from terranova import ParameterSpace, Surrogate
from terranova.plugins._gp import ROOT5, GaussianProcess, squares
from terranova.plugins.surrogates._scales import Scale
from terranova.plugins.surrogates._support import Support, why_not
from terranova.plugins.surrogates._trend import Basis, Features
from terranova.types import Array, Bools, Floats

MINIMUM = 20
"""Rows below which nothing is learned."""

NEIGHBOURS = 6
"""Rows that say whether a point belongs to the region that matters."""

NEAR_MARGIN = 0.005
"""Share of the rows that matter which may be taken for others, each judged by the rest."""

_CHUNK = 1000


class GpSurrogate(Surrogate):
    """A Gaussian process (Matérn 5/2) for each target, on what a polynomial leaves.

    Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press (2006).

    Args:
        points: rows learned from, at most; chosen by the seed.
        scales: rows from which length scales are learned, at most.
        trend: degree of the polynomial, 0 to 3; less where rows are few.
    """

    name = "gp"
    version = "1"
    description = "Gaussian process on a polynomial, for smooth targets in few dimensions"
    packages = ("scipy",)

    def __init__(
        self, space: ParameterSpace, seed: int, points: int = 2500, scales: int = 500, trend: int = 2
    ) -> None:
        super().__init__(space, seed)
        if not (points >= MINIMUM and scales >= MINIMUM and 0 <= trend <= 3):
            raise ValueError(f"needs points >= {MINIMUM}, scales >= {MINIMUM}, trend in 0..3")
        self.points, self.rows_for_scales, self.trend = points, scales, trend
        self._features = Features(space)
        self._clear()

    def _clear(self) -> None:
        self._u: Floats = np.empty((0, self.space.dimension))
        self._y: Floats = np.empty((0, 0))
        self._all: Floats = self._u
        self._near: Bools = np.zeros(0, dtype=bool)
        self._scales: list[Scale] = []
        self._basis = Basis(self._features, 0, np.zeros(len(self._features.owner)))
        self._trends: list[Array] = []  # constant and coefficients, for each target
        self._processes: list[_Process] = []
        self._support: Support | None = None
        self._threshold = 0.0
        self.reason = "it is not trained"

    # -- learning -------------------------------------------------------------------------------------------

    def fit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Learn; see `Surrogate.fit`. Weights change nothing: the process goes through all points."""
        self._clear()
        u, targets = np.asarray(u, dtype=float), np.asarray(targets, dtype=float)
        sound = np.isfinite(u).all(axis=1)
        good = np.flatnonzero(sound & near & np.isfinite(targets).all(axis=1))
        good = good[np.unique(u[good], axis=0, return_index=True)[1]]
        self.reason = why_not(u[good], targets[good], MINIMUM)
        if self.reason:
            return
        rng = np.random.default_rng([self.seed, 1])
        chosen = np.sort(rng.permutation(good)[: self.points])
        few = rng.permutation(len(chosen))[: self.rows_for_scales]
        self._learn(u[chosen], targets[chosen], u[sound], near[sound])
        for process, z in zip(self._processes, self._rest.T, strict=True):
            process.learn_scales(self._features(self._u[few]), z[few, None])
            process.learn(self._features(self._u), z[:, None])

    def _learn(self, u: Floats, y: Floats, everything: Floats, near: Bools) -> None:
        """Take in rows, but for the length scales."""
        self.reason = ""
        self._u, self._y, self._all, self._near = u, y, everything, near
        self._support = Support(u)
        degree = Basis.degree_for(self._features, len(u), self.trend)
        self._basis = Basis(self._features, degree, self._features(u).mean(axis=0))
        monomials, alike = self._basis(u), np.ones(len(u))
        self._scales = [Scale.of(column, alike) for column in y.T]
        z = np.column_stack([scale.forward(column) for scale, column in zip(self._scales, y.T, strict=True)])
        self._trends = [self._basis.fit(monomials, column, alike) for column in z.T]
        self._rest = z - self._smooth(u)
        width = len(self._features.owner)
        self._processes = [_Process(np.zeros(width, dtype=bool)) for _ in self._scales]
        if not near.all():
            self._threshold = min(0.5, float(np.quantile(self._votes(u, own=True), NEAR_MARGIN)))

    def _smooth(self, u: Floats) -> Floats:
        """Return the polynomials (n, q) at u (n, d)."""
        monomials = self._basis(u)
        return np.column_stack([trend[0] + monomials @ trend[1:] for trend in self._trends])

    # -- answering ------------------------------------------------------------------------------------------

    def mean(self, u: Floats) -> Floats:
        """Return the means (n, q) only, which cost far less than the deviations."""
        if self._support is None:
            return np.full((len(u), max(1, len(self._scales))), np.nan)
        z = self._features(u)
        parts = zip(self._scales, self._smooth(u).T, self._processes, strict=True)
        return np.column_stack([scale.backward(trend + process.average(z)) for scale, trend, process in parts])

    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation; see `Surrogate.predict`."""
        mean = self.mean(u)
        if self._support is None:
            return mean, mean.copy()
        z, smooth = self._features(u), self._smooth(u)
        sigma = np.empty_like(mean)
        for j, (scale, process) in enumerate(zip(self._scales, self._processes, strict=True)):
            for at in range(0, len(u), _CHUNK):
                part = slice(at, at + _CHUNK)
                known = process.predict(z[part])
                centre, width = smooth[part, j] + known.mean[:, 0], known.deviation[:, 0]
                sigma[part, j] = 0.5 * (scale.backward(centre + width) - scale.backward(centre - width))
        return mean, sigma

    def _votes(self, u: Floats, *, own: bool = False) -> Floats:
        """Return (n,) which share of the nearest rows matters; `own` leaves out the nearest, the point itself."""
        from scipy.spatial import cKDTree

        found = cKDTree(self._all).query(u, k=min(NEIGHBOURS + own, len(self._all)))[1]
        return np.asarray(self._near[found[:, int(own) :]].mean(axis=1))

    def near(self, u: Floats) -> Bools:
        """Return (n,) whether enough of the nearest rows matter."""
        if self._support is None or self._near.all():
            return np.full(len(u), self._support is not None)
        finite: Bools = np.asarray(np.isfinite(u).all(axis=1))
        kept: Bools = finite & (self._votes(np.where(finite[:, None], u, 0.0)) >= self._threshold)
        return kept

    def trust(self, u: Floats) -> Floats:
        """Return (n,): 0 where the rows nearby do not matter, else how well they surround the point."""
        if self._support is None or not len(u):
            return np.zeros(len(u))
        return np.where(self.near(u), self._support.trust(u), 0.0)

    @property
    def scales(self) -> tuple[str, ...]:
        """Coordinates of the targets."""
        return tuple(scale.kind for scale in self._scales)

    # -- files ----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, bytes]:
        """The rows and the length scales, from which the rest follows."""
        learned = [np.append(process.log_scales, process.log_noise) for process in self._processes]
        buffer = io.BytesIO()
        np.savez(
            buffer,
            allow_pickle=False,
            u=self._u,
            y=self._y,
            all=self._all,
            near=self._near,
            learned=np.array(learned),
        )
        return {"words.json": json.dumps({"reason": self.reason}).encode(), "arrays.npz": buffer.getvalue()}

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Become what `state` was taken from."""
        self._clear()
        try:
            reason = json.loads(state["words.json"])["reason"]
            arrays: dict[str, Array] = dict(np.load(io.BytesIO(state["arrays.npz"]), allow_pickle=False))
            if not reason:
                self._learn(arrays["u"], arrays["y"], arrays["all"], arrays["near"])
                for process, row, z in zip(self._processes, arrays["learned"], self._rest.T, strict=True):
                    process.log_scales, process.log_noise = row[:-1], float(row[-1])
                    process.learn(self._features(self._u), z[:, None])
            self.reason = reason
        except (KeyError, TypeError, ValueError, OSError) as error:
            raise ValueError(f"this is not what surrogate 'gp' wrote ({type(error).__name__}: {error})") from error


class _Process(GaussianProcess):
    """A Gaussian process of one output that also gives means alone."""

    def average(self, z: Floats) -> Floats:
        """Return the means (n,) at z (n, f)."""
        result = np.empty(len(z))
        for at in range(0, len(z), _CHUNK):
            scaled = self._embedded(z[at : at + _CHUNK]) / np.exp(self.log_scales)[self._axis]
            root = squares(scaled, self._scaled)
            np.sqrt(root, out=root)
            root *= ROOT5
            kernel = root / 3.0
            kernel += 1.0
            kernel *= root
            kernel += 1.0
            np.negative(root, out=root)
            kernel *= np.exp(root, out=root)  # as `_matern`, without the derivative and in place
            result[at : at + _CHUNK] = (self._mean + self._width * (kernel @ self._alpha))[:, 0]
        return result
