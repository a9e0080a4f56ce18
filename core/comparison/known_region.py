"""What is known of a problem's valid region, for problems made to test samplers on."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from terranova.interfaces.model import Model
from terranova.types import Floats, Ints


@runtime_checkable
class KnownRegion(Protocol):
    """A model whose valid region is known exactly offers these beside the methods of `Model`.

    The region is the one that the model's own constraint set, which has the model's name, leaves valid.
    """

    @property
    def volume(self) -> float:
        """The part of the unit cube that is valid, 0 to 1."""

    @property
    def regions(self) -> int:
        """Number of disconnected parts of the region."""

    def draw_valid(self, n: int, rng: np.random.Generator) -> Floats:
        """Draw points u (n, d) of the unit cube, independent and uniform in the region."""

    def region_of(self, u: Floats) -> Ints:
        """Return which part each valid point u (n, d) lies in, (n,) from 0 to `regions` - 1."""


def known_region(model: Model) -> KnownRegion | None:
    """Return the model if it knows its valid region, else None."""
    return model if isinstance(model, KnownRegion) else None
