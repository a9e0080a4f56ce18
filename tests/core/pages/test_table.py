"""Tables as data. How they look: test_html.py, and tests/core/cli/test_terminal.py."""

from __future__ import annotations

from terranova.pages.table import Column, numbers


def test_names_with_numbers_beside_them() -> None:
    assert numbers("target", "rows", "MAE") == [
        Column("target", "name"),
        Column("rows", "number"),
        Column("MAE", "number"),
    ]
    assert not any(column.unbroken for column in numbers("a", "b"))
