"""Faults to inject: deaths at a chosen operation, full disks, lying disks, flipped bits, kill -9.

The classes are context managers that replace the operations of `terranova.system.disk` while they are active, in
this process only. They can be nested. What you write through `terranova.system.disk` or `terranova.system.atomic`
is covered, too::

    with Crash() as count:
        write_my_files()
    for k in range(1, count.operations + 1):
        with pytest.raises(Died), Crash(at=k):
            write_my_files()
        assert my_files_are_old_or_new()
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

from terranova.system import disk

_Operation = Callable[..., Any]
_Self = TypeVar("_Self", bound="_Fault")

WRITES = ("write", "writev")
GROWING = (*WRITES, "mkdir")
"""Operations that a full disk refuses."""


class Died(BaseException):
    """Stands for the death of the process: no `except Exception` may handle it."""


class _Fault:
    """Replaces operations of `terranova.system.disk` in a `with` block."""

    replaces: tuple[str, ...] = disk.OPERATIONS

    def __enter__(self: _Self) -> _Self:
        self._before = {name: getattr(disk, name) for name in self.replaces}
        for name, operation in self._before.items():
            setattr(disk, name, self._wrap(name, operation))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name, operation in self._before.items():
            setattr(disk, name, operation)

    def _wrap(self, name: str, operation: _Operation) -> _Operation:
        raise NotImplementedError


class Crash(_Fault):
    """Die at the k-th operation; of a write, half has reached the disk by then. Later operations die, too.

    Args:
        at: which operation, counted from 1; None to count only.
        by: "exception" raises `Died`; "exit" ends the process with code 137, as kill -9 would.

    Attributes:
        operations: number of operations so far.
        names: what they were.
    """

    def __init__(self, at: int | None = None, *, by: Literal["exception", "exit"] = "exception") -> None:
        self.at, self.by = at, by
        self.names: list[str] = []

    @property
    def operations(self) -> int:
        """Number of operations so far."""
        return len(self.names)

    def _wrap(self, name: str, operation: _Operation) -> _Operation:
        def call(*args: Any, **options: Any) -> Any:
            if self.at is not None and self.operations >= self.at:
                # Of whatever still runs, such as what tidies up: nothing more reaches the disk.
                raise Died(f"at operation {self.at}: {self.names[-1]}; {name} after the death")
            self.names.append(name)
            if self.operations != self.at:
                return operation(*args, **options)
            if name in WRITES:
                _write_part(operation, name, args, 0.5)
            if self.by == "exit":
                os._exit(137)
            raise Died(f"at operation {self.at}: {name}")

        return call


class FullDisk(_Fault):
    """A disk, or a quota, that is full after some more bytes. At the end of the block there is space again.

    Args:
        after: bytes that can still be written; of the write that goes beyond, what fits is written.
        code: `errno.ENOSPC`, or `errno.EDQUOT` for a quota.

    Attributes:
        refused: how many operations failed.
    """

    replaces = GROWING

    def __init__(self, after: int, code: int = errno.ENOSPC) -> None:
        self.left, self.code = after, code
        self.refused = 0

    def _wrap(self, name: str, operation: _Operation) -> _Operation:
        def call(*args: Any, **options: Any) -> Any:
            size = _size(name, args)
            if self.left > 0 and size <= self.left:
                taken = operation(*args, **options)
                self.left -= taken if name in WRITES else 0
                return taken
            if name in WRITES and self.left > 0:
                taken = _write_part(operation, name, args, self.left / size)
                self.left = 0
                return taken
            self.left = 0
            self.refused += 1
            raise OSError(self.code, os.strerror(self.code))

        return call


class Fail(_Fault):
    """Let the k-th of some operations fail with an error of the operating system; of a write, half is written.

    With `lasting=False` those after it succeed again. That is what Linux does with fsync: it reports once that it
    could not write what it was given, and forgets about it.

    Args:
        names: of the operations, such as "fsync"; all if none is given.
        at: which of them, counted from 1; None to count only.
        code: of the error.
        lasting: whether later operations that need space fail as well.

    Attributes:
        operations: number of these operations so far.
    """

    def __init__(self, *names: str, at: int | None = 1, code: int = errno.EIO, lasting: bool = False) -> None:
        self.replaces = names or disk.OPERATIONS
        self.at, self.code, self.lasting = at, code, lasting
        self.operations = 0

    def _wrap(self, name: str, operation: _Operation) -> _Operation:
        def call(*args: Any, **options: Any) -> Any:
            self.operations += 1
            over = self.at is not None and self.operations > self.at
            if self.operations != self.at and not (over and self.lasting and name in GROWING):
                return operation(*args, **options)
            if name in WRITES and not over:
                _write_part(operation, name, args, 0.5)
            raise OSError(self.code, os.strerror(self.code))

        return call


class NoSync(_Fault):
    """No waiting for the disk: makes tests fast that are not about power cuts."""

    replaces = ("fsync",)

    def _wrap(self, name: str, operation: _Operation) -> _Operation:
        return lambda fd: None


class SlowKernel(_Fault):
    """A kernel that takes at most `most` bytes of each write, as it may."""

    replaces = WRITES

    def __init__(self, most: int) -> None:
        self.most = most

    def _wrap(self, name: str, operation: _Operation) -> _Operation:
        return lambda *args: _write_part(operation, name, args, min(1.0, self.most / _size(name, args)))


def _size(name: str, args: tuple[Any, ...]) -> int:
    if name == "writev":
        return sum(memoryview(piece).nbytes for piece in args[1])
    return memoryview(args[1]).nbytes if name == "write" else 0


def _write_part(operation: _Operation, name: str, args: tuple[Any, ...], share: float) -> int:
    """Write the first bytes of what `args` of a write asks for; returns how many these are."""
    data = b"".join(args[1]) if name == "writev" else bytes(args[1])
    part = data[: max(1, round(share * len(data)))]
    taken: int = operation(args[0], [part] if name == "writev" else part)
    return taken


def flip_bit(path: Path, bit: int) -> None:
    """Flip one bit of a file in place, as an ageing disk does; doing it twice undoes it.

    Args:
        path: of at least bit / 8 bytes.
        bit: counted from the start of the file, the lowest of each byte first.

    Raises:
        ValueError: the file ends before.
    """
    byte, place = divmod(bit, 8)
    with path.open("r+b") as file:
        file.seek(byte)
        old = file.read(1)
        if not old:
            raise ValueError(f"{path} has no bit {bit}")
        file.seek(byte)
        file.write(bytes([old[0] ^ (1 << place)]))


@dataclass(frozen=True)
class Acknowledged:
    """What a process had said when it was killed.

    Attributes:
        lines: whole lines of its output.
        returncode: -9 if it was killed; another number if it had ended before.
    """

    lines: Sequence[str]
    returncode: int


def sigkill_after(
    command: Sequence[str], acks: int = 1, delay: float = 0.0, *, deadline: float = 60.0, **options: Any
) -> Acknowledged:
    """Start a program that prints a line for each thing done, and kill -9 it.

    Args:
        command: to run; a first word "python" is this interpreter.
        acks: lines to wait for.
        delay: seconds to wait after these.
        deadline: seconds after which it is killed in any case.
        options: further keywords of `subprocess.Popen`.

    Returns:
        all that it had printed.
    """
    argv = [sys.executable, *command[1:]] if command[0] == "python" else list(command)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, **options) as process:
        assert process.stdout is not None
        guard = threading.Timer(deadline, process.kill)
        guard.start()
        try:
            text = "".join(process.stdout.readline() for _ in range(acks))
            if delay:
                threading.Event().wait(delay)
            process.send_signal(signal.SIGKILL)
            text += process.stdout.read()
        finally:
            guard.cancel()
            process.kill()
    lines = text.split("\n")
    return Acknowledged(lines[:-1], process.returncode)
