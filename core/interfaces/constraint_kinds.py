"""The kinds of constraints that come with terranova: windows, measurements, limits, tables and functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from statistics import NormalDist
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Gt, Lt

from terranova.interfaces.arrays import real
from terranova.interfaces.constraint import Constraint, Interval, KeyProblem, Positive, Reads, Sigma
from terranova.interfaces.correlation import (
    SMALLEST,
    distance,
    full,
    matrix_problems,
    require_positive,
    split_covariance,
)
from terranova.interfaces.correlation import nearest as nearest_correlation
from terranova.types import Floats

Level = Annotated[float, Gt(0.5), Lt(1)]
"""A confidence level."""


def _check_window(low: float, high: float) -> None:
    if math.isnan(low) or math.isnan(high):
        raise ValueError("bounds must not be NaN")
    if not low < high:
        cure = "a value with an error is of kind gaussian" if low == high else "they seem to be swapped"
        raise ValueError(f"lower bound {low:g} must be below upper bound {high:g}: {cure}")


@dataclass(frozen=True, kw_only=True)
class Window(Interval):
    """A hard interval: log-likelihood 0 inside, -inf outside.

    Attributes:
        lower: end of the interval.
        upper: end of the interval.
    """

    lower: float = -math.inf
    upper: float = math.inf
    kind: ClassVar[str] = "window"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_window(self.lower, self.upper)
        if math.isinf(self.lower) and math.isinf(self.upper):
            raise ValueError("a window needs a lower or an upper bound")
        self._check_distance()

    @property
    def hard(self) -> bool:
        return True

    def window(self) -> tuple[float, float]:
        return self.lower, self.upper

    def loglike(self, values: Floats) -> Floats:
        return np.where(self.violation(values) > 0, -np.inf, 0.0)


@dataclass(frozen=True, kw_only=True)
class Asymmetric(Interval):
    """A measurement value +sigma_up -sigma_down; accepted within nsigma, or within `accept` when given.

    The log-likelihood is -(pull^2)/2 with the sigma of the side the prediction lies on: the two-piece
    Gaussian discussed in arXiv:physics/0406120.

    Attributes:
        value: measured.
        sigma_up: error above the value, positive.
        sigma_down: error below the value, positive.
        nsigma: a point is accepted within so many of them.
        accept: the interval that is accepted instead.
    """

    value: float
    sigma_up: Sigma
    sigma_down: Sigma
    nsigma: Positive = 2.0
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

    @property
    def measured(self) -> tuple[str, ...]:
        return self.observables

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        if keys.get("accept") is not None and "nsigma" in keys:
            yield KeyProblem(("nsigma",), "has no effect beside accept", at_key=True)

    def window(self) -> tuple[float, float]:
        if self.accept is not None:
            return self.accept
        return self.value - self.nsigma * self.sigma_down, self.value + self.nsigma * self.sigma_up

    def loglike(self, values: Floats) -> Floats:
        distance = values[:, 0] - self.value
        pull = distance / np.where(distance > 0, self.sigma_up, self.sigma_down)
        return -0.5 * pull * pull

    def residuals(self, values: Floats) -> Floats | None:
        if type(self).loglike is not Asymmetric.loglike:
            return None  # a subclass with a likelihood of its own
        distance = values - self.value
        return np.asarray(distance / np.where(distance > 0, self.sigma_up, self.sigma_down))

    def describe(self) -> str:
        return f"{self.value:.6g} +{self.sigma_up:.4g} -{self.sigma_down:.4g}"


@dataclass(frozen=True, kw_only=True)
class Gaussian(Asymmetric):
    """A measurement value ± sigma; accepted within nsigma, or within `accept` when given.

    Attributes:
        sigma: error of the value.
    """

    sigma: Sigma
    sigma_up: float = field(init=False, repr=False)
    sigma_down: float = field(init=False, repr=False)
    kind: ClassVar[str] = "gaussian"

    def __post_init__(self) -> None:
        for side in ("sigma_up", "sigma_down"):
            object.__setattr__(self, side, self.sigma)  # the class is frozen
        super().__post_init__()

    def describe(self) -> str:
        return f"{self.value:.6g} ± {self.sigma:.4g}"


@dataclass(frozen=True, kw_only=True)
class Limit(Interval):
    """A one-sided limit: `upper` or `lower`.

    With a confidence level the log-likelihood beyond zero is half a Gaussian that reaches the level at the
    limit: ln L = -(z O / limit)^2 / 2 for O between 0 and beyond, z the one-sided quantile of `cl` (a signal
    measured compatible with zero). Without `cl` it is a step at the limit.

    Attributes:
        upper: the limit, if it is an upper one.
        lower: the limit, if it is a lower one.
        cl: its confidence level.
    """

    upper: float = math.inf
    lower: float = -math.inf
    cl: Level | None = None
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

    @property
    def hard(self) -> bool:
        return self.cl is None

    def window(self) -> tuple[float, float]:
        return self.lower, self.upper

    def loglike(self, values: Floats) -> Floats:
        if self.cl is None:
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        z = NormalDist().inv_cdf(self.cl)
        pull = z * np.maximum(values[:, 0], 0.0) / self.upper
        return -0.5 * pull * pull

    def residuals(self, values: Floats) -> Floats | None:
        if self.cl is None or type(self).loglike is not Limit.loglike:
            return None
        return np.asarray(NormalDist().inv_cdf(self.cl) * np.maximum(values, 0.0) / self.upper)

    def describe(self) -> str:
        if math.isinf(self.upper):
            return f"≥ {self.lower:.6g}"
        level = f" at {100 * self.cl:g} % CL" if self.cl is not None else ""
        return f"≤ {self.upper:.6g}{level}"


@dataclass(frozen=True, kw_only=True)
class Correlated(Constraint):
    """Several measurements with a correlation matrix: C = max(0, chi2 - max_chi2), ln L = -chi2 / 2.

    The covariance may be given instead of sigmas and correlation, and of both matrices the lower triangle is
    enough. However they were given, the attributes are sigmas and the whole correlation matrix.

    Attributes:
        values: measured, one for each observable.
        sigmas: their errors.
        correlation: matrix, row by row.
        max_chi2: largest chi2 that is accepted.
        covariance: matrix, row by row, instead of sigmas and correlation.
        nearest: use the nearest correlation matrix if this one is not positive definite, and note how far it is.
    """

    values: tuple[float, ...]
    sigmas: tuple[Sigma, ...] = ()
    correlation: tuple[tuple[float, ...], ...] = ()
    max_chi2: Positive
    covariance: InitVar[tuple[tuple[float, ...], ...]] = ()
    nearest: InitVar[bool] = False
    kind: ClassVar[str] = "correlated"
    reads: ClassVar[Reads] = Reads(2, None, "two or more observables")

    def __post_init__(self, covariance: tuple[tuple[float, ...], ...], nearest: bool) -> None:
        super().__post_init__()
        name = "covariance" if covariance else "correlation"
        if covariance:
            if self.sigmas or self.correlation:
                raise ValueError("covariance takes the place of sigmas and correlation: give it alone")
            sigmas, rows = split_covariance(full(covariance))
            object.__setattr__(self, "sigmas", sigmas)  # the class is frozen
        else:
            rows = full(self.correlation)
        n = len(self.observables)
        if [len(self.values), len(self.sigmas), len(rows), *map(len, rows)] != [n] * (3 + n):
            raise ValueError(f"needs {n} values, {n} sigmas and a {n} x {n} correlation matrix")
        rho = np.array(rows, dtype=float)
        if not all(s > 0 for s in self.sigmas):
            raise ValueError("sigmas must be positive")
        if not np.allclose(rho, rho.T) or not np.allclose(np.diag(rho), 1.0):
            raise ValueError(f"{name} must be symmetric{'' if covariance else ' with ones on the diagonal'}")
        if nearest and np.linalg.eigvalsh(rho)[0] <= SMALLEST:
            given, rho = rho, nearest_correlation(rho)
            rows = tuple(tuple(row) for row in rho.tolist())
            changed = f"nearest correlation matrix, up to {distance(given, rho):.2g} from the one given"
            object.__setattr__(self, "note", f"{self.note}; {changed}" if self.note else changed)
        require_positive(rho, name)
        object.__setattr__(self, "correlation", rows)
        if not self.max_chi2 > 0:
            raise ValueError("max_chi2 must be positive")
        # Beyond, chi2 at a prediction of zero is infinity minus infinity.
        if not all(abs(v) / s < 1e100 for v, s in zip(self.values, self.sigmas, strict=True)):
            raise ValueError("sigmas are too small: a value is more than 1e100 of them")
        object.__setattr__(self, "_inverse", np.linalg.inv(rho))
        object.__setattr__(self, "_whitening", np.linalg.inv(np.linalg.cholesky(rho)))

    @property
    def measurements(self) -> int:
        return len(self.observables)

    @property
    def measured(self) -> tuple[str, ...]:
        return self.observables

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        n = len(observables)
        whole = "covariance" in keys
        for key in ("sigmas", "correlation"):
            if whole and key in keys:
                yield KeyProblem((key,), "has no place beside covariance, which has both", at_key=True)
            elif not whole and key not in keys:
                yield KeyProblem((key,), "missing, expected sigmas and correlation, or covariance")
        for key in ("values", "sigmas"):
            if key in keys and len(keys[key]) != n:
                yield KeyProblem((key,), f"expected {n} numbers, one for each observable, got {len(keys[key])}")
        for key in ("correlation", "covariance"):
            if key in keys:
                for path, message in matrix_problems(key, keys[key], n, ones=key == "correlation"):
                    yield KeyProblem(path, message)

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

    def residuals(self, values: Floats) -> Floats | None:
        if type(self).loglike is not Correlated.loglike or type(self).chi2 is not Correlated.chi2:
            return None
        whitening: Floats = getattr(self, "_whitening")  # noqa: B009 - as `_inverse`
        pulls = (values - np.array(self.values)) / np.array(self.sigmas)
        # Term by term, as in `chi2`.
        return np.asarray(sum(whitening[:, j] * pulls[:, j : j + 1] for j in range(pulls.shape[1])))

    def margin(self, values: Floats) -> Floats:
        return np.asarray((self.chi2(values) - self.max_chi2) / self.scale)

    def describe(self) -> str:
        return f"chi2 of {', '.join(self.observables)} ≤ {self.max_chi2:g}"


@dataclass(frozen=True, kw_only=True)
class Tabulated(Constraint):
    """An upper or lower limit on an observable that depends on another, or a tabulated log-likelihood.

    With two observables (y, x): `limit` (len(x_grid),) is the limit on y at x, interpolated linearly in x, in
    ln(limit) when `log` is True. With one observable: `limit` is -2 ln L at `x_grid`, and the point is accepted
    where it is at most `max_chi2`. Beyond the grid the nearest end is used.

    Attributes:
        x_grid: where the table has entries, increasing.
        limit: the entries: limits, or -2 ln L.
        side: "upper" or "lower" limit.
        log: interpolate in the logarithm of the limit.
        max_chi2: largest -2 ln L that is accepted.
        cl: confidence level of an upper limit.
    """

    x_grid: tuple[float, ...]
    limit: tuple[float, ...]
    side: Literal["upper", "lower"] = "upper"
    log: bool = False
    max_chi2: Positive = 4.0
    cl: Level | None = None
    kind: ClassVar[str] = "tabulated"
    reads: ClassVar[Reads] = Reads(1, 2, "one observable (-2 ln L) or two (y, x)")

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

    @property
    def hard(self) -> bool:
        return len(self.observables) == 2 and (self.cl is None or self.side == "lower")

    @property
    def in_unit(self) -> tuple[str, ...]:
        return self.observables[:1]  # the second one is only what the limit is tabulated against

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        shape = "one observable" if len(observables) == 1 else "two observables"
        for key in ("side", "cl") if len(observables) == 1 else ("max_chi2",):
            if key in keys:
                yield KeyProblem((key,), f"has no effect with {shape}", at_key=True)
        if len(observables) == 2 and keys.get("side") == "lower" and "cl" in keys:
            yield KeyProblem(("cl",), "has no effect with side: lower", at_key=True)

    def _at(self, x: Floats) -> Floats:
        if self.log:
            return np.asarray(np.exp(np.interp(x, self.x_grid, np.log(self.limit))), dtype=float)
        return np.asarray(np.interp(x, self.x_grid, self.limit), dtype=float)

    def violation(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return np.maximum(0.0, self._at(values[:, 0]) - self.max_chi2) / self.scale
        excess = values[:, 0] - self._at(values[:, 1])
        return np.maximum(0.0, excess if self.side == "upper" else -excess) / self.scale

    def margin(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return np.asarray((self._at(values[:, 0]) - self.max_chi2) / self.scale)
        excess = values[:, 0] - self._at(values[:, 1])
        return np.asarray((excess if self.side == "upper" else -excess) / self.scale)

    def loglike(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return -0.5 * self._at(values[:, 0])
        if self.cl is None or self.side == "lower":  # hard
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        pull = NormalDist().inv_cdf(self.cl) * np.maximum(values[:, 0], 0.0) / self._at(values[:, 1])
        return -0.5 * pull * pull

    def residuals(self, values: Floats) -> Floats | None:
        if self.hard or self.cl is None or type(self).loglike is not Tabulated.loglike:
            return None
        if len(self.observables) == 1:
            return None  # a table of -2 ln L is piecewise linear: no sum of squares
        level = NormalDist().inv_cdf(self.cl)
        return np.asarray(level * np.maximum(values[:, :1], 0.0) / self._at(values[:, 1])[:, None])

    def describe(self) -> str:
        if len(self.observables) == 1:
            return f"tabulated -2 ln L ≤ {self.max_chi2:g}"
        return f"tabulated {self.side} limit against {self.observables[1]}"


@dataclass(frozen=True, kw_only=True)
class Function(Constraint):
    """Any other condition, given as Python functions of the observables (n,) in the order declared.

    Only code can make one: a YAML file names no function, so that reading a file never runs one.

    Attributes:
        violation_of: returns C >= 0 (n,).
        loglike_of: returns ln L (n,); without it, 0 where accepted and -inf elsewhere.
    """

    violation_of: Callable[..., Floats]
    loglike_of: Callable[..., Floats] | None = None
    kind: ClassVar[str] = "function"
    in_files: ClassVar[bool] = False
    reads: ClassVar[Reads] = Reads(1, None, "one or more observables")

    @property
    def hard(self) -> bool:
        return self.loglike_of is None

    @property
    def in_unit(self) -> tuple[str, ...]:
        return ()

    def violation(self, values: Floats) -> Floats:
        return real(self.violation_of(*values.T.copy()), "its violation") / self.scale

    def loglike(self, values: Floats) -> Floats:
        if self.loglike_of is None:
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        return real(self.loglike_of(*values.T.copy()), "its log-likelihood")
