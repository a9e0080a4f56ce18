"""Grids of panels."""

from __future__ import annotations

import pytest

from terranova.figures.panels import panels, shared_legend


@pytest.mark.parametrize(("count", "size"), [(1, (2.0, 1.5)), (3, (6.0, 1.5)), (4, (6.0, 2.5))])
def test_there_are_as_many_panels_as_asked_for(count: int, size: tuple[float, float]) -> None:
    figure, every = panels(count, 3, 2.0, 1.0, extra=0.5)
    assert len(list(every)) == len(figure.axes) == count
    assert tuple(figure.get_size_inches()) == size


def test_one_legend_names_everything_once() -> None:
    figure, every = panels(2, 2, 2.0, 1.0)
    shared_legend(figure)
    assert not figure.legends
    for ax in every:
        ax.plot([0, 1], [0, 1], label="same")
    shared_legend(figure)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["same"]
