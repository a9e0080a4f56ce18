"""Dry run: a few points, nothing stored, and numbers that follow from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import terranova
from terranova import ConfigError, Window, model_from

WINDOWS = [
    Window(name="low", observables=("y",), source="me", upper=0.25),
    Window(name="any", observables=("y",), source="me", upper=10.0),
]


def square(a: Any) -> Any:
    if a > 0.9:
        raise terranova.PointFailed("too large")
    return a**2


def checked(points: int = 200, **words: Any) -> Any:
    keys = {
        "model": model_from(square, {"a": (0, 1)}, "y"),
        "constraints": WINDOWS,
        "parallel": {"isolation": "none"},
        "budget": {"evaluations": 1000},
    }
    return terranova.check({**keys, **words}, points=points)


def test_it_counts_failures_and_what_bites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = checked()
    failed = found.failures["unphysical: too large"]
    assert 5 < failed < 45  # of 200 with one in ten, five standard deviations
    assert found.violated["any"] == 0
    assert found.valid + found.violated["low"] + failed == 200
    assert list(found.violated) == ["low", "any"]
    assert found.disk == 1000 * found.row_bytes == 1000 * (8 * 4 + 64)
    assert found.seconds == pytest.approx(1000 * sum(c.points * c.seconds for c in found.stages) / 200)
    text = repr(found)
    assert "satisfied" in text
    assert "too large" in text
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["points"] == 200
    assert "low" in found._repr_html_()
    assert list(tmp_path.iterdir()) == []


def test_without_a_budget_of_evaluations_only_a_point_is_told() -> None:
    found = checked(3, budget={"wall": 1})
    assert found.disk is None
    assert "bytes a point" in repr(found)
    with pytest.raises(ConfigError, match="points: expected at least 1, got 0"):
        checked(0)
