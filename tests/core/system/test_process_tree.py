"""A process ends with everything that it started. See tests/faults/test_isolation.py for trees that resist."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from support.leftover_processes import nothing_is_left

from terranova.system import process_tree
from terranova.system.process_tree import end_tree, exit_code, marked

__all__ = ["nothing_is_left"]


def test_a_mark_is_new_each_time_and_stands_in_the_environment() -> None:
    outer, outer_mark = marked({"A": "1"})
    inner, inner_mark = marked(outer, program=True)
    assert outer_mark in {f"{name}={value}" for name, value in inner.items()}, "a program ends with its worker"
    assert inner_mark in {f"{name}={value}" for name, value in inner.items()}
    assert inner["A"] == "1"
    assert len({outer_mark, inner_mark, marked({})[1]}) == 3


@pytest.mark.integration
@pytest.mark.parametrize("code", ["raise SystemExit(7)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_the_exit_code_is_known_before_the_child_is_waited_for(code: str) -> None:
    child = subprocess.Popen([sys.executable, "-S", "-c", code])
    while (first := exit_code(child.pid)) is None:
        time.sleep(0.01)
    assert first == exit_code(child.pid) == child.wait() != 0


@pytest.mark.integration
def test_children_that_left_the_session_end_as_well(nothing_is_left: Callable[[], bool]) -> None:
    environment, mark = marked(os.environ)
    child = "import os, time; os.setsid(); print('away', flush=True); time.sleep(600)"
    parent = (
        f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-S', '-c', {child!r}]); time.sleep(600)"
    )
    command = [sys.executable, "-S", "-c", parent]
    leader = subprocess.Popen(command, env=environment, start_new_session=True, stdout=subprocess.PIPE)
    assert leader.stdout is not None
    assert leader.stdout.readline() == b"away\n"
    assert exit_code(leader.pid) is None
    end_tree(leader.pid, mark)
    assert leader.wait() == -9
    leader.stdout.close()
    assert nothing_is_left()


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("ps") is None, reason="there is no ps on this machine")
def test_both_tables_of_processes_say_the_same_of_this_one() -> None:
    pid, parent, group = os.getpid(), os.getppid(), os.getpgid(0)
    for table in (process_tree._by_ps(), process_tree._linux(b"NO=mark")):
        assert (pid, parent, group) in {row[:3] for row in table}
