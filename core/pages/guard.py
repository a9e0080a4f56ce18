"""Sections that cost themselves at most."""

from __future__ import annotations

import logging
from collections.abc import Callable

from terranova.errors import TerranovaError
from terranova.pages.blocks import Paragraph, Section

_log = logging.getLogger(__name__)


def guarded(anchor: str, title: str, build: Callable[[], Section | None]) -> Section | None:
    """Return a section, or one that says why there is none: the rest of the page does not depend on it.

    Args:
        anchor: of the section that stands in its place.
        title: of that.
        build: makes the section.

    Raises:
        TerranovaError: of `build`, which is for the user to mend.
    """
    try:
        return build()
    except TerranovaError:
        raise
    except Exception as error:  # values that nobody thought of
        _log.debug("a section could not be made", exc_info=True)
        return Section(anchor, title, [Paragraph(f"This section could not be made ({reason(error)}).", "note")])


def reason(error: Exception) -> str:
    """Return an exception in one line: its kind, and what it says if it says anything."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
