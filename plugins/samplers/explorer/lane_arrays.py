"""The state of what has arrays for lanes and for islands, as checkpoints keep it: first axes count islands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from terranova.types import Array


class LaneArrays:
    """Base of arms with several lanes an island, whose state is in arrays.

    Attributes:
        ARM: name of the arm in checkpoints.
        ARRAYS: names of attributes (islands * lanes, ...).
        ISLAND_ARRAYS: names of attributes (islands, ...).
        lanes: of an island.
    """

    ARM: ClassVar[str]
    ARRAYS: ClassVar[tuple[str, ...]]
    ISLAND_ARRAYS: ClassVar[tuple[str, ...]]
    lanes: int

    def state(self) -> dict[str, Array]:
        """Copy all state; first axes count islands."""
        of_lanes = {name: getattr(self, name) for name in self.ARRAYS}
        return {
            **{f"{self.ARM}_{n}": a.reshape(-1, self.lanes, *a.shape[1:]).copy() for n, a in of_lanes.items()},
            **{f"{self.ARM}_{n}": getattr(self, n).copy() for n in self.ISLAND_ARRAYS},
        }

    def restore(self, state: Mapping[str, Array]) -> None:
        """Set all state to a `state()`."""
        for name in (*self.ARRAYS, *self.ISLAND_ARRAYS):
            array = getattr(self, name)
            array[...] = state[f"{self.ARM}_{name}"].reshape(array.shape)
