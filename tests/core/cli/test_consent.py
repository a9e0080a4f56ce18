"""Where somebody sits before a terminal, they are asked; elsewhere nothing runs."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from terranova.cli.consent import with_consent
from terranova.config import consent
from terranova.config.consent import WhatRuns
from terranova.errors import Diagnostic, NotTrusted

WHAT = WhatRuns("model", "spheno", {"spheno": "/bin/sh"}, True)


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has agreed to nothing."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(consent, "_agreed", set())


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _action() -> str:
    if not consent._is_agreed(WHAT):
        raise NotTrusted([Diagnostic("scan.yaml", 1, 8, "model", "would run /bin/sh")], [WHAT])
    return "done"


def test_without_a_terminal_it_is_refused() -> None:
    with pytest.raises(NotTrusted):
        with_consent(_action)


@pytest.mark.parametrize(("answer", "done"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_on_a_terminal_the_answer_decides(answer: str, done: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal(answer))
    said = _Terminal()
    monkeypatch.setattr(sys, "stderr", said)
    if done:
        assert with_consent(_action) == "done"
        assert with_consent(_action) == "done"
    else:
        with pytest.raises(NotTrusted):
            with_consent(_action)
    assert said.getvalue().count("would run /bin/sh") == 1
    assert "May this run?" in said.getvalue()
