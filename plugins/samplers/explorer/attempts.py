"""Attempts to reach the windows: Levenberg-Marquardt in transformed rows, with one axis held or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from terranova.plugins.samplers.explorer.lane_arrays import LaneArrays
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

MOST_ITERATIONS = 100
"""Steps after which an attempt is given up."""

RACE_AT, RIVALS, REMEMBERED = 3, 8, 64
"""Which Jacobian decides whether an attempt goes on: only if it is nearer than a share of the last ones were there,
of which there must be some."""

MOST_CUTS = 3
"""How often steps of one Jacobian are taken again after they have run into walls that it could not see."""

NO_AXIS = -1


class Terms(NamedTuple):
    """How much an attempt may cost.

    Attributes:
        memory: with which other attempts it races: those that were begun with the same number.
        quantile: it goes on while it is nearer than this share of them; 1 without a race.
        breakouts: how often it changes the weights of its rows when it is stuck.
        points: after which it is given up.
        stubborn: it goes on when nothing that may move changes some of the rows that are outside.
    """

    memory: int
    quantile: float
    breakouts: int
    points: int
    stubborn: bool


MEMORIES = 2


class Attempts(LaneArrays):
    """One attempt in each of the lanes of I islands; lane l belongs to island l // (lanes of an island).

    Args:
        rows: what decides on validity.
        periodic: (d,) axes that wrap.
        islands: I.
        lanes: of each island.
    """

    ARM = "attempt"
    ARRAYS = (
        "stage", "u", "held", "z", "jacobian", "weight", "damping", "distance", "first", "least", "age",
        "jacobians", "iterations", "points", "breakouts", "solved", "flat", "memory", "quantile", "most_breakouts",
        "most_points", "stubborn", "cuts",
    )  # fmt: skip
    ISLAND_ARRAYS = ("sampled", "race", "raced")

    def __init__(self, rows: Rows, periodic: Bools, islands: int, lanes: int = 1) -> None:
        d, r, n = len(periodic), len(rows), islands * lanes
        self.rows, self.periodic, self.lanes = rows, periodic, lanes
        self.stage = np.full(n, OVER, dtype=np.int64)
        self.u, self.z = np.zeros((n, d)), np.zeros((n, r))
        self.held = np.full(n, NO_AXIS, dtype=np.int64)  # the axis that does not move
        self.jacobian, self.weight = np.zeros((n, r, d)), np.ones((n, r))
        self.damping, self.distance = np.zeros(n), np.zeros(n)
        self.first, self.least = np.zeros(n), np.zeros(n)  # distance without weights, at the start and at best
        self.age = np.zeros(n, dtype=np.int64)  # corrections of the Jacobian
        self.jacobians, self.points = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.iterations = np.zeros(n, dtype=np.int64)
        self.cuts = np.zeros(n, dtype=np.int64)  # times that this Jacobian was told of walls
        self.breakouts = np.zeros(n, dtype=np.int64)
        self.solved, self.flat = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
        self.memory, self.quantile = np.zeros(n, dtype=np.int64), np.ones(n)
        self.most_breakouts, self.most_points = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        self.stubborn = np.zeros(n, dtype=bool)
        self.sampled = np.zeros(islands, dtype=bool)
        self.race = np.zeros((islands, MEMORIES, REMEMBERED))
        self.raced = np.zeros((islands, MEMORIES), dtype=np.int64)
        self.scales = scales_of(islands, r)
        # What lasts from asking to telling only, and is in no checkpoint:
        self._starts: dict[int, Floats] = {}
        self._factors: dict[int, Floats] = {}
        self._windows: dict[int, tuple[Floats, Floats]] = {}  # of islands; they follow from the scales

    def ready(self, island: int) -> bool:
        """Say whether an attempt can begin: not while another one of the island looks at its first sample."""
        mine = slice(island * self.lanes, (island + 1) * self.lanes)
        return bool(self.sampled[island] or (self.stage[mine] == OVER).all())

    def begin(self, lane: int, starts: Floats, terms: Terms, rng: np.random.Generator, held: int = NO_AXIS) -> None:
        """Start at the nearest to the windows of some points (n, d), and hold an axis fixed, if one is named.

        An island's first attempt is preceded by random points, drawn from `rng`; one that holds no axis can start
        at these, too.
        """
        if not self.sampled[lane // self.lanes]:
            starts = np.concatenate([rng.random((SAMPLE, starts.shape[1])), starts])
        self._starts[lane] = starts
        self.held[lane] = held
        self.memory[lane], self.quantile[lane] = terms.memory, terms.quantile
        self.most_breakouts[lane], self.most_points[lane] = terms.breakouts, terms.points
        self.stubborn[lane] = terms.stubborn
        self.stage[lane] = START
        self.solved[lane] = self.flat[lane] = False
        self.weight[lane] = 1.0
        self.damping[lane] = FIRST_DAMPING
        self.jacobians[lane] = self.points[lane] = self.breakouts[lane] = self.iterations[lane] = 0

    def ask(self, who: Sequence[int]) -> dict[int, tuple[Floats, Bools]]:
        """Return for each lane of `who` its next points u (n, d), and which of them are probes."""
        proposals: dict[int, tuple[Floats, Bools]] = {}
        for lane in who:
            if self.stage[lane] == START:
                points = self._starts.pop(lane)
            elif self.stage[lane] == PROBE:
                points = self.u[lane] + np.diag(probe_steps(self.u[lane]))[self._free(lane)]
            else:
                points = self._steps(lane)
            proposals[lane] = points, np.full(len(points), self.stage[lane] == PROBE)
        return proposals

    def _steps(self, lane: int) -> Floats:
        from terranova.plugins.samplers.explorer.attempts_kernels import candidate_steps

        fresh = self.age[lane] == 0
        dampings = self.damping[lane] * (DAMPINGS if fresh else FEW_DAMPINGS)
        steps = np.empty((len(dampings) + (SHORTENED if fresh else 0), self.u.shape[1]))
        least = np.where(self.periodic, -LONGEST, np.maximum(-LONGEST, -self.u[lane]))
        most = np.where(self.periodic, LONGEST, np.minimum(LONGEST, 1.0 - self.u[lane]))
        if self.held[lane] != NO_AXIS:
            least[self.held[lane]] = most[self.held[lane]] = 0.0
        low, high = self._window(lane)
        candidate_steps(
            self.z[lane], self.jacobian[lane], self.weight[lane], low, high, dampings, least, most, steps
        )  # fmt: skip
        factors = np.concatenate([DAMPINGS, DAMPINGS[1 : 1 + SHORTENED]]) if fresh else FEW_DAMPINGS
        kept = _unlike(steps)
        self._factors[lane] = factors[kept]
        points = self.u[lane] + steps[kept]
        points = np.where(self.periodic, points - np.floor(points), points)
        return np.asarray(np.clip(points, 0.0, 1.0))  # what rounding leaves

    def tell(self, told: Mapping[int, Told]) -> None:
        """Learn what became of the last points; `stage` is OVER in lanes whose attempt has ended."""
        for lane, t in told.items():
            self.points[lane] += len(t.u)
            if self.stage[lane] == START:
                self._started(lane, t)
            elif self.stage[lane] == PROBE:
                self._probed(lane, t.rows)
            else:
                self._stepped(lane, t)
            if self.stage[lane] != OVER and (
                self.points[lane] >= self.most_points[lane] or self.iterations[lane] >= MOST_ITERATIONS
            ):
                self.stage[lane] = OVER

    def _started(self, lane: int, t: Told) -> None:
        rows, u, found = t.rows, t.u, t.found
        island = lane // self.lanes
        if not self.sampled[island]:
            scale = choose_scale(rows[:SAMPLE], self.rows.low, self.rows.high)
            for name, array in self.scales.items():
                array[island] = getattr(scale, name)
            self.sampled[island] = True
            self._windows.pop(island, None)
            if self.held[lane] != NO_AXIS:  # the sample does not hold it
                rows, u, found = rows[SAMPLE:], u[SAMPLE:], found[SAMPLE:]
        z = self._scale(lane).transform(rows)
        distance = self._distances(lane, z)
        best = int(distance.argmin())
        self.u[lane], self.z[lane], self.distance[lane] = u[best], z[best], distance[best]
        self.first[lane] = self.least[lane] = distance[best]
        self.stage[lane] = PROBE
        if found.any():
            self.stage[lane], self.solved[lane] = OVER, True

    def _probed(self, lane: int, rows: Floats) -> None:
        free = self._free(lane)
        change = (self._scale(lane).transform(rows) - self.z[lane]) / probe_steps(self.u[lane])[free, None]
        self.jacobian[lane] = 0.0
        self.jacobian[lane][:, free] = np.where(np.isfinite(change), change, 0.0).T
        self.age[lane] = self.cuts[lane] = 0
        self.jacobians[lane] += 1
        self.stage[lane] = STEP
        low, high = self._window(lane)
        outside = (self.z[lane] < low) | (self.z[lane] > high)
        still = outside & ~self.jacobian[lane].any(axis=1)
        self.flat[lane] = 2 * still.sum() > outside.sum()
        hopeless = still.sum() == outside.sum() if self.stubborn[lane] else still.any()
        if (hopeless and outside.any()) or (self.jacobians[lane] == RACE_AT and not self._keeps_up(lane)):
            self.stage[lane] = OVER  # nothing that may move changes a row that is outside, or others came nearer

    def _keeps_up(self, lane: int) -> bool:
        """Say whether an attempt is nearer than most of the last ones were at the same Jacobian; remember it."""
        island, memory = lane // self.lanes, self.memory[lane]
        if self.quantile[lane] >= 1.0:
            return True
        known = self.race[island, memory, : min(int(self.raced[island, memory]), REMEMBERED)]
        keeps_up = len(known) < RIVALS or self.distance[lane] <= np.quantile(known, self.quantile[lane])
        self.race[island, memory, self.raced[island, memory] % REMEMBERED] = self.distance[lane]
        self.raced[island, memory] += 1
        return bool(keeps_up)

    def _stepped(self, lane: int, t: Told) -> None:
        from terranova.plugins.samplers.explorer.attempts_kernels import correct_jacobian, heavier_on_violated

        if t.found.any():
            self.stage[lane], self.solved[lane] = OVER, True
            return
        self.iterations[lane] += 1
        z = self._scale(lane).transform(t.rows)
        distance = self._distances(lane, z)
        best = int(distance.argmin())
        fresh, before = bool(self.age[lane] == 0), float(self.distance[lane])
        moved = bool(distance[best] < before)
        if moved:
            step = t.u[best] - self.u[lane]
            step[self.periodic] -= np.rint(step[self.periodic])
            correct_jacobian(self.jacobian[lane], step, z[best] - self.z[lane])
            self.u[lane], self.z[lane], self.distance[lane] = t.u[best], z[best], distance[best]
            self.damping[lane] = np.clip(
                self.damping[lane] * self._factors[lane][best], LEAST_DAMPING, MOST_DAMPING
            )
            self.age[lane] += 1
            if self.breakouts[lane] == 0:
                self.least[lane] = distance[best]
        if distance[best] < PROGRESS * before:
            self.stage[lane] = PROBE if self.age[lane] > CORRECTIONS else STEP
        elif not moved and self.cuts[lane] < MOST_CUTS and self._cut(lane, t.u, z):
            self.cuts[lane] += 1
        elif not fresh:
            self.stage[lane] = PROBE
        elif not moved and self.damping[lane] < MORE_DAMPING:
            self.damping[lane] *= DAMPINGS[-1]  # all steps were too long
        elif self.breakouts[lane] == self.most_breakouts[lane]:
            self.stage[lane] = OVER
        else:
            self.breakouts[lane] += 1
            low, high = self._window(lane)
            heavier_on_violated(self.z[lane], low, high, self.weight[lane])
            self.distance[lane] = self._distances(lane, self.z[lane][None])[0]
            self.damping[lane] = FIRST_DAMPING
            self.stage[lane] = PROBE if moved else STEP

    def _cut(self, lane: int, u: Floats, z: Floats) -> bool:
        """Tell the Jacobian of walls that steps to points u (n, d) with z (n, r) ran into; say whether it did.

        A violation that is clipped has no derivative within. The nearest step that violates it gives it one,
        along that step.
        """
        step = u - self.u[lane]
        step[:, self.periodic] -= np.rint(step[:, self.periodic])
        length2 = (step * step).sum(axis=1)
        high = self._window(lane)[1]
        predicted = step @ self.jacobian[lane].T
        unseen = self.rows.clipped & (self.z[lane] <= high) & (z > high) & (predicted < 0.3 * (z - high))
        walls = np.flatnonzero(unseen.any(axis=0))
        for row in walls.tolist():
            hits = np.flatnonzero(unseen[:, row] & (length2 > 0.0))
            nearest = int(hits[length2[hits].argmin()])
            missing = z[nearest, row] - self.z[lane, row] - predicted[nearest, row]
            self.jacobian[lane, row] += missing * step[nearest] / length2[nearest]
        return bool(len(walls))

    def distances(self, island: int, rows: Floats) -> Floats:
        """Return how far (n,) points with rows (n, r) are from the windows, squared, as an island sees it.

        The island has seen its sample.
        """
        from terranova.plugins.samplers.explorer.attempts_kernels import squared_distance

        lane = island * self.lanes
        low, high = self._window(lane)
        distance = np.empty(len(rows))
        squared_distance(self._scale(lane).transform(rows), low, high, np.ones(len(low)), distance)
        return distance

    def _distances(self, lane: int, z: Floats) -> Floats:
        from terranova.plugins.samplers.explorer.attempts_kernels import squared_distance

        low, high = self._window(lane)
        distance = np.empty(len(z))
        squared_distance(z, low, high, self.weight[lane], distance)
        return distance

    def _scale(self, lane: int) -> Scale:
        return Scale(**{name: array[lane // self.lanes] for name, array in self.scales.items()})

    def _window(self, lane: int) -> tuple[Floats, Floats]:
        island = lane // self.lanes
        if island not in self._windows:
            self._windows[island] = self._scale(lane).window(self.rows.low, self.rows.high)
        return self._windows[island]

    def _free(self, lane: int) -> Ints:
        axes = np.arange(self.u.shape[1])
        return np.asarray(axes[axes != self.held[lane]])

    def state(self) -> dict[str, Array]:
        """Copy all state right after a merge; first axes count islands."""
        return {**super().state(), **{f"attempt_scale_{name}": array.copy() for name, array in self.scales.items()}}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        super().restore(state)
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
