"""Tables for notebooks: every cell is text."""

from __future__ import annotations

from terranova import ConstraintSet, Window
from terranova.interfaces.notebook import html_table


def test_cells_are_text_whatever_they_hold() -> None:
    table = html_table("a < b", ("x", ""), [("<script>", 1.5)])
    assert "&lt;script&gt;" in table
    assert "a &lt; b" in table
    assert "<script>" not in table
    assert "<thead>" not in html_table("", ("", ""), [("a", "b")])
    assert html_table("c", ("x",), [], folded=True).startswith("<details><summary>c")


def test_constraints_and_sets_show_where_their_numbers_come_from() -> None:
    window = Window(name="low", observables=("y",), source="arXiv:1234.5678", upper=0.5, unit="GeV")
    assert "arXiv:1234.5678" in window._repr_html_()
    assert "arXiv:1234.5678" in ConstraintSet("mine", (window,))._repr_html_()
