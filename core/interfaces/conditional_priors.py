"""Priors that depend on other parameters: values that follow from them, moving bounds, parameters used at times.

What they read is computed first, so that the unit cube still has one axis for each parameter that is drawn.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from terranova.interfaces.expressions import Expression
from terranova.interfaces.priors import Fixed, Prior
from terranova.types import Floats

Given = Mapping[str, Floats]
"""Parameter -> values (n,): those that a prior reads, physical."""


class Conditional(Prior):
    """A prior whose map from [0, 1] depends on the values of other parameters, those of `reads`."""

    @abstractmethod
    def to_physical_given(self, u: Floats, given: Given) -> Floats:
        """As `to_physical`, at these values of the other parameters; NaN where these leave nothing."""

    @abstractmethod
    def to_unit_given(self, x: Floats, given: Given) -> Floats:
        """As `to_unit`, at these values of the other parameters."""

    @abstractmethod
    def logpdf_given(self, x: Floats, given: Given) -> Floats:
        """As `logpdf`: the density at these values of the other parameters."""

    def to_physical(self, u: Floats) -> Floats:
        raise self._alone()

    def to_unit(self, x: Floats) -> Floats:
        raise self._alone()

    def logpdf(self, x: Floats) -> Floats:
        raise self._alone()

    def _alone(self) -> TypeError:
        return TypeError(f"prior {self.describe()} depends on {', '.join(self.reads)}: map whole points")


@dataclass(frozen=True)
class Derived(Conditional):
    """Not drawn: the value follows from other parameters, as 2 * tanb1 does."""

    expression: str
    kind: ClassVar[str] = "expression"
    drawn: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "expression", _keep(self, "_value", self.expression).text)

    @property
    def reads(self) -> tuple[str, ...]:
        return _kept(self, "_value").names

    def to_physical_given(self, u: Floats, given: Given) -> Floats:
        return _finite(_kept(self, "_value")(given, len(u)))

    def to_unit_given(self, x: Floats, given: Given) -> Floats:
        return np.full(len(x), 0.5)

    def logpdf_given(self, x: Floats, given: Given) -> Floats:
        return np.where(x == self.to_physical_given(x, given), 0.0, -np.inf)

    @property
    def support(self) -> tuple[float, float]:
        return -np.inf, np.inf

    def describe(self) -> str:
        return f"= {self.expression}"


@dataclass(frozen=True)
class Between(Conditional):
    """Flat, or flat in ln x, between bounds of which at least one depends on other parameters: ordered masses.

    Drawn so, the heavier of two masses is flat above the lighter one whatever that is: the density of the pair is
    not that of two masses drawn alike and sorted.
    """

    lower: str | float
    upper: str | float
    log: bool = False
    kind: ClassVar[str] = "between"

    def __post_init__(self) -> None:
        for name in ("lower", "upper"):
            bound = getattr(self, name)
            text = bound if isinstance(bound, str) else repr(float(bound))
            kept = _keep(self, f"_{name}", text)
            object.__setattr__(self, name, kept.text if kept.names else float(kept({}, 1)[0]))

    @property
    def reads(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*_kept(self, "_lower").names, *_kept(self, "_upper").names)))

    def _ends(self, given: Given, n: int) -> tuple[Floats, Floats]:
        """Return the bounds (n,), NaN where there is nothing between them."""
        low, high = _kept(self, "_lower")(given, n), _kept(self, "_upper")(given, n)
        empty = ~(low < high) | ~np.isfinite(low + high)
        if self.log:
            empty |= ~(low > 0.0)
        return np.where(empty, np.nan, low), np.where(empty, np.nan, high)

    def to_physical_given(self, u: Floats, given: Given) -> Floats:
        low, high = self._ends(given, len(u))
        x = np.exp(np.log(low) + np.log(high / low) * u) if self.log else low + (high - low) * u
        return np.minimum(np.maximum(x, low), high)

    def to_unit_given(self, x: Floats, given: Given) -> Floats:
        low, high = self._ends(given, len(x))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(x / low) / np.log(high / low) if self.log else (x - low) / (high - low))

    def logpdf_given(self, x: Floats, given: Given) -> Floats:
        low, high = self._ends(given, len(x))
        with np.errstate(divide="ignore", invalid="ignore"):
            density = 1.0 / (x * np.log(high / low)) if self.log else 1.0 / (high - low)
            return np.where((x >= low) & (x <= high), np.log(density), -np.inf)

    @property
    def support(self) -> tuple[float, float]:
        low = -np.inf if isinstance(self.lower, str) else self.lower
        return low, np.inf if isinstance(self.upper, str) else self.upper

    def describe(self) -> str:
        ends = (end if isinstance(end, str) else f"{end:.6g}" for end in (self.lower, self.upper))
        return f"{'log' if self.log else 'uniform'} [{', '.join(ends)}]"

    def to_dict(self) -> dict[str, Any]:
        return {"prior": "log" if self.log else "uniform", "lower": self.lower, "upper": self.upper}


@dataclass(frozen=True)
class When(Conditional):
    """Drawn from `prior` where `condition` holds, and `otherwise` elsewhere: a parameter of some categories only.

    Its axis of the unit cube is there everywhere; where the parameter is not used, all of it is one point.
    """

    condition: str
    prior: Prior
    otherwise: float
    kind: ClassVar[str] = "when"

    def __post_init__(self) -> None:
        object.__setattr__(self, "condition", _keep(self, "_condition", self.condition).text)
        if isinstance(self.prior, Conditional | Fixed):
            raise ValueError("when: what is drawn must have a prior of its own, which depends on nothing")

    @property
    def reads(self) -> tuple[str, ...]:
        return _kept(self, "_condition").names

    def _used(self, given: Given, n: int) -> Floats:
        """Return (n,) 1 where the parameter is used, 0 where not, NaN where that is not known."""
        return _kept(self, "_condition")(given, n)

    def to_physical_given(self, u: Floats, given: Given) -> Floats:
        used = self._used(given, len(u))
        return np.where(np.isnan(used), np.nan, np.where(used != 0, self.prior.to_physical(u), self.otherwise))

    def to_unit_given(self, x: Floats, given: Given) -> Floats:
        used = self._used(given, len(x)) != 0
        u = np.full(len(x), 0.5)
        u[used] = self.prior.to_unit(x[used])
        return u

    def logpdf_given(self, x: Floats, given: Given) -> Floats:
        used = self._used(given, len(x)) != 0
        density = np.where(x == self.otherwise, 0.0, -np.inf)
        density[used] = self.prior.logpdf(x[used])
        return density

    @property
    def support(self) -> tuple[float, float]:
        low, high = self.prior.support
        return min(low, self.otherwise), max(high, self.otherwise)

    def describe(self) -> str:
        return f"{self.prior.describe()} when {self.condition}, else {self.otherwise:.6g}"

    def to_dict(self) -> dict[str, Any]:
        return {**self.prior.to_dict(), "when": self.condition, "otherwise": self.otherwise}


def _keep(prior: Prior, name: str, text: str) -> Expression:
    """Read an expression once, and keep it: a frozen class declares no attributes of its own."""
    expression = Expression(text)
    object.__setattr__(prior, name, expression)
    return expression


def _kept(prior: Prior, name: str) -> Expression:
    found: Expression = getattr(prior, name)
    return found


def _finite(x: Floats) -> Floats:
    return np.where(np.isfinite(x), x, np.nan)
