"""Problems whose profile likelihoods are known: valleys, branches and cancellations, for fits and scans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from terranova import LogUniform, Parameter, Uniform
from terranova.models.analytic.profile_problem import GRID, ProfileProblem, minimum
from terranova.models.analytic.walls import BananaInPrior, Boundary, Kinked
from terranova.types import Floats


class Valley(ProfileProblem):
    """A product is tuned to 1 / t^2 over two decades of t, and a coupling k has a second branch.

    For large t everything is allowed, along a valley that narrows as a power, as in the decoupling limit of models
    with two doublets.
    """

    name: ClassVar[str] = "profile-valley"
    description: ClassVar[str] = "analytic profile: a valley that narrows as a power, and a second branch"
    profiled: ClassVar[tuple[str, ...]] = ("t", "s")
    plane: ClassVar[tuple[str, str]] = ("t", "s")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {
        "mass": (400.0, 50.0),
        "coupling": (1.0, 0.1),
        "mixing": (0.0, 0.5),
    }
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {"tuning": (-1.0, 1.0)}
    _own = (
        Parameter("t", LogUniform(0.3, 50.0)),
        Parameter("M", Uniform(100.0, 1000.0)),
        Parameter("y", LogUniform(10.0, 1e7)),
        Parameter("s", Uniform(-1.0, 1.0)),
    )

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        t, mass, s = points["t"], points["M"], points["s"]
        return {
            "mass": mass,
            "coupling": (1.0 - s * t) ** 2,
            "mixing": 1.0 / t**2,
            "tuning": (points["y"] * t / mass**2 - 1.0) * t**2,
        }

    def exact(self, name: str, values: Floats) -> Floats:
        if name == "t":
            return np.asarray(self.chi2(mixing=1.0 / values**2))
        t = np.exp(np.linspace(np.log(0.3), np.log(50.0), GRID))
        return minimum(lambda v, t: self.chi2(coupling=(1.0 - v * t) ** 2, mixing=1.0 / t**2), values, t)

    def _beside(self, first: Floats, second: Floats) -> Mapping[str, Floats]:
        t, s = np.broadcast_arrays(first, second)
        mass = np.full(t.shape, self.measured["mass"][0])
        return {"t": t, "M": mass, "y": mass**2 / t, "s": s}

    def log_density(self, first: Floats, second: Floats) -> Floats:
        """y lies between M^2/t (1 - 1/t^2) and M^2/t (1 + 1/t^2): a part of its prior, averaged over M."""
        value, sigma = self.measured["mass"]
        nodes, weights = np.polynomial.legendre.leggauss(200)
        mass = value + 6.0 * sigma * nodes  # from the end of its prior, which is six errors away
        density = 6.0 * sigma * weights * np.exp(-0.5 * ((mass - value) / sigma) ** 2) / 900.0
        t = first[..., None]
        prior = next(p.prior for p in self._own if p.name == "y")
        low, high = (np.clip(mass**2 / t * (1.0 + sign / t**2), *prior.support) for sign in (-1.0, 1.0))
        share = ((prior.to_unit(high) - prior.to_unit(low)) * density).sum(axis=-1)
        return np.asarray(super().log_density(first, second) + np.log(share))

    def support(self, first: Floats) -> tuple[Floats, Floats]:
        return np.maximum(-0.4 / first, -1.0), np.minimum(2.4 / first, 1.0)


class LinearValley(Valley):
    """The valley in a prior that is flat in y itself, in which it is a thin and bent sheet."""

    name: ClassVar[str] = "profile-valley-linear"
    description: ClassVar[str] = "analytic profile: the same valley under a flat prior"
    _own = (
        Parameter("t", Uniform(0.3, 50.0)),
        Parameter("M", Uniform(100.0, 1000.0)),
        Parameter("y", Uniform(10.0, 1e6)),
        Parameter("s", Uniform(-1.0, 1.0)),
    )


class Banana(ProfileProblem):
    """A bent valley of Rosenbrock's between bounds."""

    name: ClassVar[str] = "profile-banana"
    description: ClassVar[str] = "analytic profile: a bent valley between bounds"
    profiled: ClassVar[tuple[str, ...]] = ("x", "y")
    seen: ClassVar[Mapping[str, tuple[float, float]]] = {"height": (-0.5, 2.5)}
    plane: ClassVar[tuple[str, str]] = ("x", "y")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"x_seen": (1.0, 1.0), "bend": (0.0, 0.02)}
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {"height": (-10.0, 2.25)}
    _own = (Parameter("x", Uniform(-3.0, 3.0)), Parameter("y", Uniform(-2.0, 10.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x, y = points["x"], points["y"]
        return {"x_seen": x, "bend": y - x**2, "height": y}

    def exact(self, name: str, values: Floats) -> Floats:
        if name == "x":
            return np.asarray(self.chi2(x_seen=values, bend=np.minimum(2.25 - values**2, 0.0)))
        x = np.linspace(-3.0, 3.0, GRID)
        found = minimum(lambda v, x: self.chi2(x_seen=x, bend=v - x**2), values, x)
        return np.where(values <= 2.25, found, np.inf)

    def support(self, first: Floats) -> tuple[Floats, Floats]:
        return np.clip(first**2 - 0.16, -2.0, 2.25), np.clip(first**2 + 0.16, -2.0, 2.25)


class Twins(ProfileProblem):
    """Two modes of equal depth, and a companion that winds from one to the other."""

    name: ClassVar[str] = "profile-twins"
    description: ClassVar[str] = "analytic profile: two modes of equal depth"
    profiled: ClassVar[tuple[str, ...]] = ("x", "z")
    plane: ClassVar[tuple[str, str]] = ("x", "z")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"square": (4.0, 1.0), "wound": (0.0, 0.03)}
    _own = (Parameter("x", Uniform(-5.0, 5.0)), Parameter("z", Uniform(-5.0, 5.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x = points["x"]
        return {"square": x**2, "wound": points["z"] - 3.0 * np.sin(2.0 * x)}

    def exact(self, name: str, values: Floats) -> Floats:
        if name == "x":
            return np.asarray(self.chi2(square=values**2))
        x = np.linspace(-5.0, 5.0, GRID)
        return minimum(lambda v, x: self.chi2(square=x**2, wound=v - 3.0 * np.sin(2.0 * x)), values, x)

    def support(self, first: Floats) -> tuple[Floats, Floats]:
        centre = 3.0 * np.sin(2.0 * first)
        return centre - 0.24, centre + 0.24


class Cancelling(ProfileProblem):
    """Two couplings of up to 10 cancel to a thousandth; their squares are measured."""

    name: ClassVar[str] = "profile-cancelling"
    description: ClassVar[str] = "analytic profile: two couplings that cancel"
    profiled: ClassVar[tuple[str, ...]] = ("a", "b")
    plane: ClassVar[tuple[str, str]] = ("a", "b")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"sum": (0.0, 0.01), "squares": (20.0, 8.0)}
    _own = (Parameter("a", Uniform(-10.0, 10.0)), Parameter("b", Uniform(-10.0, 10.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        a, b = points["a"], points["b"]
        return {"sum": a + 3.0 * b, "squares": a**2 + b**2}

    def exact(self, name: str, values: Floats) -> Floats:
        other = np.linspace(-10.0, 10.0, GRID)
        if name == "a":
            return minimum(lambda a, b: self.chi2(sum=a + 3.0 * b, squares=a**2 + b**2), values, other)
        return minimum(lambda b, a: self.chi2(sum=a + 3.0 * b, squares=a**2 + b**2), values, other)

    def support(self, first: Floats) -> tuple[Floats, Floats]:
        return (-0.08 - first) / 3.0, (0.08 - first) / 3.0


PROFILES: tuple[type[ProfileProblem], ...] = (
    Valley,
    LinearValley,
    Banana,
    BananaInPrior,
    Twins,
    Cancelling,
    Boundary,
    Kinked,
)
"""All of them, as plugins."""
