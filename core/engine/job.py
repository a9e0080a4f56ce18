"""Job of a supervised scan: the launcher's process and the ranks, watched until nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from terranova.errors import ParallelError
from terranova.parallel.heartbeat import SIGNS
from terranova.system.environment import ALONE
from terranova.system.process_tree import carriers, end_with_parent

JOB = "TERRANOVA_JOB"
"""The variable by which the processes of a job, and what they start, are recognised."""

END_SECONDS = 10.0
"""How long processes that were killed may take to be gone."""


class Job:
    """The processes of a scan on this machine; it can be run again when they have ended.

    Args:
        directory: of the run, where the ranks give signs of life.
        patience: seconds without a sign of life after which all ranks count as hanging.
    """

    def __init__(self, directory: Path, patience: float) -> None:
        self._directory, self._patience = directory, patience
        self._token = uuid.uuid4().hex
        self._process: subprocess.Popen[bytes] | None = None
        self._signal = 0  # to be passed on
        self._forced = False

    def run(self, command: Sequence[str], *, alone: bool = False) -> int | None:
        """Start the ranks and wait for their end; return the exit code, None if they hung and were ended.

        Args:
            command: starts them.
            alone: it starts one process, whatever the variables say that this one has inherited.

        Raises:
            ParallelError: the launcher cannot be started.
        """
        try:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, JOB: self._token, ALONE: str(int(alone))},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C reaches only us, and we pass it on once
                preexec_fn=end_with_parent(os.getpid()),
            )
        except OSError as error:
            raise ParallelError(f"{command[0]} cannot be started: {error.strerror or error}") from error
        exit_code = self._wait(self._process)
        self._process = None
        return exit_code

    def pass_on(self, number: int) -> None:
        """Let the launcher have a signal, which it passes on to the ranks; safe in a signal handler."""
        # Several launchers make something else of a SIGINT, and have no idea of a terminal.
        self._signal = number if number == signal.SIGUSR1 else signal.SIGTERM

    def force(self) -> None:
        """End the ranks at once; safe in a signal handler."""
        self._forced = True

    def clean_up(self) -> None:
        """End whatever is left of the job on this machine, and wait until it is gone."""
        deadline = time.monotonic() + END_SECONDS
        while (left := carriers(f"{JOB}={self._token}")) and time.monotonic() < deadline:
            for pid in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if self._process is not None:
                self._process.poll()  # so that it does not stay as a zombie
            time.sleep(0.02)

    def _wait(self, process: subprocess.Popen[bytes]) -> int | None:
        signs, since = self._signs(), time.monotonic()
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(timeout=0.1)
            if self._signal:
                process.send_signal(self._signal)
                self._signal = 0
            if self._forced:
                self.clean_up()
                return process.wait()
            before, signs = signs, self._signs()
            if signs != before or not signs:
                since = time.monotonic()
            # The ranks themselves notice first, if one of them can.
            if time.monotonic() - since > 1.2 * self._patience + 10.0:
                self.clean_up()
                process.wait()
                return None

    def _signs(self) -> dict[str, int]:
        """Return the times of the ranks' signs of life. Only changes matter: clocks differ, and jump."""
        try:
            return {entry.name: entry.stat().st_mtime_ns for entry in os.scandir(self._directory / SIGNS)}
        except OSError:
            return {}
