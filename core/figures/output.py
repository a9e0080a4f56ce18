"""Figures as files and within pages: PDF for a paper, SVG that takes its colours from the page's style sheet."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terranova.figures import style
from terranova.figures.axis import settle_texts
from terranova.system.atomic import write_atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_THEME = {
    style.INK: "currentColor",
    style.PANEL: "var(--panel)",
    style.RULE: "var(--rule)",
    style.SCATTER_PANEL: "var(--scatter-panel)",
}


def svg(draw: Callable[[], Figure], prefix: str) -> str:
    """Draw a figure in the style of a page, and return it as an SVG element.

    Args:
        draw: makes the figure.
        prefix: of the names within the element, different for every figure of a page.
    """
    from matplotlib import rc_context

    with rc_context(dict(style.PAGE)):
        buffer = io.StringIO()
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        _save(draw(), buffer, format="svg", dpi=160, metadata=nothing)
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


def save_pdf(draw: Callable[[], Figure], path: Path) -> Path:
    """Draw a figure in the style of a paper, and write it to a PDF file; return its path.

    Raises:
        OSError: it cannot be written.
    """
    from matplotlib import rc_context

    logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns of the dates within matplotlib's fonts
    content = io.BytesIO()
    with rc_context(dict(style.PAPER)):
        _save(draw(), content, format="pdf", metadata={"CreationDate": None})
    write_atomic(path, content.getvalue())
    return path


def _save(figure: Figure, file: io.BytesIO | io.StringIO, **how: Any) -> None:
    """Save a figure, whatever the texts in it are."""
    settle_texts(figure)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # a box stands for it
        figure.savefig(file, **how)
