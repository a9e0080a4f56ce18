"""Thin shells, curved tubes and disconnected boxes in 2 to 40 dimensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from terranova.models.analytic.base import Analytic, ball_volume, draw_shell
from terranova.types import Floats, Ints

VOLUMES = {2: 1e-3, 5: 1e-6, 10: 1e-8, 20: 1e-10, 40: 1e-12}
"""Dimension -> the part of the cube that is valid, for tubes and boxes."""

SHELL_VOLUMES = {2: 1e-3, 5: 1e-3, 10: 1e-6, 20: 1e-10, 40: 1e-12}
"""The same for shells, which would otherwise be thinner than a millionth in five dimensions."""

SHELL_OUTER = 0.45
UNITS = 1e3
"""Observables are this many times the distances in the cube."""


class Shape(Analytic):
    """A problem that exists in several dimensions; its volume is chosen, its sizes follow."""

    volumes: ClassVar[Mapping[int, float]] = VOLUMES

    @property
    def volume(self) -> float:
        return self.volumes[self.dimension]


class ThinShell(Shape):
    """Coordinates in blocks of up to five, each between two spheres: one connected region.

    The observables are the radii.
    """

    volumes: ClassVar[Mapping[int, float]] = SHELL_VOLUMES

    def __init__(self) -> None:
        d = self.dimension
        self._block = min(d, 5)
        blocks = d // self._block
        share = self.volume ** (1.0 / blocks)
        self._inner = (SHELL_OUTER**self._block - share / ball_volume(self._block)) ** (1.0 / self._block)
        window = (UNITS * self._inner, UNITS * SHELL_OUTER)
        self.windows = {f"radius{i}": window for i in range(blocks)}
        super().__init__()

    def columns(self, u: Floats) -> Floats:
        blocks = (u - 0.5).reshape(len(u), -1, self._block)
        radii: Floats = UNITS * np.linalg.norm(blocks, axis=2)
        return radii

    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        shells = [draw_shell(n, self._block, self._inner, SHELL_OUTER, rng) for _ in self.windows]
        return 0.5 + np.concatenate(shells, axis=1)


class CurvedTube(Shape):
    """A tube along the first axis that winds through all others; its section is a small box.

    The observables are the distances from the tube's axis.
    """

    def __init__(self) -> None:
        d = self.dimension
        self._half = 0.5 * self.volume ** (1.0 / (d - 1))
        rng = np.random.default_rng(d)
        self._turns, self._phase = rng.uniform(0.5, 1.5, d - 1), rng.uniform(0.0, 2.0 * np.pi, d - 1)
        self.windows = {f"away{i}": (-UNITS * self._half, UNITS * self._half) for i in range(1, d)}
        super().__init__()

    def _axis(self, t: Floats) -> Floats:
        swing = 0.5 - self._half  # so that the tube just touches the walls
        axis: Floats = 0.5 + swing * np.sin(2.0 * np.pi * t[:, None] * self._turns + self._phase)
        return axis

    def columns(self, u: Floats) -> Floats:
        return UNITS * (u[:, 1:] - self._axis(u[:, 0]))

    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        t = rng.random(n)
        section = rng.uniform(-self._half, self._half, (n, self.dimension - 1))
        return np.column_stack([t, self._axis(t) + section])


class Islands(Shape):
    """Eight (in two dimensions: four) disjoint boxes.

    The observables are the coordinates relative to the centre of the nearest box.
    """

    def __init__(self) -> None:
        d = self.dimension
        self.regions = 4 if d == 2 else 8
        self._half = 0.5 * (self.volume / self.regions) ** (1.0 / d)
        rng = np.random.default_rng(100 + d)
        centres: list[Floats] = []
        while len(centres) < self.regions:
            # Near the walls rather than anywhere: then there is room for large boxes, too.
            side = rng.integers(0, 2, d)
            room = max(0.0, 0.5 - 2.0 * self._half) if self._half < 0.2 else 0.0
            centre = self._half + room * rng.random(d) + side * (0.5 if room else 1.0 - 2.0 * self._half)
            if all(np.abs(centre - other).max() > 2.0 * self._half + 1e-3 for other in centres):
                centres.append(centre)
        self.centres = np.array(centres)
        self.windows = {f"away{i}": (-UNITS * self._half, UNITS * self._half) for i in range(d)}
        super().__init__()

    def region_of(self, u: Floats) -> Ints:
        distance = np.stack([np.abs(u - centre).max(axis=1) for centre in self.centres])
        nearest: Ints = distance.argmin(axis=0)
        return nearest

    def columns(self, u: Floats) -> Floats:
        return UNITS * (u - self.centres[self.region_of(u)])

    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        centre = self.centres[rng.integers(0, self.regions, n)]
        return centre + rng.uniform(-self._half, self._half, centre.shape)


def of_dimension(kind: type[Shape], name: str, words: str, dimension: int) -> type[Shape]:
    """Return a kind of problem as a plugin for one number of dimensions: `thin-shell-10`."""
    of = {
        "name": f"{name}-{dimension}",
        "description": f"analytic: {words} in {dimension} dimensions, {kind.volumes[dimension]:g} of the cube",
        "dimension": dimension,
        "__doc__": kind.__doc__,
        "__module__": kind.__module__,
    }
    return type(f"{kind.__name__}{dimension}", (kind,), of)


SHAPES: tuple[type[Shape], ...] = tuple(
    of_dimension(kind, name, words, dimension)
    for kind, name, words in (
        (ThinShell, "thin-shell", "thin shells"),
        (CurvedTube, "curved-tube", "a curved tube"),
        (Islands, "islands", "disjoint boxes"),
    )
    for dimension in VOLUMES
)
"""All of them, as plugins."""
