"""Pages: every kind of block, escaped, with figures that cost themselves at most."""

from __future__ import annotations

import re

import pytest
from markupsafe import Markup
from matplotlib.figure import Figure

from terranova.pages import html
from terranova.pages.blocks import (
    Block,
    Code,
    Facts,
    Fold,
    Page,
    Paragraph,
    Picture,
    Section,
    Sources,
    Tile,
    Tiles,
    name,
    paragraphs,
    titled,
)
from terranova.pages.table import Column, Table, numbers
from terranova.pages.text import Citation

EVIL = "<b>&"


def _page(*blocks: Block, contents: bool = True) -> str:
    sections = [Section("one", "Section one", blocks)]
    return html.render(Page("tab", "kind", "heading", "state", sections=sections, contents=contents))


def _draw() -> Figure:
    figure = Figure()
    figure.subplots().plot([0, 1], [0, 1])
    return figure


def test_the_frame_of_a_page() -> None:
    page = Page(
        title=EVIL,
        kind="a kind",
        heading=titled(EVIL, "sub"),
        state="done",
        opening=[Paragraph("first", "lead")],
        sections=[Section("one", "Section one", [], short="One"), Section("two", "Two", [])],
        closing="the end",
    )
    text = html.render(page)
    assert "<title>&lt;b&gt;&amp;</title>" in text
    assert '<h1>&lt;b&gt;&amp;<span class="soft"> / sub</span></h1>' in text
    assert [*re.findall(r'<a href="#(\w+)">([^<]+)</a>', text)] == [("one", "One"), ("two", "Two")]
    assert '<p class="lead">first</p>' in text
    assert "<footer>the end</footer>" in text
    assert b'name="generator" content="terranova' in text.encode()[:1000], "reports are known by this"
    assert "<nav>" not in _page(contents=False)


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (Paragraph(EVIL), "<p>&lt;b&gt;&amp;</p>"),
        (Paragraph("careful", "note"), '<p class="note">careful</p>'),
        (Paragraph(Markup("{} b").format(name("a"))), '<p><span class="name">a</span> b</p>'),
        (Code("a\n  b"), "<pre>a\n  b</pre>"),
        (Facts([("seed", EVIL)]), "<dt>seed</dt><dd>&lt;b&gt;&amp;</dd>"),
        (Facts([("seed", "1")], names=True), '<dt class="name">seed</dt><dd>1</dd>'),
        (Tiles([Tile("points", "12", "a second")]), '<div class="value">12</div><div class="more">a second</div>'),
        (Sources([Citation("x", "https://e", ("a", "b"))]), '<a href="https://e">x</a> <span class="soft">(a, b)'),
        (Sources([Citation("x", "", ("a",))]), "<li>x <span"),
        (Fold("more", Facts([("a", "b")])), "<details><summary>more</summary>"),
        (Fold("more", Facts([("a", "b")]), open=True), "<details open><summary>more</summary>"),
    ],
)
def test_blocks(block: Block, shown: str) -> None:
    assert shown in _page(block)


def test_cells_look_as_their_column_says() -> None:
    columns = [Column("a", "name", unbroken=True), Column("b", "number"), Column("c"), Column("d", "soft")]
    text = _page(Table([*columns, Column("", "title")], [[EVIL, "1", "t", "GeV", "row"]], "caption"))
    assert "<caption>caption</caption>" in text
    assert '<thead><tr><th>a</th><th class="n">b</th><th>c</th><th>d</th><th></th></tr></thead>' in text
    assert (
        '<tr><td class="name unbroken">&lt;b&gt;&amp;</td><td class="n">1</td><td>t</td><td class="soft">GeV</td>'
        "<th>row</th></tr>"
    ) in text


def test_groups_stand_above_their_rows() -> None:
    text = _page(Table(numbers("a", "b"), [["x", "1"], ["y", "2"], ["z", "3"]], groups=[("one", 0), ("two", 2)]))
    body = text[text.index("<tbody>") : text.index("</tbody>")]
    assert re.findall(r'<tr class="group"><th colspan="2">(\w+)|<td class="name">(\w)', body) == [
        *(("one", ""), ("", "x"), ("", "y"), ("two", ""), ("", "z")),
    ]


def test_figures_of_one_function_have_names_of_their_own_and_a_caption_for_all_readers() -> None:
    text = _page(Picture(_draw, 'a "line"'), Picture(_draw, "again", narrow=True))
    names = re.findall(r'\bid="([^"]*)"', text)
    assert len(names) == len(set(names)) > 3
    assert 'aria-label="a &#34;line&#34;"' in text
    assert "<figcaption>a &#34;line&#34;</figcaption>" in text
    assert text.count('<figure class="narrow">') == 1


def test_a_figure_that_cannot_be_drawn_costs_itself_only(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> Figure:
        raise ValueError(f"no {EVIL} value")

    def breaks_when_it_is_saved() -> Figure:
        figure = _draw()
        figure.axes[0].xaxis.set_major_formatter(lambda value, place: f"{value / 0.0}")
        return figure

    text = _page(Picture(broken, "a curve."), Picture(breaks_when_it_is_saved, "a map."), Picture(_draw, "a line."))
    assert text.count("<svg") == text.count("<figcaption>") == 1
    assert (
        '<p class="note">A figure could not be drawn (ValueError: no &lt;b&gt;&amp; value). '
        "It would have shown: a curve.</p>"
    ) in text
    assert "It would have shown: a map." in text
    assert not caplog.records, "the page says it; the traceback is there for who asks for it"


def test_signals_are_not_taken_for_a_figure_that_fails() -> None:
    def interrupted() -> Figure:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _page(Picture(interrupted, "a curve."))


def test_paragraphs_share_a_look() -> None:
    assert [p.look for p in paragraphs(["a", "b"], "note")] == ["note", "note"]
