"""From the unbounded space in which CMA-ES works to the unit cube."""

from __future__ import annotations

import numpy as np

from terranova.types import Bools, Floats


def into_cube(y: Floats, periodic: Bools) -> Floats:
    """Wrap periodic axes around and fold the others back at the walls, like a triangle wave.

    Both maps are continuous on their kind of axis and keep the density of a uniform distribution; unlike
    clipping or redrawing they never pile points up at a wall. The optimiser goes on with y.

    Args:
        y: (..., d) anywhere.
        periodic: (d,) True on the axes that wrap around.

    Returns:
        u (..., d) in [0, 1].
    """
    folded = np.abs(y - 2.0 * np.rint(0.5 * y))
    if not periodic.any():
        return folded
    return np.where(periodic, y - np.floor(y), folded)
