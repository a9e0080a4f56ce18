"""Tables for notebooks: what objects show of themselves there."""

from __future__ import annotations

import html
from collections.abc import Sequence


def html_table(
    caption: str, headings: Sequence[str], rows: Sequence[Sequence[object]], *, folded: bool = False
) -> str:
    """Return an HTML table; every cell is text, whatever it holds.

    Args:
        caption: above it.
        headings: of the columns, none if all are empty.
        rows: as many cells each.
        folded: only the caption is seen until it is clicked.
    """

    def cells(tag: str, values: Sequence[object]) -> str:
        inside = "".join(f"<{tag} style='text-align:left'>{html.escape(str(value))}</{tag}>" for value in values)
        return f"<tr>{inside}</tr>"

    head = f"<thead>{cells('th', headings)}</thead>" if any(headings) else ""
    body = f"{head}<tbody>{''.join(cells('td', row) for row in rows)}</tbody>"
    if folded:
        return f"<details><summary>{html.escape(caption)}</summary><table>{body}</table></details>"
    return f"<table><caption style='text-align:left'>{html.escape(caption)}</caption>{body}</table>"
