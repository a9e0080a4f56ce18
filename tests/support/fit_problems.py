"""Models whose fits are known in closed form."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from terranova import Angle, ConstraintSet, Function, LogUniform, Model, Observable, Parameter, Uniform, hookimpl
from terranova.config import build_problem, load_config
from terranova.evaluation.problem import Problem
from terranova.fitting.likelihood import Likelihood
from terranova.types import Floats


@cache
def matrix(measured: int, free: int) -> Floats:
    """The coefficients (measured, free) of a linear model."""
    return np.random.default_rng([measured, free]).normal(size=(measured, free))


class Linear(Model):
    """Observables y = M a + curvature a^2: with Gaussian measurements, everything is known.

    Args:
        free: number of parameters.
        measured: number of observables.
    """

    name = "fit-linear"

    def __init__(self, free: int = 4, measured: int = 6) -> None:
        self.parameters = [
            Parameter(f"a{i}", Uniform(-10.0, 10.0), "GeV", f"a_{{{i}}}", "a coefficient") for i in range(free)
        ]
        self.observables = [Observable(f"y{i}", unit="GeV", latex=f"y_{{{i}}}") for i in range(measured)]
        self.matrix = matrix(measured, free)

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sums, term by term."""
        columns = [points[p.name] for p in self.parameters]
        rows = [sum(c * a for c, a in zip(row, columns, strict=True)) for row in self.matrix]
        return {o.name: row for o, row in zip(self.observables, rows, strict=True)}


class Simple(Model):
    """An angle, a positive number over six decades, and a plain one."""

    name = "fit-simple"
    parameters = (
        Parameter("phi", Angle(), "1", r"\varphi", "periodic"),
        Parameter("size", LogUniform(1e-3, 1e3), "GeV", "s", "positive"),
        Parameter("x", Uniform(-5.0, 5.0), "1", "x", "plain"),
    )
    observables = (
        Observable("turn", unit="1", latex=r"\sin(\varphi/2 - \pi/2)"),
        Observable("decades", latex=r"\log_{10} s"),
        Observable("scale", unit="GeV", latex="s"),
        Observable("same", unit="1", latex="x"),
        Observable("square", unit="1", latex="x^2"),
    )

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The distance of the angle from pi, the logarithm, and x."""
        phi = np.mod(points["phi"], 2.0 * np.pi) - np.pi
        decades = np.log10(points["size"])
        return {
            "turn": phi,
            "decades": decades,
            "scale": points["size"],
            "same": points["x"],
            "square": points["x"] ** 2,
        }


class Mixture(Model):
    """A sum of normalised Gaussians well within the unit cube: evidence 1.

    Args:
        free: number of dimensions.
        peaks: number of Gaussians, of equal weight.
        width: their standard deviation.
    """

    name = "fit-mixture"

    def __init__(self, free: int = 2, peaks: int = 2, width: float = 0.03) -> None:
        self.parameters = [Parameter(f"p{i}", Uniform(0.0, 1.0)) for i in range(free)]
        self.observables = [Observable("log_density")]
        self.width = width
        self.centres = 0.3 + 0.4 * np.random.default_rng([free, peaks]).random((peaks, free))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The logarithm of the density."""
        from scipy.special import logsumexp

        x = np.column_stack([points[p.name] for p in self.parameters])
        d = x.shape[1]
        parts = [-0.5 * (((x - c) / self.width) ** 2).sum(axis=1) for c in self.centres]
        norm = 0.5 * d * np.log(2.0 * np.pi * self.width**2) + np.log(len(parts))
        return {"log_density": logsumexp(parts, axis=0) - norm}


class Banana(Model):
    """Two parameters along a parabola between bounds; `x` and `y - x^2` are measured."""

    name = "fit-banana"
    parameters = (Parameter("x", Uniform(0.0, 2.0)), Parameter("y", Uniform(-1.0, 3.0)))
    observables = (Observable("same"), Observable("off"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The first parameter, and how far the second is off its square."""
        return {"same": points["x"], "off": points["y"] - points["x"] ** 2}


class Modes(Model):
    """A wide and a narrow Gaussian of equal weight, far apart: no step of one leads to the other."""

    name = "fit-modes"
    parameters = (Parameter("x", Uniform(0.0, 1.0)), Parameter("y", Uniform(0.0, 1.0)))
    observables = (Observable("log_density"),)

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The logarithm of the density."""
        parts = [
            -0.5 * ((points["x"] - centre) ** 2 + (points["y"] - centre) ** 2) / width**2
            - np.log(4.0 * np.pi * width**2)
            for centre, width in ((0.2, 0.04), (0.8, 0.0002))
        ]
        return {"log_density": np.logaddexp(*parts)}


class Ordered(Model):
    """Two masses, with no answer where they are near each other; with the first the lighter, it is worse."""

    name = "fit-ordered"
    parameters = (
        Parameter("m1", Uniform(100.0, 1000.0), "GeV"),
        Parameter("m2", LogUniform(100.0, 1000.0), "GeV"),
        Parameter("x", Uniform(-1.0, 1.0)),
    )
    observables = (Observable("sum", unit="GeV"), Observable("off"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The sum of the masses, and what tells one order from the other."""
        first, second = points["m1"], points["m2"]
        wrong = np.where(first < second, 0.5, 0.0)
        near = np.where(np.abs(first - second) < 550.0, np.nan, 0.0)
        return {"sum": first + second + near, "off": points["x"] + wrong}


def banana_moments() -> tuple[float, float]:
    """Mean and standard deviation of x of the banana with x = 0.5 +- 0.6 and y - x^2 = 0 +- 0.1, by quadrature."""
    from scipy import stats

    x = np.linspace(0.0, 2.0, 20_001)
    room = stats.norm.cdf(3.0 - x**2, scale=0.1) - stats.norm.cdf(-1.0 - x**2, scale=0.1)
    weight = np.exp(-0.5 * ((x - 0.5) / 0.6) ** 2) * room
    weight /= weight.sum()
    mean = float((weight * x).sum())
    return mean, float((weight * (x - mean) ** 2).sum()) ** 0.5


def _density(values: Floats) -> Floats:
    return np.zeros(len(values))


def _identity(values: Floats) -> Floats:
    return values


@hookimpl
def terranova_models() -> list[type[Model]]:
    """All of them."""
    return [Linear, Simple, Mixture, Banana, Modes, Ordered]


@hookimpl
def terranova_constraint_sets() -> list[ConstraintSet]:
    """The density of the mixture as a likelihood."""
    density = Function(
        name="density",
        observables=("log_density",),
        source="by construction",
        violation_of=_density,
        loglike_of=_identity,
    )
    return [ConstraintSet("fit-density", (density,), version="1")]


def measured(name: str, value: float, sigma: float = 1.0, unit: str = "1") -> dict[str, Any]:
    """A Gaussian measurement, in the words of a file."""
    return {
        "name": f"m_{name}",
        "observable": name,
        "kind": "gaussian",
        "value": value,
        "sigma": sigma,
        "nsigma": 3,
        "unit": unit,
        "source": "by construction",
    }


def words(model: dict[str, Any], constraints: list[Any], **more: Any) -> dict[str, Any]:
    """What a fit and a scan have in common."""
    return {"model": model, "constraints": constraints, "seed": 3, **more}


def problem(model: dict[str, Any], constraints: list[Any], **more: Any) -> Problem:
    """A problem."""
    scan = {"sampler": {"name": "random"}, "budget": {"evaluations": 1}}
    return build_problem(load_config({**words(model, constraints, **more), **scan}).problem)


def likelihood(problem: Problem) -> Likelihood:
    """Its likelihood, which stores nothing."""
    return Likelihood(problem, problem.evaluate)


def linear_solution(values: Floats, free: int) -> tuple[Floats, Floats, float]:
    """Best fit (free,), covariance (free, free) and chi2 of the linear model with unit errors."""
    m = matrix(len(values), free)
    covariance = np.linalg.inv(m.T @ m)
    best = covariance @ m.T @ values
    return best, covariance, float(((m @ best - values) ** 2).sum())
