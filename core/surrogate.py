"""Surrogates: cheap stand-ins for expensive observables, as plugins."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from terranova.types import Floats


class Surrogate(ABC):
    """Learns q targets from points and predicts them with an honest uncertainty."""

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""

    @abstractmethod
    def fit(self, u: Floats, targets: Floats) -> None:
        """Learn from n points u (n, d) in the unit cube and their targets (n, q)."""

    @abstractmethod
    def predict(self, u: Floats) -> tuple[Floats, Floats]:
        """Return mean (n, q) and standard deviation (n, q) at the points u (n, d)."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Write the trained surrogate to a file."""

    @abstractmethod
    def load(self, path: Path) -> None:
        """Read a trained surrogate from a file written by `save`."""
