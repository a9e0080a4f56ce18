"""Pages of `surrogate check` and `surrogate explain`: one HTML file each, in the style of reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from terranova.errors import disk_error
from terranova.pages.html import html_page
from terranova.pages.section import Picture
from terranova.surrogates.trained import TrainedSurrogate
from terranova.system.atomic import write_atomic

WARNING = "A surrogate never has the last word: evaluate the model before a best fit or a bound is quoted."


def write(
    path: Path,
    title: str,
    made: TrainedSurrogate,
    sentences: Sequence[str],
    headings: Sequence[str],
    body: Sequence[Sequence[str]],
    pictures: Sequence[Picture],
) -> Path:
    """Write a page and return its path.

    Raises:
        RunError: it cannot be written.
    """
    text = html_page(
        "terranova.surrogates",
        title=title,
        model=made.config.model.name,
        plugin=made.plugin,
        targets=made.targets,
        trained=made.trained,
        options=made.options,
        sentences=sentences,
        headings=headings,
        body=body,
        pictures=pictures,
        warning=WARNING,
    )
    try:
        write_atomic(path, text)
    except OSError as error:
        raise disk_error(f"{path} cannot be written", error) from error
    return path
