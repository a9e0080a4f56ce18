"""Projections: those are shown in which parameters depend on one another."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from terranova.reporting.projections import choose_projections, mutual_information


def test_mutual_information() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 8, 20_000), rng.integers(0, 8, 20_000)
    assert mutual_information(a, a, 8) == pytest.approx(math.log(8), abs=0.01)
    assert mutual_information(a, b, 8) == pytest.approx(0.0, abs=0.002)


def test_projections_show_what_is_related() -> None:
    rng = np.random.default_rng(0)
    points = pd.DataFrame(rng.random((3000, 4)), columns=list("abcd"))
    points["d"] = (points["b"] + 0.1 * rng.random(3000)) % 1
    points["o"] = points["a"] ** 2 + points["c"]
    points["same"] = points["a"]
    chosen = choose_projections(points, list("abcd"), ["o", "same"], panels=3)
    assert {chosen[0].x, chosen[0].y} == {"b", "d"}
    assert all({p.x, p.y} != {"a", "same"} for p in chosen)
    assert any("o" in (p.x, p.y, p.colour) for p in chosen)
    assert choose_projections(points[["a"]], ["a"], []) == []
