"""One way to print a table: aligned, whole where it matters, readable where there is little room."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.console import Console
from rich.text import Text

from terranova.cli import terminal
from terranova.cli.terminal import WIDE, print_table, say
from terranova.pages.table import Column, numbers

Print = Callable[[], None]
Lines = Callable[[Print, int], list[str]]


@pytest.fixture
def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Return the lines that a call prints on a terminal of some width."""

    def lines(call: Print, width: int) -> list[str]:
        monkeypatch.setattr(terminal, "console", Console(width=width, force_terminal=True, color_system=None))
        with terminal.console.capture() as capture:
            call()
        return [line.rstrip() for line in capture.get().splitlines()]

    return lines


@pytest.fixture
def in_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[Print], list[str]]:
    """Return the lines that a call prints where no terminal is."""

    def lines(call: Print) -> list[str]:
        monkeypatch.setattr(terminal, "console", Console(width=WIDE, soft_wrap=True))
        call()
        return [line.rstrip() for line in capsys.readouterr().out.splitlines()]

    return lines


def test_names_are_at_the_left_and_numbers_at_the_right(on_a_terminal: Lines) -> None:
    rows = [("ma", "2", "GeV"), ("BR[0]", "7.4e-06", "")]
    columns = [Column("parameter", "name"), Column("value", "number"), Column("unit")]
    assert on_a_terminal(lambda: print_table(columns, rows, "Best [fit]"), 80) == [
        "Best [fit]",
        "parameter    value  unit",
        "ma               2  GeV",
        "BR[0]      7.4e-06",
    ]


def test_texts_are_folded_beside_whole_names(on_a_terminal: Lines) -> None:
    columns = [Column("name", "name"), Column("description")]
    lines = on_a_terminal(lambda: print_table(columns, [("a-long-name", "some words " * 6)]), 30)
    assert lines[0] == "name         description"
    assert lines[1].startswith("a-long-name  some words")
    assert len(lines) > 4
    assert max(map(len, lines)) <= 30


def test_numbers_that_do_not_fit_follow_below(on_a_terminal: Lines) -> None:
    def call() -> None:
        print_table(
            numbers("", "1", "2", "3"), [("x", "1.25", "2.5", "3"), ("why", "-1", "0", "12345678")], "Points"
        )

    assert on_a_terminal(call, 18) == [
        *("Points", "        1    2", "x    1.25  2.5", "why    -1    0"),
        *("Points", "            3", "x           3", "why  12345678"),
    ]
    assert len(on_a_terminal(call, 80)) == 4


def test_headings_of_several_lines_end_with_a_rule(on_a_terminal: Lines) -> None:
    lines = on_a_terminal(lambda: print_table(numbers("a", "of all\nfound"), [("x", "1")]), 80)
    assert [line.strip() for line in lines[:2]] == ["of all", "a    found"]
    assert set(lines[2].strip()) == {"─"}


def test_without_headings_there_is_no_line_for_them(on_a_terminal: Lines) -> None:
    row = [Text.from_markup("[green]ok[/]"), "python"]
    assert on_a_terminal(lambda: print_table([Column("", "name"), Column("")], [row]), 80) == ["ok  python"]


def test_a_file_gets_whole_names_and_sentences(in_a_file: Callable[[Print], list[str]]) -> None:
    name = "n" * 200
    columns = [Column("name", "name"), Column("text")]
    assert in_a_file(lambda: print_table(columns, [(name, "t")])) == [f"name{' ' * 198}text", f"{name}  t"]
    sentence = "word [bold] " * 40
    assert in_a_file(lambda: say(sentence)) == [sentence.rstrip()]


def test_sentences_are_broken_between_words_on_a_terminal(on_a_terminal: Lines) -> None:
    assert on_a_terminal(lambda: say("one two three"), 8) == ["one two", "three"]
