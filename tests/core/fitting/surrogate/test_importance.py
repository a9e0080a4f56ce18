"""Importance weights: the shape of their tail."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from terranova.fitting.surrogate.importance import tail_shape

pytest.importorskip("emcee", reason="the fit extra is not installed")


@pytest.mark.parametrize("shape", [0.2, 0.5, 1.0])
def test_shape_of_a_tail(shape: float) -> None:
    """Of weights that follow a generalised Pareto distribution, the shape is found again."""
    weights = stats.genpareto.rvs(shape, size=20_000, random_state=np.random.default_rng(7))
    assert tail_shape(weights) == pytest.approx(shape, abs=0.25)
