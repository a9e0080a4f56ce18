"""Analytic problems whose valid region is known exactly, and the loop that runs a sampler on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from terranova.engine.islands import SeparateIslands
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch
from terranova.interfaces.constraint_kinds import Window
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import Model, Observable
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Uniform
from terranova.interfaces.sampler import Archipelago, SearchSpace
from terranova.models.analytic.base import linear
from terranova.types import Floats, Ints

RINGS = 3
SHELLS = 2
SLABS = 4
DIMENSION = 2 * RINGS + 3 * SHELLS + SLABS
SLACK = 21

RING_RADIUS, RING_WIDTH = 0.09, 0.006
RING_CENTRES = np.array([[0.34, 0.36], [0.66, 0.64]])
SHELL_RADIUS, SHELL_WIDTH = 0.22, 0.004
SLAB_WIDTH = 0.02


class Isles(Model):
    """Sixteen parameters, thirty constraints, eight islands; 6.5e-12 of the cube is valid.

    Three pairs of coordinates must lie on one of two disjoint thin rings, two triples on a thin spherical
    shell, four in thin slabs. A shear of determinant one mixes all coordinates, so that nothing is aligned
    with the axes, and each observable comes in units of its own, six orders of magnitude apart. Twenty-one
    linear constraints exclude much of the cube but nothing of the valid region.
    """

    name = "isles"
    description = "thin rings, shells and slabs under a shear"

    def __init__(self) -> None:
        rng = np.random.default_rng(20)
        self.parameters = [Parameter(f"p{i}", Uniform(0.0, 1.0)) for i in range(DIMENSION)]
        shear = np.tril(rng.uniform(-1.0, 1.0, (DIMENSION, DIMENSION)), -1)
        # Rows of total weight 0.35: what is within 0.27 of the centre stays inside the cube.
        self.shear = 0.35 * shear / np.maximum(1.0, np.abs(shear).sum(axis=1, keepdims=True))
        self.slack = rng.standard_normal((SLACK, DIMENSION))
        self.units = 10.0 ** rng.uniform(-3.0, 3.0, RINGS + SHELLS + SLABS + SLACK)
        names = (
            [f"ring{i}" for i in range(RINGS)]
            + [f"shell{i}" for i in range(SHELLS)]
            + [f"slab{i}" for i in range(SLABS)]
            + [f"slack{i}" for i in range(SLACK)]
        )
        self.observables = [Observable(name) for name in names]

    def sheared(self, u: Floats) -> Floats:
        """Map u (n, d) to the coordinates (n, d) in which the region is made of rings, shells and slabs."""
        v: Floats = u + linear(u - 0.5, self.shear)
        return v

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        u = np.column_stack([points[p.name] for p in self.parameters])
        v = self.sheared(u)
        columns = []
        for i in range(RINGS):
            away = np.linalg.norm(v[:, None, 2 * i : 2 * i + 2] - RING_CENTRES, axis=2) - RING_RADIUS
            columns.append(away[np.arange(len(v)), np.abs(away).argmin(axis=1)])
        for i in range(SHELLS):
            start = 2 * RINGS + 3 * i
            columns.append(np.linalg.norm(v[:, start : start + 3] - 0.5, axis=1) - SHELL_RADIUS)
        columns += list(v[:, 2 * RINGS + 3 * SHELLS :].T - 0.5)
        columns += list(linear(v - 0.5, self.slack).T)
        scaled = np.column_stack(columns) * self.units
        return {o.name: scaled[:, i] for i, o in enumerate(self.observables)}

    def constraints(self) -> ConstraintSet:
        """The thirty windows."""
        half = [RING_WIDTH] * RINGS + [SHELL_WIDTH] * SHELLS + [SLAB_WIDTH] * SLABS
        reach = np.full(DIMENSION, 0.26)
        reach[2 * RINGS : 2 * RINGS + 3 * SHELLS] = SHELL_RADIUS + SHELL_WIDTH
        reach[2 * RINGS + 3 * SHELLS :] = SLAB_WIDTH
        half += (np.abs(self.slack) @ reach).tolist()
        windows = [
            Window(name=o.name, observables=(o.name,), source="by construction", lower=-h * s, upper=h * s)
            for o, h, s in zip(self.observables, half, self.units, strict=True)
        ]
        return ConstraintSet("isles", tuple(windows))

    @property
    def volume(self) -> float:
        """Exact fraction of the cube that is valid."""
        ring = 2 * 4 * math.pi * RING_RADIUS * RING_WIDTH
        outer, inner = SHELL_RADIUS + SHELL_WIDTH, SHELL_RADIUS - SHELL_WIDTH
        shell = 4 / 3 * math.pi * (outer**3 - inner**3)
        return float(ring**RINGS * shell**SHELLS * (2 * SLAB_WIDTH) ** SLABS)

    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw points (n, d) of the cube uniformly from the valid region."""
        v = np.empty((n, DIMENSION))
        for i in range(RINGS):
            angle = rng.uniform(0.0, 2.0 * math.pi, n)
            inner, outer = (RING_RADIUS - RING_WIDTH) ** 2, (RING_RADIUS + RING_WIDTH) ** 2
            radius = np.sqrt(rng.uniform(inner, outer, n))
            circle = np.column_stack([np.cos(angle), np.sin(angle)])
            v[:, 2 * i : 2 * i + 2] = RING_CENTRES[rng.integers(0, 2, n)] + radius[:, None] * circle
        for i in range(SHELLS):
            direction = rng.standard_normal((n, 3))
            direction /= np.linalg.norm(direction, axis=1, keepdims=True)
            inner, outer = (SHELL_RADIUS - SHELL_WIDTH) ** 3, (SHELL_RADIUS + SHELL_WIDTH) ** 3
            radius = np.cbrt(rng.uniform(inner, outer, n))
            start = 2 * RINGS + 3 * i
            v[:, start : start + 3] = 0.5 + radius[:, None] * direction
        v[:, 2 * RINGS + 3 * SHELLS :] = rng.uniform(0.5 - SLAB_WIDTH, 0.5 + SLAB_WIDTH, (n, SLABS))
        matrix = np.eye(DIMENSION) + self.shear
        return 0.5 + np.linalg.solve(matrix, (v - 0.5).T).T


def isles() -> Problem:
    """The problem of finding the eight islands."""
    model = Isles()
    return Problem(BoundModel(model), [model.constraints()])


def streams(seed: int, islands: Sequence[int]) -> list[np.random.Generator]:
    """Return the random streams of the given islands of a scan with this seed."""
    return [np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(i,)))) for i in islands]


def archipelago(kind: type, space: SearchSpace, seed: int, islands: Sequence[int], **options: Any) -> Archipelago:
    """Make the archipelago of a sampler class, plain samplers included."""
    if issubclass(kind, Archipelago):
        made: Archipelago = kind(space, streams(seed, islands), **options)
        return made
    maker: Callable[..., Any] = kind
    return SeparateIslands(space, streams(seed, islands), maker, options)


def evaluate(problem: Problem, u: Floats, island: Ints, generation: int = 0) -> Batch:
    """Evaluate and score points u (n, d), proposed by islands (n,)."""
    x = problem.model.space.to_physical(u)
    steps = np.full(len(u), generation, dtype=np.int64)
    return problem.batch(u, x, problem.evaluate(x), island, steps, np.arange(len(u)))


def run(
    problem: Problem,
    sampler: Archipelago,
    steps: int,
    *,
    epoch: int = 16,
    watch: Callable[[Batch], bool | None] = lambda batch: None,
) -> None:
    """Advance a sampler, exchanging with itself after every `epoch` steps.

    Args:
        problem: what is scanned.
        sampler: the only rank.
        steps: number of ask-and-tell steps.
        epoch: steps between two exchanges.
        watch: sees every batch; the loop ends when it returns True.
    """
    for step in range(1, steps + 1):
        proposal = sampler.ask()
        batch = evaluate(problem, proposal.u, proposal.island, step)
        sampler.tell(batch)
        if watch(batch):
            return
        if step % epoch == 0:
            sampler.merge(sampler.pending())
