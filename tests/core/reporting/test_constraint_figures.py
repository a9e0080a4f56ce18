"""Figures of constraints: bars and cells are the counts."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.reporting.constraint_figures import kill_bars, kill_map, resisting, sets_bars
from terranova.runs.kills import Kills


@pytest.fixture
def kills() -> Kills:
    """Of four points: `b` is violated by three, `a` by one, `c` by none."""
    counted = Kills(("a", "b", "c"))
    counted.add(np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 0.0]]))
    return counted


def test_those_that_most_points_violate_come_first(kills: Kills) -> None:
    assert resisting(kills, 9).tolist() == [1, 0]
    assert resisting(kills, 1).tolist() == [1]


def test_bars_are_shares_and_counts(kills: Kills) -> None:
    shares, alone = kill_bars(kills, kills).axes
    assert sorted(patch.get_width() for patch in shares.patches) == [25.0, 75.0]
    assert sorted(patch.get_width() for patch in alone.patches) == [0.0, 2.0]
    assert sorted(shares.lines[0].get_xdata()) == pytest.approx([25.0, 75.0]), "diamonds of random points"


def test_the_map_is_of_joint_violations(kills: Kills) -> None:
    image = np.asarray(kill_map(kills).axes[0].images[0].get_array())
    np.testing.assert_allclose(image, [[100.0, 100.0 / 3.0], [100.0, 100.0]])


def test_sets_are_named_together() -> None:
    axes = sets_bars([(("a", "b"), 5), (("c",), 2)], 9).axes[0]
    assert {label.get_text() for label in axes.get_yticklabels()} == {"a + b", "c"}
    assert "of 9" in axes.get_xlabel()
