"""Where the first generations of samplers come from: the prior, or points that the model suggests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from terranova import SearchSpace
from terranova.errors import did_you_mean
from terranova.types import Floats

STARTS = ("prior", "seeds")


def suggested(space: SearchSpace, start: str) -> Callable[[np.random.Generator, int], Floats] | None:
    """Return (random stream, n) -> points (n, d) in the cube for `start: seeds`, and None for `start: prior`.

    Raises:
        ValueError: another word, or the model suggests nothing.
    """
    if start not in STARTS:
        raise ValueError(f"start must be 'prior' or 'seeds', got {start!r}{did_you_mean(start, STARTS)}")
    if start == "seeds" and space.seeds is None:
        raise ValueError("start: seeds needs a model that suggests points, and this one does not")
    return space.seeds if start == "seeds" else None
