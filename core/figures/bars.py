"""Bars with names, lying one above the other, and maps of shares between names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from terranova.figures.axis import plain
from terranova.types import Array


def named_bars(
    ax: Any, names: Sequence[str], lengths: Array, color: str, *, height: float = 0.72, label: str = ""
) -> None:
    """Draw a bar (n,) for each name, the first on top."""
    rows = np.arange(len(names))
    ax.barh(rows, lengths, height=height, color=color, label=label or None)
    ax.set_yticks(rows, [plain(name) for name in names])
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)


def share_map(ax: Any, names: Sequence[str], percent: Array, label: str) -> None:
    """Draw a map of shares (n, n) in percent between names, with a bar of its colours.

    Args:
        ax: matplotlib axes.
        names: (n,) of rows and columns.
        percent: 0 to 100; written into the cells where there are few.
        label: of the bar.
    """
    texts = [plain(name) for name in names]
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    image = ax.imshow(percent, cmap="cividis", vmin=0, vmax=100, aspect="auto")
    ax.set_xticks(range(len(texts)), texts, rotation=55, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(texts)), texts)
    ax.tick_params(length=0)
    if len(texts) <= 12:
        for (i, j), value in np.ndenumerate(percent):
            ink = "#000000" if value > 55 else "#ffffff"
            ax.text(j, i, f"{value:.0f}", ha="center", va="center", color=ink, fontsize=7.5)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.8, pad=0.02)
    bar.set_label(label)
    bar.outline.set_visible(False)
