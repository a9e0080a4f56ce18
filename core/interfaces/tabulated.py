"""Limits that depend on a second observable, and tabulated likelihoods."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, ClassVar, Literal

import numpy as np

from terranova.interfaces.constraint import Judgement, KeyProblem, Level, Positive, Reads
from terranova.interfaces.theory_errors import WithTheoryError, limit_pulls
from terranova.types import Floats


@dataclass(frozen=True, kw_only=True)
class Tabulated(WithTheoryError):
    """An upper or lower limit on an observable that depends on another, or a tabulated log-likelihood.

    With two observables (y, x): `limit` (len(x_grid),) is the limit on y at x, interpolated linearly in x, in
    ln(limit) when `log` is True. With one observable: `limit` is -2 ln L at `x_grid`, and the point is accepted
    where it is at most `max_chi2`. Beyond the grid the nearest end is used; `Chi2Table` does not go on like that.

    An error of theory is added to a limit with `cl` as in `Limit`. A table of -2 ln L is profiled over it,
    min over xi of table(O + s xi) + xi^2, which is exact: each piece is a line and a parabola.

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
        if self.has_theory_error:
            self._check_theory()

    def _check_theory(self) -> None:
        """Raise ValueError where an error of theory has no meaning."""
        word = "theory_sigma" if self.theory_sigma else "theory_relative"
        if self.hard:
            raise ValueError(f"{word} needs cl: a step has no error that it could be added to")
        if len(self.observables) == 1 and self.log:
            raise ValueError(f"{word} needs a table that is linear between its entries: log: false")
        if self.cl is not None:
            z = NormalDist().inv_cdf(self.cl)
            self.farthest(0.0, max(self.limit) / z, z)

    @property
    def hard(self) -> bool:
        return len(self.observables) == 2 and (self.cl is None or self.side == "lower")

    @property
    def measurements(self) -> int:
        return 1 if len(self.observables) == 1 else 0

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

    def _chi2(self, prediction: Floats) -> Floats:
        """Return -2 ln L (n,) of a table of it, profiled over errors of theory."""
        if not self.has_theory_error:
            return self._at(prediction)
        grid, table = np.array(self.x_grid), np.array(self.limit)
        slopes, at = np.diff(table) / np.diff(grid), prediction[:, None]
        sigma = np.maximum(self.in_quadrature(0.0, at), np.finfo(float).tiny)
        moved = np.clip(at - 0.5 * slopes * sigma**2, grid[:-1], grid[1:])  # where each piece is best
        with np.errstate(over="ignore"):  # far away without an error: infinite
            profiled = table[:-1] + slopes * (moved - grid[:-1]) + ((moved - at) / sigma) ** 2
        return np.asarray(np.minimum(profiled.min(axis=1), self._at(prediction)))

    def _end(self, x: Floats) -> Floats:
        """Return the end (n,) of what a limit accepts at x (n,)."""
        limit = self._at(x)
        if self.cl is None or not self.has_theory_error:
            return limit
        z = NormalDist().inv_cdf(self.cl)
        return np.asarray(np.hypot(limit, z * self.theory_sigma) / math.sqrt(1.0 - (z * self.theory_relative) ** 2))

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, self.margin(values))

    def margin(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return np.asarray((self._chi2(values[:, 0]) - self.max_chi2) / self.scale)
        excess = values[:, 0] - self._end(values[:, 1])
        return np.asarray((excess if self.side == "upper" else -excess) / self.scale)

    def loglike(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return -0.5 * self._chi2(values[:, 0])
        if self.cl is None or self.side == "lower":  # hard
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        pull = limit_pulls(self, values[:, 0], self._at(values[:, 1]), self.cl)
        return -0.5 * pull * pull

    def judge(self, values: Floats) -> Judgement:
        if len(self.observables) == 2:
            return super().judge(values)
        chi2 = self._chi2(values[:, 0])
        return Judgement(np.asarray((chi2 - self.max_chi2) / self.scale), -0.5 * chi2)

    def residuals(self, values: Floats) -> Floats | None:
        if self.hard or self.cl is None or type(self).loglike is not Tabulated.loglike:
            return None
        if len(self.observables) == 1:
            return None  # a table of -2 ln L is piecewise linear: no sum of squares
        return limit_pulls(self, values[:, 0], self._at(values[:, 1]), self.cl)[:, None]

    def describe(self) -> str:
        if len(self.observables) == 1:
            return f"tabulated -2 ln L ≤ {self.max_chi2:g}{self.theory_text}"
        return f"tabulated {self.side} limit against {self.observables[1]}{self.theory_text}"
