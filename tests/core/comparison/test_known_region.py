"""Known regions: a model that offers all four is believed, any other is not."""

from __future__ import annotations

import numpy as np
import pytest
from support.toys import Shell

from terranova.comparison.known_region import KnownRegion, known_region
from terranova.models.analytic import PROBLEMS


@pytest.mark.parametrize("kind", PROBLEMS, ids=lambda kind: kind.name)
def test_analytic_problems_know_their_region(kind: type) -> None:
    region = known_region(kind())
    assert isinstance(region, KnownRegion)
    assert 0.0 < region.volume < 1.0
    u = region.draw_valid(50, np.random.default_rng(1))
    assert ((u >= 0.0) & (u <= 1.0)).all()
    which = region.region_of(u)
    assert which.min() >= 0
    assert which.max() < region.regions


def test_other_models_do_not() -> None:
    assert known_region(Shell()) is None
