"""Priors: invertible maps from [0, 1] to the values of a parameter."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from terranova.types import Floats


class Prior(ABC):
    """An invertible, monotone-by-piece map of u in [0, 1] to a parameter's physical value.

    A point drawn uniformly in u is distributed as the prior in physical values.
    """

    kind: ClassVar[str]
    periodic: ClassVar[bool] = False
    """True when u = 0 and u = 1 are the same place, so that samplers may step across."""
    drawn: ClassVar[bool] = True
    """False for what has no axis of the unit cube: it is fixed, or follows from other parameters."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of other parameters on whose values the map depends; see `Conditional`."""
        return ()

    @abstractmethod
    def to_physical(self, u: Floats) -> Floats:
        """Map u (n,) in [0, 1] to physical values (n,)."""

    @abstractmethod
    def to_unit(self, x: Floats) -> Floats:
        """Inverse of `to_physical`, to 1e-12 in u."""

    @abstractmethod
    def logpdf(self, x: Floats) -> Floats:
        """Natural log of the prior density at x (n,), -inf outside the support."""

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Smallest and largest physical value."""

    def describe(self) -> str:
        """One short phrase for tables, such as "uniform [0, 10]"."""
        low, high = self.support
        return f"{self.kind} [{low:.6g}, {high:.6g}]"

    def to_dict(self) -> dict[str, Any]:
        """The words of a configuration file that make this prior."""
        return {"prior": self.kind, **{k: v for k, v in vars(self).items() if not k.startswith("_")}}


def _finite(what: str, **values: float) -> None:
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{what}: {name} must be a finite number, got {value!r}")


@dataclass(frozen=True)
class Uniform(Prior):
    """Flat between `lower` and `upper`."""

    lower: float
    upper: float
    kind: ClassVar[str] = "uniform"

    def __post_init__(self) -> None:
        _finite(f"{self.kind} prior", lower=self.lower, upper=self.upper)
        if not self.lower < self.upper:
            raise ValueError(f"{self.kind} prior: lower ({self.lower:g}) must be below upper ({self.upper:g})")

    def to_physical(self, u: Floats) -> Floats:
        x = self.lower + (self.upper - self.lower) * u
        return np.minimum(np.maximum(x, self.lower), self.upper)  # rounding must not leave the support

    def to_unit(self, x: Floats) -> Floats:
        return (x - self.lower) / (self.upper - self.lower)

    def logpdf(self, x: Floats) -> Floats:
        inside = (x >= self.lower) & (x <= self.upper)
        return np.where(inside, -math.log(self.upper - self.lower), -np.inf)

    @property
    def support(self) -> tuple[float, float]:
        return self.lower, self.upper


@dataclass(frozen=True)
class Angle(Uniform):
    """Flat and periodic: `lower` and `upper` are the same place."""

    lower: float = -math.pi
    upper: float = math.pi
    kind: ClassVar[str] = "angle"
    periodic: ClassVar[bool] = True


@dataclass(frozen=True)
class LogUniform(Prior):
    """Flat in log x between two positive bounds."""

    lower: float
    upper: float
    kind: ClassVar[str] = "log"

    def __post_init__(self) -> None:
        _finite("log prior", lower=self.lower, upper=self.upper)
        if not 0 < self.lower < self.upper:
            raise ValueError(f"log prior: needs 0 < lower ({self.lower:g}) < upper ({self.upper:g})")
        if math.log(self.lower) == math.log(self.upper):
            raise ValueError(
                f"log prior: lower and upper have one logarithm; to fix the parameter write {self.lower:g}"
            )

    def to_physical(self, u: Floats) -> Floats:
        low, high = math.log(self.lower), math.log(self.upper)
        return np.clip(np.exp(low + (high - low) * u), self.lower, self.upper)

    def to_unit(self, x: Floats) -> Floats:
        low, high = math.log(self.lower), math.log(self.upper)
        return (np.log(x) - low) / (high - low)

    def logpdf(self, x: Floats) -> Floats:
        inside = (x >= self.lower) & (x <= self.upper)
        safe = np.where(inside, x, 1.0)
        return np.where(inside, -np.log(safe) - math.log(math.log(self.upper) - math.log(self.lower)), -np.inf)

    @property
    def support(self) -> tuple[float, float]:
        return self.lower, self.upper


@dataclass(frozen=True)
class SignedLogUniform(Prior):
    """Both signs with equal weight, flat in log |x| between two positive bounds.

    With t = 2u - 1: x = sign(t) min_abs (max_abs / min_abs)^|t|, sign(0) = +. The jump at u = 1/2, from
    -min_abs to +min_abs, is the only discontinuity.
    """

    min_abs: float
    max_abs: float
    kind: ClassVar[str] = "signed-log"

    def __post_init__(self) -> None:
        _finite("signed-log prior", min_abs=self.min_abs, max_abs=self.max_abs)
        if not 0 < self.min_abs < self.max_abs:
            raise ValueError(f"signed-log prior: needs 0 < min_abs ({self.min_abs:g}) < max_abs ({self.max_abs:g})")
        if math.log10(self.min_abs) == math.log10(self.max_abs):
            raise ValueError("signed-log prior: min_abs and max_abs have one logarithm")

    def to_physical(self, u: Floats) -> Floats:
        t = 2.0 * u - 1.0
        low, high = math.log10(self.min_abs), math.log10(self.max_abs)
        magnitude = np.clip(np.power(10.0, low + (high - low) * np.abs(t)), self.min_abs, self.max_abs)
        return np.where(t < 0.0, -magnitude, magnitude)

    def to_unit(self, x: Floats) -> Floats:
        low, high = math.log10(self.min_abs), math.log10(self.max_abs)
        t = (np.log10(np.abs(x)) - low) / (high - low)
        return np.where(x < 0.0, 0.5 - 0.5 * t, 0.5 + 0.5 * t)

    def logpdf(self, x: Floats) -> Floats:
        size = np.abs(x)
        inside = (size >= self.min_abs) & (size <= self.max_abs)
        safe = np.where(inside, size, 1.0)
        norm = math.log(2.0 * (math.log(self.max_abs) - math.log(self.min_abs)))
        return np.where(inside, -np.log(safe) - norm, -np.inf)

    @property
    def support(self) -> tuple[float, float]:
        return -self.max_abs, self.max_abs

    def describe(self) -> str:
        return f"signed-log ±[{self.min_abs:.6g}, {self.max_abs:.6g}]"


_NORMAL_EDGE = 1e-300
"""u is kept this far from 0 and 1, so that a normal prior never returns an infinity."""


@dataclass(frozen=True)
class Normal(Prior):
    """Gaussian with the given mean and standard deviation."""

    mean: float
    sd: float
    kind: ClassVar[str] = "normal"

    def __post_init__(self) -> None:
        _finite("normal prior", mean=self.mean, sd=self.sd)
        if not self.sd > 0:
            raise ValueError(f"normal prior: sd must be positive, got {self.sd:g}")
        if not math.isfinite(abs(self.mean) + 40.0 * self.sd):  # u = 1e-300 is 37 sd away
            raise ValueError(f"normal prior: sd ({self.sd:g}) reaches beyond the largest number")

    def to_physical(self, u: Floats) -> Floats:
        from scipy.special import ndtri

        upper_edge = 1.0 - np.finfo(float).epsneg
        return self.mean + self.sd * np.asarray(ndtri(np.clip(u, _NORMAL_EDGE, upper_edge)), dtype=float)

    def to_unit(self, x: Floats) -> Floats:
        from scipy.special import ndtr

        return np.asarray(ndtr((x - self.mean) / self.sd), dtype=float)

    def logpdf(self, x: Floats) -> Floats:
        pull = (x - self.mean) / self.sd
        return -0.5 * pull * pull - math.log(self.sd * math.sqrt(2.0 * math.pi))

    @property
    def support(self) -> tuple[float, float]:
        return -math.inf, math.inf

    def describe(self) -> str:
        return f"normal {self.mean:.6g} ± {self.sd:.6g}"


@dataclass(frozen=True)
class Fixed(Prior):
    """Not scanned: always `value`."""

    value: float
    kind: ClassVar[str] = "fixed"
    drawn: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _finite("fixed value", value=self.value)

    def to_physical(self, u: Floats) -> Floats:
        return np.full_like(u, self.value)

    def to_unit(self, x: Floats) -> Floats:
        return np.full_like(x, 0.5)

    def logpdf(self, x: Floats) -> Floats:
        return np.where(x == self.value, 0.0, -np.inf)

    @property
    def support(self) -> tuple[float, float]:
        return self.value, self.value

    def describe(self) -> str:
        return f"fixed {self.value:.6g}"
