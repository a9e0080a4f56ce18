"""Novelty detectors: how unlike everything found so far a point is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from terranova.types import Array, Floats, Ints


class NoveltyDetector(ABC):
    """Remembers points found valid and scores how novel others are.

    All islands of a rank share one detector object. What an island may know is fixed by the rules of the
    exchange, so that results do not depend on the number of ranks: everything that was shared at the last
    epoch's end, plus what that island itself has found since.

    Features are numbers in [0, 1]: unit-cube coordinates and observables scaled to a declared range.

    Args of a subclass's `__init__`:
        features: number f of features.
        islands: number of islands that use this detector object.
        options: anything else, as keywords with defaults.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""

    def __init__(self, features: int, islands: int) -> None:
        self.features = features
        self.islands = islands

    @abstractmethod
    def update(self, features: Floats, island: Ints) -> None:
        """Remember points.

        Args:
            features: (n, f) in [0, 1].
            island: (n,) which of this object's islands (0 to islands - 1) found each point.
        """

    @abstractmethod
    def score(self, features: Floats, island: Ints) -> Floats:
        """Return the novelty (n,) in [0, 1] of points: 1 = unlike anything seen.

        Args:
            features: (n, f) in [0, 1].
            island: (n,) which island asks.
        """

    @abstractmethod
    def pending(self) -> Array:
        """Return what all islands of this object found since the last `merge`, in a form that adds up."""

    @abstractmethod
    def merge(self, total: Array) -> None:
        """Share `total`, the sum of `pending()` over all ranks, and forget what was pending."""

    @abstractmethod
    def state(self) -> Mapping[str, Array]:
        """Return what is shared, right after a `merge`, as arrays."""

    @abstractmethod
    def restore(self, state: Mapping[str, Array]) -> None:
        """Set what is shared to a `state()`; nothing is pending afterwards."""
