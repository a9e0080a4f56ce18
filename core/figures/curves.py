"""Curves with bands, and likelihoods: of one quantity as a curve, of two as regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from terranova.figures.style import BEST, DASHED, REGIONS, VALID
from terranova.types import Array, Floats

HIGHEST_DELTA_CHI2 = 12.0
"""Shown of a curve."""


def band(ax: Any, x: Array, low: Floats, high: Floats, color: str, *, alpha: float = 0.15, label: str = "") -> None:
    """Shade what lies between two curves (n,)."""
    ax.fill_between(x, low, high, color=color, alpha=alpha, linewidth=0, label=label or None)


def delta_chi2_curve(ax: Any, x: Floats, delta_chi2: Floats, levels: Mapping[str, float]) -> None:
    """Draw Delta chi2 (n,) against a quantity (n,), with lines at levels.

    Args:
        ax: matplotlib axes.
        x: values, in any order.
        delta_chi2: at these values.
        levels: what is written at a line -> its Delta chi2.
    """
    order = np.argsort(x, kind="stable")
    ax.plot(x[order], delta_chi2[order], color=VALID, linewidth=1.3)
    ends = delta_chi2[order][[0, -1]]
    for text, level in levels.items():
        ax.axhline(level, color="0.6", linewidth=0.6, linestyle=DASHED)
        right = bool(abs(ends[1] - level) >= abs(ends[0] - level))  # where the curve is not
        ax.annotate(
            text,
            (float(right), level),
            xycoords=("axes fraction", "data"),
            xytext=(-3 if right else 3, 2),
            textcoords="offset points",
            ha="right" if right else "left",
            fontsize=7,
            color="0.4",
        )
    ax.set_xlim(float(np.min(x)), float(np.max(x)))
    ax.set_ylim(0.0, HIGHEST_DELTA_CHI2)
    ax.set_ylabel(r"$\Delta\chi^2$")


def delta_chi2_regions(
    ax: Any, x: Floats, y: Floats, delta_chi2: Floats, levels: Sequence[float], best: tuple[float, float]
) -> None:
    """Shade the regions of two quantities where Delta chi2 is below levels, and mark the best fit.

    Args:
        ax: matplotlib axes.
        x, y: centres (n,) and (m,) of the cells.
        delta_chi2: (n, m) of the cells; infinite where nothing is known.
        levels: Delta chi2 of the borders, increasing.
        best: where the best fit is; it may lie outside.
    """
    from matplotlib.colors import LinearSegmentedColormap

    edges = np.sqrt([0.0, *levels])
    # The root is nearly straight between cells; beyond the last level its size does not matter.
    depth = np.sqrt(np.clip(delta_chi2, 0.0, 4.0 * levels[-1]))
    if depth.min() < edges[-1]:
        shades = LinearSegmentedColormap.from_list("levels", REGIONS)(np.linspace(0.0, 1.0, len(levels)))
        ax.contourf(x, y, depth.T, levels=edges, colors=shades)
        borders = [edge for edge in edges[1:] if edge > depth.min()]
        ax.contour(x, y, depth.T, levels=borders, colors="#08324F", linewidths=0.8)
    ax.plot(*best, marker="*", color=BEST, markersize=8, linestyle="none")
    ax.set_xlim(float(x[0]), float(x[-1]))
    ax.set_ylim(float(y[0]), float(y[-1]))
