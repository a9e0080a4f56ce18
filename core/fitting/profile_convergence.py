"""Whether a profile can be believed: jumps between neighbours, what still moved, what fresh searches found."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from terranova.types import Floats, Ints

JUMP = 0.1
"""Delta chi2 by which a bin may lie above what its neighbours say."""

MOVED = 0.05
"""Delta chi2 that a bin may gain in the last look at it."""

FAR = 12.0
"""Delta chi2 beyond which nothing is quoted."""


@dataclass(frozen=True)
class Convergence:
    """What is known of how far a profile has come; arrays have an entry a bin, flat.

    Attributes:
        sweeps: times that bins were searched from their neighbours.
        moved: in Delta chi2, what each bin gained in the last of them.
        jumps: in Delta chi2, by how much each bin, or one beside it, lies above what its neighbours say.
        found: in Delta chi2, what the last fresh search of a bin gained; 0 where there was none.
        known: in Delta chi2, by how much a point of another search in a bin is better than what is held there.
        restarts: fresh searches, from random points or by another method.
        better: of these, how many found more than was known.
        agree: of these, how many found the same to 0.05.
        bound: the evaluations allowed, if they did not suffice; else 0.
        predicted: in Delta chi2, by how much a surrogate was still wrong in each bin; empty without one.
    """

    sweeps: int = 0
    moved: Floats = field(default_factory=lambda: np.zeros(0))
    jumps: Floats = field(default_factory=lambda: np.zeros(0))
    found: Floats = field(default_factory=lambda: np.zeros(0))
    known: Floats = field(default_factory=lambda: np.zeros(0))
    restarts: int = 0
    better: int = 0
    agree: int = 0
    bound: int = 0
    predicted: Floats = field(default_factory=lambda: np.zeros(0))

    def doubt(self, bins: Ints, *, closer: bool = False) -> str | None:
        """Return why the curve at some bins cannot be relied on, in words; None if nothing speaks against it.

        After a closer look, which is judged by itself, jumps of the curve and points between bins do not count.
        """
        reasons = (
            (self.moved, MOVED, "bins there still gained {} when the search ended"),
            (self.found, MOVED, "a fresh search there still gained {}"),
            (np.zeros(0) if closer else self.known, MOVED, "a point of another search is better there by {}"),
            (self.predicted, MOVED, "the surrogate was still wrong by {} there"),
            (np.zeros(0) if closer else self.jumps, JUMP, "the curve jumps by {} between neighbouring bins there"),
        )
        for values, allowed, words in reasons:
            largest = float(values[bins].max(initial=0.0)) if len(values) else 0.0
            if largest > allowed:
                return words.format(f"{largest:.2g}" if np.isfinite(largest) else "a first point")
        if self.bound:
            return f"the search was cut short after {self.bound:,} evaluations"
        return None

    @property
    def converged(self) -> bool:
        """True if nothing speaks against any bin."""
        return self.doubt(np.arange(max(len(self.moved), len(self.jumps)))) is None


def bumps(delta: Floats) -> Floats:
    """Return by how much each cell, or one beside it, lies above what its neighbours say.

    The profile of a smooth problem may be as convex as it likes, and a bound cuts it off, but where it bends the
    other way two branches meet, or a search has failed on one side.

    Args:
        delta: (bins,) or (bins, bins) Delta chi2.

    Returns:
        of the same shape, the largest negative second difference along an axis of the cell or of one next to it;
        0 where all is smooth. A cell without a point between two that have one counts as infinite.
    """
    largest = np.zeros(delta.shape)
    for axis in range(delta.ndim):
        line = np.moveaxis(delta, axis, -1)
        if line.shape[-1] < 3:
            continue
        with np.errstate(invalid="ignore"):
            second = 2.0 * line[..., 1:-1] - line[..., :-2] - line[..., 2:]
        beyond = np.isinf(line[..., :-2]) | np.isinf(line[..., 2:])  # a bound, or a level
        second = np.where(beyond | np.isnan(second), 0.0, np.maximum(second, 0.0))
        padded = np.zeros(line.shape)
        padded[..., 1:-1] = second
        beside = padded.copy()
        beside[..., 1:] = np.maximum(beside[..., 1:], padded[..., :-1])
        beside[..., :-1] = np.maximum(beside[..., :-1], padded[..., 1:])
        largest = np.maximum(largest, np.moveaxis(beside, -1, axis))
    return largest


def jumps_in_sight(delta: Floats) -> Floats:
    """Return `bumps` (bins,), flat, with what is far above every level left out: it is not searched as well."""
    return np.where(delta < FAR, bumps(np.where(delta > FAR, np.inf, delta)), 0.0).reshape(-1)


def largest_jump(place: Floats, delta: Floats) -> float:
    """Return by how much a place (n,) of a curve lies above the line between its neighbours, at most.

    Next to what is excluded it is 0: a bound is no jump.
    """
    largest = 0.0
    for i in range(1, len(place) - 1):
        before, here, after = delta[i - 1 : i + 2]
        if np.isfinite(before) and np.isfinite(after) and here > max(before, after) + JUMP:
            largest = max(largest, float(here - max(before, after)))
        elif np.isfinite([before, here, after]).all() and place[i + 1] > place[i - 1]:
            share = (place[i] - place[i - 1]) / (place[i + 1] - place[i - 1])
            largest = max(largest, float(here - (1.0 - share) * before - share * after))
    return largest
