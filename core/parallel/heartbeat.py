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

    Ages are differences between times of files, which the disk's own clock gives: clocks of other nodes, and
    clocks that jump, do not matter. A disk that refuses disables the watch, never the scan.

    Args:
        directory: of the run.
        rank, size: of this process, and the number of ranks.
        patience: seconds without a sign after which a rank counts as hanging.
    """

    def __init__(self, directory: Path, rank: int, size: int, patience: float) -> None:
        self.directory, self.rank, self.size, self.patience = directory, rank, size, patience
        self._every = min(60.0, patience / 10)
        self._signed_at = -float("inf")
        self._looked_at = self._began = time.monotonic()
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
        """Return the ranks that have been silent for too long; looks at the disk only now and then."""
        now = time.monotonic()
        if now - self._looked_at < self._every:
            return []
        self._looked_at = now
        try:
            os.utime(self._file)
            here = self._file.stat().st_mtime
        except OSError:
            return []
        return [rank for rank in range(self.size) if self._age(rank, here, now) > self.patience]

    def _age(self, rank: int, here: float, now: float) -> float:
        try:
            return here - sign_of(self.directory, rank).stat().st_mtime
        except OSError:  # it has not begun yet, or has ended: count from when we began to look
            return now - self._began

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
