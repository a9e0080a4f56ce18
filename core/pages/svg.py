"""matplotlib figures as SVG that sits in an HTML page and takes its colours from the page's style sheet."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

if TYPE_CHECKING:
    from matplotlib.figure import Figure

P = ParamSpec("P")

VALID = "#0072B2"
OTHERS = "#8C8C8C"
ALONE = "#D55E00"
RANDOM = "#CC79A7"
WINDOW = "#009E73"
"""Colours that the colour-blind can tell apart (Okabe and Ito), and that show on white and on black."""

KINDS = (VALID, ALONE, WINDOW, RANDOM, "#E69F00", "#56B4E9", OTHERS)
"""Of categories, one after the other."""

COLOURS = "viridis"
"""Colour map: perceptually uniform, and readable by the colour-blind."""

# Stand-ins, replaced in the finished SVG by what the style sheet says, so that figures follow the page's theme.
_INK, _PANEL, _RULE = "#010203", "#fefdfc", "#d0d1d2"
SCATTER_PANEL = "#fdfcfb"
"""Behind points of many colours: light in both themes, because the dark end of the colour map needs it."""

_THEME = {
    _INK: "currentColor",
    _PANEL: "var(--panel)",
    _RULE: "var(--rule)",
    SCATTER_PANEL: "var(--scatter-panel)",
}

_STYLE: Mapping[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": _INK,
    "axes.facecolor": _PANEL,
    "axes.grid": True,
    "axes.labelcolor": _INK,
    "axes.labelsize": 9.0,
    "axes.linewidth": 0.7,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": _INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "figure.facecolor": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": 8.5,
    "grid.color": _RULE,
    "grid.linewidth": 0.5,
    "image.cmap": COLOURS,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "mathtext.fontset": "dejavusans",
    "patch.linewidth": 0.8,
    "savefig.facecolor": "none",
    "svg.fonttype": "path",
    "svg.hashsalt": "terranova",  # the same run gives the same file
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
}


def new_figure(width: float, height: float, gap: float = 0.04) -> Figure:
    """Return an empty figure, outside pyplot: nothing global is touched. All lengths are in inches."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=gap, h_pad=gap))


def drawn(draw: Callable[Concatenate[P], Figure]) -> Callable[P, str]:
    """Turn a function that draws a figure into one that returns it as SVG, in this report's style."""

    @wraps(draw)
    def inline(*args: P.args, **kwargs: P.kwargs) -> str:
        from matplotlib import rc_context

        with rc_context(dict(_STYLE)):
            return _to_svg(draw(*args, **kwargs), prefix=draw.__name__)

    return inline


def _to_svg(figure: Figure, prefix: str) -> str:
    buffer = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", dpi=160, metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, themed in _THEME.items():
        text = text.replace(colour, themed)
    # Several SVGs share one page: what they refer to by name must not be each other's, and nothing else needs one.
    used = set(re.findall(r'(?:href="|url\()#([^")]+)', text))
    text = re.sub(r'\bid="([^"]*)"', lambda match: f'id="{prefix}-{match[1]}"' if match[1] in used else "", text)
    text = re.sub(r'href="#', f'href="#{prefix}-', text)
    text = text.replace("url(#", f"url(#{prefix}-")
    # The page decides how wide a figure is; its viewBox keeps the proportions.
    text = re.sub(r'<svg ([^>]*?)(?:width|height)="[^"]*"', r"<svg \1", text, count=1)
    text = re.sub(r'(<svg [^>]*?)\s(?:width|height)="[^"]*"', r"\1", text, count=1)
    return text.replace("<svg ", '<svg role="img" ', 1)
