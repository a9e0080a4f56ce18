"""Problems in two families: those of one are for choosing settings on, those of the other for measuring only.

Members of a kind differ in the seed of their constants. A sampler that was tuned on `valleys-train` and is then
measured on `valleys-test` has not seen what it is measured on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from terranova.models.analytic.base import Analytic, Windowed, linear
from terranova.models.analytic.isles import Hard16
from terranova.types import Floats, Ints

FAMILIES: Mapping[str, int] = {"train": 101, "test": 202}
"""Name of a family -> seed of its constants."""


class Valleys(Analytic):
    """Twenty-five axes: nine follow curved, narrow valleys over nine others; seven are of no importance.

    Each observable says how far an axis is from its valley, in a unit of its own.
    """

    seed: ClassVar[int]
    dimension = 25
    valleys: ClassVar[int] = 9
    half_width: ClassVar[float] = 0.01

    def __init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        n = self.valleys
        self._axes = rng.permutation(self.dimension)
        self._turns, self._phase = rng.uniform(0.5, 1.5, n), rng.uniform(0.0, 2.0 * np.pi, (2, n))
        self._units = 10.0 ** rng.uniform(-3.0, 3.0, n)
        self.windows = {f"away{i}": (-self.half_width * s, self.half_width * s) for i, s in enumerate(self._units)}
        super().__init__()

    def _bottom(self, x: Floats) -> Floats:
        """Return where the valleys (n, 9) are over x (n, 9)."""
        first = 0.28 * np.sin(2.0 * np.pi * self._turns * x + self._phase[0])
        second = 0.15 * np.sin(2.0 * np.pi * np.roll(x, 1, axis=1) + self._phase[1])
        return np.asarray(0.5 + first + second)

    def columns(self, u: Floats) -> Floats:
        v, n = u[:, self._axes], self.valleys
        return np.asarray((v[:, n : 2 * n] - self._bottom(v[:, :n])) * self._units)

    @property
    def volume(self) -> float:
        return float((2.0 * self.half_width) ** self.valleys)

    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        v, k = rng.random((n, self.dimension)), self.valleys
        v[:, k : 2 * k] = self._bottom(v[:, :k]) + rng.uniform(-self.half_width, self.half_width, (n, k))
        u = np.empty_like(v)
        u[:, self._axes] = v
        return u


class Stairs(Analytic):
    """Twenty axes; ten observables are whole numbers, so that no derivative says anything.

    Each is the integer part of twelve times the product of two axes, one of them counted from its other end or
    not, and must have a certain value.
    """

    seed: ClassVar[int]
    dimension = 20
    steps: ClassVar[int] = 12

    def __init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self._axes, self._turned = rng.permutation(self.dimension), rng.random(self.dimension) < 0.5
        self._wanted = rng.integers(1, 7, self.dimension // 2)
        self.windows = {f"count{i}": (k - 0.25, k + 0.25) for i, k in enumerate(self._wanted.tolist())}
        super().__init__()

    def columns(self, u: Floats) -> Floats:
        v = np.where(self._turned, 1.0 - u, u)[:, self._axes]
        return np.asarray(np.floor(self.steps * v[:, ::2] * v[:, 1::2]))

    @property
    def volume(self) -> float:
        # The product of two uniform numbers is below t with probability t (1 - ln t).
        below = [[t * (1.0 - math.log(t)) for t in (k / self.steps, (k + 1) / self.steps)] for k in self._wanted]
        return float(np.prod([high - low for low, high in below]))

    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        v = np.empty((n, self.dimension))
        for i, wanted in enumerate(self._wanted.tolist()):
            missing = np.arange(n)
            while len(missing):
                pair = rng.random((len(missing), 2))
                v[missing, 2 * i : 2 * i + 2] = pair
                missing = missing[np.floor(self.steps * pair.prod(axis=1)) != wanted]
        u = np.empty_like(v)
        u[:, self._axes] = v
        return np.where(self._turned, 1.0 - u, u)


class Coupled(Windowed):
    """Forty couplings, twenty-nine windows; every observable is the same when all couplings change sign.

    One window keeps the two copies apart. The others each set one more coupling, by a product with a sum of the
    earlier ones plus a quadratic form of these.
    """

    seed: ClassVar[int]
    dimension = 40
    regions = 2
    free: ClassVar[int] = 12
    half_width: ClassVar[float] = 0.02
    apart: ClassVar[float] = 0.05

    def __init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        d, count = self.dimension, self.dimension - self.free
        self._axes, self._side = rng.permutation(d), rng.standard_normal(self.free) / math.sqrt(self.free)
        earlier = np.arange(d) < self.free + np.arange(count)[:, None]
        scale = np.sqrt(earlier.sum(axis=1))[:, None]
        self._with = rng.standard_normal((count, d)) * earlier / scale * 1.7
        self._first = rng.standard_normal((count, d)) * earlier / scale
        self._second = rng.standard_normal((count, d)) * earlier / scale
        # Windows lie about the values at one point, so that there is a valid one.
        known = rng.uniform(-0.7, 0.7, d)
        known[: self.free] += (
            0.3 * self._side / np.linalg.norm(self._side) * np.sign(known[: self.free] @ self._side)
        )
        values = self._forms(known[None])[0]
        self.windows = {
            f"form{i}": (v - self.half_width, v + self.half_width) for i, v in enumerate(values.tolist())
        }
        self.windows["apart"] = (self.apart, math.inf)
        self.known = np.empty(d)
        self.known[self._axes] = 0.5 * (known + 1.0)
        super().__init__()

    def _forms(self, v: Floats) -> Floats:
        last = v[:, self.free :] * linear(v, self._with)
        return np.asarray(last + 0.5 * linear(v, self._first) * linear(v, self._second))

    def _couplings(self, u: Floats) -> Floats:
        return np.asarray(2.0 * u[:, self._axes] - 1.0)

    def columns(self, u: Floats) -> Floats:
        v = self._couplings(u)
        side = linear(v[:, : self.free], self._side[None])[:, 0]
        return np.column_stack([self._forms(v), side**2])

    def region_of(self, u: Floats) -> Ints:
        side = linear(self._couplings(u)[:, : self.free], self._side[None])[:, 0]
        return np.asarray(side > 0.0, dtype=np.int64)


class Rugged(Hard16):
    """Eight regions in sixteen dimensions, rugged and in two stages, as `hard16` with other constants."""

    name: ClassVar[str] = "rugged"


def of_family(kind: type[Windowed], name: str, words: str, family: str) -> type[Windowed]:
    """Return a kind of problem as a plugin of one family: `valleys-test`."""
    of = {
        "name": f"{name}-{family}",
        "description": f"analytic: {words}; for {'choosing settings' if family == 'train' else 'measuring only'}",
        "seed": FAMILIES[family],
        "__doc__": kind.__doc__,
        "__module__": kind.__module__,
    }
    return type(f"{kind.__name__}{family.capitalize()}", (kind,), of)


KINDS: tuple[tuple[type[Windowed], str, str], ...] = (
    (Rugged, "rugged", "8 regions in 16 dimensions, rugged and in two stages"),
    (Valleys, "valleys", "curved narrow valleys in 25 dimensions"),
    (Stairs, "stairs", "whole numbers in 20 dimensions"),
    (Coupled, "coupled", "29 coupled windows in 40 dimensions, two copies"),
)

EXACT: tuple[type[Analytic], ...] = tuple(
    member
    for kind, name, words in KINDS
    for member in (of_family(kind, name, words, family) for family in FAMILIES)
    if issubclass(member, Analytic)
)
"""All whose valid region is known exactly, as plugins."""

OTHERS: tuple[type[Windowed], ...] = tuple(of_family(*KINDS[-1], family) for family in FAMILIES)
"""The others."""
