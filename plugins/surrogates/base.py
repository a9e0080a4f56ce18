"""What the surrogates share: targets in coordinates of their own, and trust among training points only."""

from __future__ import annotations

import numpy as np

from terranova import Surrogate
from terranova.plugins.surrogates.scales import Scale
from terranova.plugins.surrogates.support import Support
from terranova.types import Floats


class ScaledSurrogate(Surrogate):
    """Learns each target in the coordinate that suits it, and knows where its training points are.

    Attributes:
        _scales: coordinates of the targets; none while it is not trained.
        _support: where the training points are; None while it is not trained.
    """

    _scales: list[Scale]
    _support: Support | None

    def _unknown(self, u: Floats) -> Floats:
        """Return the answer (n, q) of one that is not trained."""
        return np.full((len(u), max(1, len(self._scales))), np.nan)

    def _backward(self, z: Floats) -> Floats:
        """Map values (n, q) from the coordinates in which they are learned to those of the targets."""
        return np.column_stack([scale.backward(column) for scale, column in zip(self._scales, z.T, strict=True)])

    def trust(self, u: Floats) -> Floats:
        """Return (n,): 0 where `near` says no, else how well training points surround the point."""
        if self._support is None or not len(u):
            return np.zeros(len(u))
        return np.where(self.near(u), self._support.trust(u), 0.0)

    @property
    def scales(self) -> tuple[str, ...]:
        """Coordinates of the targets."""
        return tuple(scale.kind for scale in self._scales)
