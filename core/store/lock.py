"""One writing job at a time in a run directory."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from terranova.atomic import write_all
from terranova.errors import RunLocked

log = logging.getLogger(__name__)

LOCK = "run.lock"
_HELD_ELSEWHERE = (errno.EWOULDBLOCK, errno.EACCES)


class RunLock:
    """Holds a run directory from its construction until `release`, or until the process dies.

    The lock is the kernel's (flock), so even SIGKILL frees it; the file only says who holds it.

    Args:
        directory: of the run; made if need be.

    Raises:
        RunLocked: a live process holds it.
        OSError: the file cannot be made.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / LOCK
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._take()
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now()}
            os.ftruncate(self._fd, 0)
            write_all(self._fd, json.dumps(holder).encode())
        except BaseException:
            self._close()
            raise

    def _take(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _HELD_ELSEWHERE:
                raise RunLocked(f"{self.path.parent} is in use: {self._holder()} is writing to it.") from None
            # Some network file systems have no locks; a scan must still be possible there.
            log.warning("%s cannot be locked (%s): do not start this run twice at once", self.path, error)

    def _holder(self) -> str:
        try:
            holder = json.loads(os.pread(self._fd, 4096, 0))
            return f"process {holder['pid']} on {holder['host']}, since {holder['since']},"
        except (ValueError, KeyError, TypeError):
            return "another process"

    def release(self) -> None:
        """Let go. Harmless when released already."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            self._close()

    def _close(self) -> None:
        fd, self._fd = self._fd, -1
        os.close(fd)

    def __enter__(self) -> RunLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
