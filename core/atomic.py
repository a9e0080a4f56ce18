"""Replace a file so that readers, and whoever comes after a crash, see the old or the new one, never half."""

from __future__ import annotations

import os
from pathlib import Path

TEMPORARY = ".tmp"
"""Ending of a file that is being written; whatever has it after a crash is rubbish."""


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) to `path`, durably and all or nothing.

    Args:
        path: its directory must exist; one process at a time may write it.
        content: the whole new content.

    Raises:
        OSError: the content could not be written; `path` is as it was.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary = path.with_name(path.name + TEMPORARY)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
    publish(temporary, path)


def write_all(fd: int, data: bytes | memoryview) -> None:
    """Write all of `data` to a file descriptor: the kernel may take less than asked for in one call."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def publish(temporary: Path, path: Path) -> None:
    """Give a finished, synced file its real name, and make the name itself survive a power cut."""
    os.replace(temporary, path)
    sync_directory(path.parent)


def sync_file(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    _sync(path, os.O_RDONLY)


def sync_directory(directory: Path) -> None:
    """Wait until the names in a directory are on the disk."""
    _sync(directory, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    fd = os.open(path, flags)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
