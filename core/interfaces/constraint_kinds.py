"""Kinds of constraints on one observable, and functions: windows, measurements and limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np

from terranova.interfaces.arrays import real
from terranova.interfaces.constraint import (
    LATER,
    Constraint,
    Interval,
    KeyProblem,
    Level,
    Positive,
    Reads,
    Sigma,
)
from terranova.interfaces.theory_errors import WithTheoryError, limit_pulls
from terranova.types import Floats


def _theory_word(constraint: WithTheoryError) -> str:
    return "theory_sigma" if constraint.theory_sigma else "theory_relative"


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
class Asymmetric(WithTheoryError, Interval):
    """A measurement value +sigma_up -sigma_down; accepted within nsigma, or within `accept` when given.

    The log-likelihood is -(pull^2)/2 with the sigma of the side the prediction lies on: the two-piece
    Gaussian discussed in arXiv:physics/0406120. An error of theory is added in quadrature, which is its profile
    here too: the best nuisance parameter moves the prediction towards the value, and never past it.

    Attributes:
        value: measured.
        sigma_up: error above the value, positive.
        sigma_down: error below the value, positive.
        nsigma: a point is accepted within so many of them, errors of theory included.
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
        low = self.farthest(self.value, self.sigma_down, -self.nsigma)
        return low, self.farthest(self.value, self.sigma_up, self.nsigma)

    def loglike(self, values: Floats) -> Floats:
        pull = self._pulls(values)[:, 0]
        return -0.5 * pull * pull

    def residuals(self, values: Floats) -> Floats | None:
        if type(self).loglike is not Asymmetric.loglike:
            return None  # a subclass with a likelihood of its own
        return self._pulls(values)

    def _pulls(self, values: Floats) -> Floats:
        distance = values - self.value
        sigma = np.where(distance > 0, self.sigma_up, self.sigma_down)
        return np.asarray(distance / self.in_quadrature(sigma, values))

    def describe(self) -> str:
        return f"{self.value:.6g} +{self.sigma_up:.4g} -{self.sigma_down:.4g}{self.theory_text}"


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
        return f"{self.value:.6g} ± {self.sigma:.4g}{self.theory_text}"


@dataclass(frozen=True, kw_only=True)
class Limit(WithTheoryError, Interval):
    """A one-sided limit: `upper` or `lower`.

    With a confidence level the log-likelihood beyond zero is half a Gaussian that reaches the level at the
    limit: ln L = -(z O / limit)^2 / 2 for O between 0 and beyond, z the one-sided quantile of `cl` (a signal
    measured compatible with zero). Without `cl` it is a step at the limit. An error of theory is added in
    quadrature to limit / z, and widens what is accepted to where the wider likelihood reaches the level.

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
        elif self.has_theory_error:
            raise ValueError(f"{_theory_word(self)} needs cl: a step has no error that it could be added to")
        self._check_distance()

    @property
    def hard(self) -> bool:
        return self.cl is None

    @property
    def measurements(self) -> int:
        return 0

    def window(self) -> tuple[float, float]:
        if self.cl is None or not self.has_theory_error:
            return self.lower, self.upper
        z = NormalDist().inv_cdf(self.cl)
        return self.lower, self.farthest(0.0, self.upper / z, z)

    def loglike(self, values: Floats) -> Floats:
        if self.cl is None:
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        pull = limit_pulls(self, values[:, 0], self.upper, self.cl)
        return -0.5 * pull * pull

    def residuals(self, values: Floats) -> Floats | None:
        if self.cl is None or type(self).loglike is not Limit.loglike:
            return None
        return limit_pulls(self, values, self.upper, self.cl)

    def describe(self) -> str:
        if math.isinf(self.upper):
            return f"≥ {self.lower:.6g}"
        level = f" at {100 * self.cl:g} % CL" if self.cl is not None else ""
        return f"≤ {self.upper:.6g}{level}{self.theory_text}"


@dataclass(frozen=True, kw_only=True)
class Function(Constraint):
    """Any other condition, given as Python functions of the observables (n,) in the order declared.

    Only code can make one: a YAML file names no function, so that reading a file never runs one.

    Attributes:
        violation_of: returns C >= 0 (n,).
        loglike_of: returns ln L (n,); without it, 0 where accepted and -inf elsewhere.
        signed: `violation_of` returns the margin: C where positive, and negative where there is room left. Samplers
            then see how far from its bound an accepted point is.
        slow: a point takes it a millisecond or more: it is judged by the executor, see `Constraint.slow`.
    """

    violation_of: Callable[..., Floats]
    loglike_of: Callable[..., Floats] | None = None
    signed: bool = field(default=False, metadata=LATER)
    slow: bool = field(default=False, metadata=LATER)  # type: ignore[misc]  # a property of other kinds
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
        margin = self.margin(values)
        return np.maximum(0.0, margin) if self.signed else margin

    def margin(self, values: Floats) -> Floats:
        return real(self.violation_of(*values.T.copy()), "its violation") / self.scale

    def loglike(self, values: Floats) -> Floats:
        if self.loglike_of is None:
            return np.where(self.margin(values) > 0, -np.inf, 0.0)
        return real(self.loglike_of(*values.T.copy()), "its log-likelihood")
