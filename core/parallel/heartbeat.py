"""Heartbeats of ranks: each touches a file of its own now and then, by which one that hangs is found out."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

SIGNS = "ranks"
"""The folder of a run directory in which the files are while the scan runs."""


def sign_of(directory: Path, rank: int) -> Path:
    """Return the file that a rank touches."""
    return directory / SIGNS / f"rank-{rank:04d}.alive"


class Heartbeat:
    """One rank's heartbeat, and its check of those of the others.

    What counts is for how long, by this process's steady clock, the time of another's file has stayed what it was.
    Which time that is does not matter: not every disk has a clock of its own, those of nodes differ, and all may
    jump. A disk that refuses disables the watch, never the scan.

    Args:
        directory: of the run.
        rank, size: of this process, and the number of ranks.
        patience: seconds without a sign after which a rank counts as hanging.
    """

    def __init__(self, directory: Path, rank: int, size: int, patience: float) -> None:
        self.directory, self.rank, self.size, self.patience = directory, rank, size, patience
        self._every = min(60.0, patience / 10)
        self._signed_at = -float("inf")
        self._looked_at = -float("inf")
        self._seen: dict[int, tuple[int | None, float]] = {}  # time of a rank's file, and when it was first seen
        self._file = sign_of(directory, rank)
        with suppress(OSError):
            self._file.parent.mkdir(exist_ok=True)
            self._file.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))

    def sign(self) -> None:
        """Give a sign of life, if the last one is old enough. Costs next to nothing otherwise."""
        now = time.monotonic()
        if now - self._signed_at < self._every:
            return
        self._signed_at = now
        with suppress(OSError):
            os.utime(self._file)

    def silent(self) -> list[int]:
        """Return the ranks that have been silent for too long; looks at the disk only now and then.

        Call it for longer than the patience: silence is what several looks have seen.
        """
        now = time.monotonic()
        if now - self._looked_at < self._every:
            return []
        self._looked_at = now
        try:
            os.utime(self._file)
        except OSError:
            self._seen.clear()
            return []
        return [rank for rank in range(self.size) if rank != self.rank and self._silence(rank, now) > self.patience]

    def _silence(self, rank: int, now: float) -> float:
        """Return for how many seconds, as far as this rank has looked, another has given no sign."""
        try:
            sign = sign_of(self.directory, rank).stat().st_mtime_ns
        except OSError:  # it has not begun yet, or has ended
            sign = None
        before, since = self._seen.setdefault(rank, (sign, now))
        if sign != before:
            self._seen[rank] = sign, now
            return 0.0
        return now - since

    def describe(self, rank: int) -> str:
        """Return where a rank was when it began, as far as is known."""
        try:
            process = json.loads(sign_of(self.directory, rank).read_text())
            return f"rank {rank} (process {process['pid']} on {process['host']})"
        except (OSError, ValueError, KeyError, TypeError):
            return f"rank {rank}"

    def end(self) -> None:
        """Take the file away."""
        with suppress(OSError):
            self._file.unlink()
            self._file.parent.rmdir()  # only the last one succeeds
