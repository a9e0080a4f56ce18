"""What the last look at a surrogate's maxima of each profile left: the next look begins there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from terranova.fitting.surrogate.maxima import Maxima
from terranova.types import Bools, Floats


@dataclass
class Look:
    """Of one profile.

    Attributes:
        hoped: (cells,) by how much in chi2 the surrogate promises more than was found.
        looked: (cells,) which were evaluated.
        insets: of each axis; see `Axis.inset`.
        maxima: of the surrogate, before it was trained again; None before the first look.
        error: the largest of the surrogate's errors of chi2.
    """

    hoped: Floats
    looked: Bools
    insets: tuple[float, ...]
    maxima: Maxima | None = None
    error: float = 0.0

    @classmethod
    def first(cls, cells: int, insets: Sequence[float]) -> Look:
        """Return that of a profile nobody has looked at."""
        return cls(np.zeros(cells), np.ones(cells, dtype=bool), tuple(insets))


class Looks:
    """Of all profiles.

    Args:
        of: each of them.
    """

    def __init__(self, of: Sequence[Look]) -> None:
        self.of = list(of)

    def state(self) -> tuple[Look, ...]:
        """Return them."""
        return tuple(self.of)

    def restore(self, state: tuple[Look, ...]) -> None:
        """Put them back."""
        self.of = list(state)
