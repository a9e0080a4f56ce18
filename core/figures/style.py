"""How figures look: colours, and matplotlib's settings for a page and for a paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VALID = "#0072B2"
OTHERS = "#8C8C8C"
ALONE = "#D55E00"
RANDOM = "#CC79A7"
WINDOW = "#009E73"
"""Colours that the colour-blind can tell apart (Okabe and Ito), and that show on white and on black."""

BEST = ALONE
"""Of the best fit."""

COLOURS = (VALID, ALONE, WINDOW, RANDOM, "#E69F00", "#56B4E9", OTHERS)
"""Of categories, one after the other."""

_LINES = (*COLOURS, "#7A5C00")
_DASHES: tuple[Any, ...] = ("-", (0, (4, 2)), (0, (1, 1.5)))

DASHED = (0, (4, 3))
"""Of lines that mark a level or an end."""

COLOUR_MAP = "viridis"
"""Perceptually uniform, and readable by the colour-blind."""

REGIONS = ("#0B4F7D", "#4F93BF", "#BFD9EA")
"""Of confidence regions, from the innermost to the outermost; more levels take shades between them."""

# Placeholders, replaced in a finished SVG by what the style sheet says, so that figures follow the page's theme.
INK, PANEL, RULE = "#010203", "#fefdfc", "#d0d1d2"
SCATTER_PANEL = "#fdfcfb"
"""Behind points of many colours: light in both themes, because the dark end of the colour map needs it."""

PAGE_WIDTH = 9.6
"""Inches: a figure as wide as a page."""

COLUMN_WIDTH = 3.4
"""Inches: a column of a two-column paper."""

PAGE: Mapping[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.facecolor": PANEL,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 8.5,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "image.cmap": COLOUR_MAP,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "mathtext.fontset": "dejavusans",
    "patch.linewidth": 0.8,
    "savefig.facecolor": "none",
    "svg.fonttype": "path",
    "svg.hashsalt": "terranova",  # the same run gives the same file
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
}

PAPER: Mapping[str, Any] = {
    "font.family": "serif",
    "mathtext.fontset": "cm",
    "font.serif": ["DejaVu Serif"],
    "font.size": 9.0,
    "axes.linewidth": 0.7,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}


def line_style(i: int) -> dict[str, Any]:
    """Return colour and dashes of the i-th of many lines: with more than there are colours, dashes differ."""
    return {"color": _LINES[i % len(_LINES)], "linestyle": _DASHES[(i // len(_LINES)) % len(_DASHES)]}


def new_figure(width: float, height: float, gap: float = 0.04) -> Figure:
    """Return an empty figure, outside pyplot: nothing global is touched. All lengths are in inches."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=gap, h_pad=gap))
