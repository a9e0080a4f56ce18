"""The finder for smooth problems: Levenberg-Marquardt on the distances of all observables to their windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.explorer.tree import OVER, PROBE, STEP, Told, probe_steps
from terranova.plugins.samplers.shared.cube import into_cube
from terranova.types import Array, Bools, Floats

DAMPING = np.array([1.0, 0.1, 1e-2, 1e-4])
"""Dampings that are tried at once, relative to the mean of the diagonal; two steps for each."""

PROGRESS = 0.7
"""An iteration must bring the distance below this fraction of what it was."""


class Solver:
    """One search on each of I islands: a Jacobian, eight damped steps from it, the best of them, and so on.

    It gives up when a step helps too little.

    Args:
        rows: what decides on validity.
        periodic: (d,) axes that wrap.
        islands: I.
    """

    ARRAYS = ("stage", "u", "base", "known", "jacobian", "unit", "excess", "solved")

    def __init__(self, rows: Rows, periodic: Bools, islands: int) -> None:
        d, r = len(periodic), len(rows)
        self.rows, self.periodic = rows, periodic
        self.stage = np.full(islands, OVER, dtype=np.int64)
        self.u, self.base = np.zeros((islands, d)), np.zeros((islands, r))
        self.known = np.zeros(islands, dtype=bool)
        self.jacobian, self.unit = np.zeros((islands, r, d)), np.zeros((islands, r))
        self.excess = np.zeros(islands)
        self.solved = np.zeros(islands, dtype=bool)

    def begin(self, island: int, u: Floats) -> None:
        """Start at a point of the cube, of which nothing is known."""
        self.u[island] = u
        self.known[island] = self.solved[island] = False
        self.stage[island] = PROBE

    def ask(self, who: Sequence[int]) -> dict[int, tuple[Floats, Bools]]:
        """Return for each island of `who` its next points u (n, d), and which of them are probes."""
        from terranova.plugins.samplers.explorer.solver_kernels import solver_steps

        proposals: dict[int, tuple[Floats, Bools]] = {}
        for i in who:
            if self.stage[i] == PROBE:
                points = self.u[i] + np.diag(probe_steps(self.u[i]))
                probe = np.ones(len(points), dtype=bool)
                if not self.known[i]:
                    points, probe = np.vstack([self.u[i], points]), np.concatenate([[False], probe])
                proposals[i] = points, probe
            else:
                step = np.empty((2 * len(DAMPING), self.u.shape[1]))
                solver_steps(
                    self.rows.low, self.rows.high, self.unit[i], self.base[i], self.jacobian[i], DAMPING, step
                )
                proposals[i] = into_cube(self.u[i] + step, self.periodic), np.zeros(len(step), dtype=bool)
        return proposals

    def tell(self, told: Mapping[int, Told]) -> None:
        """Learn what became of the last points; `stage` is OVER on islands whose search has ended."""
        from terranova.plugins.samplers.explorer.excess_kernels import excess_of
        from terranova.plugins.samplers.explorer.solver_kernels import solver_units

        low, high = self.rows.low, self.rows.high
        excess = np.empty(max((len(t.u) for t in told.values()), default=0))
        for i, t in told.items():
            if t.found.any():
                self.stage[i], self.solved[i] = OVER, True
            elif self.stage[i] == PROBE:
                rows = t.rows
                if not self.known[i]:
                    self.base[i], rows = rows[0], rows[1:]
                with np.errstate(invalid="ignore"):
                    self.jacobian[i] = ((rows - self.base[i]) / probe_steps(self.u[i])[:, None]).T
                usable = np.isfinite(self.jacobian[i]).all() and np.isfinite(self.base[i]).all()
                if usable:
                    solver_units(low, high, self.jacobian[i], self.unit[i])
                    excess_of(self.base[i][None], low, high, self.unit[i], True, self.excess[i : i + 1])
                self.stage[i] = STEP if usable else OVER
            else:
                excess_of(t.rows, low, high, self.unit[i], True, excess)
                best = int(excess[: len(t.u)].argmin())
                if excess[best] < PROGRESS * self.excess[i]:
                    self.u[i], self.base[i], self.known[i] = t.u[best], t.rows[best], True
                    self.stage[i] = PROBE
                else:
                    self.stage[i] = OVER

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        return {f"solver_{name}": getattr(self, name).copy() for name in self.ARRAYS}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[f"solver_{name}"]
