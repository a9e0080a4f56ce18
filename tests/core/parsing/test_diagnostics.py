"""Diagnostics of a document: collected with their places, sorted, and enough is enough."""

from __future__ import annotations

import pytest

from terranova.errors import ConfigError
from terranova.parsing.diagnostics import Diagnostics, expanded
from terranova.parsing.strict_yaml import MOST_PROBLEMS, Document, load_text

TEXT = "seed: 1\nbudget:\n  wall: 5\n"


def _diagnostics(text: str = TEXT) -> Diagnostics:
    return Diagnostics(*load_text(text, "scan.yaml"))


def test_a_sound_document_raises_nothing() -> None:
    _diagnostics().raise_if_any()


def test_problems_have_the_place_of_their_value_or_key_and_come_in_the_order_of_lines() -> None:
    diagnostics = _diagnostics()
    diagnostics.add(("budget", "wall"), "too short")
    diagnostics.add(("budget", "wall"), "unknown", at_key=True)
    diagnostics.add(("seed",), "odd")
    diagnostics.add(("seed",), "odd")
    assert diagnostics.count == 4
    with pytest.raises(ConfigError) as caught:
        diagnostics.raise_if_any()
    assert str(caught.value).splitlines() == [
        "scan.yaml:1:7: seed: odd",
        "scan.yaml:3:3: budget.wall: unknown",
        "scan.yaml:3:9: budget.wall: too short",
    ]


def test_of_what_could_not_be_read_nothing_more_is_said() -> None:
    diagnostics = _diagnostics("seed: !!python/none\nother: 1\n")
    before = len(diagnostics.problems)
    assert before == 1
    diagnostics.add(("seed",), "expected a number")
    assert len(diagnostics.problems) == before
    assert diagnostics.count == before + 1, "readers still see that it was not fine"
    assert not diagnostics.readable(("seed",))
    assert diagnostics.readable(("other",))


def test_a_hundredth_problem_ends_it() -> None:
    diagnostics = Diagnostics(Document(None))
    for i in range(MOST_PROBLEMS - 1):
        diagnostics.add((f"key{i}",), "wrong")
    with pytest.raises(ConfigError):
        diagnostics.add(("last",), "wrong")


def test_nobodys_home_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere/me")
    diagnostics = _diagnostics()
    assert str(expanded("~/run", ("output",), diagnostics)) == "/somewhere/me/run"
    assert diagnostics.problems == []
    assert expanded("~no-such-user-here/run", ("output",), diagnostics) is None
    assert "nobody's home directory is known as '~no-such-user-here'" in diagnostics.problems[0].message
