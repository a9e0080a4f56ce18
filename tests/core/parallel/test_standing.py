"""Standing: who is a rank, who only has the variables of one, and who is typed into a shell."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
import tempfile

import pytest

from terranova.parallel.launchers import LauncherInfo
from terranova.parallel.standing import Standing, alone_is_asked, standing_of
from terranova.system.environment import ALONE, clean_environment

NOBODY = {name: value for name, value in clean_environment().items() if not name.startswith(("SLURM_", ALONE))}
STEP = {"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "8"}
PMI = {"PMI_RANK": "0", "PMI_SIZE": "2"}
LOOK = (
    "from terranova.parallel.launchers import detect_launcher as d; "
    "from terranova.parallel.standing import standing_of; print(standing_of(d()).name)"
)
THEN = "true"
"""A second command, so that a shell does not replace itself by the first."""

linux = pytest.mark.skipif(not os.path.exists("/proc/self/environ"), reason="the system shows no processes")


def _look(command: list[str], environment: dict[str, str], **more: object) -> str:
    done = subprocess.run(  # type: ignore[call-overload]
        command,
        env={**NOBODY, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **{"stdin": subprocess.DEVNULL, **more},
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout.strip())


@pytest.mark.parametrize(
    ("value", "alone"), [("1", True), ("yes", True), ("", False), ("0", False), ("False", False), ("no", False)]
)
def test_a_variable_asks_a_process_to_work_alone(value: str, alone: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alone_is_asked({ALONE: value}) is alone
    assert not alone_is_asked({})
    monkeypatch.setenv(ALONE, value)
    expected = Standing.ASKED if alone else Standing.RANK
    assert standing_of(LauncherInfo(1, 8, "NOBODY_HAS_THIS_VARIABLE")) is expected


def test_only_what_is_certain_is_alone() -> None:
    assert {standing for standing in Standing if not standing.alone} == {Standing.RANK, Standing.CUT_OFF}


@pytest.mark.integration
@pytest.mark.parametrize("environment", [STEP, PMI, {**STEP, **PMI}])
def test_what_a_launcher_starts_is_a_rank_also_through_a_script(environment: dict[str, str]) -> None:
    assert _look([sys.executable, "-c", LOOK], environment) == "RANK"
    script = f"{sys.executable} -c '{LOOK}'; {THEN}"
    assert _look(["sh", "-c", script], environment) == "RANK"


@linux
@pytest.mark.integration
@pytest.mark.parametrize("environment", [STEP, {**STEP, **PMI}])
def test_what_is_typed_into_a_shell_is_no_rank(environment: dict[str, str]) -> None:
    master, terminal = pty.openpty()
    try:
        script = f"{sys.executable} -c '{LOOK}'; {THEN}"
        assert _look(["sh", "-c", script], environment, stdin=terminal) == "SHELL"
        later = {**environment, **{name: "3" for name in ("PMI_RANK", "SLURM_PROCID") if name in environment}}
        assert _look(["sh", "-c", script], later, stdin=terminal) == "RANK", "srun has a terminal for one task only"
        assert _look([sys.executable, "-c", LOOK], environment, stdin=terminal) == "RANK", "no shell in between"
    finally:
        os.close(master)
        os.close(terminal)


@pytest.mark.integration
def test_a_connection_that_is_closed_is_no_connection() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        number = theirs.fileno()
        connected = {**PMI, "PMI_FD": str(number)}
        assert _look([sys.executable, "-c", LOOK], connected, pass_fds=[number]) == "RANK"
        assert _look([sys.executable, "-c", LOOK], connected) == "CUT_OFF"
        assert _look([sys.executable, "-c", LOOK], {**PMI, "PMI_FD": "0"}) == "CUT_OFF", "that is no socket"


@linux
@pytest.mark.integration
def test_the_child_of_a_process_with_mpi_is_none_of_the_ranks() -> None:
    mpi = "import mpi4py; mpi4py.rc.initialize = False; from mpi4py import MPI"
    if subprocess.run([sys.executable, "-c", mpi], capture_output=True, check=False).returncode:
        pytest.skip("mpi4py does not work here")
    child = f"import os, subprocess, sys; {mpi}; print(subprocess.run([sys.executable, '-c', sys.argv[1]], "
    child += "capture_output=True, text=True, close_fds=False).stdout)"
    assert _look([sys.executable, "-c", child, LOOK], PMI) == "CHILD"
    # What mpirun starts within a rank has a launcher of its own, with variables that look the same.
    between = "#!/bin/sh\n" + f"{sys.executable} -c '{LOOK}'; {THEN}"
    starter = f"import os, subprocess, sys; {mpi}; "
    starter += "print(subprocess.run([sys.argv[2]], capture_output=True, text=True).stdout)"
    with_name = _script(between)
    try:
        assert _look([sys.executable, "-c", starter, LOOK, with_name], PMI) == "RANK"
    finally:
        os.unlink(with_name)


def _script(text: str) -> str:
    with tempfile.NamedTemporaryFile("w", prefix="mpirun", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o755)
    return file.name
