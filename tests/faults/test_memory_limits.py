"""A limit of memory below what is needed: one line that says so, whichever library met it; no point is blamed."""

from __future__ import annotations

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.scan_processes import PATIENCE, Lab

from terranova import BoundModel, Model, Observable, Parameter, Problem, Status, Uniform
from terranova.errors import OutOfMemory, lacks_memory
from terranova.parallel.exit import run_guarded
from terranova.plugins.executors import SerialExecutor

pytestmark = pytest.mark.fault("F58")


def _raise(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


def _wrapped() -> None:
    try:
        raise MemoryError
    except MemoryError as error:
        raise RuntimeError("compilation failed") from error


LACKS: list[Callable[[], object]] = [
    _raise(MemoryError()),
    _raise(OSError(errno.ENOMEM, "Cannot allocate memory")),
    _raise(ImportError("_duckdb.so: failed to map segment from shared object")),
    _raise(RuntimeError("can't start new thread")),
    _raise(RuntimeError("LLVM ERROR: out of memory")),
    lambda: np.empty(2**50),
    _wrapped,
]


@pytest.mark.parametrize("command", LACKS)
def test_whatever_a_library_makes_of_it_is_one_line(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run_guarded(command)
    (line,) = capsys.readouterr().err.splitlines()
    assert left.value.code == OutOfMemory.exit_code == 1
    assert line.startswith("error: there is no memory left")
    assert "give the process more memory" in line


@pytest.mark.parametrize(
    "error",
    [
        ValueError("out of memory of the past"),
        ImportError("no module named memory"),
        OSError(5, "no"),
        KeyError("x"),
    ],
)
def test_other_errors_are_not_taken_for_it(error: BaseException) -> None:
    assert not lacks_memory(error)


class _Hungry(Model):
    name = "hungry"
    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("p"),)
    limit = 0.0

    def evaluate(self, points: Any) -> Any:
        if (points["a"] >= self.limit).any():
            raise MemoryError
        return {"p": points["a"]}


def test_a_batch_that_fails_as_a_whole_stops_the_scan_and_one_point_is_a_row() -> None:
    x = np.linspace(0.0, 1.0, 8).reshape(-1, 1)
    with SerialExecutor(Problem(BoundModel(_Hungry()), [])) as executor:
        with pytest.raises(OutOfMemory, match="all 8 points of a batch failed for want of memory"):
            executor.evaluate(x)
        assert executor.evaluate(x[:1]).status.tolist() == [Status.RAISED]
    some = type("Some", (_Hungry,), {"limit": 0.9})
    with SerialExecutor(Problem(BoundModel(some()), [])) as executor:
        assert executor.evaluate(x).status.tolist() == [Status.OK] * 7 + [Status.RAISED]


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="the limit needs Linux")
@pytest.mark.parametrize("kilobytes", [400_000, pytest.param(700_000, marks=pytest.mark.slow)])
def test_a_scan_under_a_limit_of_the_shell(tmp_path: Path, kilobytes: int) -> None:
    lab = Lab(tmp_path)
    path, _ = lab.config("run", evaluations=60)
    done = subprocess.run(
        ["bash", "-c", f'ulimit -v {kilobytes}; exec "$@"', "bash", *lab.command("scan", path, "-q")],
        env=lab.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    # A library in C++ that finds no memory in a thread of its own ends the process, in its own words.
    assert "memory" in done.stderr or "bad_alloc" in done.stderr
