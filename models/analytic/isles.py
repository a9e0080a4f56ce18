"""Thin rings, shells and slabs under a shear: many disconnected regions, observables in all units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from terranova import Observable
from terranova.models.analytic.base import Analytic, draw_shell, linear
from terranova.types import Floats, Ints

RING_RADIUS, SHELL_RADIUS = 0.09, 0.22
RING_CENTRES = np.array([[0.34, 0.36], [0.66, 0.64]])


class Isles(Analytic):
    """Pairs of coordinates lie on one of two disjoint rings, triples on a spherical shell, others in slabs.

    A shear of determinant one mixes all coordinates, so that nothing is aligned with the axes and the volume is
    still a product. Each observable has a unit of its own, up to six orders of magnitude apart. Slack constraints
    are linear; they exclude much of the cube, but nothing of the valid region.
    """

    version: ClassVar[str] = "2"
    rings: ClassVar[int] = 3
    shells: ClassVar[int] = 2
    slabs: ClassVar[int] = 4
    slack: ClassVar[int] = 21
    ring_width: ClassVar[float] = 0.02
    shell_width: ClassVar[float] = 0.02
    slab_width: ClassVar[float] = 0.068
    seed: ClassVar[int] = 20

    def __init__(self) -> None:
        self.dimension = 2 * self.rings + 3 * self.shells + self.slabs
        self.regions = 2**self.rings
        rng = np.random.default_rng(self.seed)
        shear = np.tril(rng.uniform(-1.0, 1.0, (self.dimension, self.dimension)), -1)
        # Rows of total weight 0.35 at most: what is within 0.27 of the centre stays inside the cube.
        self._shear = 0.35 * shear / np.maximum(1.0, np.abs(shear).sum(axis=1, keepdims=True))
        self._slack = rng.standard_normal((self.slack, self.dimension))
        half = [self.ring_width] * self.rings + [self.shell_width] * self.shells + [self.slab_width] * self.slabs
        reach = np.full(self.dimension, 0.27)
        start = 2 * self.rings
        reach[start : start + 3 * self.shells] = SHELL_RADIUS + self.shell_width
        reach[start + 3 * self.shells :] = self.slab_width
        half += (np.abs(self._slack) @ reach).tolist()
        self._units = 10.0 ** rng.uniform(-3.0, 3.0, len(half))
        self._half = np.array(half) * self._units
        names = [
            f"{kind}{i}"
            for kind, count in (
                ("ring", self.rings),
                ("shell", self.shells),
                ("slab", self.slabs),
                ("slack", self.slack),
            )
            for i in range(count)
        ]
        self.windows = {name: (-h, h) for name, h in zip(names, self._half.tolist(), strict=True)}
        super().__init__()

    def sheared(self, u: Floats) -> Floats:
        """Map u (n, d) to the coordinates (n, d) in which the region is made of rings, shells and slabs."""
        v: Floats = u + linear(u - 0.5, self._shear)
        return v

    def unsheared(self, v: Floats) -> Floats:
        """The inverse of `sheared`."""
        return 0.5 + np.linalg.solve(np.eye(self.dimension) + self._shear, (v - 0.5).T).T

    def columns(self, u: Floats) -> Floats:
        v = self.sheared(u)
        columns = []
        for i in range(self.rings):
            away = np.linalg.norm(v[:, None, 2 * i : 2 * i + 2] - RING_CENTRES, axis=2) - RING_RADIUS
            columns.append(away[np.arange(len(v)), np.abs(away).argmin(axis=1)])
        for i in range(self.shells):
            start = 2 * self.rings + 3 * i
            columns.append(np.linalg.norm(v[:, start : start + 3] - 0.5, axis=1) - SHELL_RADIUS)
        columns += list(v[:, 2 * self.rings + 3 * self.shells :].T - 0.5)
        columns += list(linear(v - 0.5, self._slack).T)
        return np.column_stack(columns) * self._units

    @property
    def volume(self) -> float:
        ring = 2 * 4 * math.pi * RING_RADIUS * self.ring_width
        outer, inner = SHELL_RADIUS + self.shell_width, SHELL_RADIUS - self.shell_width
        shell = 4 / 3 * math.pi * (outer**3 - inner**3)
        return float(ring**self.rings * shell**self.shells * (2 * self.slab_width) ** self.slabs)

    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        v = np.empty((n, self.dimension))
        for i in range(self.rings):
            ring = draw_shell(n, 2, RING_RADIUS - self.ring_width, RING_RADIUS + self.ring_width, rng)
            v[:, 2 * i : 2 * i + 2] = RING_CENTRES[rng.integers(0, 2, n)] + ring
        for i in range(self.shells):
            start = 2 * self.rings + 3 * i
            shell = draw_shell(n, 3, SHELL_RADIUS - self.shell_width, SHELL_RADIUS + self.shell_width, rng)
            v[:, start : start + 3] = 0.5 + shell
        slabs = rng.uniform(0.5 - self.slab_width, 0.5 + self.slab_width, (n, self.slabs))
        v[:, 2 * self.rings + 3 * self.shells :] = slabs
        return self.unsheared(v)

    def region_of(self, u: Floats) -> Ints:
        v = self.sheared(u)
        region = np.zeros(len(u), dtype=np.int64)
        for i in range(self.rings):
            away = np.linalg.norm(v[:, None, 2 * i : 2 * i + 2] - RING_CENTRES, axis=2)
            region += away.argmin(axis=1) << i
        return region


class Isles16(Isles):
    """Sixteen parameters, thirty constraints, eight disconnected regions."""

    name: ClassVar[str] = "isles16"
    description: ClassVar[str] = "analytic: 8 regions in 16 dimensions, 1.9e-11 of the cube"


class Isles43(Isles):
    """Forty-three parameters, forty-four constraints, sixteen disconnected regions."""

    name: ClassVar[str] = "isles43"
    description: ClassVar[str] = "analytic: 16 regions in 43 dimensions, 7.5e-20 of the cube"
    rings: ClassVar[int] = 4
    shells: ClassVar[int] = 5
    slabs: ClassVar[int] = 20
    slack: ClassVar[int] = 15
    slab_width: ClassVar[float] = 0.26


class Hard16(Isles):
    """The regions of `isles16` in a rough landscape, in two stages.

    Outside its window each observable has a ripple that never leads back into it, so the valid region is the
    same. Rings, shells and slabs are known only where all slack constraints are met.
    """

    name: ClassVar[str] = "hard16"
    description: ClassVar[str] = "analytic: the regions of isles16, rugged and in two stages"

    def __init__(self) -> None:
        super().__init__()
        self._early = self.rings + self.shells + self.slabs  # columns before the slack ones
        self.observables = [Observable(name, stage=0 if name.startswith("slack") else 1) for name in self.windows]

    def columns(self, u: Floats) -> Floats:
        smooth = super().columns(u)
        beyond = np.maximum(np.abs(smooth) - self._half, 0.0)
        phase = 60.0 * linear(u, np.cos(np.arange(self.dimension))[None]) + np.arange(len(self.windows))
        rippled: Floats = np.sign(smooth) * (self._half + beyond * (1.0 + 0.9 * np.sin(phase)))
        return np.where(beyond > 0, rippled, smooth)

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        everything = super().evaluate(points)
        return {o.name: everything[o.name] for o in self.observables if o.stage == 0}

    def evaluate_stage(self, stage: int, x: Floats, observables: Floats) -> Floats:
        filled = observables.copy()
        filled[:, : self._early] = self.columns(x)[:, : self._early]
        return filled
