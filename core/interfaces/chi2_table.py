"""Tables of -2 ln L in one and two observables, which end where they end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from terranova.interfaces.constraint import Constraint, Judgement, KeyProblem, Positive, Reads
from terranova.types import Floats

_FEWEST = {"linear": 2, "cubic": 4}
"""Entries of a grid that an interpolation needs."""


@dataclass(frozen=True, kw_only=True)
class Chi2Table(Constraint):
    """A table of -2 ln L: C = max(0, -2 ln L - max_chi2) / scale, ln L = -table / 2.

    Linear interpolation, bilinear in two observables, has the entries as its extremes. Cubic splines are smooth and
    may overshoot between entries; what falls below the smallest entry is taken to be that.

    Beyond the grid nothing is known. A point there is always violated, and never silently likely: its -2 ln L is
    that of the nearest point of the grid, or `max_chi2` where that is larger, and on top of it the distance in
    widths of the grid, so that a search finds its way back.

    Attributes:
        x_grid: values of the first observable, increasing.
        y_grid: values of the second, increasing; none if there is only one.
        chi2: a row for each entry of y_grid, in it a number for each of x_grid; a single row for one observable.
        interpolation: "linear" or "cubic".
        max_chi2: largest -2 ln L that is accepted.
        y_unit: unit of the second observable, as `unit` is of the first.
    """

    x_grid: tuple[float, ...]
    y_grid: tuple[float, ...] = ()
    chi2: tuple[tuple[float, ...], ...]
    interpolation: Literal["linear", "cubic"] = "linear"
    max_chi2: Positive = 4.0
    y_unit: str = "1"
    kind: ClassVar[str] = "chi2-table"
    reads: ClassVar[Reads] = Reads(1, 2, "one observable (x) or two (x, y)")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.interpolation not in _FEWEST:
            raise ValueError(f"interpolation must be 'linear' or 'cubic', got {self.interpolation!r}")
        for problem in self.key_problems(
            {"x_grid": self.x_grid, "chi2": self.chi2, "interpolation": self.interpolation}
            | ({"y_grid": self.y_grid} if self.y_grid else {}),
            self.observables,
        ):
            raise problem.error()
        table = np.array(self.chi2, dtype=float).T  # (x, y)
        if not np.isfinite(table).all():
            raise ValueError("chi2 holds an entry that is not finite")
        if not self.max_chi2 > 0.0 or table.min() > self.max_chi2:
            raise ValueError(
                f"max_chi2 {self.max_chi2:g} accepts nothing: the smallest entry of chi2 is {table.min():g}"
            )
        grids = tuple(np.array(grid, dtype=float) for grid in (self.x_grid, self.y_grid)[: len(self.observables)])
        object.__setattr__(self, "_table", (grids, table, self._spline(grids, table)))  # the class is frozen

    def _spline(self, grids: tuple[Floats, ...], table: Floats) -> Any:
        """Return what interpolates with cubic splines; None where that is linear."""
        if self.interpolation == "linear":
            return None
        from scipy.interpolate import CubicSpline, RectBivariateSpline

        return CubicSpline(grids[0], table[:, 0]) if len(grids) == 1 else RectBivariateSpline(*grids, table)

    @classmethod
    def key_problems(cls, keys: Mapping[str, Any], observables: Sequence[str]) -> Iterator[KeyProblem]:
        interpolation = keys.get("interpolation", "linear")
        fewest = _FEWEST[interpolation]
        for key in ("x_grid", "y_grid"):
            grid = keys.get(key)
            if grid is None:
                continue
            if len(grid) < fewest:
                yield KeyProblem((key,), f"{interpolation} interpolation needs at least {fewest} entries")
            for i in range(1, len(grid)):
                if not grid[i] > grid[i - 1]:
                    yield KeyProblem((key, i), f"the grid must increase: {grid[i]:g} after {grid[i - 1]:g}")
        if len(observables) == 1:
            for key in ("y_grid", "y_unit"):
                if key in keys:
                    yield KeyProblem((key,), "has no effect with one observable", at_key=True)
            rows, why = 1, "one observable"
        elif "y_grid" not in keys:
            yield KeyProblem(("y_grid",), "missing, expected the values of the second observable")
            return
        else:
            rows, why = len(keys["y_grid"]), "one for each entry of y_grid"
        if len(keys["chi2"]) != rows:
            yield KeyProblem(("chi2",), f"expected {rows} row{'s' * (rows > 1)} ({why}), got {len(keys['chi2'])}")
        for i, row in enumerate(keys["chi2"]):
            if len(row) != len(keys["x_grid"]):
                wanted = len(keys["x_grid"])
                yield KeyProblem(("chi2", i), f"expected {wanted} numbers, one for each of x_grid, got {len(row)}")

    @property
    def measurements(self) -> int:
        return len(self.observables)

    @property
    def units(self) -> Mapping[str, str]:
        return dict(zip(self.observables, (self.unit, self.y_unit), strict=False))

    def table_chi2(self, values: Floats) -> Floats:
        """Return -2 ln L (n,) of predictions (n, len(observables)), beyond the grid as it is described above."""
        grids, table, spline = getattr(self, "_table")  # noqa: B009 - set in __post_init__ of a frozen class
        inside = [np.clip(column, grid[0], grid[-1]) for column, grid in zip(values.T, grids, strict=True)]
        if spline is None:
            found = linear(grids, table, inside)
        else:
            found = np.maximum(spline(*inside) if len(grids) == 1 else spline.ev(*inside), table.min())
        ends = zip(values.T, inside, grids, strict=True)
        away = sum(np.abs(column - at) / (grid[-1] - grid[0]) for column, at, grid in ends)
        # The next number above max_chi2, so that a point just beyond the grid is not accepted.
        floor = np.nextafter(self.max_chi2, np.inf)
        return np.asarray(np.where(away > 0.0, np.maximum(found, floor) + away, found))

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, self.margin(values))

    def margin(self, values: Floats) -> Floats:
        return np.asarray((self.table_chi2(values) - self.max_chi2) / self.scale)

    def loglike(self, values: Floats) -> Floats:
        return -0.5 * self.table_chi2(values)

    def judge(self, values: Floats) -> Judgement:
        chi2 = self.table_chi2(values)
        return Judgement(np.asarray((chi2 - self.max_chi2) / self.scale), -0.5 * chi2)

    def describe(self) -> str:
        return f"table of -2 ln L of {', '.join(self.observables)} ≤ {self.max_chi2:g}"


def linear(grids: tuple[Floats, ...], table: Floats, at: Sequence[Floats]) -> Floats:
    """Interpolate a table (x, y) linearly in one or two coordinates, each (n,) and within its grid."""
    cells, parts = [], []
    for grid, column in zip(grids, at, strict=True):
        cell = np.clip(np.searchsorted(grid, column, side="right") - 1, 0, len(grid) - 2)
        cells.append(cell)
        parts.append((column - grid[cell]) / (grid[cell + 1] - grid[cell]))
    i, s = cells[0], parts[0]
    if len(grids) == 1:
        return np.asarray((1.0 - s) * table[i, 0] + s * table[i + 1, 0])
    j, t = cells[1], parts[1]
    low = (1.0 - s) * table[i, j] + s * table[i + 1, j]
    high = (1.0 - s) * table[i, j + 1] + s * table[i + 1, j + 1]
    return np.asarray((1.0 - t) * low + t * high)
