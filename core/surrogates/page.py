"""Pages of `surrogate check` and `surrogate explain`: one HTML file each, in the style of reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from terranova.errors import disk_error
from terranova.pages import html
from terranova.pages.blocks import Page, Paragraph, Picture, name, paragraphs
from terranova.pages.table import Table
from terranova.surrogates.trained import TrainedSurrogate
from terranova.system.atomic import write_atomic

WARNING = "A surrogate never has the last word: evaluate the model before a best fit or a bound is quoted."


def write(
    path: Path,
    title: str,
    trained: TrainedSurrogate,
    sentences: Sequence[str],
    table: Table,
    pictures: Sequence[Picture],
) -> Path:
    """Write a page and return its path.

    Raises:
        RunError: it cannot be written.
    """
    model = trained.config.model.name
    facts = [
        f"{trained.plugin}, trained on {trained.trained} rows; targets: {', '.join(trained.targets)}",
        *(f"{key} {value}" for key, value in trained.options.items()),
    ]
    page = Page(
        title=f"{title}: {model}",
        kind=f"terranova surrogate · {html.today()}",
        heading=Markup("{} of {}").format(title, name(model)),
        state=" · ".join(facts),
        opening=[Paragraph(WARNING, "note"), *paragraphs(sentences), table, *pictures],
        contents=False,
    )
    try:
        write_atomic(path, html.render(page))
    except OSError as error:
        raise disk_error(f"{path} cannot be written", error) from error
    return path
