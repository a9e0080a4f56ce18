"""Which parameter a stratified solve holds fixed, and where: bins of single parameters without valid points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from terranova.plugins.samplers.explorer.bins import BINS
from terranova.types import Array, Floats, Ints

PATIENCE = 4
"""Failures in an empty stratum after which it is no longer a reason to try."""

WHOLE = 60
"""What a failure beside known points counts in the arrays; one from further away says less, and counts less."""

_AWAY = np.abs(np.subtract.outer(np.arange(BINS), np.arange(BINS)))
"""How many bins lie between two."""


class Strata:
    """Valid points found in every bin of every parameter, and failures to solve there, of I islands.

    Islands know what all had found at the last exchange, and their own.

    Args:
        dimension: d. islands: I.
    """

    def __init__(self, dimension: int, islands: int) -> None:
        self._shared = np.zeros((2, dimension, BINS), dtype=np.int64)  # points, failures
        self._own = np.zeros((islands, 2, dimension, BINS), dtype=np.int64)

    def note(self, u: Floats, island: Ints) -> None:
        """Count valid points u (n, d) of islands (n,)."""
        axis = np.arange(u.shape[1])
        np.add.at(self._own[:, 0], (island[:, None], axis, _bins_of(u)), 1)

    def fail(self, island: int, axis: int, place: float) -> None:
        """Note that no valid point was found where an axis is held at a place in [0, 1]."""
        number = _bin_of(place)
        away = self._away(island)[axis, number]
        self._own[island, 1, axis, number] += max(1, WHOLE // int(away))

    def failures(self, island: int, axis: int, place: float) -> int:
        """Return how many failures there were in the same bin."""
        return int(self._known(island)[1, axis, _bin_of(place)]) // WHOLE

    def empty(self, island: int, axis: int, place: float) -> bool:
        """Say whether no valid point is known in a bin."""
        return bool(self._known(island)[0, axis, _bin_of(place)] == 0)

    def draw(self, island: int, rng: np.random.Generator) -> tuple[int, float]:
        """Draw an axis and a place: an empty bin where one is hopeful, else one with few points.

        Of the empty ones those beside known points come first: from there, attempts are short and seldom fail, and
        what they find brings the next ones near.
        """
        points, failures = self._known(island)
        limits = np.cumsum(np.exp(-failures / WHOLE) / ((1.0 + points) * self._away(island)))
        chosen = min(int(np.searchsorted(limits, rng.random() * limits[-1], side="right")), limits.size - 1)
        axis, number = divmod(chosen, BINS)
        return axis, (number + rng.random()) / BINS

    def hopeful(self, island: int) -> bool:
        """Say whether a bin is empty in which few attempts have failed."""
        points, failures = self._known(island)
        return bool(((points == 0) & (failures < PATIENCE * WHOLE)).any())

    def _known(self, island: int) -> Ints:
        """Return points and failures (2, d, 20) that an island knows of."""
        return np.asarray(self._shared + self._own[island])

    def _away(self, island: int) -> Ints:
        """Return how many bins (d, 20) each is from the nearest with valid points on its axis; at least 1."""
        points = self._known(island)[0]
        return np.asarray(np.maximum(1, np.where(points[:, None, :] > 0, _AWAY, BINS).min(axis=2)))

    def pending(self) -> Array:
        """Return what happened since the last merge, (2, d, 20)."""
        return np.asarray(self._own.sum(axis=0))

    def merge(self, total: Array) -> None:
        """Take in the sum of everybody's `pending()`."""
        self._shared += total
        self._own[...] = 0

    def state(self) -> dict[str, Array]:
        """Return what is known right after a merge."""
        return {"shared_strata": self._shared.copy()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set it to a `state()`."""
        self._shared[...] = state["shared_strata"]
        self._own[...] = 0


def _bin_of(place: float) -> int:
    return int(_bins_of(np.array(place)))


def _bins_of(u: Floats) -> Ints:
    return np.asarray(np.minimum((u * BINS).astype(np.int64), BINS - 1))
