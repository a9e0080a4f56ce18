"""Who may open a run, where it may lie, and what readers see while others write."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from support.live_stores import sealed_run

import terranova
from terranova.errors import RunError, RunLocked
from terranova.store import Manifest, Reader, RunLock
from terranova.testing import Fail, NoSync, sigkill_after
from terranova.testing.fake_points import fake_schema

WORDS = {
    "model": "toy-shell",
    "constraints": ["toy-windows"],
    "sampler": {"name": "random", "islands": 2},
    "budget": {"evaluations": 300},
    "seed": 5,
}
BEGIN = """
import sys, time, os, terranova
from support import toys
from terranova.registry import registry
registry().register(toys, name="toys", origin="tests")
"""


def rows(directory: Path) -> pd.DataFrame:
    """All rows of a run in their natural order, without what depends on the clock."""
    frame = terranova.open(directory).to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


# -- two writers --------------------------------------------------------------------------------------------

HOLDING = "import sys, pathlib\nfrom terranova.store import RunLock\n"
HOLDING += "lock = RunLock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"


@pytest.mark.fault("F10")
def test_the_second_learns_who_holds_a_run(tmp_path: Path, toy_registry: None) -> None:
    with NoSync():
        whole = terranova.scan({**WORDS, "output": str(tmp_path)}, quiet=True)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        started = time.process_time()
        with pytest.raises(RunLocked, match=rf"is in use: process {holder.pid} on \S+, since 20\d\d-"):
            RunLock(tmp_path)
        assert time.process_time() - started < 1
        with pytest.raises(RunLocked, match=f"process {holder.pid}") as refused:
            terranova.resume(tmp_path, evaluations=400, quiet=True)
        assert refused.value.exit_code == 4
        with pytest.raises(RunLocked, match=f"process {holder.pid}"):
            whole.salvage()
        assert whole.verify().ok, "reading and checking is for everybody"
        holder.kill()
        holder.wait()
    RunLock(tmp_path).release()


@pytest.mark.fault("F10")
def test_the_lock_of_another_host_is_not_taken_silently(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    left = {"pid": 7, "host": "another-node", "since": "2026-01-01T00:00:00+00:00", "job": "SLURM_JOB_ID=42"}
    lock = tmp_path / "run.lock"
    lock.write_text(json.dumps(left))
    for name in ("SLURM_JOB_ID", "PBS_JOBID"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        RunLocked, match=r"process 7 on another-node, since 2026-.*never released.*remove .*run\.lock"
    ):
        RunLock(tmp_path)
    assert json.loads(lock.read_text()) == left
    monkeypatch.setenv("SLURM_JOB_ID", "43")
    with pytest.raises(RunLocked, match="another-node"):
        RunLock(tmp_path)
    monkeypatch.setenv("SLURM_JOB_ID", "42")  # requeued: Slurm has seen to the end of the earlier start
    RunLock(tmp_path).release()
    assert "taken over from process 7 on another-node" in caplog.text
    assert lock.read_text() == ""
    monkeypatch.delenv("SLURM_JOB_ID")
    lock.write_text(json.dumps(left))
    lock.unlink()  # what the message says
    RunLock(tmp_path).release()


@pytest.mark.fault("F10")
def test_a_lock_left_by_a_killed_process_of_this_host_is_free(tmp_path: Path) -> None:
    said = sigkill_after(["python", "-c", HOLDING, str(tmp_path)], stdin=subprocess.PIPE)
    assert said.lines == ["held"]
    assert json.loads((tmp_path / "run.lock").read_text())["pid"]
    RunLock(tmp_path).release()


# -- readers ------------------------------------------------------------------------------------------------

WRITING = """
import sys, time
from pathlib import Path
from terranova.store import Writer
from terranova.testing.fake_points import fake_batch, fake_schema
from terranova.testing import NoSync
directory, number, generations = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with NoSync(), Writer(directory, fake_schema(2, 2, 1), writer=number, part_rows=160) as writer:
    for generation in range(generations):
        writer.append(fake_batch(writer.schema, 8, island=number, generation=generation))
        time.sleep(0.001)
"""


@pytest.mark.fault("F11")
@pytest.mark.parametrize(("generations", "polls"), [(500, 30), pytest.param(6000, 1000, marks=pytest.mark.slow)])
def test_polling_while_two_processes_write_and_seal(tmp_path: Path, generations: int, polls: int) -> None:
    Manifest(schema=fake_schema(2, 2, 1), seed=1, model="fake").save(tmp_path)
    command = [sys.executable, "-c", WRITING, str(tmp_path)]
    processes = [subprocess.Popen([*command, str(number), str(generations)]) for number in range(2)]
    reader = Reader(tmp_path)
    counts: list[int] = []
    try:
        while any(process.poll() is None for process in processes) or len(counts) < polls:
            counts.append(reader.count())
            if len(counts) % 5:
                continue
            table = reader.table(["island", "generation", "index"])
            counts.append(table.num_rows)
            seen = Counter(zip(table["island"].to_pylist(), table["generation"].to_pylist(), strict=True))
            assert set(seen.values()) <= {8}, "no batch in part"
            for island in (0, 1):
                mine = sorted(generation for number, generation in seen if number == island)
                assert mine == list(range(len(mine))), "no batch before an earlier one"
            if len(counts) % 50 == 0:
                assert {finding.kind for finding in terranova.open(tmp_path).verify().findings} <= {"config"}
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert [process.returncode for process in processes] == [0, 0]
    assert counts == sorted(counts)
    assert len(set(counts)) > 3
    assert reader.count() == 2 * generations * 8


# -- places -------------------------------------------------------------------------------------------------

ODD = {
    "spaces and quotes": "a 'run' of \"mine\" $HOME; `x` %s",
    "unicode": "größe-質量-μ→eγ-🙂",
    "long": "r" * 200,
    "newline": "two\nlines",
    "option": "-n",
    "glob": "run[1]*?",
    "hash": "a#b?c=d&e",
}


@pytest.mark.fault("F12")
@pytest.mark.parametrize("kind", ODD)
def test_odd_names(tmp_path: Path, toy_registry: None, kind: str) -> None:
    directory = tmp_path / ODD[kind]
    with NoSync():
        run = terranova.scan({**WORDS, "output": str(directory)}, quiet=True)
        terranova.resume(directory, evaluations=400, quiet=True)
    assert run.count == 400
    assert run.sql("SELECT count(*) AS n FROM points WHERE loglike <= 0")["n"][0].as_py() == 400
    assert run.verify().ok
    assert len(run.best(3)) == 3


@pytest.mark.fault("F12")
def test_a_name_that_is_too_long_is_one_line_before_the_first_point(tmp_path: Path, toy_registry: None) -> None:
    with pytest.raises(RunError, match="File name too long") as refused:
        terranova.scan({**WORDS, "output": str(tmp_path / ("r" * 300))}, quiet=True)
    assert "\n" not in str(refused.value)


MOVING = f"""{BEGIN}
from support import toys
class Restless(toys.Shell):
    name = "restless"
    def evaluate(self, x):
        os.chdir("/")
        return super().evaluate(x)
registry().register(type("box", (), {{
    "terranova_models": staticmethod(terranova.hookimpl(lambda: [Restless])),
}}), name="restless", origin="tests")
run = terranova.scan({WORDS!r} | {{"model": "restless", "constraints": [], "output": "here"}}, quiet=True)
print(os.getcwd(), run.count, run.summary["state"], run.manifest.model, run.verify().ok)
"""


@pytest.mark.fault("F12")
def test_a_relative_path_and_a_model_that_changes_the_current_directory(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", MOVING], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["/", "300", "evaluations", "restless", "True"], done.stderr
    assert terranova.open(tmp_path / "here").count == 300


@pytest.mark.fault("F12")
def test_a_directory_that_cannot_be_written(tmp_path: Path, toy_registry: None) -> None:
    with (
        Fail("mkdir", code=errno.EROFS),
        pytest.raises(RunError, match="Read-only file system") as refused,
    ):
        terranova.scan({**WORDS, "output": str(tmp_path / "run")}, quiet=True)
    assert "\n" not in str(refused.value)
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match=r"file/run cannot be written: Not a directory"):
        terranova.scan({**WORDS, "output": str(tmp_path / "file" / "run")}, quiet=True)


FORBIDDEN = f"""{BEGIN}
from terranova.parallel.exit import run_guarded
import tempfile
with tempfile.TemporaryDirectory() as scratch:  # imports whatever a scan needs
    terranova.scan({WORDS!r} | {{"output": scratch + "/run"}}, quiet=True)
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
run_guarded(lambda: terranova.scan({WORDS!r} | {{"output": sys.argv[2]}}, quiet=True))
"""


@pytest.mark.fault("F12")
def test_a_user_without_permission() -> None:
    """Where root may do everything, the scan goes on as nobody."""
    folder = Path(tempfile.mkdtemp(prefix="terranova-test-"))
    try:
        folder.chmod(0o555)
        command = [sys.executable, "-c", FORBIDDEN, str(folder / "free"), str(folder / "run")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
    assert done.returncode == 4, done.stderr
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.fault("F12")
def test_reading_needs_no_permission_to_write(tmp_path: Path) -> None:
    from terranova.system import disk

    with NoSync():
        sealed_run(tmp_path, 12)
    before = sorted(tmp_path.rglob("*"))
    with Fail(code=errno.EROFS, lasting=True) as fail:
        run = terranova.open(tmp_path)
        assert (run.count, len(run.best(2))) == (60, 2)
        run.verify()
    assert fail.operations == 0, f"none of {disk.OPERATIONS} is needed"
    assert sorted(tmp_path.rglob("*")) == before


# -- clocks -------------------------------------------------------------------------------------------------

CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
/* The wall clock, as seen by the program, jumps back by an hour at every hundredth look at it. */
static long looks;
static long shift(void) { return 3600 * (looks++ / 100); }
int clock_gettime(clockid_t id, struct timespec *t) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(id, t);
    if (id == CLOCK_REALTIME) t->tv_sec -= shift();
    return code;
}
int gettimeofday(struct timeval *t, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    t->tv_sec = now.tv_sec;
    t->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}
"""
LOOKING = f"""{BEGIN}
began = time.time()
class Clocked(toys.Shell):
    name = "clocked"
    def evaluate(self, x):
        for _ in range(40):
            time.time()
        if os.environ.get("DIE") and os.path.exists(sys.argv[1] + "/points/journal-0000-00000000.log"):
            os._exit(9)  # with a generation stored
        return super().evaluate(x)
registry().register(type("box", (), {{
    "terranova_models": staticmethod(terranova.hookimpl(lambda: [Clocked])),
}}), name="clocked", origin="tests")
words = {WORDS!r} | {{"model": "clocked", "constraints": [], "budget": {{"evaluations": 2000, "wall": 3000}}}}
if os.path.exists(sys.argv[1]):
    run = terranova.resume(sys.argv[1], quiet=True)
else:
    run = terranova.scan(words | {{"output": sys.argv[1]}}, quiet=True)
print(time.time() < began, run.count, run.summary["state"])
"""


@pytest.mark.slow
@pytest.mark.fault("F13")
def test_a_clock_that_jumps_back(tmp_path: Path) -> None:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler to make a clock with")
    (tmp_path / "clock.c").write_text(CLOCK)
    library = tmp_path / "clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, tmp_path / "clock.c", "-ldl"], check=True)
    command = [sys.executable, "-c", LOOKING]
    odd = {**os.environ, "LD_PRELOAD": str(library)}
    dead = subprocess.run([*command, str(tmp_path / "odd")], env={**odd, "DIE": "1"}, timeout=120)
    assert dead.returncode == 9
    for environment, name in ((odd, "odd"), (dict(os.environ), "straight")):
        done = subprocess.run(
            [*command, str(tmp_path / name)], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.stdout.split() == [str(name == "odd"), "2000", "evaluations"], done.stderr
    assert terranova.open(tmp_path / "odd").verify().ok
    pd.testing.assert_frame_equal(rows(tmp_path / "odd"), rows(tmp_path / "straight"))
