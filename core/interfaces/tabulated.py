"""Limits that depend on one or two other observables, and tabulated likelihoods."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, ClassVar, Literal

import numpy as np

from terranova.interfaces.constraint import LATER, Judgement, KeyProblem, Level, Positive, Reads
from terranova.interfaces.plane_table import PlaneTable, plane_problems
from terranova.interfaces.theory_errors import WithTheoryError, limit_pulls
from terranova.types import Floats

_BEYOND = 1.0
"""Violation of a point beyond a table where nothing is accepted there, and room left where there is no limit."""


@dataclass(frozen=True, kw_only=True)
class Tabulated(WithTheoryError):
    """An upper or lower limit on an observable that depends on others, or a tabulated log-likelihood.

    With two observables (y, x): `limit` (len(x_grid),) is the limit on y at x, interpolated linearly in x, in
    ln(limit) when `log` is True. With one observable: `limit` is -2 ln L at `x_grid`, and the point is accepted
    where it is at most `max_chi2`. Beyond the grid the nearest end is used; `Chi2Table` does not go on like that.

    With three observables (z, x, y): `limit` is the limit on z, a row for each entry of `y_grid` and in it a number
    for each of `x_grid`, interpolated bilinearly; or a number for each of scattered `points` [x, y], interpolated
    linearly within the triangles of Delaunay. What holds beyond the table is said by `outside`.

    An error of theory is added to a limit with `cl` as in `Limit`. A table of -2 ln L is profiled over it,
    min over xi of table(O + s xi) + xi^2, which is exact: each piece is a line and a parabola.

    Attributes:
        x_grid: where the table has entries, increasing.
        limit: the entries: limits, or -2 ln L; rows of them where there is a `y_grid`.
        side: "upper" or "lower" limit.
        log: interpolate in the logarithm of the limit.
        max_chi2: largest -2 ln L that is accepted.
        cl: confidence level of an upper limit.
        y_grid: values of the third observable, increasing.
        points: [x, y] of each entry, instead of grids.
        outside: what holds beyond a table over two observables: the limit at the "nearest" place of it; no limit,
            "open"; or that nothing is accepted, "excluded".
    """

    x_grid: tuple[float, ...] = ()
    limit: tuple[float, ...] | tuple[tuple[float, ...], ...]
    side: Literal["upper", "lower"] = "upper"
    log: bool = False
    max_chi2: Positive = 4.0
    cl: Level | None = None
    y_grid: tuple[float, ...] = field(default=(), metadata=LATER)
    points: tuple[tuple[float, float], ...] = field(default=(), metadata=LATER)
    outside: Literal["nearest", "open", "excluded"] = field(default="nearest", metadata=LATER)
    kind: ClassVar[str] = "tabulated"
    reads: ClassVar[Reads] = Reads(1, 3, "one observable (-2 ln L), two (y, x) or three (z, x, y)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.observables) not in (1, 2, 3):
            raise ValueError(f"a tabulated constraint reads {self.reads.text}")
        self._prepare()
        if self._plane is None and (len(self.x_grid) != len(self.limit) or len(self.x_grid) < 2):
            raise ValueError("x_grid and limit need the same length, at least 2")
        if self._plane is None and not np.all(np.diff(self.x_grid) > 0):
            raise ValueError("x_grid must increase")
        if self.outside not in ("nearest", "open", "excluded"):
            raise ValueError(f"outside must be 'nearest', 'open' or 'excluded', got {self.outside!r}")
        if self.side not in ("upper", "lower"):
            raise ValueError("side must be 'upper' or 'lower'")
        smallest = float(np.min(np.asarray(self.limit, dtype=float)))
        if self.log and smallest <= 0:
            raise ValueError("log interpolation needs positive limits")
        if self.cl is not None and not 0.5 < self.cl < 1.0:
            raise ValueError(f"cl must lie between 0.5 and 1, got {self.cl!r}")
        if len(self.observables) > 1 and self.cl is not None and smallest <= 0:
            raise ValueError(f"cl needs positive limits, the smallest is {smallest:g}")
        if len(self.observables) == 1 and smallest > self.max_chi2:
            raise ValueError(
                f"max_chi2 {self.max_chi2:g} accepts nothing: the smallest entry of limit is {smallest:g}"
            )
        if self.has_theory_error:
            self._check_theory()

    def _prepare(self) -> None:
        """Make the table over two observables, if it is one."""
        plane = None
        if len(self.observables) == 3:
            keys = {"limit": self.limit, "x_grid": self.x_grid, "y_grid": self.y_grid, "points": self.points}
            for problem in plane_problems({key: value for key, value in keys.items() if len(value)}):
                raise problem.error()
            entries = np.array(self.limit, dtype=float)
            if not np.isfinite(entries).all():
                raise ValueError("limit holds an entry that is not finite")
            if self.log and not entries.min() > 0:
                raise ValueError("log interpolation needs positive limits")
            x, y = (
                np.array(self.points, dtype=float).T if self.points else map(np.array, (self.x_grid, self.y_grid))
            )
            plane = PlaneTable(np.asarray(x, dtype=float), np.asarray(y, dtype=float), entries, self.log)
        elif self.y_grid or self.points:
            raise ValueError("y_grid and points need three observables (z, x, y)")
        elif np.ndim(self.limit) != 1:
            raise ValueError("limit: rows need three observables (z, x, y), and a y_grid")
        object.__setattr__(self, "_over_two", plane)  # the class is frozen

    @property
    def _plane(self) -> PlaneTable | None:
        found: PlaneTable | None = getattr(self, "_over_two")  # noqa: B009 - set in `_prepare`
        return found

    def _limits(self, values: Floats) -> Floats:
        """Return the limit (n,) at values (n, 2 or 3) of the observables; infinite where there is none."""
        if self._plane is None:
            return self._at(values[:, 1])
        found, inside = self._plane(values[:, 1], values[:, 2])
        if self.outside == "nearest":
            return found
        none = np.inf if (self.side == "upper") == (self.outside == "open") else -np.inf
        return np.where(inside, found, none)

    def _check_theory(self) -> None:
        """Raise ValueError where an error of theory has no meaning."""
        word = "theory_sigma" if self.theory_sigma else "theory_relative"
        if self.hard:
            raise ValueError(f"{word} needs cl: a step has no error that it could be added to")
        if len(self.observables) == 1 and self.log:
            raise ValueError(f"{word} needs a table that is linear between its entries: log: false")
        if self.cl is not None:
            z = NormalDist().inv_cdf(self.cl)
            self.farthest(0.0, float(np.max(np.asarray(self.limit, dtype=float))) / z, z)

    @property
    def hard(self) -> bool:
        return len(self.observables) > 1 and (self.cl is None or self.side == "lower")

    @property
    def measurements(self) -> int:
        return 1 if len(self.observables) == 1 else 0

    @property
    def in_unit(self) -> tuple[str, ...]:
        return self.observables[:1]  # the second one is only what the limit is tabulated against

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        shape = {1: "one observable", 2: "two observables"}.get(len(observables), "three observables")
        for key in ("side", "cl") if len(observables) == 1 else ("max_chi2",):
            if key in keys:
                yield KeyProblem((key,), f"has no effect with {shape}", at_key=True)
        if len(observables) < 3:
            for key in ("y_grid", "points", "outside"):
                if key in keys:
                    yield KeyProblem((key,), f"has no effect with {shape}", at_key=True)
            if "x_grid" not in keys:
                yield KeyProblem(("x_grid",), "missing, expected where the table has entries")
            if any(not isinstance(entry, int | float) for entry in keys["limit"]):
                yield KeyProblem(("limit",), f"expected a list of numbers with {shape}")
        else:
            yield from plane_problems(keys)
            if keys.get("outside", "nearest") != "nearest" and "cl" in keys:
                yield KeyProblem(
                    ("outside",), "needs a limit without cl: a likelihood has no end at which it stops"
                )
        if len(observables) > 1 and keys.get("side") == "lower" and "cl" in keys:
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

    def _end(self, values: Floats) -> Floats:
        """Return the end (n,) of what a limit accepts at values (n, 2 or 3)."""
        limit = self._limits(values)
        if self.cl is None or not self.has_theory_error:
            return limit
        z = NormalDist().inv_cdf(self.cl)
        return np.asarray(np.hypot(limit, z * self.theory_sigma) / math.sqrt(1.0 - (z * self.theory_relative) ** 2))

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, self.margin(values))

    def margin(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return np.asarray((self._chi2(values[:, 0]) - self.max_chi2) / self.scale)
        excess = values[:, 0] - self._end(values)
        if self.outside != "nearest":  # beyond the table there is no distance to a limit
            excess = np.where(np.isinf(excess), np.copysign(_BEYOND, excess), excess)
        return np.asarray((excess if self.side == "upper" else -excess) / self.scale)

    def loglike(self, values: Floats) -> Floats:
        if len(self.observables) == 1:
            return -0.5 * self._chi2(values[:, 0])
        if self.cl is None or self.side == "lower":  # hard
            return np.where(self.violation(values) > 0, -np.inf, 0.0)
        pull = limit_pulls(self, values[:, 0], self._limits(values), self.cl)
        return -0.5 * pull * pull

    def judge(self, values: Floats) -> Judgement:
        if len(self.observables) > 1:
            return super().judge(values)
        chi2 = self._chi2(values[:, 0])
        return Judgement(np.asarray((chi2 - self.max_chi2) / self.scale), -0.5 * chi2)

    def residuals(self, values: Floats) -> Floats | None:
        if self.hard or self.cl is None or type(self).loglike is not Tabulated.loglike:
            return None
        if len(self.observables) == 1:
            return None  # a table of -2 ln L is piecewise linear: no sum of squares
        return limit_pulls(self, values[:, 0], self._limits(values), self.cl)[:, None]

    def describe(self) -> str:
        if len(self.observables) == 1:
            return f"tabulated -2 ln L ≤ {self.max_chi2:g}{self.theory_text}"
        return f"tabulated {self.side} limit against {' and '.join(self.observables[1:])}{self.theory_text}"
