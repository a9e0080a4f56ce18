"""Pages as HTML: one template and one style for all of them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from importlib import resources
from itertools import count

from markupsafe import Markup

from terranova.figures.output import svg
from terranova.pages.blocks import Page, Picture
from terranova.pages.guard import reason
from terranova.store.origin import terranova_version

_log = logging.getLogger(__name__)


def today() -> str:
    """Return the date and time that pages carry."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def render(page: Page) -> str:
    """Return a page as HTML that needs nothing but itself: no network, no other file.

    What is not markup is escaped. A figure that cannot be drawn costs itself only: a sentence says why.
    """
    import jinja2

    here = resources.files("terranova.pages")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    numbers = count(1)
    return environment.from_string(here.joinpath("page.html").read_text(encoding="utf-8")).render(
        page=page,
        style=Markup(here.joinpath("style.css").read_text(encoding="utf-8")),
        version=terranova_version(),
        drawn=lambda picture: _drawn(picture, f"figure{next(numbers)}"),
    )


def _drawn(picture: Picture, prefix: str) -> tuple[Markup, str]:
    """Return a picture as SVG and "", or nothing and why there is none."""
    try:
        text = svg(picture.draw, prefix)
    except Exception as error:  # matplotlib and fonts fail in many ways, on values that nobody thought of
        _log.debug("a figure could not be drawn", exc_info=True)
        return Markup(""), f"A figure could not be drawn ({reason(error)}). It would have shown: {picture.caption}"
    # Readers who cannot see the figure get its caption.
    return Markup(text.replace('role="img"', Markup('role="img" aria-label="{}"').format(picture.caption), 1)), ""
