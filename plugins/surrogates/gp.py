"""A Gaussian process on a polynomial: smooth, and exact at the points it has seen.

It suits few dimensions and thousands of points: learning costs n^3, a prediction n.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from terranova import ParameterSpace, PieceReader, pack_pieces
from terranova.plugins._gp import NOISE, ROOT5, SCALES, GaussianProcess, squares
from terranova.plugins.surrogates.base import ScaledSurrogate
from terranova.plugins.surrogates.scales import Scale
from terranova.plugins.surrogates.support import INSIDE, Support, why_not
from terranova.plugins.surrogates.trend import Basis, Features
from terranova.types import Array, Bools, Floats, Ints

MINIMUM = 20
"""Rows below which nothing is learned."""

NEIGHBOURS = 6
"""Rows that say whether a point belongs to the region that matters."""

NEAR_MARGIN = 0.005
"""Share of the rows that matter which may be taken for others, each judged by the rest."""

SHARED = 0.02
"""Targets share a kernel, and with it the cost of a prediction, where one of their own would gain less than this in
log-likelihood for each row."""

GROWN = 1.5
"""Length scales are learned again once there are so many times the rows that they were learned from."""

TURNS = 2
"""Times that the axes of a kernel are turned to where its target changes, at most."""

MOST_ENTRIES = 500_000_000
"""Of the matrices of all kernels together, 4 GB: more rows are not learned from, nor taken from a file."""

_CHUNK = 1000


class GpSurrogate(ScaledSurrogate):
    """Gaussian processes (Matérn 5/2) on what a polynomial leaves; targets that are alike share a kernel.

    Length scales belong to directions in which the target changes much or little, not to single parameters: where
    two parameters cancel, their sum or ratio is the one direction that matters.

    Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning, MIT Press (2006); for
    the directions P. G. Constantine, Active Subspaces, SIAM (2015).

    Args:
        points: rows learned from, at most; chosen by the seed. Fewer where there are so many targets that their
            kernels would not fit into 4 GB.
        scales: rows from which length scales are learned, at most.
        trend: degree of the polynomial, 0 to 3; less where rows are few.
    """

    name = "gp"
    version = "5"
    description = "Gaussian process on a polynomial, for smooth targets in few dimensions"
    packages = ("scipy",)

    def __init__(
        self, space: ParameterSpace, seed: int, points: int = 2500, scales: int = 300, trend: int = 2
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
        self._learned_from = 0
        self._support: Support | None = None
        self._threshold = 0.0
        self.reason = "it is not trained"

    # -- learning -------------------------------------------------------------------------------------------

    def fit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Learn; see `Surrogate.fit`. Weights change nothing: the process goes through all points."""
        self._clear()
        self.refit(u, targets, near, weights)

    def refit(self, u: Floats, targets: Floats, near: Bools, weights: Floats | None = None) -> None:
        """Learn again; see `Surrogate.refit`. Length scales are kept until there are many more rows."""
        before, learned_from = self._processes, self._learned_from
        self._clear()
        u, targets = np.asarray(u, dtype=float), np.asarray(targets, dtype=float)
        sound = np.isfinite(u).all(axis=1)
        good = np.flatnonzero(sound & near & np.isfinite(targets).all(axis=1))
        good = good[np.unique(u[good], axis=0, return_index=True)[1]]
        self.reason = why_not(u[good], targets[good], MINIMUM)
        if self.reason:
            return
        rng = np.random.default_rng([self.seed, 1])
        most = min(self.points, math.isqrt(MOST_ENTRIES // targets.shape[1]))
        chosen = np.sort(rng.permutation(good)[:most])
        few = rng.permutation(len(chosen))[: self.rows_for_scales]
        self._learn(u[chosen], targets[chosen], u[sound], near[sound])
        kept = len(chosen) < GROWN * learned_from and sum(len(p.members) for p in before) == targets.shape[1]
        self._learned_from = learned_from if kept else len(chosen)
        self._processes = before if kept else _kernels(self._features(self._u[few]), self._rest[few])
        self._process_rows()

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
        if not near.all():
            self._threshold = min(0.5, float(np.quantile(self._votes(u, own=True), NEAR_MARGIN)))

    def _process_rows(self) -> None:
        """Condition the processes on the rows."""
        z = self._features(self._u)
        for process in self._processes:
            process.learn(z, self._rest[:, process.members])

    def _smooth(self, u: Floats) -> Floats:
        """Return the polynomials (n, q) at u (n, d)."""
        monomials = self._basis(u)
        return np.column_stack([trend[0] + monomials @ trend[1:] for trend in self._trends])

    # -- answering ------------------------------------------------------------------------------------------

    def mean(self, u: Floats) -> Floats:
        """Return the means (n, q) only, which cost far less than the deviations."""
        if self._support is None:
            return self._unknown(u)
        z, mean = self._features(u), self._smooth(u)
        for process in self._processes:
            mean[:, process.members] += process.average(z)
        return self._backward(mean)

    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation; see `Surrogate.predict`."""
        if self._support is None:
            nothing = self.mean(u)
            return nothing, nothing.copy()
        z, centre = self._features(u), self._smooth(u)
        width = np.empty_like(centre)
        for process in self._processes:
            for at in range(0, len(u), _CHUNK):
                part = np.arange(at, min(at + _CHUNK, len(u)))
                known = process.predict(z[part])
                centre[np.ix_(part, process.members)] += known.mean
                width[np.ix_(part, process.members)] = known.deviation
        sigma = 0.5 * (self._backward(centre + width) - self._backward(centre - width))
        return self.mean(u), sigma

    def _votes(self, u: Floats, *, own: bool = False) -> Floats:
        """Return (n,) which share of the nearest rows matters; `own` leaves out the nearest, the point itself."""
        from scipy.spatial import cKDTree

        nearest = cKDTree(self._all).query(u, k=min(NEIGHBOURS + own, len(self._all)))[1]
        return np.asarray(self._near[nearest[:, int(own) :]].mean(axis=1))

    def near(self, u: Floats) -> Bools:
        """Return (n,) whether enough of the nearest rows matter."""
        if self._support is None or self._near.all():
            return np.full(len(u), self._support is not None)
        finite: Bools = np.asarray(np.isfinite(u).all(axis=1))
        kept: Bools = finite & (self._votes(np.where(finite[:, None], u, 0.0)) >= self._threshold)
        return kept

    # -- files ----------------------------------------------------------------------------------------------

    def state(self) -> dict[str, bytes]:
        """The rows and the length scales, from which the rest follows."""
        if self._support is None:
            return pack_pieces({"reason": self.reason}, {})
        features = len(self._features.owner)
        learned = np.empty((len(self._scales), features + 1 + features**2))
        for process in self._processes:
            learned[process.members] = process.learned
        arrays = {"u": self._u, "y": self._y, "all": self._all, "near": self._near, "learned": learned}
        return pack_pieces({"reason": self.reason, "learned_from": self._learned_from}, arrays)

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Become what `state` was taken from; see `Surrogate.restore`."""
        self._clear()
        stored = PieceReader(state)
        self.reason = stored.text("reason")
        if self.reason:
            return
        features = len(self._features.owner)
        u = stored.array("u", (None, self.space.dimension), low=INSIDE[0], high=INSIDE[1])
        y = stored.array("y", (len(u), None))
        everything = stored.array("all", (None, self.space.dimension), low=INSIDE[0], high=INSIDE[1])
        near = stored.array("near", (len(everything),), bool)
        learned = stored.array("learned", (y.shape[1], features + 1 + features**2))
        bounds, lengths = np.log([SCALES] * features + [NOISE]), learned[:, : features + 1]
        if not ((lengths >= bounds[:, 0] - 1e-9) & (lengths <= bounds[:, 1] + 1e-9)).all():
            raise ValueError("learned: a length scale or the noise is out of its bounds")
        frames = learned[:, features + 1 :].reshape(-1, features, features)
        if not np.allclose(frames @ np.swapaxes(frames, 1, 2), np.eye(features), atol=1e-9, rtol=0.0):
            raise ValueError("learned: the directions of a kernel are not at right angles")
        rows, kernel = np.unique(learned, axis=0, return_inverse=True)
        if not (len(u) >= MINIMUM and len(everything) >= MINIMUM and len(rows) * len(u) ** 2 <= MOST_ENTRIES):
            raise ValueError(
                f"{len(rows)} kernels of {len(u):,} rows; expected at least {MINIMUM}, and no more than fit into "
                f"{MOST_ENTRIES * 8 / 1e9:g} GB"
            )
        self._learned_from = stored.whole("learned_from", 0, MOST_ENTRIES)
        self._learn(u, y, everything, near)
        for k, row in enumerate(rows):
            members = np.flatnonzero(kernel.reshape(-1) == k)
            self._processes.append(_Process(features, members, row))
        self._process_rows()


def _kernels(z: Floats, rest: Floats) -> list[_Process]:
    """Learn length scales from rows z (n, f) with values `rest` (n, q): one kernel for targets that are alike."""
    processes: list[_Process] = []
    for j, column in enumerate(rest.T):
        own = _Process(z.shape[1], np.array([j]))
        losses = [process.loss(z, column) for process in processes]
        if processes:
            own.learned = processes[int(np.argmin(losses))].learned
        own.learn_all(z, column)
        if processes and min(losses) - own.loss(z, column) < SHARED * len(z):
            alike = processes[int(np.argmin(losses))]
            alike.members = np.append(alike.members, j)
        else:
            processes.append(own)
    return processes


class _Process(GaussianProcess):
    """A Gaussian process of the targets `members`, with axes of its own, that also gives means alone.

    Args:
        features: number of coordinates.
        members: targets with this kernel.
        learned: as the attribute of that name.

    Attributes:
        frame: (features, features) whose columns are the directions that have a length scale each.
    """

    def __init__(self, features: int, members: Ints, learned: Floats | None = None) -> None:
        super().__init__(np.zeros(features, dtype=bool))
        self.members, self.frame = members, np.eye(features)
        if learned is not None:
            self.learned = learned

    @property
    def learned(self) -> Floats:
        """(features + 1 + features^2,) logarithms of the length scales and of the noise, and the frame."""
        return np.concatenate([self.log_scales, [self.log_noise], self.frame.reshape(-1)])

    @learned.setter
    def learned(self, values: Floats) -> None:
        f = len(self.log_scales)
        self.log_scales, self.log_noise = values[:f].copy(), float(values[f])
        self.frame = values[f + 1 :].reshape(f, f).copy()

    def _embedded(self, u: Floats) -> Floats:
        return np.asarray(u @ self.frame)

    def learn_all(self, z: Floats, y: Floats) -> None:
        """Learn length scales and frame from points z (n, f) with values y (n,), from what they are now."""
        self.learn_scales(z, y[:, None])
        for _ in range(TURNS if z.shape[1] > 1 else 0):
            before, kept = self.loss(z, y), self.learned
            self.learn(z, y[:, None])
            slopes = self._slopes(z)
            size, directions = np.linalg.eigh(slopes.T @ slopes / len(z))
            self.frame = directions
            floor = 1e-6 * float(size[-1])
            if not floor > 0.0:
                self.learned = kept
                break
            # A length over which the target changes by as much as it varies at all.
            lengths = np.sqrt(max(float(np.var(y)), 1e-300) / np.maximum(size, floor))
            self.log_scales = np.log(np.clip(lengths, *SCALES))
            self.learn_scales(z, y[:, None])
            if not before - self.loss(z, y) > SHARED * len(z):
                self.learned = kept
                break

    def _slopes(self, z: Floats) -> Floats:
        """Return the slopes (n, f) of the mean at points z (n, f), for the one target it has learned."""
        lengths = np.exp(self.log_scales)
        scaled = self._embedded(z) / lengths
        root = ROOT5 * np.sqrt(squares(scaled, self._scaled))
        weight = (-5.0 / 3.0) * (1.0 + root) * np.exp(-root) * self._alpha[:, 0]
        along = scaled * weight.sum(axis=1)[:, None] - weight @ self._scaled
        return np.asarray(self._width * (along / lengths) @ self.frame.T)

    def average(self, z: Floats) -> Floats:
        """Return the means (n, members) at z (n, f)."""
        result = np.empty((len(z), len(self.members)))
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
            result[at : at + _CHUNK] = self._mean + self._width * (kernel @ self._alpha)
        return result
