"""Ctrl-C twice, in every command, at many moments: the second ends it, and nothing half is under its final name."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from support.leftover_processes import nothing_is_left  # noqa: F401 - a fixture
from support.scan_processes import PATIENCE, Lab, until

import terranova
from terranova.system.atomic import TEMPORARY
from terranova.system.signals import SAME_REQUEST

pytestmark = [pytest.mark.integration, pytest.mark.fault("F63")]

ENDLESS = 100_000_000
"""Evaluations: what is not ended would run for days."""

FIT = """
model: toy-naughty
constraints: [toy-wide, {{name: a, kind: gaussian, observable: a, value: 5, sigma: 1, unit: GeV, source: chosen}}]
profile: [a, b, {{a: null, b: null}}]
output: {output}
"""
COMPARISON = """
samplers: [random, de]
problems: [{{label: toy, model: toy-naughty, constraints: [toy-wide]}}]
budget: {{evaluations: {evaluations}}}
seeds: 2
workers: 2
output: {output}
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Two runs of some thousand points, a surrogate, and configurations of what would take for ever."""
    lab = Lab(tmp_path_factory.mktemp("lab"))
    for name in ("one", "two"):
        path, _ = lab.config(name, evaluations=6000)
        path.write_text(path.read_text().replace("seed: 5", f"seed: {len(name) + ord(name[0])}"))
        done = lab.run("scan", path, "-q")
        assert done.returncode == 0, done.stderr
    lab.config("endless", evaluations=ENDLESS)
    (lab.folder / "fit.yaml").write_text(FIT.format(output=lab.folder / "fit"))
    comparison = COMPARISON.format(evaluations=ENDLESS, output=lab.folder / "comparison")
    (lab.folder / "comparison.yaml").write_text(comparison)
    return lab


def _words(lab: Lab, command: str, out: Path) -> list[object]:
    """Return the command line of a command that writes to `out`."""
    one, two = lab.folder / "one", lab.folder / "two"
    words: dict[str, list[object]] = {
        "scan": ["scan", lab.folder / "endless.yaml", "--output", out, "-q"],
        "resume": ["resume", one, "--evaluations", ENDLESS, "-q"],
        "launch": ["launch", "-n", 1, lab.folder / "endless.yaml", "--output", out, "-q"],
        "fit": ["fit", lab.folder / "fit.yaml", "--output", out, "-q"],
        "compare": ["compare", lab.folder / "comparison.yaml", "--output", out, "-q"],
        "report": ["report", one, "--output", out, "--random", ENDLESS],
        "export": ["export", one, "--output", out],
        "merge": ["merge", one, two, "--output", out],
        "rescore": ["rescore", one, "-c", "toy-wide", "--output", out],
        "train": ["surrogate", "train", one, "--output", out, "--trials", 500],
        "doctor": ["doctor"],
        "plugins": ["plugins"],
        "best": ["best", one],
        "verify": ["verify", one],
    }
    return words[command]


def _listens(pid: int) -> bool:
    """True once terranova listens to signals; before that, it is Python that starts."""
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if int(fd.name) > 2 and os.readlink(fd).startswith("pipe:"):
                return True
    return False


def _twice(lab: Lab, words: list[object], wait: float, *, group: bool) -> subprocess.CompletedProcess[str]:
    """Start a command, and press Ctrl-C twice, after `wait` seconds and once more; return how it ended."""
    process = lab.start(*words, deed={"nap": 0.01})
    kill: Callable[[int, int], None] = os.killpg if group else os.kill  # a terminal sends it to all of its group
    until(lambda: process.poll() is not None or _listens(process.pid), "it listens")
    time.sleep(wait)
    for pause in (SAME_REQUEST + 0.2, 0.0):
        if process.poll() is None:
            kill(process.pid, signal.SIGINT)
            time.sleep(pause)
    out, err = process.communicate(timeout=PATIENCE)
    return subprocess.CompletedProcess(words, process.returncode, out, err)


def _check(done: subprocess.CompletedProcess[str], out: Path, *, endless: bool) -> None:
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    # One that comes while Python already leaves is the system's to deal with; a shell says 130 of both.
    interrupted = (130, -signal.SIGINT)
    assert done.returncode in (interrupted if endless else (*interrupted, 0)), done.stdout + done.stderr
    if done.returncode and out.is_file() and "wrote" not in done.stdout:
        raise AssertionError(f"{out} is there, although the command did not end")
    if (out / "manifest.json").exists():
        terranova.open(out).count  # noqa: B018 - it can be read, or this raises
    whole = {"out.units.json"} if out.is_file() else set()  # of an export that was done
    left = [p for p in out.parent.glob("out*") if p.suffix not in ("", TEMPORARY) and p.name not in whole]
    assert not left, "what is not finished has another name"


SOON, LATE = 0.05, 1.5
ENDLESS_COMMANDS = ["scan", "launch", "fit", "compare", "report"]
SHORT_COMMANDS = ["resume", "export", "merge", "rescore", "train", "doctor", "plugins", "best", "verify"]
CORE = [("scan", LATE), ("report", LATE), ("train", LATE)]


@pytest.mark.parametrize(
    ("command", "wait"),
    [
        *CORE,
        *(
            pytest.param(command, wait, marks=pytest.mark.slow)
            for command in [*ENDLESS_COMMANDS, *SHORT_COMMANDS]
            for wait in (SOON, 0.6, LATE, 3.0)
            if (command, wait) not in CORE
        ),
    ],
)
@pytest.mark.parametrize("group", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["process", "group"])
def test_the_second_ctrl_c_ends_every_command(
    lab: Lab,
    tmp_path: Path,
    command: str,
    wait: float,
    group: bool,
    nothing_is_left: Callable[[], bool],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "out"
    monkeypatch.setitem(lab.environment, "TERRANOVA_TEST", os.environ["TERRANOVA_TEST"])
    done = _twice(lab, _words(lab, command, out), wait, group=group)
    _check(done, out, endless=command in ENDLESS_COMMANDS)
    assert nothing_is_left()
