"""The supervisor: starts the ranks of a scan, and starts them again with `resume` when they die."""

from __future__ import annotations

import ctypes
import os
import shlex
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from terranova.config import load_config
from terranova.config.scan import Parallel
from terranova.errors import (
    EXIT_CTRL_C,
    EXIT_INTERRUPTED,
    ParallelError,
    RankSilent,
    RunError,
    RunLocked,
    TerranovaError,
    WorkersLost,
)
from terranova.parallel.heartbeat import SIGNS
from terranova.parallel.launchers import detect_launcher, find_mpirun
from terranova.runs.directory import next_free_directory, refuse_to_overwrite
from terranova.runs.run import Run
from terranova.store.lock import LOCK, RunLock
from terranova.store.manifest import MANIFEST
from terranova.system.signals import SAME_REQUEST, SIGNALS

JOB = "TERRANOVA_JOB"
"""The variable by which the processes of a job, and what they start, are recognised."""

FINAL = (2, 3, 4, 5)
"""Exit codes of errors that starting again cannot mend: configuration, plugins, the run directory, MPI."""

LONGEST_PAUSE = 60.0
DONE = ("evaluations", "valid", "wall", "sampler")
"""States of a run that has ended as it should."""


@dataclass
class Supervisor:
    """Watches over one scan.

    Args:
        file: the configuration; None to go on with a run.
        directory: of the run.
        ranks: how many processes.
        launcher: starts them; the number of ranks and the program are added. Empty for one process.
        tries: how often to start again without any new point in between.
        pause: seconds before the first of these; the next wait twice as long each.
        patience: seconds without a sign of life after which all ranks count as hanging.
        options: for `scan` and `resume`.
        say: prints one line for people.
    """

    file: Path | None
    directory: Path
    ranks: int
    launcher: list[str]
    tries: int = 5
    pause: float = 1.0
    patience: float = Parallel.patience
    options: list[str] = field(default_factory=list)
    say: Callable[[str], None] = print

    def __post_init__(self) -> None:
        self._job = uuid.uuid4().hex
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = 0
        self._asked_at = 0.0
        self._forced = False

    def run(self) -> int:
        """Start the ranks until the scan has ended, one way or another; return the exit code.

        Raises:
            WorkersLost: they died again and again without any progress.
            ParallelError: the launcher cannot be started.
        """
        before = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            return self._supervise()
        finally:
            self._clean_up()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _supervise(self) -> int:
        in_vain = 0
        while True:
            points = self._points()
            code, words = self._once()
            self._clean_up()
            stored = self._points()
            if self._asked:
                return self._code_of_request(code)
            if code in (EXIT_INTERRUPTED, EXIT_CTRL_C) or (code == 0 and self._done()):
                return code
            if code in FINAL:
                self.say(f"the scan ended with an error, exit code {code}, that starting it again would not mend")
                return code
            if code == 1 and stored == points:
                self.say("the scan ended with an error before it stored a point; it is not started again")
                return code
            in_vain = 1 if stored > points else in_vain + 1
            if in_vain > self.tries:
                raise WorkersLost(
                    f"the ranks died {in_vain} times in a row without storing a point, the last time because "
                    f"{words}. What was stored is safe: {stored:,} points. When the cause is found, go on with: "
                    f"terranova launch -n {self.ranks} {shlex.quote(str(self.directory))}"
                )
            wait = min(self.pause * 2 ** (in_vain - 1), LONGEST_PAUSE)
            self.say(
                f"{words}; {stored:,} points are stored. Going on in {wait:g} s "
                f"(try {in_vain} of {self.tries} without progress)"
            )
            if not self._rest(wait) or not self._unlocked():
                return self._code_of_request(EXIT_INTERRUPTED)

    def _code_of_request(self, code: int) -> int:
        """Return the exit code after someone asked us to stop; whatever it was, the run can be resumed."""
        if code in FINAL or (code == 0 and self._done()):
            return code
        return EXIT_CTRL_C if self._asked == signal.SIGINT else EXIT_INTERRUPTED

    def _once(self) -> tuple[int, str]:
        """Start the ranks and wait for their end; return the exit code, and what happened in words."""
        command = [*self._launch(), sys.executable, "-P", "-m", "terranova", *self._what()]
        try:
            self._process = subprocess.Popen(
                command,
                env={**os.environ, JOB: self._job},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C reaches only us, and we pass it on once
                preexec_fn=_die_with(os.getpid()),
            )
        except OSError as error:
            raise ParallelError(f"{command[0]} cannot be started: {error.strerror or error}") from error
        code = self._wait(self._process)
        self._process = None
        if code is None:
            return RankSilent.exit_code, f"no rank has given a sign of life for {self.patience:g} s: they hang"
        return code, _in_words(code)

    def _launch(self) -> list[str]:
        return [*self.launcher, "-n", str(self.ranks)] if self.launcher else []

    def _what(self) -> list[str]:
        if self.file is None or (self.directory / MANIFEST).exists():
            return ["resume", str(self.directory), *self.options]
        return ["scan", str(self.file), "--output", str(self.directory), *self.options]

    def _wait(self, process: subprocess.Popen[bytes]) -> int | None:
        """Wait for the job's end; return its exit code, None if it had to be ended because it hangs."""
        newest, since = 0.0, time.monotonic()
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(timeout=0.1)
            if self._forced:
                self._clean_up()
                return process.wait()
            latest = self._latest_sign()
            if latest != newest or not latest:
                newest, since = latest, time.monotonic()
            # The ranks themselves notice first, if one of them can.
            if time.monotonic() - since > 1.2 * self.patience + 10.0:
                self._clean_up()
                process.wait()
                return None

    def _latest_sign(self) -> float:
        """Return the time of the latest sign of life, 0 if there are none."""
        try:
            return max((e.stat().st_mtime for e in os.scandir(self.directory / SIGNS)), default=0.0)
        except OSError:
            return 0.0

    def _rest(self, seconds: float) -> bool:
        """Wait; return False if someone asked to stop meanwhile."""
        end = time.monotonic() + seconds
        while not self._asked and time.monotonic() < end:
            time.sleep(0.05)
        return not self._asked

    def _unlocked(self) -> bool:
        """Wait until the ranks that ran on other machines have let go of the run; False if asked to stop."""
        end = time.monotonic() + LONGEST_PAUSE
        while time.monotonic() < end and (self.directory / LOCK).exists():
            try:
                RunLock(self.directory).release()
                break
            except RunLocked:
                if not self._rest(0.2):
                    return False
            except OSError:
                break
        return not self._asked

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked and number == signal.SIGINT and now - self._asked_at > SAME_REQUEST:
            self._forced = True
        if not self._asked:
            self._asked, self._asked_at = number, now
            if self._process is not None:
                # To the launcher, which passes it on. Several launchers make something else of a SIGINT.
                passed = signal.SIGTERM if number == signal.SIGINT else number
                with suppress(ProcessLookupError):
                    self._process.send_signal(passed)

    def _points(self) -> int:
        try:
            return Run(self.directory).evaluated
        except (TerranovaError, OSError):
            return 0

    def _done(self) -> bool:
        try:
            return Run(self.directory).summary.get("state") in DONE
        except (TerranovaError, OSError):
            return False

    def _clean_up(self) -> None:
        """End whatever is left of the job on this machine, and wait until it is gone."""
        deadline = time.monotonic() + 10.0
        while (left := _processes_with(JOB, self._job)) and time.monotonic() < deadline:
            for pid in left:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if self._process is not None:
                self._process.poll()  # so that it does not stay as a zombie
            time.sleep(0.02)


def launch(
    target: Path,
    ranks: int,
    *,
    output: Path | None = None,
    launcher: str = "",
    tries: int = 5,
    pause: float = 1.0,
    next_free: bool = False,
    quiet: bool = False,
) -> int:
    """Run a scan under a supervisor; see `Supervisor`.

    Args:
        target: a configuration to start, or the directory of a run to go on with.
        ranks: how many processes.
        output: run directory, instead of the configuration's.
        launcher: a command such as "srun --mpi=pmi2"; the mpirun of this environment if empty.
        tries: how often to start again without progress.
        pause: seconds before the first of these.
        next_free: if the output directory of the configuration exists, append -2, -3, ... to its name.
        quiet: show no progress.

    Returns:
        the exit code: 0, 75 or 130 when stopped by a signal, or that of an error a new start cannot mend.

    Raises:
        ConfigError: the configuration is wrong.
        ParallelError: there is no launcher, or this is a rank of a job already.
        WorkersLost: the ranks died again and again without any progress.
    """
    started = detect_launcher()
    if started is not None and started.size > 1:
        raise ParallelError("`terranova launch` starts the ranks itself: call it once, without mpirun or srun")
    file, directory, patience = _target(target, output, next_free)
    options = ["--quiet"] if quiet else []
    return Supervisor(
        file, directory, ranks, _launcher(launcher, ranks), tries, pause, patience, options, say=_say
    ).run()


def _target(target: Path, output: Path | None, next_free: bool) -> tuple[Path | None, Path, float]:
    """Return the configuration (None for a run), the run directory and the patience."""
    if target.is_dir():
        run = Run(target)  # says so if it is none
        return None, target, run.config.parallel.patience
    config = load_config(target, output=output)
    if config.output is None:
        raise RunError(f"{target} names no output: a supervised scan needs a run directory")
    directory = next_free_directory(config.output) if next_free else config.output
    refuse_to_overwrite(directory)  # from here on, a run that is found there is ours
    return target, directory, config.parallel.patience


def _launcher(words: str, ranks: int) -> list[str]:
    if words:
        return shlex.split(words)
    if ranks == 1:
        return []
    found = find_mpirun()
    if found is None:
        raise ParallelError(
            f"no mpirun was found to start {ranks} ranks: `pip install 'terranova[mpi]'` brings one, or name "
            "another with --launcher"
        )
    return [str(found)]


def _in_words(code: int) -> str:
    """Say how a job ended. Launchers give a signal as itself, negative, or plus 128."""
    number = -code if code < 0 else code - 128 if code > 128 else code
    if code == RankSilent.exit_code:
        return "a rank hung"
    if code == 0:
        return "a process left before the scan was done"
    if code == 1:
        return "the scan ended with an error"
    try:
        return f"a process died of {signal.Signals(number).name}"
    except ValueError:
        return f"a process died with exit code {code}"


def _die_with(parent: int) -> Callable[[], None]:
    """Return what lets a child get SIGTERM when its parent dies, however that happens; Linux only."""
    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return lambda: None
    set_death_signal = 1

    def in_child() -> None:
        prctl(set_death_signal, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(EXIT_INTERRUPTED)

    return in_child


def _processes_with(name: str, value: str) -> list[int]:
    """Return the processes of this machine that were started with a variable; none where /proc is missing."""
    wanted = f"{name}={value}".encode()
    found = []
    with suppress(OSError):
        for entry in os.scandir("/proc"):
            if entry.name.isdecimal():
                with suppress(OSError):
                    if wanted in Path(entry.path, "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
    return found


def _say(text: str) -> None:
    with suppress(OSError, ValueError):
        print(f"launch: {text}", file=sys.stderr, flush=True)
