"""Figures as SVG within a page, and as PDF files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from terranova.figures.output import save_pdf, svg
from terranova.figures.style import VALID, new_figure


def _draw() -> Figure:
    figure = new_figure(3.0, 2.0)
    ax = figure.subplots()
    ax.plot([0, 1], [0, 1], color=VALID, label="a line")
    ax.set_xlabel("$x$")
    return figure


def test_names_within_an_svg_are_its_own() -> None:
    names = [set(re.findall(r'\bid="([^"]*)"', svg(_draw, prefix))) for prefix in ("one", "two")]
    assert names[0]
    assert all(name.startswith("one-") for name in names[0])
    assert not names[0] & names[1]
    text = svg(_draw, "one")
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', text)) == names[0], "what is referred to is there"


def test_colours_of_the_frame_follow_the_page_and_sizes_are_its_choice() -> None:
    text = svg(_draw, "one")
    assert "currentColor" in text
    assert "var(--rule)" in text
    assert VALID.lower() in text.lower()
    start = text[: text.index(">")]
    assert start.startswith('<svg role="img"')
    assert "viewBox" in start
    assert "width=" not in start
    assert "height=" not in start


def test_the_same_figure_gives_the_same_text() -> None:
    assert svg(_draw, "one") == svg(_draw, "one")


def test_a_style_ends_with_its_figure(tmp_path: Path) -> None:
    from matplotlib import rcParams

    before = dict(rcParams)
    svg(_draw, "one")
    assert save_pdf(_draw, tmp_path / "f.pdf").read_bytes().startswith(b"%PDF")
    assert dict(rcParams) == before
    assert [path.name for path in tmp_path.iterdir()] == ["f.pdf"]


def test_a_pdf_that_cannot_be_written_is_an_error_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no"):
        save_pdf(_draw, tmp_path / "no" / "f.pdf")


def test_text_that_cannot_be_set_is_shown_as_it_is(tmp_path: Path) -> None:
    def hostile() -> Figure:
        figure = _draw()
        figure.axes[0].set_xlabel(r"$\slashed{D}$")
        figure.axes[0].set_title("$" + "{" * 9 + "$ \U0001f600")
        figure.axes[0].plot([0, 1], [1, 0], label="costs 3 $ or $x{$")
        figure.axes[0].legend()
        return figure

    assert svg(hostile, "one").startswith("<svg ")
    assert save_pdf(hostile, tmp_path / "f.pdf").stat().st_size > 1000
