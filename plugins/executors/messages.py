"""Messages between a worker process and its owner, in frames: what is damaged, or half there, is no message.

The model lives in the worker, and may do to the connection what it likes: write to it, close it, fork a copy of the
worker, stop in the middle of an answer. None of that may hold up the owner, or be taken for an answer.
"""

from __future__ import annotations

import os
import pickle
import socket
import struct
import zlib
from typing import Any

MAGIC = b"terranova\x01"
_HEAD = struct.Struct(f"<{len(MAGIC)}sQII")
"""Of a frame: a word, the length of what follows, its checksum, and that of the two."""

_PIECE = 1 << 20


class Garbled(Exception):
    """What came is no message."""


def frame(payload: bytes) -> bytes:
    """Return bytes as they travel."""
    size = len(payload)
    return _HEAD.pack(MAGIC, size, zlib.crc32(payload), _check_of(size)) + payload


def _check_of(size: int) -> int:
    return zlib.crc32(struct.pack("<Q", size))


def length(head: bytes) -> tuple[int, int]:
    """Return length and checksum of what follows a head.

    Raises:
        Garbled: it is none.
    """
    magic, size, checksum, check = _HEAD.unpack(head)
    if magic != MAGIC or check != _check_of(size):
        raise Garbled
    return size, checksum


class OwnersEnd:
    """The owner's end of a connection; it never waits for longer than it says.

    Args:
        connected: a socket.
    """

    def __init__(self, connected: socket.socket) -> None:
        self._socket, self._come = connected, bytearray()

    def fileno(self) -> int:
        """Number of the socket, to wait for it."""
        return self._socket.fileno()

    def send(self, payload: bytes, seconds: float) -> None:
        """Send bytes.

        Raises:
            OSError: nobody is there, or nobody has taken all of it within so many seconds.
        """
        self._socket.settimeout(seconds)
        self._socket.sendall(frame(payload))

    def receive(self) -> list[Any]:
        """Return the messages that have come whole since the last time.

        Raises:
            EOFError: the other end is closed.
            Garbled: what came is no message.
        """
        self._socket.settimeout(0.0)
        try:
            piece = self._socket.recv(_PIECE)
        except BlockingIOError:
            return []
        except OSError as error:
            raise EOFError from error
        if not piece:
            raise EOFError
        self._come += piece
        messages = []
        while len(self._come) >= _HEAD.size:
            size, checksum = length(bytes(self._come[: _HEAD.size]))
            end = _HEAD.size + size
            if len(self._come) < end:
                break
            messages.append(_unpickled(bytes(self._come[_HEAD.size : end]), checksum))
            del self._come[:end]
        return messages

    def close(self) -> None:
        """Close it."""
        self._socket.close()


def _unpickled(payload: bytes, checksum: int) -> Any:
    if zlib.crc32(payload) != checksum:
        raise Garbled
    try:
        return pickle.loads(payload)
    except (Exception, SystemExit) as error:  # of a class that is not known here, or that objects to being made
        raise Garbled from error


class WorkersEnd:
    """The worker's end of a connection, which stays the worker's own.

    Args:
        number: of the socket.
    """

    def __init__(self, number: int) -> None:
        self._number, self._pid = number, os.getpid()
        self._identity = self._file()

    def _file(self) -> tuple[int, int]:
        status = os.fstat(self._number)
        return status.st_dev, status.st_ino

    def _check(self) -> None:
        """End a copy of the worker that the model has forked; write to no file that took the socket's place.

        Raises:
            OSError: it is closed.
        """
        if os.getpid() != self._pid:
            os._exit(0)
        if self._file() != self._identity:
            raise OSError("the model has closed the connection")

    def send(self, message: Any) -> None:
        """Send a message."""
        self._check()
        rest = memoryview(frame(pickle.dumps(message, pickle.HIGHEST_PROTOCOL)))
        while rest:
            rest = rest[os.write(self._number, rest) :]

    def receive(self) -> Any:
        """Wait for a message.

        Raises:
            EOFError: the other end is closed.
        """
        self._check()
        size, _ = length(self._exactly(_HEAD.size))
        return pickle.loads(self._exactly(size))

    def _exactly(self, size: int) -> bytes:
        come = bytearray()
        while len(come) < size:
            piece = os.read(self._number, min(size - len(come), _PIECE))
            if not piece:
                raise EOFError
            come += piece
        return bytes(come)
