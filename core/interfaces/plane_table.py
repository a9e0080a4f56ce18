"""Tables over two coordinates: on a rectangular grid, bilinear; on scattered points, linear in triangles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from terranova.interfaces.chi2_table import linear
from terranova.interfaces.constraint import KeyProblem
from terranova.types import Bools, Floats


@dataclass(frozen=True)
class PlaneTable:
    """A table over x and y; beyond it the nearest place of the table counts.

    Args:
        x_grid: values of x, increasing; or the x of each of the points.
        y_grid: values of y, increasing; or the y of each of the points.
        entries: (len(y_grid), len(x_grid)), a row for each entry of y_grid; or (points,), one for each.
        log: interpolate in the logarithm of the entries.

    Raises:
        ValueError: the points lie on a line.
    """

    x_grid: Floats
    y_grid: Floats
    entries: Floats
    log: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "_values", np.log(self.entries) if self.log else self.entries)
        if self.entries.ndim == 2:
            return
        from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
        from scipy.spatial import QhullError

        points = np.column_stack([self.x_grid, self.y_grid])
        # In units of the ranges: otherwise triangles depend on whether a mass is given in GeV or TeV.
        try:
            inner = LinearNDInterpolator(points, self._kept("_values"), rescale=True)
        except QhullError as error:
            raise ValueError(
                "points: they lie on a line, or are too few: no triangles can be made of them"
            ) from error
        nearest = NearestNDInterpolator(points, self._kept("_values"), rescale=True)
        object.__setattr__(self, "_interpolators", (inner, nearest))  # the class is frozen

    def _kept(self, name: str) -> Any:
        return getattr(self, name)

    def __call__(self, x: Floats, y: Floats) -> tuple[Floats, Bools]:
        """Return the interpolated entries (n,) at x (n,) and y (n,), and where these lie within the table."""
        values: Floats
        if self.entries.ndim == 2:
            at = [np.clip(x, self.x_grid[0], self.x_grid[-1]), np.clip(y, self.y_grid[0], self.y_grid[-1])]
            values = linear((self.x_grid, self.y_grid), self._kept("_values").T, at)
            inside: Bools = (at[0] == x) & (at[1] == y)
        else:
            inner, nearest = self._kept("_interpolators")
            values = np.asarray(inner(x, y), dtype=float)
            inside = ~np.isnan(values)
            if not inside.all():
                values[~inside] = nearest(x[~inside], y[~inside])
        return (np.exp(values) if self.log else values), inside


def plane_problems(keys: Mapping[str, Any]) -> list[KeyProblem]:
    """Return what is wrong with the keys of a table over two observables; see `PlaneTable`."""
    entries: Sequence[Any] = keys.get("limit", ())
    rows = bool(entries) and not isinstance(entries[0], int | float)
    if "points" in keys:
        return _point_problems(keys, entries, rows)
    if "y_grid" not in keys or "x_grid" not in keys:
        missing = "x_grid" if "x_grid" not in keys else "y_grid"
        return [KeyProblem((missing,), "missing, expected x_grid and y_grid, or points")]
    found = []
    for key in ("x_grid", "y_grid"):
        grid = keys[key]
        if len(grid) < 2:
            found.append(KeyProblem((key,), "needs at least 2 entries"))
        found += [
            KeyProblem((key, i), f"the grid must increase: {grid[i]:g} after {grid[i - 1]:g}")
            for i in range(1, len(grid))
            if not grid[i] > grid[i - 1]
        ]
    if not rows or len(entries) != len(keys["y_grid"]):
        found.append(KeyProblem(("limit",), f"expected {len(keys['y_grid'])} rows, one for each entry of y_grid"))
        return found
    wanted = len(keys["x_grid"])
    for i, row in enumerate(entries):
        if len(row) != wanted:
            message = f"expected {wanted} numbers, one for each of x_grid, got {len(row)}"
            found.append(KeyProblem(("limit", i), message))
    return found


def _point_problems(keys: Mapping[str, Any], entries: Sequence[Any], rows: bool) -> list[KeyProblem]:
    found = [
        KeyProblem((key,), "has no place beside points", at_key=True)
        for key in ("x_grid", "y_grid")
        if keys.get(key)
    ]
    if len(keys["points"]) < 3:
        found.append(KeyProblem(("points",), "needs at least 3 points"))
    if rows or len(entries) != len(keys["points"]):
        found.append(KeyProblem(("limit",), f"expected {len(keys['points'])} numbers, one for each point"))
    return found
