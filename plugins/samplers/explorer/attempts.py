"""Stratified solves: Levenberg-Marquardt to the windows in transformed rows, with one parameter held fixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.explorer.scales import Scale, choose_scale, scales_of
from terranova.plugins.samplers.explorer.tree import OVER, PROBE, STEP, Told, probe_steps
from terranova.types import Array, Bools, Floats, Ints

START = 4
"""Beside the stages of the tree: the places where an attempt could begin are evaluated."""

SAMPLE = 40
"""Random points from which an island learns, once, in which coordinates it sees the rows."""

DAMPINGS = np.array([0.01, 0.1, 1.0, 10.0, 100.0, 1000.0])
"""Factors on the damping that are tried at once with a new Jacobian, and three of the steps shortened, too."""

FEW_DAMPINGS = np.array([0.1, 1.0, 10.0])
"""The same with one that is only corrected."""

SHORTENED = 3
ALIKE = 0.01
"""Candidates that differ by less than this part of their length are one."""

FIRST_DAMPING = 1e-2
LEAST_DAMPING, MOST_DAMPING = 1e-10, 1e6
MORE_DAMPING = 1.0
"""Up to here, a Jacobian of which no step was of use is tried with more of it."""

LONGEST = 0.3
"""Of a step along each axis."""

PROGRESS = 0.7
"""A step must bring the squared distance below this fraction of what it was."""

CORRECTIONS = 3
"""Steps after which a Jacobian is evaluated anew."""

BREAKOUTS = 4
"""How often an attempt that is stuck changes the weights of its rows."""

MOST_POINTS = 400
"""After which an attempt is given up."""

RACE_AT, RIVALS, REMEMBERED = 3, 8, 64
"""Which Jacobian decides whether an attempt goes on: only if it is nearer than half of the last ones were there, of
which there must be some."""


class Attempts:
    """One attempt on each of I islands.

    Args:
        rows: what decides on validity.
        periodic: (d,) axes that wrap.
        islands: I.
    """

    ARRAYS = (
        "stage", "u", "held", "z", "jacobian", "weight", "damping", "distance", "age", "jacobians", "points",
        "breakouts", "solved", "sampled", "race", "raced",
    )  # fmt: skip

    def __init__(self, rows: Rows, periodic: Bools, islands: int) -> None:
        d, r = len(periodic), len(rows)
        self.rows, self.periodic = rows, periodic
        self.stage = np.full(islands, OVER, dtype=np.int64)
        self.u, self.z = np.zeros((islands, d)), np.zeros((islands, r))
        self.held = np.zeros(islands, dtype=np.int64)  # the axis that does not move
        self.jacobian, self.weight = np.zeros((islands, r, d)), np.ones((islands, r))
        self.damping, self.distance = np.zeros(islands), np.zeros(islands)
        self.age = np.zeros(islands, dtype=np.int64)  # corrections of the Jacobian
        self.jacobians, self.points = np.zeros(islands, dtype=np.int64), np.zeros(islands, dtype=np.int64)
        self.breakouts = np.zeros(islands, dtype=np.int64)
        self.solved, self.sampled = np.zeros(islands, dtype=bool), np.zeros(islands, dtype=bool)
        self.race, self.raced = np.zeros((islands, REMEMBERED)), np.zeros(islands, dtype=np.int64)
        self.scales = scales_of(islands, r)
        # What lasts from asking to telling only, and is in no checkpoint:
        self._starts: dict[int, Floats] = {}
        self._factors: dict[int, Floats] = {}
        self._windows: dict[int, tuple[Floats, Floats]] = {}  # follow from the scales

    def begin(self, island: int, starts: Floats, held: int, rng: np.random.Generator) -> None:
        """Start at the nearest to the windows of some points (n, d), and hold an axis fixed.

        An island's first attempt is preceded by random points, drawn from `rng`.
        """
        if not self.sampled[island]:
            starts = np.concatenate([rng.random((SAMPLE, starts.shape[1])), starts])
        self._starts[island] = starts
        self.held[island] = held
        self.stage[island] = START
        self.solved[island] = False
        self.weight[island] = 1.0
        self.damping[island] = FIRST_DAMPING
        self.jacobians[island] = self.points[island] = self.breakouts[island] = 0

    def ask(self, who: Sequence[int]) -> dict[int, tuple[Floats, Bools]]:
        """Return for each island of `who` its next points u (n, d), and which of them are probes."""
        proposals: dict[int, tuple[Floats, Bools]] = {}
        for i in who:
            if self.stage[i] == START:
                points = self._starts.pop(i)
            elif self.stage[i] == PROBE:
                points = self.u[i] + np.diag(probe_steps(self.u[i]))[self._free(i)]
            else:
                points = self._steps(i)
            proposals[i] = points, np.full(len(points), self.stage[i] == PROBE)
        return proposals

    def _steps(self, i: int) -> Floats:
        from terranova.plugins.samplers.explorer.attempts_kernels import candidate_steps

        fresh = self.age[i] == 0
        dampings = self.damping[i] * (DAMPINGS if fresh else FEW_DAMPINGS)
        steps = np.empty((len(dampings) + (SHORTENED if fresh else 0), self.u.shape[1]))
        least = np.where(self.periodic, -LONGEST, np.maximum(-LONGEST, -self.u[i]))
        most = np.where(self.periodic, LONGEST, np.minimum(LONGEST, 1.0 - self.u[i]))
        least[self.held[i]] = most[self.held[i]] = 0.0
        low, high = self._window(i)
        candidate_steps(
            self.z[i], self.jacobian[i], self.weight[i], low, high, dampings, least, most, steps
        )  # fmt: skip
        factors = np.concatenate([DAMPINGS, DAMPINGS[1 : 1 + SHORTENED]]) if fresh else FEW_DAMPINGS
        kept = _unlike(steps)
        self._factors[i] = factors[kept]
        points = self.u[i] + steps[kept]
        points = np.where(self.periodic, points - np.floor(points), points)
        return np.asarray(np.clip(points, 0.0, 1.0))  # what rounding leaves

    def tell(self, told: Mapping[int, Told]) -> None:
        """Learn what became of the last points; `stage` is OVER on islands whose attempt has ended."""
        for i, t in told.items():
            self.points[i] += len(t.u)
            if self.stage[i] == START:
                self._started(i, t)
            elif self.stage[i] == PROBE:
                self._probed(i, t.rows)
            else:
                self._stepped(i, t)
            if self.stage[i] != OVER and self.points[i] >= MOST_POINTS:
                self.stage[i] = OVER

    def _started(self, i: int, t: Told) -> None:
        rows, u, found = t.rows, t.u, t.found
        if not self.sampled[i]:
            scale = choose_scale(rows[:SAMPLE], self.rows.low, self.rows.high)
            for name, array in self.scales.items():
                array[i] = getattr(scale, name)
            self.sampled[i] = True
            self._windows.pop(i, None)
            rows, u, found = rows[SAMPLE:], u[SAMPLE:], found[SAMPLE:]
        z = self._scale(i).transform(rows)
        distance = self._distances(i, z)
        best = int(distance.argmin())
        self.u[i], self.z[i], self.distance[i] = u[best], z[best], distance[best]
        self.stage[i] = PROBE
        if found.any():
            self.stage[i], self.solved[i] = OVER, True

    def _probed(self, i: int, rows: Floats) -> None:
        free = self._free(i)
        change = (self._scale(i).transform(rows) - self.z[i]) / probe_steps(self.u[i])[free, None]
        self.jacobian[i] = 0.0
        self.jacobian[i][:, free] = np.where(np.isfinite(change), change, 0.0).T
        self.age[i] = 0
        self.jacobians[i] += 1
        self.stage[i] = STEP
        low, high = self._window(i)
        violated = (self.z[i] < low) | (self.z[i] > high)
        if (violated & ~self.jacobian[i].any(axis=1)).any() or (
            self.jacobians[i] == RACE_AT and not self._keeps_up(i)
        ):
            self.stage[i] = OVER  # nothing that may move changes a row that is outside, or others came nearer

    def _keeps_up(self, i: int) -> bool:
        """Say whether an attempt is nearer than half of the last ones were at the same Jacobian; remember it."""
        known = self.race[i, : min(int(self.raced[i]), REMEMBERED)]
        keeps_up = len(known) < RIVALS or self.distance[i] <= np.median(known)
        self.race[i, self.raced[i] % REMEMBERED] = self.distance[i]
        self.raced[i] += 1
        return bool(keeps_up)

    def _stepped(self, i: int, t: Told) -> None:
        from terranova.plugins.samplers.explorer.attempts_kernels import correct_jacobian, heavier_on_violated

        if t.found.any():
            self.stage[i], self.solved[i] = OVER, True
            return
        z = self._scale(i).transform(t.rows)
        distance = self._distances(i, z)
        best = int(distance.argmin())
        fresh, before = bool(self.age[i] == 0), float(self.distance[i])
        moved = bool(distance[best] < before)
        if moved:
            step = t.u[best] - self.u[i]
            step[self.periodic] -= np.rint(step[self.periodic])
            correct_jacobian(self.jacobian[i], step, z[best] - self.z[i])
            self.u[i], self.z[i], self.distance[i] = t.u[best], z[best], distance[best]
            self.damping[i] = np.clip(self.damping[i] * self._factors[i][best], LEAST_DAMPING, MOST_DAMPING)
            self.age[i] += 1
        if distance[best] < PROGRESS * before:
            self.stage[i] = PROBE if self.age[i] > CORRECTIONS else STEP
        elif not fresh:
            self.stage[i] = PROBE
        elif not moved and self.damping[i] < MORE_DAMPING:
            self.damping[i] *= DAMPINGS[-1]  # all steps were too long
        elif self.breakouts[i] == BREAKOUTS:
            self.stage[i] = OVER
        else:
            self.breakouts[i] += 1
            low, high = self._window(i)
            heavier_on_violated(self.z[i], low, high, self.weight[i])
            self.distance[i] = self._distances(i, self.z[i][None])[0]
            self.damping[i] = FIRST_DAMPING
            self.stage[i] = PROBE if moved else STEP

    def _distances(self, i: int, z: Floats) -> Floats:
        from terranova.plugins.samplers.explorer.attempts_kernels import squared_distance

        low, high = self._window(i)
        distance = np.empty(len(z))
        squared_distance(z, low, high, self.weight[i], distance)
        return distance

    def _scale(self, i: int) -> Scale:
        return Scale(**{name: array[i] for name, array in self.scales.items()})

    def _window(self, i: int) -> tuple[Floats, Floats]:
        if i not in self._windows:
            self._windows[i] = self._scale(i).window(self.rows.low, self.rows.high)
        return self._windows[i]

    def _free(self, i: int) -> Ints:
        return np.delete(np.arange(self.u.shape[1]), self.held[i])

    def state(self) -> dict[str, Array]:
        """Copy all state right after a merge; first axes count islands."""
        own = {f"attempt_{name}": getattr(self, name).copy() for name in self.ARRAYS}
        return {**own, **{f"attempt_scale_{name}": array.copy() for name, array in self.scales.items()}}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in self.ARRAYS:
            getattr(self, name)[...] = state[f"attempt_{name}"]
        self._windows.clear()
        for name, array in self.scales.items():
            array[...] = state[f"attempt_scale_{name}"]


def _unlike(steps: Floats) -> Ints:
    """Return which of some steps (n, d) to take, so that no two are nearly the same; of these the later one."""
    kept: list[int] = []
    for n in reversed(range(len(steps))):
        near = ALIKE * np.abs(steps[n]).max()
        if all(np.abs(steps[n] - steps[k]).max() > near for k in kept):
            kept.append(n)
    return np.array(kept)
