"""Priors of a continuous parameter with densities of several shapes; numerics by `scipy.stats`."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from terranova.errors import did_you_mean
from terranova.interfaces.priors import Prior
from terranova.types import Floats

_EDGE = 1e-16, 1.0 - np.finfo(float).eps
"""u is kept within, so that a density without bounds never returns an infinity, and scipy no NaN."""

# fmt: off
SCIPY_NAMES = (
    "alpha", "arcsine", "argus", "beta", "betaprime", "bradford", "burr12", "cauchy", "chi", "chi2", "cosine",
    "crystalball", "dgamma", "dweibull", "erlang", "expon", "exponnorm", "exponpow", "exponweib", "f",
    "fatiguelife", "fisk", "foldcauchy", "foldnorm", "gamma", "gausshyper", "genexpon", "genextreme",
    "gengamma", "genhalflogistic", "genlogistic", "gennorm", "genpareto", "gompertz", "gumbel_l", "gumbel_r",
    "halfcauchy", "halfgennorm", "halflogistic", "halfnorm", "hypsecant", "invgamma", "invgauss", "invweibull",
    "jf_skew_t", "johnsonsb", "johnsonsu", "kappa3", "kappa4", "laplace", "laplace_asymmetric", "levy",
    "levy_l", "loggamma", "logistic", "loglaplace", "lognorm", "loguniform", "lomax", "maxwell", "mielke",
    "moyal", "nakagami", "ncf", "nct", "ncx2", "norm", "norminvgauss", "pareto", "pearson3", "powerlaw",
    "powerlognorm", "powernorm", "rayleigh", "rdist", "recipinvgauss", "reciprocal", "rice", "semicircular",
    "skewnorm", "t", "trapezoid", "triang", "truncexpon", "truncnorm", "truncpareto", "truncweibull_min",
    "tukeylambda", "uniform", "vonmises_line", "wald", "weibull_max", "weibull_min", "wrapcauchy",
)
# fmt: on
"""Continuous distributions of `scipy.stats` that a file can name; older versions of scipy may lack some."""


class Shaped(Prior):
    """A prior whose map is the inverse of a cumulative distribution of `scipy.stats`."""

    @property
    @abstractmethod
    def distribution(self) -> Any:
        """The frozen distribution."""

    def to_physical(self, u: Floats) -> Floats:
        low, high = self.support
        u = np.clip(u, *_EDGE)
        return np.asarray(np.clip(self.distribution.ppf(u), low, high), dtype=float)

    def to_unit(self, x: Floats) -> Floats:
        return np.asarray(self.distribution.cdf(x), dtype=float)

    def logpdf(self, x: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(self.distribution.logpdf(x), dtype=float)

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.distribution.support()
        return float(low), float(high)

    def to_dict(self) -> dict[str, Any]:
        return {"prior": self.kind, **{f.name: getattr(self, f.name) for f in fields(self) if f.init}}  # type: ignore[arg-type]


def _positive(kind: str, **values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0.0):
            raise ValueError(f"{kind} prior: {name} must be positive, got {value:g}")


def _check_bounds(kind: str, lower: float, upper: float) -> None:
    if not lower < upper:
        raise ValueError(f"{kind} prior: lower ({lower:g}) must be below upper ({upper:g})")


@dataclass(frozen=True)
class TruncatedNormal(Shaped):
    """Gaussian with `mean` and `sd` between `lower` and `upper`, either of which may be left out."""

    mean: float
    sd: float
    lower: float = -math.inf
    upper: float = math.inf
    kind: ClassVar[str] = "truncated-normal"

    def __post_init__(self) -> None:
        _positive(self.kind, sd=self.sd)
        _check_bounds(self.kind, self.lower, self.upper)
        if max(self.lower - self.mean, self.mean - self.upper) > 30.0 * self.sd:
            raise ValueError(f"{self.kind} prior: lower and upper are more than 30 sd from the mean")

    @cached_property
    def _frozen(self) -> Any:
        from scipy.stats import truncnorm

        ends = (self.lower - self.mean) / self.sd, (self.upper - self.mean) / self.sd
        return truncnorm(*ends, loc=self.mean, scale=self.sd)

    @property
    def distribution(self) -> Any:
        return self._frozen

    @property
    def support(self) -> tuple[float, float]:
        return self.lower, self.upper

    def describe(self) -> str:
        return f"normal {self.mean:.6g} ± {self.sd:.6g} in [{self.lower:.6g}, {self.upper:.6g}]"

    def to_dict(self) -> dict[str, Any]:
        return {key: value for key, value in super().to_dict().items() if value not in (-math.inf, math.inf)}


@dataclass(frozen=True)
class HalfNormal(Shaped):
    """The upper half of a Gaussian of width `sd` that begins at `lower`."""

    sd: float
    lower: float = 0.0
    kind: ClassVar[str] = "half-normal"

    def __post_init__(self) -> None:
        _positive(self.kind, sd=self.sd)

    @cached_property
    def _frozen(self) -> Any:
        from scipy.stats import halfnorm

        return halfnorm(loc=self.lower, scale=self.sd)

    @property
    def distribution(self) -> Any:
        return self._frozen

    def describe(self) -> str:
        return f"half-normal {self.sd:.6g} above {self.lower:.6g}"


@dataclass(frozen=True)
class Exponential(Shaped):
    """Falls off as exp(-(x - lower) / mean) above `lower`."""

    mean: float
    lower: float = 0.0
    kind: ClassVar[str] = "exponential"

    def __post_init__(self) -> None:
        _positive(self.kind, mean=self.mean)

    @cached_property
    def _frozen(self) -> Any:
        from scipy.stats import expon

        return expon(loc=self.lower, scale=self.mean)

    @property
    def distribution(self) -> Any:
        return self._frozen

    def describe(self) -> str:
        return f"exponential {self.mean:.6g} above {self.lower:.6g}"


@dataclass(frozen=True)
class Beta(Shaped):
    """Beta distribution with shapes `a` and `b`, stretched from `lower` to `upper`."""

    a: float
    b: float
    lower: float = 0.0
    upper: float = 1.0
    kind: ClassVar[str] = "beta"

    def __post_init__(self) -> None:
        _positive(self.kind, a=self.a, b=self.b)
        _check_bounds(self.kind, self.lower, self.upper)

    @cached_property
    def _frozen(self) -> Any:
        from scipy.stats import beta

        return beta(self.a, self.b, loc=self.lower, scale=self.upper - self.lower)

    @property
    def distribution(self) -> Any:
        return self._frozen

    def describe(self) -> str:
        return f"beta({self.a:.6g}, {self.b:.6g}) in [{self.lower:.6g}, {self.upper:.6g}]"


@dataclass(frozen=True)
class Scipy(Shaped):
    """A continuous distribution of `scipy.stats` by its name, with its shapes, `loc` and `scale` under `args`."""

    name: str
    args: Mapping[str, float] = field(default_factory=dict, hash=False)
    kind: ClassVar[str] = "scipy"

    def __post_init__(self) -> None:
        if self.name not in SCIPY_NAMES:
            hint = did_you_mean(self.name, SCIPY_NAMES)
            raise ValueError(
                f"scipy prior: name {self.name!r} is no continuous distribution that can be used{hint}"
            )
        import scipy.stats

        if not hasattr(scipy.stats, self.name):
            raise ValueError(f"scipy prior: name {self.name!r} needs a newer version of scipy")
        known = [*(getattr(scipy.stats, self.name).shapes or "").replace(" ", "").split(","), "loc", "scale"]
        known = [word for word in known if word]
        for key, value in self.args.items():
            if key not in known:
                raise ValueError(f"scipy prior: args {key!r} is none of {self.name}{did_you_mean(key, known)}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"scipy prior: args {key!r} must be a finite number")
        for key in known[:-2]:
            if key not in self.args:
                raise ValueError(f"scipy prior: args needs {key!r}, a shape of {self.name}")
        if not np.isfinite(self._frozen.ppf(0.5)) or not np.isfinite(self._frozen.logpdf(self._frozen.ppf(0.5))):
            raise ValueError(f"scipy prior: args make no distribution {self.name}")

    @cached_property
    def _frozen(self) -> Any:
        import scipy.stats

        return getattr(scipy.stats, self.name)(**self.args)

    @property
    def distribution(self) -> Any:
        return self._frozen

    def describe(self) -> str:
        return f"scipy {self.name}({', '.join(f'{key}={value:.6g}' for key, value in self.args.items())})"

    def to_dict(self) -> dict[str, Any]:
        return {"prior": self.kind, "name": self.name, **({"args": dict(self.args)} if self.args else {})}


def frozen_words(value: Any) -> dict[str, Any] | None:
    """Return the words that make the prior of a frozen distribution, as `scipy.stats.gamma(2.0)`; else None."""
    distribution: Any = getattr(value, "dist", None)
    if not type(value).__module__.startswith("scipy.stats") or not hasattr(distribution, "shapes"):
        return None
    shapes = (distribution.shapes or "").replace(" ", "").split(",")
    names = [*filter(None, shapes), "loc", "scale"]
    args = {**dict(zip(names, value.args, strict=False)), **value.kwds}
    return {"prior": Scipy.kind, "name": distribution.name, "args": {k: float(v) for k, v in args.items()}}


@dataclass(frozen=True)
class TabulatedPrior(Prior):
    """A density given at `x`, increasing, by `density` up to a factor, and linear in between."""

    x: tuple[float, ...]
    density: tuple[float, ...]
    kind: ClassVar[str] = "tabulated"

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", tuple(float(v) for v in self.x))
        object.__setattr__(self, "density", tuple(float(v) for v in self.density))
        if len(self.x) != len(self.density) or len(self.x) < 2:
            raise ValueError("tabulated prior: x and density need the same length, at least 2")
        if not np.isfinite([*self.x, *self.density]).all():
            raise ValueError("tabulated prior: x and density must be finite numbers")
        if not np.all(np.diff(self.x) > 0):
            raise ValueError("tabulated prior: x must increase")
        if min(self.density) < 0.0 or max(self.density) == 0.0:
            raise ValueError("tabulated prior: density must not be negative, nor zero everywhere")

    @cached_property
    def _table(self) -> tuple[Floats, Floats, Floats]:
        """Return x, the density with an integral of one, and its integral up to each x."""
        x: Floats = np.array(self.x)
        density: Floats = np.array(self.density)
        parts = np.diff(x) * (density[1:] + density[:-1]) / 2.0
        total = np.concatenate([[0.0], np.cumsum(parts)])
        return x, density / total[-1], total / total[-1]

    def to_physical(self, u: Floats) -> Floats:
        x, density, total = self._table
        # Pieces without density have no share of [0, 1]; a u at their end belongs to the piece before.
        cell = np.clip(np.searchsorted(total, u, side="left") - 1, 0, len(x) - 2)
        rest = np.maximum(u - total[cell], 0.0)
        slope = (density[cell + 1] - density[cell]) / (x[cell + 1] - x[cell])
        # The root of slope t^2 / 2 + density t = rest, in the form that survives slope = 0 and density = 0.
        root = np.sqrt(np.maximum(density[cell] ** 2 + 2.0 * slope * rest, 0.0))
        down = density[cell] + root
        t = np.divide(2.0 * rest, down, out=np.zeros_like(rest), where=down > 0.0)
        return np.clip(x[cell] + np.minimum(t, x[cell + 1] - x[cell]), x[0], x[-1])

    def to_unit(self, x: Floats) -> Floats:
        grid, density, total = self._table
        cell = np.clip(np.searchsorted(grid, x, side="right") - 1, 0, len(grid) - 2)
        t = np.clip(x - grid[cell], 0.0, grid[cell + 1] - grid[cell])
        slope = (density[cell + 1] - density[cell]) / (grid[cell + 1] - grid[cell])
        return np.asarray(np.clip(total[cell] + density[cell] * t + 0.5 * slope * t * t, 0.0, 1.0))

    def logpdf(self, x: Floats) -> Floats:
        grid, density, _ = self._table
        with np.errstate(divide="ignore"):
            return np.log(np.where((x >= grid[0]) & (x <= grid[-1]), np.interp(x, grid, density), 0.0))

    @property
    def support(self) -> tuple[float, float]:
        return self.x[0], self.x[-1]

    def to_dict(self) -> dict[str, Any]:
        return {"prior": self.kind, "x": list(self.x), "density": list(self.density)}
