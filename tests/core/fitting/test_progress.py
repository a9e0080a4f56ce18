"""Lines that say what a fit is at."""

from __future__ import annotations

import pytest

from terranova.fitting import progress
from terranova.fitting.progress import LINE_EVERY, ProgressLines


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_now_and_then(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    say = ProgressLines(quiet=False)
    for seconds, line in ((0.0, "first"), (0.5 * LINE_EVERY, "too early"), (LINE_EVERY, "second")):
        clock[0] += seconds
        say(line)
    assert capsys.readouterr() == ("", "first\nsecond\n")


def test_quiet_says_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    ProgressLines(quiet=True)("first")
    assert capsys.readouterr() == ("", "")
