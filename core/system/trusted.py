"""What this user has agreed to run, remembered in a file of their own, outside of any run directory.

It is `$XDG_STATE_HOME/terranova/trusted.json`, by default in ~/.local/state. Deleting it takes every consent back.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAME = "trusted.json"

MOST = 1000
"""Consents that are kept; the oldest give way."""

_LARGEST = 4_000_000  # bytes that are read of it
_PATIENCE = 2.0  # seconds to wait for another process that writes


def trusted_file() -> Path:
    """Return where consents are remembered.

    Raises:
        OSError: nobody knows this user's home directory.
    """
    given = os.environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(given):  # the XDG specification wants relative ones ignored
        return Path(given) / "terranova" / NAME
    try:
        return Path.home() / ".local" / "state" / "terranova" / NAME
    except RuntimeError as error:
        raise OSError(str(error)) from error


def is_trusted(digest: str) -> bool:
    """Say whether this user has agreed to what has this digest. A file that cannot be read remembers nothing."""
    try:
        return digest in _read(trusted_file())
    except OSError:
        return False


def remember(digest: str, what: str) -> None:
    """Remember a consent; one that is there already is left as it is.

    Args:
        digest: of what may run.
        what: the same in words, for whoever looks into the file.

    Raises:
        OSError: it cannot be written.
    """
    path = trusted_file()
    with contextlib.suppress(OSError):
        if digest in _read(path):
            return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(path):
        try:
            known = _read(path)
        except FileNotFoundError:
            known = {}
        known[digest] = {"what": what[:500], "since": datetime.now(UTC).isoformat(timespec="seconds")}
        _write(path, dict(list(known.items())[-MOST:]))


def _read(path: Path) -> dict[str, Any]:
    """Return digest -> what; nothing of a file that is damaged."""
    with path.open("rb") as file:
        text = file.read(_LARGEST + 1)
    try:
        content = json.loads(text)["trusted"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(path: Path, trusted: dict[str, Any]) -> None:
    """Replace the file. It is private, unlike those of `atomic`, and nothing is lost but a question if it is."""
    fd, name = tempfile.mkstemp(prefix=f"{NAME}.", dir=path.parent)
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump({"format": 1, "trusted": trusted}, file, indent=1)
            file.flush()
            os.fsync(fd)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock beside the file, so that of two processes that remember something neither forgets the other's."""
    fd = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
        yield
    finally:
        os.close(fd)
