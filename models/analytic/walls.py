"""Problems with known profiles at walls: hard bounds, kinks where two of them meet, ends of priors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from terranova import Parameter, Uniform
from terranova.models.analytic.profile_problem import GRID, ProfileProblem, minimum
from terranova.types import Floats


class BananaInPrior(ProfileProblem):
    """A bent valley that the ends of the priors cut off."""

    name: ClassVar[str] = "profile-banana-prior"
    description: ClassVar[str] = "analytic profile: a bent valley between the ends of its priors"
    profiled: ClassVar[tuple[str, ...]] = ("x", "y")
    plane: ClassVar[tuple[str, str]] = ("x", "y")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"x_seen": (0.5, 0.6), "bend": (0.0, 0.1)}
    _own = (Parameter("x", Uniform(0.0, 2.0)), Parameter("y", Uniform(-1.0, 3.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x, y = points["x"], points["y"]
        return {"x_seen": x, "bend": y - x**2}

    def exact(self, name: str, values: Floats) -> Floats:
        if name == "x":
            return np.asarray(self.chi2(x_seen=values, bend=np.minimum(3.0 - values**2, 0.0)))
        x = np.linspace(0.0, 2.0, GRID)
        return minimum(lambda v, x: self.chi2(x_seen=x, bend=v - x**2), values, x)

    def support(self, first: Floats) -> tuple[Floats, Floats]:
        return np.clip(first**2 - 0.8, -1.0, 3.0), np.clip(first**2 + 0.8, -1.0, 3.0)


class Boundary(ProfileProblem):
    """The best fit lies beyond a round wall."""

    name: ClassVar[str] = "profile-boundary"
    description: ClassVar[str] = "analytic profile: a best fit on a round wall"
    profiled: ClassVar[tuple[str, ...]] = ("x", "y")
    seen: ClassVar[Mapping[str, tuple[float, float]]] = {"radius": (0.2, 1.1)}
    plane: ClassVar[tuple[str, str]] = ("x", "y")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {"x_seen": (0.5, 0.5), "y_seen": (2.0, 0.5)}
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {"radius": (0.0, 1.0)}
    _own = (Parameter("x", Uniform(-2.0, 2.0)), Parameter("y", Uniform(-2.0, 2.0)))

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x, y = points["x"], points["y"]
        return {"x_seen": x, "y_seen": y, "radius": np.hypot(x, y)}

    def exact(self, name: str, values: Floats) -> Floats:
        room = np.sqrt(np.maximum(1.0 - values**2, 0.0))
        if name == "radius":  # both errors are equal: the nearest point of a circle lies towards the measured one
            found = np.asarray(((np.hypot(0.5, 2.0) - values) / 0.5) ** 2)
        elif name == "x":
            found = self.chi2(x_seen=values, y_seen=np.minimum(2.0, room))
        else:
            found = self.chi2(y_seen=values, x_seen=np.minimum(0.5, room))
        return np.where(np.abs(values) <= 1.0, found, np.inf)

    def support(self, first: Floats) -> tuple[Floats, Floats]:
        room = np.sqrt(np.maximum(1.0 - first**2, 0.0))
        return -room, room


class Kinked(ProfileProblem):
    """Four walls, of which now the one and now the other is reached along each curve.

    y is pulled up against the lowest of x + 3/2, 2 - x and 1/(2 x), which take turns at x = 1/4, 1 - sqrt(1/2)
    and 1 + sqrt(1/2); z is pushed up by x - 1/2 from x = 1/2 on.
    """

    name: ClassVar[str] = "profile-kinked"
    description: ClassVar[str] = "analytic profile: walls that take turns along each curve"
    profiled: ClassVar[tuple[str, ...]] = ("x", "y")
    plane: ClassVar[tuple[str, str]] = ("x", "y")
    measured: ClassVar[Mapping[str, tuple[float, float]]] = {
        "x_seen": (1.0, 1.0),
        "y_seen": (3.0, 1.0),
        "z_seen": (0.0, 0.5),
    }
    bounded: ClassVar[Mapping[str, tuple[float, float]]] = {
        "sum": (-10.0, 2.0),
        "difference": (-10.0, 1.5),
        "product": (-100.0, 0.5),
        "lag": (-0.5, 10.0),
    }
    _own = (
        Parameter("x", Uniform(-4.0, 4.0)),
        Parameter("y", Uniform(-4.0, 4.0)),
        Parameter("z", Uniform(-4.0, 4.0)),
    )

    def columns(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        x, y, z = points["x"], points["y"], points["z"]
        return {
            "x_seen": x,
            "y_seen": y,
            "z_seen": z,
            "sum": x + y,
            "difference": y - x,
            "product": x * y,
            "lag": z - x,
        }

    def exact(self, name: str, values: Floats) -> Floats:
        """Each term is convex in what is minimised: its minimum between walls is the free one, moved to a wall.

        With x held, y and z stand at the places nearest to 3 and to 0. With y held, the cost of x is
        (x - 1)^2 + 4 max(0, x - 1/2)^2, whose minimum is at 3/5.
        """
        if name == "x":
            low, high = self.support(values)
            found = self._paid(values, high)
        else:
            low, high = values - 1.5, 2.0 - values
            with np.errstate(divide="ignore"):
                wall = 0.5 / values
            high, low = (
                np.where(values > 0, np.minimum(high, wall), high),
                np.where(values < 0, np.maximum(low, wall), low),
            )
            found = self._paid(np.clip(0.6, low, np.maximum(low, high)), values)
        return np.where(low <= high, found, np.inf)

    def _paid(self, x: Floats, y: Floats) -> Floats:
        return self.chi2(x_seen=x, y_seen=y, z_seen=np.maximum(0.0, x - 0.5))

    def _beside(self, first: Floats, second: Floats) -> Mapping[str, Floats]:
        x, y = np.broadcast_arrays(first, second)
        return {"x": x, "y": y, "z": np.maximum(0.0, x - 0.5)}

    def log_density(self, first: Floats, second: Floats) -> Floats:
        """z has the prior 1/8 and the likelihood of a Gaussian from x - 1/2 on, up to 4, where it is over."""
        from scipy.special import log_ndtr

        paid = self.exact_plane(first, second) - ((np.maximum(0.0, first - 0.5)) / 0.5) ** 2
        return np.asarray(-0.5 * paid + np.log(0.5 * np.sqrt(2.0 * np.pi) / 8.0) + log_ndtr((0.5 - first) / 0.5))

    def support(self, first: Floats) -> tuple[Floats, Floats]:
        with np.errstate(divide="ignore"):
            wall = 0.5 / first
        low = np.where(first < 0, np.maximum(wall, -4.0), -4.0)
        high = np.minimum(2.0 - first, first + 1.5)
        return low, np.clip(np.where(first > 0, np.minimum(high, wall), high), -4.0, 4.0)
