"""Gaussian process regression of several outputs with one kernel: one factorisation serves them all."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from terranova.types import Bools, Floats, Ints

ROOT5 = math.sqrt(5.0)
SCALES = (1e-3, 1e3)
"""Bounds of the length scales."""
NOISE = (1e-8, 1e-1)
"""Bounds of the noise variance, in units of an output's variance."""


class GaussianProcess:
    """Matérn-5/2 kernel with a length scale for each axis, shared by all outputs; each has its own variance.

    An output's variance takes its best value analytically. The length scales have the log-normal prior of
    arXiv:2402.02229 (its section 4), which grows with the dimension. The gradient of the likelihood with
    respect to all length scales costs as much as one product of matrices.

    Periodic axes are put on a circle, so that 0 and 1 are one place.

    Args:
        periodic: (d,) True on axes that wrap around.

    Attributes:
        log_scales: (d,) logarithms of the length scales. log_noise: of the noise variance.
    """

    def __init__(self, periodic: Bools) -> None:
        d = len(periodic)
        self._periodic = periodic
        self._axis: Ints = np.concatenate([np.flatnonzero(~periodic), np.repeat(np.flatnonzero(periodic), 2)])
        self._prior_mean, self._prior_width = math.sqrt(2.0) + 0.5 * math.log(d), math.sqrt(3.0)
        self.log_scales: Floats = np.full(d, math.log(0.5 * math.sqrt(d)))
        self.log_noise = math.log(1e-4)

    def _embedded(self, u: Floats) -> Floats:
        """Map u (n, d) to where distances are Euclidean, still in units of the cube."""
        angle = 2.0 * math.pi * u[:, self._periodic]
        circle = np.stack([np.cos(angle), np.sin(angle)], axis=2).reshape(len(u), -1) / (2.0 * math.pi)
        return np.concatenate([u[:, ~self._periodic], circle], axis=1)

    def learn_scales(self, u: Floats, y: Floats, iterations: int = 30) -> None:
        """Fit length scales and noise to points u (n, d) and outputs y (n, g), from where they are now."""
        from scipy.optimize import minimize

        z, y = self._embedded(u), _standard(y)[0]
        start = np.append(self.log_scales, self.log_noise)
        bounds = [(math.log(low), math.log(high)) for low, high in [SCALES] * len(self.log_scales) + [NOISE]]
        optimum = minimize(
            lambda p: self._loss(p, z, y),
            start,
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": iterations},
        )
        if np.all(np.isfinite(optimum.x)):
            self.log_scales, self.log_noise = optimum.x[:-1], float(optimum.x[-1])

    def loss(self, u: Floats, y: Floats) -> float:
        """Return minus the log posterior of the length scales, given points u (n, d) with one output y (n,)."""
        p = np.append(self.log_scales, self.log_noise)
        return self._loss(p, self._embedded(u), _standard(y[:, None])[0])[0]

    def _loss(self, p: Floats, z: Floats, y: Floats) -> tuple[float, Floats]:
        """Return minus the log posterior of (log scales, log noise), and its gradient."""
        from scipy.linalg import cho_solve, cholesky

        n, outputs = y.shape
        scales, noise = np.exp(p[:-1]), math.exp(p[-1])
        scaled = z / scales[self._axis]
        r2 = squares(scaled, scaled)
        kernel, slope = _matern(r2)
        try:
            factor = cholesky(kernel + (noise + 1e-10) * np.eye(n), lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            return 1e25, np.zeros_like(p)
        alpha = cho_solve((factor, True), y, check_finite=False)
        variance = np.maximum((y * alpha).mean(axis=0), 1e-300)
        away = (p[:-1] - self._prior_mean) / self._prior_width
        away_noise = (p[-1] - math.log(1e-4)) / 3.0
        value = 0.5 * n * np.log(variance).sum() + outputs * np.log(np.diag(factor)).sum()
        value += 0.5 * (away @ away + away_noise**2)

        inverse = cho_solve((factor, True), np.eye(n), check_finite=False)
        inner = (alpha / variance) @ alpha.T - outputs * inverse
        weight = inner * slope
        # sum_ab weight_ab (z_a - z_b)^2 for every axis, without forming the differences.
        spread = 2.0 * (weight.sum(axis=1) @ scaled**2 - np.einsum("ai,ai->i", scaled, weight @ scaled))
        by_axis = np.bincount(self._axis, weights=spread, minlength=len(scales)) + away / self._prior_width
        by_noise = -0.5 * noise * float(np.trace(inner)) + away_noise / 3.0
        return float(value), np.append(by_axis, by_noise)

    def learn(self, u: Floats, y: Floats) -> None:
        """Take in points u (n, d) with outputs y (n, g), instead of all earlier ones."""
        from scipy.linalg import cho_solve, cholesky

        standard, self._mean, self._width = _standard(y)
        self._scaled = self._embedded(u) / np.exp(self.log_scales)[self._axis]
        kernel, _ = _matern(squares(self._scaled, self._scaled))
        noise = math.exp(self.log_noise)
        while True:
            try:
                shifted = kernel + (noise + 1e-10) * np.eye(len(u))
                self._factor = cholesky(shifted, lower=True, check_finite=False)
                break
            except np.linalg.LinAlgError:
                noise *= 10.0
        self._alpha = cho_solve((self._factor, True), standard, check_finite=False)
        self._variance = np.maximum((standard * self._alpha).mean(axis=0), 1e-12)

    def predict(self, u: Floats) -> Prediction:
        """Return what is known of the outputs at u (q, d)."""
        from scipy.linalg import solve_triangular

        scaled = self._embedded(u) / np.exp(self.log_scales)[self._axis]
        kernel, _ = _matern(squares(scaled, self._scaled))
        half = solve_triangular(self._factor, kernel.T, lower=True, check_finite=False)
        variance = np.maximum(1.0 - np.einsum("aq,aq->q", half, half), 1e-10)
        mean = self._mean + self._width * (kernel @ self._alpha)
        return Prediction(scaled, half, variance, mean, self._width * np.sqrt(self._variance))


class Prediction:
    """Means and deviations at q points, which can be told to take some of the means for granted.

    Args and attributes:
        mean: (q, g). variance: (q,) in units of an output's own; deviation: (q, g).
    """

    def __init__(self, scaled: Floats, half: Floats, variance: Floats, mean: Floats, amplitude: Floats) -> None:
        self._scaled, self._half, self._amplitude = scaled, half, amplitude
        self.variance, self.mean = variance, mean

    @property
    def deviation(self) -> Floats:
        """(q, g) standard deviations."""
        deviation: Floats = np.sqrt(self.variance)[:, None] * self._amplitude
        return deviation

    def believe(self, row: int) -> None:
        """Suppose that the outputs at one of the points are known to be their means ("kriging believer")."""
        kernel, _ = _matern(squares(self._scaled, self._scaled[row : row + 1]))
        covariance = kernel[:, 0] - self._half.T @ self._half[:, row]
        share = covariance / math.sqrt(self.variance[row] + 1e-10)
        self._half = np.concatenate([self._half, share[None]])
        self.variance = np.maximum(self.variance - share**2, 1e-10)


def _standard(y: Floats) -> tuple[Floats, Floats, Floats]:
    """Return outputs of mean 0 and width 1, the means and the widths."""
    mean, width = y.mean(axis=0), y.std(axis=0)
    width = np.where(width > 0, width, 1.0)
    return (y - mean) / width, mean, width


def squares(a: Floats, b: Floats) -> Floats:
    """Return squared distances (n, m) between points (n, f) and (m, f)."""
    squares: Floats = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * (a @ b.T)
    return np.maximum(squares, 0.0)


def _matern(r2: Floats) -> tuple[Floats, Any]:
    """Return the Matérn-5/2 kernel of squared distances, and its derivative with respect to them."""
    root = ROOT5 * np.sqrt(r2)
    decay = np.exp(-root)
    return (1.0 + root + (5.0 / 3.0) * r2) * decay, (-5.0 / 6.0) * (1.0 + root) * decay
