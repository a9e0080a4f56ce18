"""Displays: durations and numbers for people, lines in a log, and silence."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from typing import Any

import pytest

from terranova.engine.display import Display, LogLines, Silent, Snapshot, choose, clock, number

SNAPSHOT = Snapshot(
    seconds=125.0,
    evaluations=12_345,
    rate=98.7,
    valid=12,
    failed=3,
    best_violation=math.inf,
    best_loglike=-math.inf,
    coverage=17.25,
    generation=40,
    fraction=0.5,
    seconds_left=math.nan,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0s"), (59.6, "1m 00s"), (125.0, "2m 05s"), (11_400.0, "3h 10m"), (math.nan, "?"), (math.inf, "?")],
)
def test_durations(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(("value", "text"), [(math.inf, "-"), (math.nan, "-"), (0.0, "0"), (1234.56, "1235")])
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_a_snapshot_is_plain_json() -> None:
    words = json.loads(json.dumps(SNAPSHOT.to_dict(), allow_nan=False))
    assert words["best_violation"] is None
    assert words["evaluations"] == 12_345
    assert "completeness" not in words, "that is for people"


def test_a_log_has_a_line_at_the_start_and_one_at_the_end() -> None:
    stream = io.StringIO()
    with LogLines(stream) as log:
        for _ in range(5):
            log.update(SNAPSHOT)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 2
    assert "12,345 points" in lines[0]
    assert "12 valid" in lines[0]
    assert "50 % done, ? left" in lines[0]


def test_a_log_says_how_complete_the_map_is_when_that_is_known() -> None:
    stream = io.StringIO()
    with LogLines(stream, interval=0.0) as log:
        log.update(SNAPSHOT)
        log.update(replace(SNAPSHOT, completeness="still growing along tan_beta"))
    before, after = stream.getvalue().splitlines()
    assert "map" not in before
    assert "coverage 17.2/400  map: still growing along tan_beta  50 % done" in after


def test_nobody_looks_at_a_closed_stream_and_the_scan_goes_on() -> None:
    stream = io.StringIO()
    with LogLines(stream, interval=0.0) as log:
        stream.close()
        log.update(SNAPSHOT)
        log.message("words")


def test_a_terminal_shows_the_numbers_and_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(io.StringIO, "close", lambda _: None, raising=False) if False else None
    with monkeypatch.context() as patch, Display("my scan", stream) as display:
        patch.setattr(stream, "close", lambda: None)
        display.update(replace(SNAPSHOT, completeness="85 % (72 to 93) of the reachable bins"))
        display.message("stopping after this step")
    text = stream.getvalue()
    assert "my scan" in text
    assert "12,345" in text
    assert "85 % (72 to 93) of the reachable bins" in text
    assert "stopping after this step" in text


@pytest.mark.parametrize("words", [{"root": False}, {"root": True, "quiet": True}])
def test_other_ranks_and_quiet_scans_say_nothing(words: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with choose("my scan", **words) as silent:
        silent.update(SNAPSHOT)
        silent.message("words")
    assert isinstance(silent, Silent)
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_there_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with choose("my scan", root=True) as lines:
        lines.update(SNAPSHOT)
    assert "12,345 points" in capsys.readouterr().err
