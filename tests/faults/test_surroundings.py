"""What a scan must not depend on: streams, a terminal, HOME, the locale, a clock that goes the right way."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from support.jumping_clock import jumping
from support.scan_processes import PATIENCE, Lab, assert_same_rows, count

import terranova

__all__ = ["jumping"]


def _shell(lab: Lab, words: str, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Run a line of shell script, with some variables set, or taken away."""
    changed = {**lab.environment, **{k: v for k, v in environment.items() if v is not None}}
    for name in (k for k, v in environment.items() if v is None):
        changed.pop(name, None)
    return subprocess.run(
        ["bash", "-c", words], env=changed, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.fault("F30")
@pytest.mark.parametrize(
    ("line", "environment"),
    [
        ("{} <&-", {}),
        ("{} >&- 2>&-", {}),
        ("{} <&- >&- 2>&-", {}),
        ("set -o pipefail; {} 2>&1 | head -n 1 >/dev/null", {}),
        ("set -o pipefail; {} | true", {}),
        ("{} >/dev/full 2>/dev/full", {}),
        ("{}", {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0"}),
        ("{}", {"HOME": None, "XDG_CACHE_HOME": None, "XDG_CONFIG_HOME": None, "MPLCONFIGDIR": None}),
        ("{}", {"TERM": "dumb", "COLUMNS": "3"}),
    ],
    ids=["stdin", "outputs", "all", "head", "pipe", "full", "locale", "home", "terminal"],
)
def test_a_scan_does_not_depend_on_its_surroundings(
    tmp_path: Path, line: str, environment: dict[str, str | None]
) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("run", evaluations=200)
    done = _shell(lab, line.format(shlex.join(lab.command("scan", path))), **environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert count(run) == 200
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    summary = terranova.open(run).summary
    assert summary["state"] == "evaluations"
    # With closed streams, files opened later get their numbers: nothing printed may have gone into them.
    assert terranova.open(run).manifest.run_id
    assert len(list((run / "points").iterdir())) >= 1


@pytest.mark.slow
@pytest.mark.fault("F30")
def test_nothing_depends_on_the_surroundings_of_the_supervisor(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("run", evaluations=200)
    done = _shell(lab, shlex.join(lab.command("launch", "-n", "2", path)) + " <&- 2>&1 | head -n 1", HOME=None)
    assert done.returncode == 0, done.stdout + done.stderr
    assert count(run) == 200


@pytest.mark.slow
@pytest.mark.fault("F13")
def test_a_clock_that_jumps_back_changes_nothing(tmp_path: Path, jumping: Lab) -> None:
    lab = Lab(tmp_path)
    path, whole = lab.config("whole", sampler="cmaes-novelty")
    assert lab.run("scan", path, "-q").returncode == 0
    path, run = lab.config("jumping", sampler="cmaes-novelty")
    done = jumping.run("scan", path, "-q", "--wall", "1h", deed={"deed": "SIGKILL", "points": 300})
    assert done.returncode == -9, done.stderr
    done = jumping.run("resume", run, "-q")
    assert done.returncode == 0, done.stderr
    assert_same_rows(run, whole)
    opened = terranova.open(run)
    assert opened.manifest.created.startswith("1979-"), "the clock did jump"
    assert 0.0 < opened.summary["seconds"] < 3000.0
    assert bool((opened.to_pandas()["seconds"] >= 0.0).all())


@pytest.mark.fault("F13")
def test_the_budget_of_wall_time_is_kept_when_the_clock_jumps(jumping: Lab) -> None:
    path, run = jumping.config("wall", evaluations=10_000_000, epoch=1000)
    done = jumping.run("scan", path, "-q", "--wall", "1s", deed={"nap": 0.01})
    assert done.returncode == 0, done.stderr
    summary = terranova.open(run).summary
    assert summary["state"] == "wall"
    assert 1.0 <= summary["seconds"] < 120.0
