"""`write_atomic`: the old content or the new, whatever happens."""

import errno
import os

import pytest

from terranova.atomic import write_atomic


def test_replaces_the_content(tmp_path):
    path = tmp_path / "state.json"
    write_atomic(path, "Größe")
    write_atomic(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert os.listdir(tmp_path) == ["state.json"]


def test_text_is_utf8(tmp_path):
    write_atomic(tmp_path / "a", "Größe")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "Größe"


def test_survives_a_kernel_that_takes_one_byte_at_a_time(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data[:1])))
    write_atomic(tmp_path / "a", "many bytes")
    assert (tmp_path / "a").read_text() == "many bytes"


@pytest.mark.parametrize("operation", ["open", "write", "fsync", "replace"])
def test_a_failure_leaves_the_old_content(tmp_path, monkeypatch, operation):
    path = tmp_path / "a"
    write_atomic(path, "old")

    def fail(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, operation, fail)
        with pytest.raises(OSError, match="No space"):
            write_atomic(path, "new")
    assert path.read_text() == "old"
    write_atomic(path, "new")
    assert path.read_text() == "new"
