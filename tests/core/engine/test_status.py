"""Status of a scan: what is left of its budget, and when it is published."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest

from terranova.config.scan import Budget
from terranova.engine import status as module
from terranova.engine.display import Silent
from terranova.engine.live_completeness import LiveCompleteness
from terranova.engine.status import RUNNING, StatusPublisher, publish_resumed
from terranova.engine.totals import ScanClock, Totals
from terranova.parallel.world import World, serial_world
from terranova.runs.coverage import Coverage
from terranova.runs.run import SUMMARY
from terranova.store import Manifest
from terranova.testing.fake_points import fake_schema


def _publisher(
    directory: Path, budget: Budget, world: World | None = None, seconds: float = 50.0
) -> StatusPublisher:
    clock = ScanClock(seconds, 0, replaying=False)
    return StatusPublisher(directory, budget, world or serial_world(), clock, Silent())


def _publish(
    publisher: StatusPublisher, state: str = RUNNING, *, final: bool = False, behind: bool = False
) -> None:
    totals = Totals(evaluations=25, valid=3)
    publisher.publish(state, totals, Coverage(2), 7, {"ask": 1.0}, final=final, behind_store=behind)


@pytest.mark.parametrize(
    ("budget", "fraction"),
    [
        (Budget(evaluations=100), 0.25),
        (Budget(evaluations=10), 1.0),
        (Budget(valid=4), 0.75),
        (Budget(evaluations=100, valid=4), 0.75),
        (Budget(wall=100.0), 0.5),
        (Budget(), 0.0),
    ],
)
def test_the_part_of_the_budget_that_is_used(budget: Budget, fraction: float, tmp_path: Path) -> None:
    shown = _publisher(tmp_path, budget).show(Totals(evaluations=25, valid=3), Coverage(2), 7)
    assert shown.fraction == pytest.approx(fraction, abs=1e-3)


def test_what_remains_is_expected_from_the_pace(tmp_path: Path) -> None:
    publisher = _publisher(tmp_path, Budget(evaluations=100))
    time.sleep(0.01)
    shown = publisher.show(Totals(evaluations=25), Coverage(2), 1)
    assert shown.seconds_left == pytest.approx(75 / shown.rate)
    assert math.isnan(_publisher(tmp_path, Budget(valid=5)).show(Totals(), Coverage(2), 1).seconds_left)


def test_the_summary_holds_plain_numbers(tmp_path: Path) -> None:
    _publish(_publisher(tmp_path, Budget(valid=5)))
    summary = json.loads((tmp_path / SUMMARY).read_text())
    assert (summary["state"], summary["valid"], summary["ranks"], summary["timings"]) == (
        RUNNING,
        3,
        1,
        {"ask": 1.0},
    )
    assert summary["best_loglike"] is None, "there is no infinity in JSON"


def test_nothing_is_published_more_often_than_is_of_use_but_the_end_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROGRESS_INTERVAL", 3600.0)
    publisher = _publisher(tmp_path, Budget(valid=5))
    _publish(publisher)
    (tmp_path / SUMMARY).unlink()
    _publish(publisher)
    assert not (tmp_path / SUMMARY).exists()
    _publish(publisher, "valid", final=True)
    assert json.loads((tmp_path / SUMMARY).read_text())["state"] == "valid"


@pytest.mark.parametrize(
    ("state", "written"), [(RUNNING, False), ("signal", False), ("wall", False), ("valid", True)]
)
def test_points_that_are_safe_never_vanish_from_the_status(tmp_path: Path, state: str, written: bool) -> None:
    _publish(_publisher(tmp_path, Budget(valid=5)), state, final=True, behind=True)
    assert (tmp_path / SUMMARY).exists() is written


def test_only_the_first_rank_publishes(tmp_path: Path) -> None:
    world = serial_world()
    world.rank = 1
    publisher = _publisher(tmp_path, Budget(valid=5), world)
    _publish(publisher, final=True)
    assert not publisher.display_is_due
    assert not (tmp_path / SUMMARY).exists()


def test_a_status_that_cannot_be_written_is_not_worth_a_scan(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _publish(_publisher(tmp_path / "nowhere", Budget(valid=5)), final=True)
    assert "could not be written" in caplog.text


def test_a_run_that_goes_on_has_not_ended_and_counts_what_it_counted(tmp_path: Path) -> None:
    Manifest(fake_schema(), 1, "ring").save(tmp_path)
    publish_resumed(tmp_path)
    assert not (tmp_path / SUMMARY).exists(), "there was nothing to change"
    _publish(_publisher(tmp_path, Budget(evaluations=25)), "evaluations", final=True)
    before = json.loads((tmp_path / SUMMARY).read_text())
    publish_resumed(tmp_path)
    assert json.loads((tmp_path / SUMMARY).read_text()) == {**before, "state": RUNNING}


def test_the_status_says_how_complete_the_map_is_once_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROGRESS_INTERVAL", 0.0)
    publisher = _publisher(tmp_path, Budget(valid=5))
    _publish(publisher)
    assert "completeness" not in json.loads((tmp_path / SUMMARY).read_text())
    known = {"completeness": {"found": 0.85}}
    monkeypatch.setattr(LiveCompleteness, "look", lambda self, _: None)
    monkeypatch.setattr(LiveCompleteness, "to_dict", lambda self: known)
    monkeypatch.setattr(LiveCompleteness, "words", "85 % of the reachable bins")
    _publish(publisher)
    assert json.loads((tmp_path / SUMMARY).read_text())["completeness"] == {"found": 0.85}
    assert publisher.show(Totals(), Coverage(2), 1).completeness == "85 % of the reachable bins"
