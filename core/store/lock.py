"""Lock of a run directory: one writing job at a time."""

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
from typing import Any

from terranova.errors import RunLocked, disk_error
from terranova.system import disk
from terranova.system.atomic import make_directory

log = logging.getLogger(__name__)

LOCK = "run.lock"
_HELD_ELSEWHERE = (errno.EWOULDBLOCK, errno.EACCES)


class RunLock:
    """Holds a run directory from its construction until `release`, or until the process dies.

    The lock is the kernel's (flock), so even SIGKILL frees it; the file only says who holds it. Some network file
    systems share locks between hosts and some do not, so a lock that a process of another host took and never
    released is respected, unless that was an earlier start of the same batch job, which has ended.

    Args:
        directory: of the run; made if need be.

    Raises:
        RunLocked: a live process holds it, or one of another host may do so.
        RunError: the directory cannot be written.
        StoreFull: there is no space even for the lock.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / LOCK
        try:
            make_directory(directory)
        except OSError as error:
            raise disk_error(f"{directory} cannot be written", error) from error
        try:
            self._fd = disk.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            self._hold()
        except OSError as error:
            raise disk_error(f"{directory} cannot be locked", error) from error

    def _hold(self) -> None:
        try:
            self._take()
            self._respect_other_hosts()
            holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": _now(), "job": _batch_job()}
            disk.ftruncate(self._fd, 0)
            disk.write(self._fd, json.dumps(holder).encode())
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

    def _respect_other_hosts(self) -> None:
        """Refuse a lock that is free here, but that a process of another host has never released."""
        holder = self._read()
        if "host" not in holder or holder["host"] == socket.gethostname():
            return  # released; or taken on this host, where the kernel knows that the process is gone
        if (job := _batch_job()) and job == holder.get("job"):
            log.warning("%s: taken over from %s, an earlier start of job %s", self.path, self._holder(), job)
            return
        raise RunLocked(
            f"{self.path.parent} was taken by {self._holder()} and never released. If nothing is running there any "
            f"more, remove {self.path} and try again."
        )

    def _read(self) -> dict[str, Any]:
        try:
            holder = json.loads(os.pread(self._fd, 4096, 0))
        except ValueError:
            return {}
        return holder if isinstance(holder, dict) else {}

    def _holder(self) -> str:
        holder = self._read()
        try:
            return f"process {holder['pid']} on {holder['host']}, since {holder['since']},"
        except KeyError:
            return "another process"

    def release(self) -> None:
        """Let go. Harmless when released already."""
        if self._fd >= 0:
            try:
                disk.ftruncate(self._fd, 0)
            finally:
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


def owner_is_gone(directory: Path) -> bool:
    """Say whether who held the lock of a run last died without releasing it, as far as can be seen from here.

    Only the name in the file is looked at: a reader that tried the lock would be in the way of a writer.
    """
    try:
        holder = json.loads((directory / LOCK).read_bytes())
        if holder["host"] != socket.gethostname():
            return False
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return True
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return False
    return False


def _batch_job() -> str:
    """What Slurm or PBS call the job we are in, the same when it is requeued; empty outside of one."""
    return next((f"{name}={os.environ[name]}" for name in ("SLURM_JOB_ID", "PBS_JOBID") if name in os.environ), "")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
