"""What a check and an explanation say, made by hand, and a surrogate that they are of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from terranova.surrogates.explanation import Explanation
from terranova.surrogates.validation import Check, Quality
from terranova.testing.problems import ring

RNG = np.random.default_rng(1)


@pytest.fixture
def trained() -> Any:
    """As much of a trained surrogate as pages look at."""
    model = SimpleNamespace(name="ring")
    config, options = SimpleNamespace(model=model), {"depth": 6}
    return SimpleNamespace(
        plugin="mine", trained=200, targets=("away",), options=options, config=config, problem=ring()
    )


@pytest.fixture
def measured() -> Check:
    """A check of two predictions."""
    pairs = RNG.random((40, 2))
    qualities = (
        Quality("chi2", 40, 0.1, 0.2, 0.9, {}, pairs),
        Quality("away", 40, 1.0, 2.0, 0.5, {0.68: 0.7}, pairs),
    )
    return Check("rows held out", 100, 40, 30.0, (0.01, 0.02), 0.3, 0.8, qualities)


@pytest.fixture
def told() -> Explanation:
    """An explanation of one target, which x drives alone."""
    values = np.zeros((30, 1, 4))
    values[:, 0, 0] = RNG.random(30) + 0.5
    points = RNG.random((30, 4))
    drives = {"ring": ("away",), "total": ("away",)}
    return Explanation("30 rows", ("x", "y", "phi", "z"), ("away",), ("log",), drives, points, points, values)
