"""A file system that cannot be asked to write now, or that has no locks: a scan runs, and says what it lacks."""

from __future__ import annotations

import errno
import fcntl
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.live_stores import expected_keys, live, stored_keys

from terranova.store import RunLock
from terranova.system import atomic
from terranova.testing import Fail

pytestmark = pytest.mark.fault("F57")

CODES = [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP]


class _Never(Fail):
    """Every fsync fails."""

    def _wrap(self, name: str, operation: Any) -> Any:
        def call(fd: int) -> None:
            self.operations += 1
            raise OSError(self.code, "not here")

        return call


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Nobody was warned yet."""
    atomic._warn_without_sync.cache_clear()
    yield
    atomic._warn_without_sync.cache_clear()


@pytest.mark.parametrize("code", CODES, ids=errno.errorcode.get)
@pytest.mark.parametrize("durability", ["process", "power"])
def test_a_store_without_fsync_keeps_everything_and_warns_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: int, durability: str
) -> None:
    acknowledged: list[int] = []
    with caplog.at_level(logging.WARNING), _Never("fsync", code=code) as refused:
        live(tmp_path, acknowledged, durability=durability)
    assert refused.operations > 10
    assert acknowledged == list(range(12))
    assert stored_keys(tmp_path) == expected_keys(12)
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 1, warnings
    assert "a power cut can" in warnings[0]


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EBADF], ids=errno.errorcode.get)
def test_an_fsync_that_fails_is_still_an_error(tmp_path: Path, code: int) -> None:
    with pytest.raises(OSError, match="not here"), _Never("fsync", code=code):
        atomic.write_atomic(tmp_path / "file", "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL], ids=errno.errorcode.get
)
def test_a_file_system_without_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    def refuse(fd: int, operation: int) -> None:
        raise OSError(code, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with caplog.at_level(logging.WARNING), RunLock(tmp_path):
        pass
    (record,) = caplog.records
    assert "do not start this run twice at once" in record.getMessage()
