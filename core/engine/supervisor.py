"""Supervisor of a scan: starts the ranks, and starts them again with `resume` when they die."""

from __future__ import annotations

import shlex
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from terranova.config import Consent, load_config
from terranova.config.consent import require
from terranova.config.scan import Parallel
from terranova.engine.job import Job
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
from terranova.parallel.connection import for_all
from terranova.parallel.launchers import detect_launcher, find_mpirun
from terranova.parallel.standing import standing_of
from terranova.runs.directory import next_free_directory, refuse_to_overwrite
from terranova.runs.run import Run
from terranova.store.lock import LOCK, RunLock
from terranova.store.manifest import MANIFEST
from terranova.system.signals import SAME_REQUEST, listen, restore

FINAL = (2, 3, 4, 5)
"""Exit codes of errors that starting again cannot mend: configuration, plugins, the run directory, MPI."""

LONGEST_PAUSE = 60.0
"""Seconds between two starts, at most."""

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
        self._job = Job(self.directory, self.patience)
        self._signal = 0  # by which we were asked to stop
        self._asked_at = 0.0

    def run(self) -> int:
        """Start the ranks until the scan has ended, one way or another; return the exit code.

        Raises:
            WorkersLost: they died again and again without any progress.
            ParallelError: the launcher cannot be started.
        """
        before = listen(self._note)
        try:
            return self._supervise()
        finally:
            self._job.clean_up()
            restore(before)

    def _supervise(self) -> int:
        attempts = 0  # in a row without a new point
        while True:
            points, ended_before = self._points(), self._done()
            code, cause = self._attempt()
            self._job.clean_up()
            stored, done = self._points(), self._done()
            if self._signal:
                return self._code_of_request(code)
            if code in (EXIT_INTERRUPTED, EXIT_CTRL_C) or (code == 0 and done):
                return code
            if code in FINAL:
                self.say(f"the scan ended with an error, exit code {code}, that starting it again would not mend")
                return code
            if done and not ended_before:
                self.say(f"the scan has ended, and everything is stored; only then {cause}")
                return 0
            if code == 1 and stored == points:
                self.say("the scan ended with an error before it stored a point; it is not started again")
                return code
            attempts = 1 if stored > points else attempts + 1
            if attempts > self.tries:
                raise WorkersLost(
                    f"the ranks died {attempts} times in a row without storing a point, the last time because "
                    f"{cause}. What was stored is safe: {stored:,} points. When the cause is found, go on with: "
                    f"terranova launch -n {self.ranks} {shlex.quote(str(self.directory))}"
                )
            wait = min(self.pause * 2 ** (attempts - 1), LONGEST_PAUSE)
            self.say(
                f"{cause}; {stored:,} points are stored. Going on in {wait:g} s "
                f"(try {attempts} of {self.tries} without progress)"
            )
            if not self._rest(wait) or not self._wait_for_lock():
                return self._code_of_request(EXIT_INTERRUPTED)

    def _code_of_request(self, code: int) -> int:
        """Return the exit code after someone asked us to stop; whatever it was, the run can be resumed."""
        if code in FINAL or (code == 0 and self._done()):
            return code
        return EXIT_CTRL_C if self._signal == signal.SIGINT else EXIT_INTERRUPTED

    def _attempt(self) -> tuple[int, str]:
        """Start the ranks and wait for their end; return the exit code, and how they ended."""
        launcher = [*self.launcher, "-n", str(self.ranks)] if self.launcher else []
        command = [*launcher, sys.executable, "-P", "-m", "terranova", *self._arguments()]
        code = self._job.run(command, alone=not launcher)
        if code is None:
            return RankSilent.exit_code, f"no rank has given a sign of life for {self.patience:g} s: they hang"
        return code, _how_it_ended(code)

    def _arguments(self) -> list[str]:
        if self.file is None or (self.directory / MANIFEST).exists():
            return ["resume", str(self.directory), *self.options]
        return ["scan", str(self.file), "--output", str(self.directory), *self.options]

    def _rest(self, seconds: float) -> bool:
        """Wait; return False if someone asked to stop meanwhile."""
        end = time.monotonic() + seconds
        while not self._signal and time.monotonic() < end:
            time.sleep(0.05)
        return not self._signal

    def _wait_for_lock(self) -> bool:
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
        return not self._signal

    def _note(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._signal:
            self._signal, self._asked_at = number, now
            self._job.pass_on(number)
        elif number == signal.SIGINT and now - self._asked_at > SAME_REQUEST:
            self._job.force()

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


def launch(
    target: Path,
    ranks: int,
    *,
    output: Path | None = None,
    launcher: str = "",
    tries: int = 5,
    pause: float = 1.0,
    next_free: bool = False,
    alone: bool = False,
    quiet: bool = False,
    trust: bool = False,
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
        alone: this process is no rank of a job, though it has the variables of one.
        quiet: show no progress.
        trust: the programs that it names may run.

    Returns:
        the exit code: 0, 75 or 130 when stopped by a signal, or that of an error a new start cannot mend.

    Raises:
        ConfigError: the configuration is wrong.
        NotTrusted: it names programs that nobody has agreed to.
        ParallelError: there is no launcher, or this is a rank of a job already.
        WorkersLost: the ranks died again and again without any progress.
    """
    launched = detect_launcher()
    if launched is not None and launched.size > 1 and not alone and not standing_of(launched).alone:
        raise for_all(
            "`terranova launch` starts the ranks itself: call it once, without mpirun or srun; with `--alone` if "
            f"this is no rank, but the shell of an interactive job ({launched.variable}={launched.rank})"
        )
    consent = Consent(trust, origin=target)
    file, directory, patience = _target(target, output, next_free, consent)
    # Said once for all starts: ranks on other machines may not find what is remembered here.
    options = ["--quiet"] * quiet + ["--trust"] * consent.given
    return Supervisor(
        file, directory, ranks, _launcher(launcher, ranks), tries, pause, patience, options, say=_say
    ).run()


def _target(
    target: Path, output: Path | None, next_free: bool, consent: Consent
) -> tuple[Path | None, Path, float]:
    """Return the configuration (None for a run), the run directory and the patience."""
    if target.is_dir():
        run = Run(target)  # says so if it is none
        require(run.problem_config, consent)
        return None, target, run.config.parallel.patience
    config = load_config(target, output=output, consent=consent)
    if config.output is None:
        raise RunError(f"{target} names no output: a supervised scan needs a run directory")
    directory = next_free_directory(config.output) if next_free else config.output
    refuse_to_overwrite(directory)  # from here on, a run that is found there is ours
    return target, directory, config.parallel.patience


def _launcher(command: str, ranks: int) -> list[str]:
    if command:
        return shlex.split(command)
    if ranks == 1:
        return []
    mpirun = find_mpirun()
    if mpirun is None:
        raise ParallelError(
            f"no mpirun was found to start {ranks} ranks: `pip install 'terranova[mpi]'` brings one, or name "
            "another with --launcher"
        )
    return [str(mpirun)]


def _how_it_ended(code: int) -> str:
    """Return a clause on how a job ended. Launchers give a signal as itself, negative, or plus 128."""
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


def _say(text: str) -> None:
    with suppress(OSError, ValueError):
        print(f"launch: {text}", file=sys.stderr, flush=True)
