"""The figure of progress: curves that end where the scan has come to."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.reporting.progress_figure import progress_curves
from terranova.reporting.queries import Progress


def _progress(islands: int, coverage: bool) -> Progress:
    steps = 6
    valid = np.cumsum(np.ones((islands, steps), dtype=np.int64), axis=1)
    violation = np.linspace(5.0, 0.0, steps) + np.arange(islands)[:, None]
    return Progress(islands * 10 * np.arange(1, steps + 1), valid, violation, np.arange(6.0) if coverage else None)


@pytest.mark.parametrize("islands", [1, 5])
def test_panels(islands: int) -> None:
    figure = progress_curves(_progress(islands, True))
    assert len(figure.axes) >= 3
    assert len(progress_curves(_progress(islands, False)).axes) == len(figure.axes) - 1
    assert any(line.get_ydata()[-1] == 6 * islands for line in figure.axes[0].lines)


def test_before_anything_is_found_there_is_a_figure_too() -> None:
    nothing = Progress(np.array([10, 20]), np.zeros((2, 2), dtype=np.int64), np.full((2, 2), np.inf), None)
    assert progress_curves(nothing).axes
