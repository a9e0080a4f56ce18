"""Ranks that die, fail, leave or hang: the others never wait for ever, and a supervisor starts them again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.scan_processes import MPIRUN, PATIENCE, Lab, alive, assert_same_rows, count, relatives, until

import terranova
from terranova import Status
from terranova.engine.supervisor import Supervisor
from terranova.parallel.heartbeat import sign_of

pytestmark = [
    pytest.mark.mpi,
    pytest.mark.xdist_group("mpi"),
    pytest.mark.skipif(MPIRUN is None, reason="no mpirun on this machine"),
]


def _gone(path: Path) -> None:
    until(lambda: not relatives(path), "no process is left")


# -- failures end the job, with the words once


@pytest.mark.fault("F27")
@pytest.mark.parametrize("rank", [pytest.param(0, marks=pytest.mark.slow), 1])
@pytest.mark.parametrize(
    ("deed", "code", "words"),
    [
        ("raise", 3, "this model is broken here"),
        pytest.param("bug", 1, "misbehaving_plugins.Bug: a bug", marks=pytest.mark.slow),
    ],
)
def test_an_exception_on_one_rank_ends_all_with_its_words_once(
    tmp_path: Path, rank: int, deed: str, code: int, words: str
) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("failing", evaluations=1_000_000, epoch=1_000_000)
    done = lab.run("scan", path, "-q", ranks=2, deed={"deed": deed, "rank": rank, "points": 60, "nap": 0.01})
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.count(words) == 1
    assert f"rank {rank}" in done.stderr
    assert count(run) > 0
    _gone(path)


@pytest.mark.slow
@pytest.mark.fault("F21", "F27")
@pytest.mark.parametrize("rank", [0, 1])
def test_a_model_that_leaves_on_one_rank_costs_the_points_there(tmp_path: Path, rank: int) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("leaving", islands=4)
    done = lab.run("scan", path, "-q", ranks=2, deed={"deed": "leave", "rank": rank, "points": 60})
    assert done.returncode == 0, done.stdout + done.stderr
    rows = terranova.open(run).to_pandas()
    assert len(rows) == 600
    failed = rows[rows.status != Status.OK]
    assert set(failed.status) == {Status.RAISED}
    assert set(failed.reason) == {"SystemExit: 7"}
    assert 0 < len(failed) <= 300
    assert failed.island.nunique() == 2, "those of one rank"


@pytest.mark.fault("F27")
@pytest.mark.parametrize("rank", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_plugin_that_one_rank_cannot_import_ends_all(tmp_path: Path, rank: int) -> None:
    lab = Lab(tmp_path, modules=("support.misbehaving_plugins", "fickle"))
    (tmp_path / "plugins" / "fickle.py").write_text(
        "import os\n"
        f"if os.environ.get('PMI_RANK') == '{rank}':\n"
        "    raise ImportError('no such library on this node')\n"
        "from support import toys\n"
        "class Fickle(toys.Shell):\n"
        "    name = 'toy-fickle'\n"
        "@toys.hookimpl\n"
        "def terranova_models():\n"
        "    return [Fickle]\n"
    )
    path, _ = lab.config("fickle", model="toy-fickle", evaluations=100_000)
    done = lab.run("scan", path, "-q", ranks=2)
    assert done.returncode in (2, 3), done.stdout + done.stderr
    assert done.stderr.count("toy-fickle") == 1
    assert f"rank {rank}" in done.stderr
    assert "Traceback" not in done.stderr
    _gone(path)


SCRIPT = """
import sys, terranova
from terranova.parallel.exit import run_guarded
from terranova.parallel.world import world

def main():
    try:
        terranova.scan(sys.argv[1], quiet=True)
    except Exception as error:
        print(f"rank {world().rank} caught {type(error).__name__}: {error}")
    # All ranks are in step again: another scan, and exchanges, work as if nothing had been.
    run = terranova.scan(sys.argv[2], quiet=True)
    print(f"rank {world().rank} has {run.count} points of {world().allgather(run.count)}")

run_guarded(main)
"""


@pytest.mark.fault("F27")
@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_a_script_may_catch_the_error_and_carry_on(tmp_path: Path, rank: int) -> None:
    lab = Lab(tmp_path)
    first, _ = lab.config("first", evaluations=1_000_000, epoch=1_000_000)
    second, _ = lab.config("second", evaluations=300)
    deed = {"deed": "raise", "rank": rank, "points": 60, "once": str(tmp_path / "done"), "nap": 0.005}
    done = subprocess.run(
        [str(MPIRUN), "-n", "2", sys.executable, "-P", "-c", SCRIPT, str(first), str(second)],
        env=lab.with_deed(deed),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"rank {rank} caught ContractError: this model is broken here" in done.stdout
    assert f"rank {1 - rank} caught RankFailed: rank {rank} failed: ContractError: this model" in done.stdout
    assert done.stdout.count("has 300 points of [300, 300]") == 2


# -- deaths end the job


@pytest.mark.fault("F26")
@pytest.mark.parametrize(
    ("deed", "rank", "codes"),
    [
        pytest.param("SIGKILL", 1, (9, 137), marks=pytest.mark.slow),
        pytest.param("SIGKILL", 0, (9, 137), marks=pytest.mark.slow),
        pytest.param("segfault", 0, (11, 139), marks=pytest.mark.slow),
        ("segfault", 1, (11, 139)),
        pytest.param("exit3", 1, (3,), marks=pytest.mark.slow),
    ],
)
def test_the_death_of_a_rank_ends_all(tmp_path: Path, deed: str, rank: int, codes: tuple[int, ...]) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("dying", evaluations=1_000_000, epoch=1_000_000)
    done = lab.run("scan", path, "-q", ranks=2, deed={"deed": deed, "rank": rank, "points": 60, "nap": 0.01})
    assert done.returncode in codes, done.stdout + done.stderr
    assert count(run) > 0
    _gone(path)


@pytest.mark.fault("F26")
def test_a_rank_that_hangs_is_found_out_and_ends_all(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("hanging", evaluations=3000, parallel="patience: 3")
    done = lab.run("scan", path, "-q", ranks=2, deed={"deed": "hang", "rank": 1, "points": 60})
    assert done.returncode == 6, done.stdout + done.stderr
    assert "no sign of life for 3 s from rank 1 (process " in done.stderr
    assert "parallel.patience" in done.stderr
    assert count(run) > 0
    _gone(path)


@pytest.mark.slow
@pytest.mark.fault("F26")
@pytest.mark.parametrize(("rank", "mode"), [(0, "islands"), (0, "evaluations"), (1, "evaluations")])
def test_a_rank_that_hangs_is_found_out_in_every_role(tmp_path: Path, rank: int, mode: str) -> None:
    lab = Lab(tmp_path)
    path, _ = lab.config("hanging", evaluations=3000, parallel=f"patience: 3, mode: {mode}")
    process = lab.start("scan", path, "-q", ranks=2, deed={"nap": 0.005})
    sign = sign_of(tmp_path / "hanging", rank)
    until(lambda: count(tmp_path / "hanging") > 50 and sign.exists(), "the scan runs", process=process)
    os.kill(json.loads(sign.read_text())["pid"], signal.SIGSTOP)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 6, err
    assert f"no sign of life for 3 s from rank {rank}" in err
    _gone(path)


@pytest.mark.slow
@pytest.mark.fault("F26")
def test_a_slow_rank_is_not_taken_for_one_that_hangs(tmp_path: Path) -> None:
    # Rank 1 needs 0.5 s for each generation, 5 s for an epoch; nobody may be silent for more than 2 s.
    lab = Lab(tmp_path)
    path, run = lab.config("slow", evaluations=3 * 10, islands=3, epoch=10, parallel="patience: 2")
    done = lab.run("scan", path, "-q", ranks=2, deed={"nap": 0.5, "rank": 1, "points": 10**9})
    assert done.returncode == 0, done.stdout + done.stderr
    assert count(run) == 30


# -- too many ranks, no launcher


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    ("islands", "evaluations", "ranks", "code"),
    [
        pytest.param(3, 2, 3, 0, marks=pytest.mark.slow),
        (2, 100, 3, 5),
        pytest.param(3, 100, 3, 0, marks=pytest.mark.slow),
        pytest.param(1, 7, 1, 0, marks=pytest.mark.slow),
    ],
)
def test_more_ranks_than_points_islands_or_cores(
    tmp_path: Path, islands: int, evaluations: int, ranks: int, code: int
) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("many", islands=islands, evaluations=evaluations)
    done = lab.run("scan", path, "-q", ranks=ranks)
    assert done.returncode == code, done.stdout + done.stderr
    if code:
        assert done.stderr.count("3 ranks, but sampler.islands is 2") == 1
    else:
        assert count(run) == evaluations


@pytest.mark.fault("F28")
def test_without_a_launcher_the_message_says_what_to_install(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, _ = lab.config("none")
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    (tmp_path / "pyvenv.cfg").write_text("")
    code = (
        "import sys; sys.executable = sys.argv[1]\n"
        "sys.argv = ['terranova', 'launch', '-n', '2', sys.argv[2]]\n"
        "from terranova.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, str(python), str(path)],
        env={**lab.environment, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert "pip install 'terranova[mpi]'" in done.stderr
    done = lab.run("launch", "-n", 2, path, "--launcher", "no-such-srun --mpi=pmix")
    assert done.returncode == 5
    assert "no-such-srun cannot be started" in done.stderr


# -- the supervisor


@pytest.mark.fault("F26")
def test_the_supervisor_starts_a_killed_rank_again(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    words: dict[str, Any] = {"sampler": "cmaes-novelty", "evaluations": 600}
    path, whole = lab.config("whole", **words)
    assert lab.run("scan", path, "-q").returncode == 0
    path, killed = lab.config("killed", **words)
    deed = {"deed": "SIGKILL", "rank": 1, "points": 100, "once": str(tmp_path / "done")}
    done = lab.run("launch", "-n", 2, path, "-q", "--pause", "0.1", deed=deed)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count("launch: a process died of SIGKILL; ") == 1
    assert_same_rows(killed, whole)
    _gone(path)
    # It is finished now; saying so again is no error.
    assert lab.run("launch", "-n", 2, killed, "-q").returncode == 0


def _launched(tmp_path: Path, deed: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """Launch a scan whose second rank meets its end at its first point; return its file and what was said."""
    lab = Lab(tmp_path)
    path, _ = lab.config("doomed")
    done = lab.run("launch", "-n", 2, path, "-q", "--pause", "0.05", deed={"deed": deed, "rank": 1})
    return path, done


@pytest.mark.slow
@pytest.mark.fault("F26")
def test_the_supervisor_gives_up_when_there_is_no_progress(tmp_path: Path) -> None:
    path, done = _launched(tmp_path, "SIGKILL")
    assert done.returncode == 4, done.stdout + done.stderr
    assert done.stderr.count("without progress)") == 5
    assert "the ranks died 6 times in a row without storing a point" in done.stderr
    _gone(path)


@pytest.mark.slow
@pytest.mark.fault("F26")
def test_the_supervisor_does_not_repeat_a_model_that_leaves(tmp_path: Path) -> None:
    path, done = _launched(tmp_path, "exit0")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "has just ended it by os._exit(0)" in done.stderr
    assert "isolation: process" in done.stderr
    assert "it is not started again" in done.stderr
    _gone(path)


@pytest.mark.slow
@pytest.mark.fault("F26")
def test_progress_resets_the_count_of_tries(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    # Each session gets through about one generation more: many more deaths than tries, each after some progress.
    path, run = lab.config("often", evaluations=1200)
    deed = {"deed": "SIGKILL", "rank": 1, "points": 200}
    done = lab.run("launch", "-n", 2, path, "-q", "--pause", "0.05", "--tries", 1, deed=deed)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("(try 1 of 1 without progress)") >= 3, done.stderr
    assert count(run) == 1200


@pytest.mark.slow
@pytest.mark.fault("F26")
@pytest.mark.parametrize(("deed", "code"), [("raise", 3), ("bug", 1)])
def test_the_supervisor_does_not_repeat_what_cannot_work(tmp_path: Path, deed: str, code: int) -> None:
    lab = Lab(tmp_path)
    path, _ = lab.config("broken")
    done = lab.run("launch", "-n", 2, path, "-q", deed={"deed": deed, "rank": 1})
    assert done.returncode == code, done.stdout + done.stderr
    assert "without progress" not in done.stderr
    path.write_text(path.read_text().replace("toy-naughty", "toy-nawty"))
    assert lab.run("launch", "-n", 2, path, "-q").returncode == 2
    existing = tmp_path / "broken"
    path.write_text(path.read_text().replace("toy-nawty", "toy-naughty"))
    done = lab.run("launch", "-n", 2, path, "-q")
    assert done.returncode == 4
    assert f"terranova resume {existing}" in done.stderr


@pytest.mark.slow
@pytest.mark.fault("F26", "F20")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)])
def test_the_supervisor_passes_signals_on(tmp_path: Path, number: signal.Signals, code: int) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("stopped", evaluations=1_000_000, epoch=1_000_000)
    process = lab.start("launch", "-n", 2, path, "-q", deed={"nap": 0.01})
    until(lambda: count(run) > 0, "points are stored", process=process)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code, out + err
    assert "launch:" not in err
    _gone(path)


@pytest.mark.slow
@pytest.mark.fault("F26")
def test_when_the_supervisor_is_killed_the_ranks_end_too(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config(
        "orphans", evaluations=1_000_000, model="toy-naughty-point", parallel="mode: evaluations"
    )
    process = lab.start("launch", "-n", 2, path, "-q", deed={"nap": 0.01})
    until(lambda: count(run) > 0, "points are stored", process=process)
    process.kill()
    process.communicate()
    _gone(path)
    assert lab.run("resume", run, "-q", "--wall", "0.1s").returncode == 0


@pytest.mark.slow
@pytest.mark.fault("F26")
def test_the_supervisor_ends_ranks_that_all_hang(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("frozen", evaluations=600, parallel="patience: 1")
    deed = {"deed": "hang", "points": 100, "once": str(tmp_path / "done")}
    done = lab.run("launch", "-n", 1, path, "-q", "--pause", "0.05", deed=deed)
    assert done.returncode == 0, done.stderr
    assert "no rank has given a sign of life for 1 s" in done.stderr
    assert count(run) == 600


@pytest.mark.slow
@pytest.mark.fault("F26")
def test_a_killed_launcher_is_started_again(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, run = lab.config("launcher", evaluations=900, epoch=1000)
    process = lab.start("launch", "-n", 2, path, "-q", "--pause", "0.05", deed={"nap": 0.01})
    until(lambda: count(run) > 0, "points are stored", process=process)
    launcher = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
    os.kill(launcher, signal.SIGKILL)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert count(run) == 900
    assert not alive(launcher)


@pytest.mark.slow
def test_a_supervisor_within_a_job_is_refused(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    path, _ = lab.config("nested")
    done = lab.run("launch", "-n", 2, path, ranks=2)
    assert done.returncode == 5
    assert done.stderr.count("call it once, without mpirun") == 1


def test_the_pause_doubles_and_a_signal_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    started = time.monotonic()

    def say(text: str) -> None:
        said.append(text)
        if len(said) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    # A launcher that dies at once, whatever it is asked to start.
    supervisor = Supervisor(None, tmp_path, 2, ["sh", "-c", "kill -9 $$"], tries=9, pause=0.05, options=[], say=say)
    assert supervisor.run() == 75
    assert [line.split("Going on in ")[1].split(" s")[0] for line in said] == ["0.05", "0.1", "0.2"]
    assert time.monotonic() - started < PATIENCE
