"""Lines of progress: not too many, and none when quiet."""

from __future__ import annotations

import pytest

from terranova.fitting import progress
from terranova.fitting.progress import LINE_EVERY, ProgressLines


def test_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    say = ProgressLines(quiet=False)
    for line in ("one", "two", "three"):
        say(line)
        now[0] += 0.6 * LINE_EVERY
    assert capsys.readouterr().err == "one\nthree\n"


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    ProgressLines(quiet=True)("one")
    assert capsys.readouterr() == ("", "")
