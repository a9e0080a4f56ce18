"""A process that a model ends is not taken for one that is done; children may end as they like."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from terranova.plugins.executors.last_words import ENDS, NoSilentEnd

pytestmark = pytest.mark.fault("F47")

BLOCK = """
import os, sys, threading, time
from terranova.plugins.executors.last_words import NoSilentEnd
with NoSilentEnd("mine"):
    {deed}
print("went on", flush=True)
"""
IN_CHILD = "pid = os.fork()\n    if pid == 0: os._exit(0)\n    os.waitpid(pid, 0)"
IN_THREAD = "threading.Thread(target=os._exit, args=(0,)).start(); time.sleep(9)"


def _end(deed: str) -> subprocess.CompletedProcess[str]:
    script = BLOCK.format(deed=deed)
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("deed", "what", "code"),
    [
        ("os._exit(0)", "os._exit(0)", 1),
        ("os._exit(75)", "os._exit(75)", 1),
        ("os._exit(3)", "os._exit(3)", 3),
        (IN_THREAD, "os._exit(0)", 1),
        ("os.execv('/bin/true', ['true'])", "os.execv('/bin/true')", 1),
        ("os.execlp('true', 'true')", "os.execv", 1),
    ],
)
def test_the_model_is_named_and_the_code_is_none_of_success(deed: str, what: str, code: int) -> None:
    ended = _end(deed)
    assert ended.returncode == code, ended.stderr
    assert f"model 'mine', which ran within the scan itself, has just ended it by {what}" in ended.stderr
    assert "`parallel: {isolation: process}`" in ended.stderr
    assert ended.stdout == ""


@pytest.mark.parametrize("deed", [IN_CHILD, "pass"])
def test_children_may_end_as_they_like(deed: str) -> None:
    ended = _end(deed)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "went on\n", "")


def test_everything_is_as_before_afterwards() -> None:
    before = [getattr(os, name) for name in ENDS]
    with NoSilentEnd("mine"):
        assert all(getattr(os, name) is not end for name, end in zip(ENDS, before, strict=True))
    assert [getattr(os, name) for name in ENDS] == before
