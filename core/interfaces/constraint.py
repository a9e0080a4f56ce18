"""Constraints: what theory and experiment allow. Each yields a violation C >= 0 and a log-likelihood."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from terranova.interfaces.arrays import real
from terranova.types import Floats


@dataclass(frozen=True, kw_only=True)
class Constraint(ABC):
    """One condition on one or more observables (or parameters) of a model.

    Attributes:
        name: unique in a problem; the violation's column is `C_<name>`.
        observables: the columns it reads.
        source: arXiv number or DOI, with table or figure. Required.
        date: of the measurement or publication, ISO format. Required for data.
        unit: must be the observable's.
        scale: the violation is divided by it.
        note: anything a reader should know.
    """

    name: str
    observables: tuple[str, ...]
    source: str
    date: str = ""
    unit: str = "1"
    scale: float = 1.0
    note: str = ""

    kind: ClassVar[str]

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise ValueError("a constraint needs a source (arXiv number or DOI)")
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError(f"scale must be positive, got {self.scale!r}")
        if self.scale < 1e-150:
            raise ValueError(f"scale {self.scale!r} is too small to divide by")

    @abstractmethod
    def violation(self, values: Floats) -> Floats:
        """Return C >= 0 (n,), 0 where accepted, for values (n, len(observables)), all finite."""

    @abstractmethod
    def loglike(self, values: Floats) -> Floats:
        """Return the natural log-likelihood (n,), up to a constant; -inf where excluded."""

    def window(self) -> tuple[float, float]:
        """Return the accepted interval when the constraint is one on a single observable, else (-inf, inf)."""
        return -math.inf, math.inf

    @property
    def column(self) -> str:
        """Name of the violation's column."""
        return f"C_{self.name}"

    def describe(self) -> str:
        """One short phrase for tables."""
        return self.kind


@dataclass(frozen=True, kw_only=True)
class Interval(Constraint):
    """Base of the kinds that accept one observable in [lo, hi]: C = max(0, lo - O, O - hi) / scale.

    With `distance` "log" the decadic logarithms of lo, O and hi take their places in C: decades instead of units,
    for observables that samplers meet over many orders of magnitude. The log-likelihood is not touched.
    """

    distance: str = "linear"
    kind: ClassVar[str] = "interval"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.distance not in ("linear", "log"):
            raise ValueError(f"distance must be 'linear' or 'log', got {self.distance!r}")

    def _check_distance(self) -> None:
        """Raise ValueError for bounds that have no logarithm when one is asked for."""
        if self.distance == "log" and any(math.isfinite(bound) and bound <= 0.0 for bound in self.window()):
            raise ValueError("distance: log needs positive bounds")

    def violation(self, values: Floats) -> Floats:
        low, high = self.window()
        o = values[:, 0]
        if self.distance == "log":
            return log_excess(o, low, high) / self.scale
        return np.maximum(0.0, np.maximum(low - o, o - high)) / self.scale

    def describe(self) -> str:
        low, high = self.window()
        return f"in [{low:.6g}, {high:.6g}]"


LEAST = 1e-300
"""Stands for zero and negative values where a logarithm is taken."""


def log_excess(o: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """Return the decades by which o lies outside [low, high]: > 0 exactly where it does."""
    lower, upper = np.maximum(low, LEAST), np.maximum(high, LEAST)
    logs = np.log10(np.maximum(o, LEAST))
    excess = np.maximum(np.log10(lower) - logs, logs - np.log10(upper))
    outside = (o < low) | (o > high)
    return np.where(outside, np.maximum(excess, np.finfo(float).eps), 0.0)


def _check_window(low: float, high: float) -> None:
    if math.isnan(low) or math.isnan(high):
        raise ValueError("bounds must not be NaN")
    if not low < high:
        raise ValueError(f"lower bound {low:g} must be below upper bound {high:g}")


@dataclass(frozen=True, kw_only=True)
class Window(Interval):
    """A hard interval: log-likelihood 0 inside, -inf outside."""

    lower: float = -math.inf
    upper: float = math.inf
    kind: ClassVar[str] = "window"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_window(self.lower, self.upper)
        if math.isinf(self.lower) and math.isinf(self.upper):
            raise ValueError("a window needs a lower or an upper bound")
        self._check_distance()

    def window(self) -> tuple[float, float]:
        return self.lower, self.upper

    def loglike(self, values: Floats) -> Floats:
        return np.where(self.violation(values) > 0, -np.inf, 0.0)


@dataclass(frozen=True, kw_only=True)
class Asymmetric(Interval):
    """A measurement value +sigma_up -sigma_down; accepted within nsigma, or within `accept` when given.

    The log-likelihood is -(pull^2)/2 with the sigma of the side the prediction lies on: the two-piece
    Gaussian discussed in arXiv:physics/0406120.
    """

    value: float
    sigma_up: float
    sigma_down: float
    nsigma: float = 2.0
    accept: tuple[float, float] | None = None
    kind: ClassVar[str] = "asymmetric"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.sigma_up > 0 and self.sigma_down > 0):
            raise ValueError("uncertainties must be positive; sigma_down is given without its sign")
        if not self.nsigma > 0:
            raise ValueError(f"nsigma must be positive, got {self.nsigma!r}")
        low, high = self.window()
        if self.accept is not None:
            if not low < high:
                raise ValueError(f"accept [{low:g}, {high:g}] is no interval: its lower end comes first")
            if not low <= self.value <= high:
                raise ValueError(f"accept [{low:g}, {high:g}] leaves out the measured value {self.value:g}")
        elif not low < self.value < high:
            raise ValueError(
                f"sigma is lost beside the value {self.value:g}: it is below the last digit of a double"
            )
        self._check_distance()

    def window(self) -> tuple[float, float]:
        if self.accept is not None:
            return self.accept
        return self.value - self.nsigma * self.sigma_down, self.value + self.nsigma * self.sigma_up

    def loglike(self, values: Floats) -> Floats:
        distance = values[:, 0] - self.value
        pull = distance / np.where(distance > 0, self.sigma_up, self.sigma_down)
        return -0.5 * pull * pull

    def describe(self) -> str:
        return f"{self.value:.6g} +{self.sigma_up:.4g} -{self.sigma_down:.4g}"


@dataclass(frozen=True, kw_only=True)
class Gaussian(Asymmetric):
    """A measurement value ± sigma; accepted within nsigma, or within `accept` when given."""

    kind: ClassVar[str] = "gaussian"

    def describe(self) -> str:
        return f"{self.value:.6g} ± {self.sigma_up:.4g}"


@dataclass(frozen=True, kw_only=True)
class Limit(Interval):
    """A one-sided limit: `upper` or `lower`.

    With a confidence level the log-likelihood beyond zero is half a Gaussian that reaches the level at the
    limit: ln L = -(z O / limit)^2 / 2 for O between 0 and beyond, z the one-sided quantile of `cl` (a signal
    measured compatible with zero). Without `cl` it is a step at the limit.
    """

    upper: float = math.inf
    lower: float = -math.inf
    cl: float | None = None
    kind: ClassVar[str] = "limit"

    def __post_init__(self) -> None:
        super().__post_init__()
        if math.isinf(self.upper) == math.isinf(self.lower):
            raise ValueError("a limit needs exactly one of upper and lower")
        _check_window(self.lower, self.upper)
        if self.cl is not None:
            if not 0.5 < self.cl < 1.0:
                raise ValueError(f"cl must lie between 0.5 and 1, got {self.cl!r}")
            if math.isinf(self.upper) or self.upper <= 0:
                raise ValueError("cl needs a positive upper limit")
        self._check_distance()

    def window(self) -> tuple[float, float]:
        return self.lower, self.upper

    def loglike(self, values: Floats) -> Floats:
        if self.cl is None:
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        z = NormalDist().inv_cdf(self.cl)
        pull = z * np.maximum(values[:, 0], 0.0) / self.upper
        return -0.5 * pull * pull

    def describe(self) -> str:
        if math.isinf(self.upper):
            return f"≥ {self.lower:.6g}"
        level = f" at {100 * self.cl:g} % CL" if self.cl is not None else ""
        return f"≤ {self.upper:.6g}{level}"


@dataclass(frozen=True, kw_only=True)
class Correlated(Constraint):
    """Several measurements with a correlation matrix: C = max(0, chi2 - max_chi2), ln L = -chi2 / 2."""

    values: tuple[float, ...]
    sigmas: tuple[float, ...]
    correlation: tuple[tuple[float, ...], ...]
    max_chi2: float
    kind: ClassVar[str] = "correlated"

    def __post_init__(self) -> None:
        super().__post_init__()
        n = len(self.observables)
        rho = np.array(self.correlation, dtype=float)
        if len(self.values) != n or len(self.sigmas) != n or rho.shape != (n, n):
            raise ValueError(f"needs {n} values, {n} sigmas and a {n} x {n} correlation matrix")
        if not all(s > 0 for s in self.sigmas):
            raise ValueError("sigmas must be positive")
        if not np.allclose(rho, rho.T) or not np.allclose(np.diag(rho), 1.0):
            raise ValueError("correlation must be symmetric with ones on the diagonal")
        if np.linalg.eigvalsh(rho)[0] <= 0:
            raise ValueError("correlation must be positive definite")
        if not self.max_chi2 > 0:
            raise ValueError("max_chi2 must be positive")
        # Beyond, chi2 at a prediction of zero is infinity minus infinity.
        if not all(abs(v) / s < 1e100 for v, s in zip(self.values, self.sigmas, strict=True)):
            raise ValueError("sigmas are too small: a value is more than 1e100 of them")
        object.__setattr__(self, "_inverse", np.linalg.inv(rho))

    def chi2(self, values: Floats) -> Floats:
        """Return chi2 (n,) of predictions (n, len(observables))."""
        pulls = (values - np.array(self.values)) / np.array(self.sigmas)
        inverse: Floats = getattr(self, "_inverse")  # noqa: B009 - set in __post_init__ of a frozen class
        # Written out term by term: unlike a matrix product it gives a point the same bits in any batch.
        total = np.zeros(len(values))
        for i in range(pulls.shape[1]):
            for j in range(pulls.shape[1]):
                total += inverse[i, j] * pulls[:, i] * pulls[:, j]
        return total

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, self.chi2(values) - self.max_chi2) / self.scale

    def loglike(self, values: Floats) -> Floats:
        return -0.5 * self.chi2(values)

    def describe(self) -> str:
        return f"chi2 of {', '.join(self.observables)} ≤ {self.max_chi2:g}"


@dataclass(frozen=True, kw_only=True)
class Tabulated(Constraint):
    """An upper or lower limit on an observable that depends on another, or a tabulated log-likelihood.

    With two observables (y, x): `limit` (len(x_grid),) is the limit on y at x, interpolated linearly in x, in
    ln(limit) when `log` is True. With one observable: `limit` is -2 ln L at `x_grid`, and the point is accepted
    where it is at most `max_chi2`. Beyond the grid the nearest end is used.
    """

    x_grid: tuple[float, ...]
    limit: tuple[float, ...]
    side: str = "upper"
    log: bool = False
    max_chi2: float = 4.0
    cl: float | None = None
    kind: ClassVar[str] = "tabulated"

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.observables) not in (1, 2):
            raise ValueError("a tabulated constraint reads one observable (-2 ln L) or two (y, x)")
        if len(self.x_grid) != len(self.limit) or len(self.x_grid) < 2:
            raise ValueError("x_grid and limit need the same length, at least 2")
        if not np.all(np.diff(self.x_grid) > 0):
            raise ValueError("x_grid must increase")
        if self.side not in ("upper", "lower"):
            raise ValueError("side must be 'upper' or 'lower'")
        if self.log and min(self.limit) <= 0:
            raise ValueError("log interpolation needs positive limits")
        if self.cl is not None and not 0.5 < self.cl < 1.0:
            raise ValueError(f"cl must lie between 0.5 and 1, got {self.cl!r}")
        if len(self.observables) == 2 and self.cl is not None and min(self.limit) <= 0:
            raise ValueError(f"cl needs positive limits, the smallest is {min(self.limit):g}")
        if len(self.observables) == 1 and min(self.limit) > self.max_chi2:
            raise ValueError(
                f"max_chi2 {self.max_chi2:g} accepts nothing: the smallest entry of limit is {min(self.limit):g}"
            )

    def _at(self, x: Floats) -> Floats:
        if self.log:
            return np.asarray(np.exp(np.interp(x, self.x_grid, np.log(self.limit))), dtype=float)
        return np.asarray(np.interp(x, self.x_grid, self.limit), dtype=float)

    def violation(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return np.maximum(0.0, self._at(values[:, 0]) - self.max_chi2) / self.scale
        excess = values[:, 0] - self._at(values[:, 1])
        return np.maximum(0.0, excess if self.side == "upper" else -excess) / self.scale

    def loglike(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return -0.5 * self._at(values[:, 0])
        if self.cl is None or self.side == "lower":
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        pull = NormalDist().inv_cdf(self.cl) * np.maximum(values[:, 0], 0.0) / self._at(values[:, 1])
        return -0.5 * pull * pull

    def describe(self) -> str:
        if len(self.observables) == 1:
            return f"tabulated -2 ln L ≤ {self.max_chi2:g}"
        return f"tabulated {self.side} limit against {self.observables[1]}"


@dataclass(frozen=True, kw_only=True)
class Function(Constraint):
    """Any other condition, given as Python functions of the observables (n,) in the order declared.

    Only code can make one: a YAML file names no function, so that reading a file never runs one.
    """

    violation_of: Callable[..., Floats]
    loglike_of: Callable[..., Floats] | None = None
    kind: ClassVar[str] = "function"

    def violation(self, values: Floats) -> Floats:
        return real(self.violation_of(*values.T.copy()), "its violation") / self.scale

    def loglike(self, values: Floats) -> Floats:
        if self.loglike_of is None:
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        return real(self.loglike_of(*values.T.copy()), "its log-likelihood")


KINDS: Mapping[str, type[Constraint]] = {
    kind.kind: kind for kind in (Window, Gaussian, Asymmetric, Limit, Tabulated, Correlated)
}
"""The kinds a YAML file can name."""


def acceptance(constraints: Sequence[Constraint]) -> dict[str, tuple[float, float]]:
    """Return observable -> the interval that all its interval constraints accept."""
    windows: dict[str, tuple[float, float]] = {}
    for constraint in constraints:
        if isinstance(constraint, Interval):
            low, high = constraint.window()
            name = constraint.observables[0]
            before = windows.get(name, (-math.inf, math.inf))
            windows[name] = (max(low, before[0]), min(high, before[1]))
    return windows
