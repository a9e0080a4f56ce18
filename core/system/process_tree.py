"""Trees of processes: ends one with everything that it started, also what left its process group and session.

What a process starts inherits its environment. So each tree gets a mark there, by which Linux shows all of its
members; elsewhere the members are those that the process table connects with the leader.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from terranova.errors import EXIT_INTERRUPTED

PATIENCE = 20.0
"""Seconds for which a tree that grows as fast as it is cut is pursued."""

CLEAN_SCANS = 3
"""Scans of the process table in a row that must show no member: one that forks and ends meanwhile is not seen."""

_NAMES = ("TERRANOVA_WORKER", "TERRANOVA_PROGRAM")


def marked(environment: Mapping[str, str], *, program: bool = False) -> tuple[dict[str, str], str]:
    """Return an environment with a new mark in it, and the mark.

    Args:
        environment: to add it to.
        program: mark a program that a worker starts; it keeps the worker's mark, and ends with the worker.
    """
    name, token = _NAMES[program], uuid.uuid4().hex
    return {**environment, name: token}, f"{name}={token}"


def end_tree(leader: int, mark: str) -> None:
    """Kill a process, its group and its session, and whatever carries the mark or descends from one of these.

    Call it before the leader is waited for, or its number may belong to another process by now.
    """
    deadline = time.monotonic() + PATIENCE
    clean = 0
    while clean < CLEAN_SCANS and time.monotonic() < deadline:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)
        members = _members(leader, mark)
        for pid in members:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        clean = 0 if members else clean + 1
        if not members:
            time.sleep(0.002)


def exit_code(pid: int) -> int | None:
    """Return the code with which a child ended, minus the signal if one killed it; None while it runs.

    The child keeps its number until it is waited for, so that `end_tree` can still be called.
    """
    info = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if info is None or info.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED, os.CLD_CONTINUED):
        return None  # of a child that has itself traced by its parent, stops are reported whether asked for or not
    return info.si_status if info.si_code == os.CLD_EXITED else -info.si_status


def carriers(mark: str) -> list[int]:
    """Return the processes of this machine that carry a mark; none where Linux's /proc does not show it."""
    return [pid for pid, *_, has_mark in _process_table(mark) if has_mark and pid != os.getpid()]


def end_with_parent(parent: int) -> Callable[[], None]:
    """Return what lets a child get SIGTERM when its parent ends, however that happens; Linux only.

    Args:
        parent: the process that is about to start the child; the result is for `Popen(preexec_fn=...)`.
    """
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return lambda: None
    set_death_signal = 1

    def in_child() -> None:
        prctl(set_death_signal, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the call
            os._exit(EXIT_INTERRUPTED)

    return in_child


def _members(leader: int, mark: str) -> list[int]:
    """Return the processes of a tree that run: leader, group, session, carriers of the mark, and descendants."""
    table = _process_table(mark)
    members = {pid for pid, _, group, session, has_mark in table if leader in (pid, group, session) or has_mark}
    members |= {leader}
    while children := {pid for pid, parent, *_ in table if parent in members and pid not in members}:
        members |= children
    return [pid for pid, *_ in table if pid in members and pid != os.getpid()]


def _process_table(mark: str) -> list[Row]:
    return list(_linux(mark.encode()) if sys.platform == "linux" else _by_ps())


Row = tuple[int, int, int, int, bool]
"""Number, parent, group, session of a process, and whether it has the mark."""


def _linux(mark: bytes) -> Iterator[Row]:
    """Yield the processes that run, from /proc."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        folder = Path("/proc", name)
        try:
            state, parent, group, session = (folder / "stat").read_bytes().rpartition(b")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if state in (b"Z", b"X"):
            continue
        has_mark = False
        with suppress(OSError):  # of another user
            has_mark = mark in (folder / "environ").read_bytes().split(b"\0")
        yield int(name), int(parent), int(group), int(session), has_mark


def _by_ps() -> Iterator[Row]:
    """Yield the processes that run, from the program that every Unix has."""
    ps = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,pgid=,stat="], capture_output=True, text=True, check=False)
    for line in ps.stdout.splitlines():
        pid, parent, group, state = line.split()[:4]
        if not state.startswith("Z"):
            yield int(pid), int(parent), int(group), 0, False
