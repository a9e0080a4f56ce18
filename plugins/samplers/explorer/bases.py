"""The valid points from which the explorer looks further: the most novel ones, its own and those of all islands."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import numpy as np

from terranova.types import Array, Bools, Floats, Ints

SHARED = 1024
"""Bases that all islands know."""

OWN = 64
"""Finds since the last exchange that an island keeps."""

OFFERED = 16
"""Of these, how many it offers to the others."""

SLOTS = 2048
"""Places in the table in which they are offered."""


class Bases:
    """Bases of I islands.

    Islands offer points in a table that adds up over ranks: a point's slot is a hash of its coordinates, and a slot
    that two points share is lost. When there would be too many, each is offered with a probability, decided by the
    same hash. The table holds the bits of the coordinates as whole numbers, which MPI adds up on their way: a slot
    with one owner comes out bit for bit, and floats would have to be gathered on one rank.

    Args:
        dimension: d. rows: r numbers that go with a point. islands: I.
    """

    SHARED_ARRAYS = ("shared_u", "shared_rows", "shared_novelty", "shared_used", "shared_opened")

    def __init__(self, dimension: int, rows: int, islands: int) -> None:
        self.own_u = np.zeros((islands, OWN, dimension))
        self.own_rows = np.zeros((islands, OWN, rows))
        self.own_novelty = np.zeros((islands, OWN))
        self.own_used = np.zeros((islands, OWN), dtype=np.int64)
        self.own_opened = np.zeros((islands, OWN), dtype=np.int64)
        self.own_count = np.zeros(islands, dtype=np.int64)
        self.shared_u = np.zeros((0, dimension))
        self.shared_rows = np.zeros((0, rows))
        self.shared_novelty = np.zeros(0)
        self.shared_used = np.zeros(0, dtype=np.int64)
        self.shared_opened = np.zeros(0, dtype=np.int64)
        self._visits = np.zeros((islands, 0), dtype=np.int64)
        self._offered_before = 0

    def known(self, island: int) -> bool:
        """Say whether an island has a base to start from."""
        return bool(len(self.shared_u) or self.own_count[island])

    def add(self, island: int, u: Floats, rows: Floats, novelty: Floats, opened: Ints) -> None:
        """Keep the best of an island's finds: u (n, d), rows (n, r), novelty (n,) and bins opened (n,)."""
        count = int(self.own_count[island])
        all_novelty = np.concatenate([self.own_novelty[island, :count], novelty])
        worth = all_novelty + 0.05 * np.log1p(np.concatenate([self.own_opened[island, :count], opened]))
        best = np.argsort(-worth, kind="stable")[:OWN]
        kept = len(best)
        for own, new in (
            (self.own_u, u),
            (self.own_rows, rows),
            (self.own_novelty, novelty),
            (self.own_opened, opened),
            (self.own_used, np.zeros(len(u), dtype=np.int64)),
        ):
            own[island, :kept] = np.concatenate([own[island, :count], new])[best]
        self.own_count[island] = kept

    def choose(self, island: int, rng: np.random.Generator, sharpness: float) -> tuple[Floats, Floats, float]:
        """Draw a base: u (d,), rows (r,), novelty. Best are novel ones that opened bins and were little used.

        Args:
            island: who asks.
            rng: its stream.
            sharpness: weights are exp(sharpness * novelty in standard deviations) (1 + opened) / (1 + used)^2.
        """
        count, shared = int(self.own_count[island]), len(self.shared_u)
        novelty = np.concatenate([self.shared_novelty, self.own_novelty[island, :count]])
        used = np.concatenate([self.shared_used + self._visits[island], self.own_used[island, :count]])
        spread = float(novelty.std())
        weight = (
            np.exp(sharpness * (novelty - novelty.max()) / (spread if spread > 0.0 else 1.0)) / (1.0 + used) ** 2
        )
        opened = np.concatenate([self.shared_opened, self.own_opened[island, :count]])
        weight *= 1.0 + opened
        total = np.cumsum(weight)
        chosen = min(int(np.searchsorted(total, rng.random() * total[-1])), len(total) - 1)
        if chosen < shared:
            self._visits[island, chosen] += 1
            return self.shared_u[chosen], self.shared_rows[chosen], float(novelty[chosen])
        own = chosen - shared
        self.own_used[island, own] += 1
        return self.own_u[island, own], self.own_rows[island, own], float(novelty[chosen])

    def nearest(self, island: int, axis: int, place: float, rank: int) -> Floats:
        """Return the base u (d,) that is nearest to a place along an axis, or the next ones: rank 1, 2, ..."""
        u = np.concatenate([self.shared_u, self.own_u[island, : int(self.own_count[island])]])
        order = np.argsort(np.abs(u[:, axis] - place), kind="stable")
        return np.asarray(u[order[min(rank, len(order) - 1)]])

    def around(self, island: int, u: Floats, count: int, periodic: Bools) -> Floats:
        """Return how far (k, d) the bases nearest to a point u (d,) are from it, `count` of them at most."""
        away = np.concatenate([self.shared_u, self.own_u[island, : int(self.own_count[island])]]) - u
        away[:, periodic] -= np.rint(away[:, periodic])
        length2 = (away * away).sum(axis=1)
        if len(away) > count:
            away = away[np.argpartition(length2, count - 1)[:count]]
        return np.asarray(away)

    def pending(self) -> dict[str, Array]:
        """Return what islands offer one another, and how often they used what they share."""
        d, r = self.own_u.shape[2], self.own_rows.shape[2]
        table = np.zeros((SLOTS, 3 + d + r), dtype=np.uint64)
        chance = min(1.0, 0.25 * SLOTS / max(1, self._offered_before))
        offered = 0
        for island, count in enumerate(self.own_count.tolist()):
            for place in range(min(count, OFFERED)):
                number = zlib.crc32(self.own_u[island, place].tobytes())
                offered += 1
                if number // SLOTS % 65536 >= chance * 65536:
                    continue
                row = table[number % SLOTS]
                row[0] += np.uint64(1)
                row[1] += np.uint64(self.own_used[island, place])
                row[2] += np.uint64(self.own_opened[island, place])
                row[3 : 3 + d] += self.own_u[island, place].view(np.uint64)
                row[3 + d :] += self.own_rows[island, place].view(np.uint64)
        return {
            "bases": table,
            "bases_offered": np.array([offered]),
            "bases_visits": np.pad(self._visits.sum(axis=0), (0, SHARED - len(self.shared_u))),
        }

    def merge(self, total: Mapping[str, Array], novelty: Callable[[Floats, Floats], Floats]) -> None:
        """Take in the sum of everybody's `pending()`; `novelty` scores points u (n, d) with rows (n, r) anew."""
        table = total["bases"]
        new = table[table[:, 0] == 1]
        d = self.own_u.shape[2]
        points = np.ascontiguousarray(new[:, 3:]).view(np.float64)
        u = np.concatenate([self.shared_u, points[:, :d]])
        rows = np.concatenate([self.shared_rows, points[:, d:]])
        visits = total["bases_visits"][: len(self.shared_u)]
        used = np.concatenate([self.shared_used + visits, new[:, 1].astype(np.int64)])
        opened = np.concatenate([self.shared_opened, new[:, 2].astype(np.int64)])
        score = novelty(u, rows) if len(u) else np.zeros(0)
        spread = float(score.std()) if len(u) else 0.0
        worth = score / (spread if spread > 0.0 else 1.0) - np.log1p(used) + np.log1p(opened)
        best = np.sort(np.argsort(-worth, kind="stable")[:SHARED])
        self.shared_u, self.shared_rows = u[best], rows[best]
        self.shared_novelty, self.shared_used = score[best], used[best]
        self.shared_opened = opened[best]
        self._visits = np.zeros((len(self.own_count), len(best)), dtype=np.int64)
        self._offered_before = int(total["bases_offered"][0])
        self.own_count[...] = 0

    def state(self) -> dict[str, Array]:
        """Return all that is known right after a merge, when islands have no finds of their own."""
        arrays = {name: getattr(self, name).copy() for name in self.SHARED_ARRAYS}
        return {**arrays, "shared_offered": np.array([self._offered_before])}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all to a `state()`."""
        for name in self.SHARED_ARRAYS:
            setattr(self, name, state[name].copy())
        self._offered_before = int(state["shared_offered"][0])
        self._visits = np.zeros((len(self.own_count), len(self.shared_u)), dtype=np.int64)
        self.own_count[...] = 0
