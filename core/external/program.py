"""External programs, run for a model: whatever such a program does, the point gets an answer or a reason.

    with scratch() as folder:
        write_slha(folder / "LesHouches.in", {"MINPAR": {1: point["lambda"]}})
        run_program(["SPheno", "LesHouches.in", "SPheno.spc"], folder=folder, timeout=60)
        spectrum = read_slha(folder / "SPheno.spc")

A program gets a session, a process group and an environment of its own, without the variables of MPI and with one
thread. At the deadline, or when it prints, writes or takes too much, it is killed with everything that it started.
"""

from __future__ import annotations

import contextlib
import math
import os
import resource
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terranova.errors import ContractError, PointFailed
from terranova.interfaces.model import REASON_LENGTH
from terranova.system.amounts import bytes_of, size_text
from terranova.system.environment import worker_environment
from terranova.system.process_tree import end_tree, exit_code, marked

LAST_LINES = 20
"""How much of what a program printed goes with its failure."""

KEEP_FOLDERS = 20
"""Folders of failed points that are kept in one place, at most."""

_FOLDER_INTERVAL = 0.1  # seconds between two measurements of the folder
_CHUNK = 1 << 16


class ProgramFailed(PointFailed):
    """An external program failed, or was stopped.

    Attributes:
        program: its name.
        returncode: what it left with; minus the signal if one killed it, None if it was stopped.
        last_lines: the end of what it printed.
    """

    def __init__(self, reason: str, program: str = "", returncode: int | None = None, last_lines: str = "") -> None:
        super().__init__(reason, unphysical=False)
        self.program, self.returncode, self.last_lines = program, returncode, last_lines


@dataclass(frozen=True)
class Finished:
    """What a program left: its code, what it printed, and how many seconds it took."""

    returncode: int
    stdout: str
    stderr: str
    seconds: float


def find_program(name: str | os.PathLike[str]) -> Path:
    """Return where a program is: a path, or a name to be found on the PATH. For a model's `__init__`.

    Raises:
        ContractError: it is not there, or cannot be executed; then no point could be computed.
    """
    path = shutil.which(os.fspath(name))
    if path is None:
        raise ContractError(f"program {os.fspath(name)!r} is not there, or cannot be executed")
    return Path(path).absolute()


@contextlib.contextmanager
def scratch(
    *, parent: str | os.PathLike[str] | None = None, keep_failed: str | os.PathLike[str] | None = None
) -> Iterator[Path]:
    """Make a folder of one's own for a point, which is removed at the end of the `with` block.

    Args:
        parent: where; the default is $TMPDIR. Within a worker process that folder is the worker's own, and is
            removed even if the worker is killed.
        keep_failed: where to move the folder when the block ends with an exception, for a look at what went wrong;
            not for points that are unphysical. At most `KEEP_FOLDERS` are kept there.
    """
    folder = Path(tempfile.mkdtemp(prefix="terranova-point-", dir=parent))
    try:
        yield folder
    except BaseException as error:
        if keep_failed is not None and not (isinstance(error, PointFailed) and error.unphysical):
            _keep(folder, Path(keep_failed))
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _keep(folder: Path, place: Path) -> None:
    with contextlib.suppress(OSError):  # what went wrong with the point matters more
        place.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in place.iterdir()) < KEEP_FOLDERS:
            shutil.move(folder, place / folder.name)


def run_program(
    argv: Sequence[str | os.PathLike[str]],
    *,
    folder: str | os.PathLike[str],
    timeout: float,
    stdin: str = "",
    environment: Mapping[str, str] | None = None,
    memory: float | str | None = None,
    output_limit: float | str = "10 MB",
    disk_limit: float | str = "1 GB",
    accept: Callable[[int], bool] = lambda code: code == 0,
) -> Finished:
    """Run a program in a folder, and return when it and its process group have ended.

    Args:
        argv: the program and its arguments. A program with a slash in its name is looked for from here, not
            from the folder; one without, on the PATH.
        folder: its working directory, see `scratch`.
        timeout: seconds until it is killed with everything that it started.
        stdin: what it can read; nothing by default.
        environment: variables to add to the environment, or to replace there.
        memory: what each of its processes may allocate, in bytes or as "2 GB"; on Linux only.
        output_limit: of what it prints.
        disk_limit: of each file that it writes, and of the folder as a whole.
        accept: says which exit codes are fine.

    Raises:
        ProgramFailed: it left with another code, was killed, was too late, or went over a limit. The reason says
            which, and ends with the last lines that it printed.
        ContractError: the program is not there: no point could be computed.
        ValueError: a limit that makes no sense.
    """
    if not 0.0 < timeout < math.inf:
        raise ValueError(f"timeout must be a positive number of seconds, not {timeout}")
    program = find_program(argv[0])
    run = _Run(program.name, Path(folder), timeout, bytes_of(output_limit), bytes_of(disk_limit))
    return run.finish(
        [os.fspath(program), *(os.fspath(argument) for argument in argv[1:])],
        stdin,
        environment or {},
        memory,
        accept,
    )


class _Run:
    """One program on its way."""

    def __init__(self, name: str, folder: Path, timeout: float, output_limit: int, disk_limit: int) -> None:
        self._name, self._folder, self._timeout = name, folder, timeout
        self._output_limit, self._disk_limit = output_limit, disk_limit
        self._printed = {"stdout": bytearray(), "stderr": bytearray()}
        self._last = b""  # of both, as they came
        self._started = time.monotonic()

    def finish(
        self,
        argv: list[str],
        stdin: str,
        extra: Mapping[str, str],
        memory: float | str | None,
        accept: Callable[[int], bool],
    ) -> Finished:
        base = {**worker_environment(), "TMPDIR": str(self._folder), **extra}
        environment, mark = marked(base, program=True)
        with tempfile.TemporaryFile() if stdin else contextlib.nullcontext() as input_file:
            if input_file is not None:  # a file, for a pipe would have to be fed, and might never be read
                input_file.write(stdin.encode())
                input_file.seek(0)
            process = subprocess.Popen(
                argv,
                cwd=self._folder,
                env=environment,
                stdin=subprocess.DEVNULL if input_file is None else input_file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                preexec_fn=_limits(None if memory is None else bytes_of(memory), self._disk_limit),
            )
        stopped = "was interrupted"  # why, if it was
        try:
            stopped = self._watch(process)
        finally:
            if stopped:
                end_tree(process.pid, mark)
            else:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)  # what it left behind in its group
            process.wait()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        code = process.returncode
        if stopped:
            raise self._failure(stopped, None)
        if not accept(code):
            raise self._failure(_ending(code), code)
        out, err = (bytes(self._printed[name]).decode("utf-8", errors="replace") for name in ("stdout", "stderr"))
        return Finished(code, out, err, time.monotonic() - self._started)

    def _watch(self, process: subprocess.Popen[bytes]) -> str:
        """Read what it prints until it ends, and return "", or why it has to be stopped."""
        deadline = self._started + self._timeout
        measure_at = self._started + _FOLDER_INTERVAL
        pause = 0.0005
        with selectors.DefaultSelector() as selector:
            for name in self._printed:
                stream = getattr(process, name)
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ, name)
            # Its end is what counts, not that of its output: a grandchild may hold the pipes for ever.
            while not (ended := exit_code(process.pid) is not None) or selector.get_map():
                now = time.monotonic()
                if not ended and now >= deadline:
                    return f"gave no answer within {self._timeout:g} s"
                if not ended and now >= measure_at:
                    measure_at = now + _FOLDER_INTERVAL
                    if _bytes_in(self._folder) > self._disk_limit:
                        return f"wrote more than {size_text(self._disk_limit)} to its folder"
                readable = selector.select(0.0 if ended else min(pause, max(deadline - now, 0.0)))
                pause = 0.0005 if readable else min(2 * pause, 0.02)
                for key, _ in readable:
                    self._read(key, selector)
                if sum(len(printed) for printed in self._printed.values()) > self._output_limit:
                    return f"printed more than {size_text(self._output_limit)}"
                if ended and not readable:
                    break
        if _bytes_in(self._folder) > self._disk_limit:
            return f"wrote more than {size_text(self._disk_limit)} to its folder"
        return ""

    def _read(self, key: selectors.SelectorKey, selector: selectors.BaseSelector) -> None:
        stream: Any = key.fileobj
        chunk = stream.read(_CHUNK)
        if not chunk:
            selector.unregister(stream)
            return
        self._printed[key.data] += chunk
        self._last = (self._last + chunk)[-_CHUNK:]

    def _failure(self, what: str, code: int | None) -> ProgramFailed:
        lines = self._last.decode("utf-8", errors="replace").split("\n")
        lines = [line.rstrip() for line in lines if line.strip()][-LAST_LINES:]
        with contextlib.suppress(OSError):
            (self._folder / "last-output.txt").write_bytes(self._last)  # for who keeps the folder
        reason = f"{self._name} {what}"
        if lines:
            room = max(REASON_LENGTH - len(reason) - 18, 40)
            output = " | ".join(lines)
            reason += f"; its last words: {output if len(output) <= room else '...' + output[3 - room :]}"
        return ProgramFailed(reason, self._name, code, "\n".join(lines))


def _limits(memory: int | None, disk: int) -> Callable[[], None]:
    """Return what the new process does before it becomes the program."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _lower(resource.RLIMIT_FSIZE, disk)
        if memory is not None:
            _lower(resource.RLIMIT_DATA, memory)

    return limit


def _lower(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (most, most))


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_blocks * 512
    return total


def _ending(code: int) -> str:
    if code >= 0:
        return f"left with code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = {"SIGXFSZ": ", for it wrote more than it may", "SIGKILL": ", perhaps for lack of memory"}.get(name, "")
    return f"was killed by {name}{hint}"
