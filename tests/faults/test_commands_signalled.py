"""Signals to commands that are no scans: one line, an exit code that says so, nothing half-written left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.live_stores import SCHEMA
from support.scan_processes import PATIENCE

from terranova.errors import EXIT_CTRL_C, EXIT_INTERRUPTED
from terranova.parallel.exit import run_guarded
from terranova.store import Reader, Writer
from terranova.system.atomic import replacing
from terranova.testing import NoSync
from terranova.testing.fake_points import fake_batch

pytestmark = pytest.mark.fault("F55")

CODES = {
    signal.SIGINT: EXIT_CTRL_C,
    signal.SIGTERM: EXIT_INTERRUPTED,
    signal.SIGHUP: EXIT_INTERRUPTED,
    signal.SIGUSR1: EXIT_INTERRUPTED,
}


@pytest.mark.parametrize("number", CODES)
def test_a_signal_within_a_write_leaves_one_line_a_code_and_the_old_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals
) -> None:
    target = tmp_path / "file"
    target.write_text("old")

    def command() -> None:
        with replacing(target) as file:
            file.write(b"new")
            os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as left:
        run_guarded(command)
    assert left.value.code == CODES[number]
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("interrupted; " if number == signal.SIGINT else f"ended by {number.name}; ")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "old"
    assert signal.getsignal(number) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("where", ["table", "batches"])
def test_a_signal_within_duckdb_is_no_error_of_the_query(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals, where: str
) -> None:
    with NoSync(), Writer(tmp_path, SCHEMA) as writer:
        writer.append(fake_batch(SCHEMA, 400))
    endless = "SELECT count(*) FROM points a, points b, points c, points d WHERE a.p0 + b.p0 + c.p0 + d.p0 > 1e9"

    def command() -> None:
        kill = f"import os, time; time.sleep(1); os.kill({os.getpid()}, {number})"
        with subprocess.Popen([sys.executable, "-c", kill]):
            if where == "table":
                Reader(tmp_path).sql(endless)
            else:
                list(Reader(tmp_path).batches(["p0"], f"({endless}) >= 0"))

    with pytest.raises(SystemExit) as left:
        run_guarded(command)
    assert left.value.code == CODES[number]
    (line,) = capsys.readouterr().err.splitlines()
    assert "the same command can be given again" in line


TWICE = """
import sys, time
from terranova.parallel.exit import run_guarded
def stubborn():
    said = False
    while True:
        try:
            if not said:
                said = True
                print("ready", flush=True)
            time.sleep(600)
        except BaseException:
            print("caught", flush=True)
run_guarded(stubborn)
"""


def test_a_second_ctrl_c_ends_what_takes_no_notice_of_the_first() -> None:
    with subprocess.Popen([sys.executable, "-c", TWICE], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "caught\n"
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == EXIT_CTRL_C


def test_nohup_is_respected(tmp_path: Path) -> None:
    script = "import os, signal\nfrom terranova.parallel.exit import run_guarded\n"
    script += "run_guarded(lambda: (os.kill(os.getpid(), signal.SIGHUP), print('done')))\n"
    done = subprocess.run(
        ["bash", "-c", 'trap "" HUP; exec "$@"', "bash", sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
