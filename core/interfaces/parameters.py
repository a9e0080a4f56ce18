"""Parameters, their priors, and the map between the unit cube and physical values."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from terranova.types import Array, Bools, Floats


class Prior(ABC):
    """An invertible, monotone-by-piece map of u in [0, 1] to a parameter's physical value.

    A point drawn uniformly in u is distributed as the prior in physical values.
    """

    kind: ClassVar[str]
    periodic: ClassVar[bool] = False
    """True when u = 0 and u = 1 are the same place, so that samplers may step across."""

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


PRIORS: Mapping[str, type[Prior]] = {
    prior.kind: prior for prior in (Uniform, LogUniform, SignedLogUniform, Normal, Angle, Fixed)
}
"""Prior classes by the word that names them in a configuration file."""


@dataclass(frozen=True)
class Parameter:
    """One input of a model.

    Args:
        name: an identifier, unique within the model.
        prior: where it is scanned.
        unit: "1" when dimensionless.
        latex: for axis labels, without dollar signs.
        description: one line.
        default: the value taken when the parameter is left out of an evaluation; the prior's median if None.
    """

    name: str
    prior: Prior
    unit: str = "1"
    latex: str = ""
    description: str = ""
    default: float | None = None

    @property
    def default_value(self) -> float:
        """The value of this parameter when none is given."""
        if self.default is not None:
            return self.default
        return float(self.prior.to_physical(np.array([0.5]))[0])


@dataclass(frozen=True)
class _FlatPriors:
    """The axes whose prior is flat: mapped all at once, as most parameters of most models are."""

    axes: Array
    lower: Floats
    upper: Floats
    other_axes: tuple[int, ...]

    @classmethod
    def of(cls, free: Sequence[Parameter]) -> _FlatPriors:
        flat = [(i, p.prior) for i, p in enumerate(free) if type(p.prior) in (Uniform, Angle)]
        supports = np.array([prior.support for _, prior in flat], dtype=float).reshape(-1, 2)
        axes = np.array([i for i, _ in flat], dtype=np.int64)
        others = tuple(i for i in range(len(free)) if i not in set(axes.tolist()))
        return cls(axes, supports[:, 0].copy(), supports[:, 1].copy(), others)

    def to_physical(self, u: Floats) -> Floats:
        """As `Uniform.to_physical`, for all flat axes (n, number of them)."""
        x = self.lower + (self.upper - self.lower) * u
        return np.minimum(np.maximum(x, self.lower), self.upper)


@dataclass(frozen=True)
class ParameterSpace:
    """The parameters of a scan, in order; maps points of the unit cube to physical points.

    The unit cube has one axis for each parameter that is not fixed: d_free <= d.
    """

    parameters: tuple[Parameter, ...]
    _free: tuple[int, ...] = field(init=False, repr=False, compare=False)
    _flat: _FlatPriors = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [p.name for p in self.parameters]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"parameter names must be unique; given twice: {', '.join(twice)}")
        free = tuple(i for i, p in enumerate(self.parameters) if not isinstance(p.prior, Fixed))
        object.__setattr__(self, "_free", free)
        object.__setattr__(self, "_flat", _FlatPriors.of([self.parameters[i] for i in free]))

    def __len__(self) -> int:
        return len(self.parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all parameters, in order."""
        return tuple(p.name for p in self.parameters)

    @property
    def free(self) -> tuple[Parameter, ...]:
        """The parameters that are scanned: the axes of the unit cube."""
        return tuple(self.parameters[i] for i in self._free)

    @property
    def dimension(self) -> int:
        """Number of axes of the unit cube."""
        return len(self._free)

    @property
    def periodic(self) -> Bools:
        """(d_free,) True on the axes that wrap around."""
        return np.array([p.prior.periodic for p in self.free], dtype=bool)

    def to_physical(self, u: Floats) -> Floats:
        """Map points u (n, d_free) of the unit cube to physical points (n, d).

        Raises:
            ValueError: u has the wrong shape.
        """
        u = np.asarray(u, dtype=float)
        if u.ndim != 2 or u.shape[1] != self.dimension:
            raise ValueError(f"expected unit-cube points of shape (n, {self.dimension}), got {u.shape}")
        x = np.empty((len(u), len(self.parameters)))
        free = np.array(self._free, dtype=np.int64)
        x[:, free[self._flat.axes]] = self._flat.to_physical(u[:, self._flat.axes])
        for axis in self._flat.other_axes:
            x[:, free[axis]] = self.free[axis].prior.to_physical(np.ascontiguousarray(u[:, axis]))
        for i, parameter in enumerate(self.parameters):
            if isinstance(parameter.prior, Fixed):
                x[:, i] = parameter.prior.value
        return x

    def to_unit(self, x: Floats) -> Floats:
        """Map physical points x (n, d) to the unit cube (n, d_free): the inverse of `to_physical`.

        Raises:
            ValueError: x has the wrong shape.
        """
        x = np.asarray(x, dtype=float)
        if x.ndim != 2 or x.shape[1] != len(self.parameters):
            raise ValueError(f"expected physical points of shape (n, {len(self.parameters)}), got {x.shape}")
        u = np.empty((len(x), self.dimension))
        for axis, i in enumerate(self._free):
            u[:, axis] = self.parameters[i].prior.to_unit(np.ascontiguousarray(x[:, i]))
        return u

    def override(self, priors: Mapping[str, Prior]) -> ParameterSpace:
        """Return a copy in which the named parameters have other priors.

        Raises:
            KeyError: a name is not a parameter of this space.
        """
        unknown = set(priors) - set(self.names)
        if unknown:
            raise KeyError(sorted(unknown)[0])
        return ParameterSpace(
            tuple(replace(p, prior=priors[p.name]) if p.name in priors else p for p in self.parameters)
        )
