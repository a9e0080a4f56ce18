"""Figures of many panels: their grid, and one legend for all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from terranova.figures.style import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def panels(
    count: int, across: int, width: float, height: float, *, extra: float = 0.0, gap: float = 0.04
) -> tuple[Figure, Iterator[Any]]:
    """Return a figure and the axes of its panels, line by line.

    Args:
        count: of panels, at least 1.
        across: panels in a line at most.
        width, height: inches of one panel.
        extra: inches more in height, for a legend.
        gap: inches around each panel.
    """
    across = min(across, count)
    lines = -(-count // across)
    figure = new_figure(width * across, height * lines + extra, gap)
    every = list(figure.subplots(lines, across, squeeze=False).flat)
    for ax in every[count:]:
        ax.remove()
    return figure, iter(every[:count])


def shared_legend(figure: Figure, columns: int = 4) -> None:
    """Put a legend above all panels, of what any of them names; none if nothing is named."""
    handles: dict[str, Any] = {}
    for ax in figure.axes:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside upper left", ncols=columns)
