"""Atomic replacement of files: readers, and whoever comes after a crash, see the old or the new one, never half."""

from __future__ import annotations

import contextlib
import errno
import functools
import io
import logging
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terranova.system import disk

log = logging.getLogger("terranova")

TEMPORARY = ".tmp"
"""Ending of a file that is being written; whatever has it after a crash is rubbish."""

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_BUFFER = 2**20


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) to `path`, durably and all or nothing.

    Args:
        path: its directory must exist; one process at a time may write it.
        content: the whole new content.

    Raises:
        OSError: the content could not be written; `path` is as it was.
    """
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


class NewFile(io.RawIOBase):
    """A file being written: collects small writes, and knows the checksum of what it was given.

    Not one of Python's own buffers: after a failed write these try again when they are forgotten, by which time
    the descriptor may belong to another file.

    Attributes:
        crc32: of all bytes given so far.
        size: how many these are.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._pieces: list[bytes] = []
        self._waiting = self.crc32 = self.size = 0

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any, /) -> int:
        """Take all of `data`; it is on its way to the disk at the latest after `finish`."""
        piece = bytes(data)
        self.crc32 = zlib.crc32(piece, self.crc32)
        self.size += len(piece)
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting >= _BUFFER:
            self.finish()
        return len(piece)

    def finish(self) -> None:
        """Hand over to the operating system what is left."""
        rest = memoryview(b"".join(self._pieces))
        self._pieces, self._waiting = [], 0
        while rest:
            rest = rest[disk.write(self._fd, rest) :]


@contextmanager
def replacing(path: Path) -> Iterator[NewFile]:
    """Give a file to write to that replaces `path` at the end of the block, durably and all or nothing.

    Raises:
        OSError: it could not be written; `path` is as it was, and no half-written file is left to fill the disk.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    fd = _open_new(temporary)
    try:
        try:
            file = NewFile(fd)
            yield file
            file.finish()
            wait_for_disk(fd)
        finally:
            os.close(fd)
        publish(temporary, path)
    except BaseException:  # a signal as well
        with contextlib.suppress(OSError):
            disk.unlink(temporary)
        raise


def _open_new(path: Path) -> int:
    """Open a file that does not exist yet; what a crash left there, or somebody put there, is taken away.

    Nothing is written through a link: who made the directory may have wished to see another file overwritten.
    """
    try:
        return disk.open(path, _NEW_FILE, 0o666)
    except FileExistsError:
        disk.unlink(path)
        return disk.open(path, _NEW_FILE, 0o666)


def make_temporary(path: Path) -> Path:
    """Make an empty file beside `path` for a library that writes to files by name; `publish` gives it its name.

    Raises:
        OSError: it cannot be made.
    """
    temporary = path.with_name(path.name + TEMPORARY)
    os.close(_open_new(temporary))
    return temporary


def publish(temporary: Path, path: Path) -> None:
    """Give a finished, synced file its real name, and make the name itself survive a power cut."""
    disk.replace(temporary, path)
    sync_directory(path.parent)


def make_directory(path: Path) -> None:
    """Make a directory, and those above it, where they do not exist; their names survive a power cut."""
    if path.is_dir():
        return
    if path.parent != path:
        make_directory(path.parent)
    with contextlib.suppress(FileExistsError):
        disk.mkdir(path)
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(path))
    with contextlib.suppress(PermissionError):  # one may write into a folder that one may not read
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
        wait_for_disk(fd)
    finally:
        os.close(fd)


_NO_SYNC = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOTTY}
"""What file systems answer that cannot be asked to write now."""


def wait_for_disk(fd: int) -> None:
    """Wait until what was written is on the disk, where the file system can be asked for that.

    Raises:
        OSError: it could not be written; nothing is known of what is on the disk.
    """
    try:
        disk.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
        _warn_without_sync(os.fstat(fd).st_dev, os.strerror(error.errno))


@functools.cache
def _warn_without_sync(device: int, why: str) -> None:
    """Say once for each file system what is not promised there."""
    log.warning(
        "a file system that is written to cannot wait for its disk (fsync: %s): the death of any process loses "
        "nothing there, but a power cut can",
        why,
    )
