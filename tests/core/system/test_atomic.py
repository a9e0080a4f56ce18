"""`write_atomic`: the old content or the new, whatever happens."""

import errno
import os

import pytest

from terranova.system.atomic import make_directory, write_atomic
from terranova.testing import Fail, SlowKernel


def test_replaces_the_content(tmp_path):
    path = tmp_path / "state.json"
    write_atomic(path, "Größe")
    write_atomic(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert os.listdir(tmp_path) == ["state.json"]


def test_text_is_utf8(tmp_path):
    write_atomic(tmp_path / "a", "Größe")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "Größe"


def test_survives_a_kernel_that_takes_one_byte_at_a_time(tmp_path):
    with SlowKernel(1):
        write_atomic(tmp_path / "a", "many bytes")
    assert (tmp_path / "a").read_text() == "many bytes"


@pytest.mark.parametrize("operation", ["open", "write", "fsync", "replace"])
def test_a_failure_leaves_the_old_content_and_nothing_else(tmp_path, operation):
    path = tmp_path / "a"
    write_atomic(path, "old")
    with pytest.raises(OSError, match="No space"), Fail(operation, code=errno.ENOSPC):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a"]
    write_atomic(path, "new")
    assert path.read_text() == "new"


def test_directories_are_made_with_those_above(tmp_path):
    make_directory(tmp_path / "a" / "b")
    make_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        make_directory(tmp_path / "file" / "c")
