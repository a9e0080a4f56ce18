"""Kinds for searches: events over a background, limits without background, and observed with expected limits.

All of them accept one observable in an interval, and none has residuals: their likelihoods are not Gaussian but for
that of `CLsLimit`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge

from terranova.interfaces.constraint import Interval, Level, Positive
from terranova.interfaces.theory_errors import NotNegative, WithTheoryError
from terranova.types import Floats


@dataclass(frozen=True, kw_only=True)
class Counting(Interval):
    """n events observed where b +- sigma_b are expected without signal; the observable is the expected signal.

    -2 ln L is that of Poisson's distribution, relative to its maximum at s = n - b (S. Baker and R. D. Cousins,
    doi:10.1016/0167-5087(84)90016-4), with a Gaussian error of the background over which it is profiled
    (W. A. Rolke et al., arXiv:physics/0403059, section 3; G. Cowan et al., arXiv:1007.1727, section 2):

        min over b' >= 0 of 2 [t - n + n ln(n / t)] + (b' - b)^2 / sigma_b^2,   t = s + b'.

    The best t solves t^2 - (s + b - sigma_b^2) t - n sigma_b^2 = 0, and there b' - b = sigma_b^2 (n / t - 1).

    Attributes:
        observed: events n.
        background: b, expected.
        sigma_background: error of b; 0 if it is known.
        max_chi2: largest -2 ln L that is accepted: an excess that a signal does not explain is violated, too.
    """

    observed: Annotated[int, Ge(0)]
    background: Annotated[float, Ge(0)]
    sigma_background: NotNegative
    max_chi2: Positive = 4.0
    kind: ClassVar[str] = "counting"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("observed", "background", "sigma_background"):
            if not (getattr(self, name) >= 0 and math.isfinite(getattr(self, name))):
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)!r}")
        if not self.max_chi2 > 0:
            raise ValueError(f"max_chi2 must be positive, got {self.max_chi2!r}")
        best, step = self.observed - self.background, 1.0 + math.sqrt(self.observed) + self.sigma_background
        ends = tuple(_end_of(self.chi2, self.max_chi2, best, sign * step) for sign in (-1.0, 1.0))
        object.__setattr__(self, "_window", ends)  # the class is frozen
        self._check_distance()

    def chi2(self, signal: Floats) -> Floats:
        """Return -2 ln L (n,) of expected signals (n,)."""
        n, b, variance = self.observed, self.background, self.sigma_background**2
        least = np.maximum(signal, 0.0)  # b' >= 0, and no number of events is negative
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            if variance:
                p = signal + b - variance
                larger = 0.5 * (np.abs(p) + np.hypot(p, 2.0 * self.sigma_background * math.sqrt(n)))
                root = np.where(p > 0.0, larger, n * variance / larger)  # the roots multiply to -n sigma^2
                total = np.where(root > least, root, least)
                free = self.sigma_background * (n / total - 1.0)
                pull = np.where(root > least, free, (least - signal - b) / self.sigma_background)
            else:
                total, pull = np.asarray(signal + b), np.zeros(len(signal))
            x = (n - total) / total
            counted = total - n + (n * np.log1p(x) if n else 0.0)
            found = np.where(total < 0.0, np.inf, 2.0 * counted + pull**2)
        return np.maximum(np.where(np.isnan(found), np.inf, found), 0.0)

    def window(self) -> tuple[float, float]:
        ends: tuple[float, float] = getattr(self, "_window")  # noqa: B009 - set in __post_init__ of a frozen class
        return ends

    def loglike(self, values: Floats) -> Floats:
        return -0.5 * self.chi2(values[:, 0])

    def describe(self) -> str:
        return f"{self.observed} events, {self.background:g} ± {self.sigma_background:g} without signal"


@dataclass(frozen=True, kw_only=True)
class _UpperLimit(WithTheoryError, Interval):
    """Base of limits whose accepted end, `_end`, follows from their fields. They are no measurements."""

    @property
    def measurements(self) -> int:
        return 0

    def window(self) -> tuple[float, float]:
        end: float = getattr(self, "_end")  # noqa: B009 - set in __post_init__ of a frozen class
        return -math.inf, end


@dataclass(frozen=True, kw_only=True)
class BackgroundFree(_UpperLimit):
    """An upper limit from a search that saw no event and expects none: -2 ln L = 2 N O / limit for O > 0.

    With no event Poisson's ln L is minus the number of events expected, and at the limit that number is
    N = -ln(1 - cl), 2.30 at 90 %: so -2 ln L is linear, and 4.6 at the limit.

    An error of theory s is profiled over. With the slope k = 2 N / limit,
    min over xi of k max(O + s xi, 0) + xi^2 is k O - (k s / 2)^2, or (O / s)^2 where O < k s^2 / 2.

    Attributes:
        upper: the limit.
        cl: its confidence level.
    """

    upper: Positive
    cl: Level = 0.9
    kind: ClassVar[str] = "background-free"

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_level(self.cl)
        if not (self.upper > 0 and math.isfinite(self.upper)):
            raise ValueError(f"upper must be positive, got {self.upper!r}")
        object.__setattr__(self, "_end", self._accepted())  # the class is frozen
        self._check_distance()

    def _accepted(self) -> float:
        """Return up to where -2 ln L is no larger than at the limit without errors of theory."""
        level = -2.0 * math.log1p(-self.cl)
        if not self.has_theory_error:
            return self.upper
        if self.theory_relative**2 * level >= 1.0:
            raise ValueError(f"theory_relative {self.theory_relative:g} is so large that nothing is excluded")
        return _end_of(self.chi2, level, self.upper, self.upper + self.theory_sigma)

    def chi2(self, prediction: Floats) -> Floats:
        """Return -2 ln L (n,) of predictions (n,)."""
        slope, signal = -2.0 * math.log1p(-self.cl) / self.upper, np.maximum(prediction, 0.0)
        if not self.has_theory_error:
            return np.asarray(slope * signal)
        half = 0.5 * slope * self.in_quadrature(0.0, signal)
        with np.errstate(divide="ignore", invalid="ignore"):
            vanishing = np.where(signal > 0.0, slope**2 * signal**2 / (4.0 * half**2), 0.0)
        return np.where(slope * signal >= 2.0 * half**2, slope * signal - half**2, vanishing)

    def loglike(self, values: Floats) -> Floats:
        return -0.5 * self.chi2(values[:, 0])

    def describe(self) -> str:
        return f"≤ {self.upper:.6g} at {100 * self.cl:g} % CL, no event{self.theory_text}"


@dataclass(frozen=True, kw_only=True)
class CLsLimit(_UpperLimit):
    """An upper limit with the one that was expected: a Gaussian measurement is made of both.

    In the asymptotic approximation a search measures its signal as m +- sigma, and excludes O where
    CLs = Phi(-(O - m) / sigma) / Phi(m / sigma) is below 1 - cl (A. L. Read, doi:10.1088/0954-3899/28/10/313;
    G. Cowan et al., arXiv:1007.1727, sections 3.6 and 3.7). The expected limit is that of m = 0, so that
    sigma = expected / Phi^-1(1 - (1 - cl) / 2), 1.96 at 95 %. The observed one,
    observed = m + sigma Phi^-1(1 - (1 - cl) Phi(m / sigma)), then determines m (A. Azatov et al.,
    arXiv:1202.3415).

    -2 ln L = ((O - m) / sigma)^2 less its least value for O >= 0: an excess, observed > expected, makes some signal
    likelier than none, as it should; a deficit makes the limit strong. An error of theory is added in quadrature,
    and what is accepted ends where the wider CLs reaches 1 - cl.

    Attributes:
        observed: limit.
        expected: median limit without signal.
        cl: confidence level of both.
    """

    observed: Positive
    expected: Positive
    cl: Level = 0.95
    kind: ClassVar[str] = "cls-limit"

    def __post_init__(self) -> None:
        super().__post_init__()
        from scipy.optimize import brentq
        from scipy.special import log_ndtr, ndtri, ndtri_exp

        _check_level(self.cl)
        for name in ("observed", "expected"):
            if not (getattr(self, name) > 0 and math.isfinite(getattr(self, name))):
                raise ValueError(f"{name} must be positive, got {getattr(self, name)!r}")
        alpha = 1.0 - self.cl
        sigma = self.expected / -float(ndtri(0.5 * alpha))
        ratio = self.observed / sigma
        if not 0.05 < ratio < 1e3:
            raise ValueError(f"observed {self.observed:g} and expected {self.expected:g} are not of one search")

        def beyond(y: float) -> float:
            """By how much the limit of m = y sigma exceeds the one observed, in units of sigma: it grows with y."""
            return float(y - ndtri_exp(math.log(alpha) + log_ndtr(y)) - ratio)

        # Far below, the limit is about ln(1 / alpha) / |y|.
        m = sigma * brentq(beyond, math.log(alpha) / ratio - 10.0, ratio, xtol=1e-12)
        object.__setattr__(self, "_measured", (float(m), sigma))  # the class is frozen
        end = self.observed
        if self.has_theory_error:
            if self._log_cls(np.array([1e9 * end]))[0] >= math.log(alpha):
                raise ValueError(f"theory_relative {self.theory_relative:g} is so large that nothing is excluded")
            end = _end_of(lambda o: -self._log_cls(o), -math.log(alpha), end, end + self.theory_sigma)
        object.__setattr__(self, "_end", end)
        self._check_distance()

    @property
    def measurement(self) -> tuple[float, float]:
        """Signal and error that the search measured."""
        found: tuple[float, float] = getattr(self, "_measured")  # noqa: B009 - set in __post_init__
        return found

    def _log_cls(self, prediction: Floats) -> Floats:
        """Return ln CLs (n,) of predictions (n,)."""
        from scipy.special import log_ndtr

        m, sigma = self.measurement
        total = self.in_quadrature(sigma, prediction)
        return np.asarray(log_ndtr((m - prediction) / total) - log_ndtr(m / total))

    def residuals(self, values: Floats) -> Floats | None:
        if type(self).loglike is not CLsLimit.loglike:
            return None
        m, sigma = self.measurement
        signal = np.maximum(values, 0.0)
        return np.asarray((signal - m) / self.in_quadrature(sigma, signal))

    def loglike(self, values: Floats) -> Floats:
        m, sigma = self.measurement
        signal = np.maximum(values[:, 0], 0.0)
        pull = (signal - m) / self.in_quadrature(sigma, signal)
        least = min(m, 0.0) / math.hypot(sigma, self.theory_sigma)
        return -0.5 * np.maximum(pull**2 - least**2, 0.0)  # rounding may put the least above

    def describe(self) -> str:
        level = f"{100 * self.cl:g} % CLs"
        return f"≤ {self.observed:.6g} at {level}, {self.expected:.6g} expected{self.theory_text}"


def _check_level(level: float) -> None:
    if not 0.5 < level < 1.0:
        raise ValueError(f"cl must lie between 0.5 and 1, got {level!r}")


def _end_of(chi2: Callable[[Floats], Floats], level: float, start: float, step: float) -> float:
    """Return where a function that grows from `start` on reaches a level, to the last digits.

    Args:
        chi2: of values (n,).
        level: above that at `start`, or equal to it.
        start: where to begin.
        step: of the search; its sign is the side.
    """
    inner, outer = start, start + step
    while not chi2(np.array([outer]))[0] > level:
        inner, step = outer, 2.0 * step
        outer = inner + step
    for _ in range(200):
        middle = 0.5 * (inner + outer)
        if middle in (inner, outer):
            break
        if chi2(np.array([middle]))[0] > level:
            outer = middle
        else:
            inner = middle
    return inner
