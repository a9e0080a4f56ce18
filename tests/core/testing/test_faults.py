"""The injected faults do what they say, or the tests that rely on them show nothing."""

import errno
import os
import sys

import pytest

from terranova.system import disk
from terranova.system.atomic import write_atomic
from terranova.testing import Crash, Died, Fail, FullDisk, NoSync, SlowKernel, flip_bit, sigkill_after


def test_a_crash_counts_and_dies_at_the_one_chosen(tmp_path):
    with Crash() as count:
        write_atomic(tmp_path / "a", "1234")
    assert count.names == ["open", "write", "fsync", "replace", "fsync"]
    for at, name in enumerate(count.names, start=1):
        with pytest.raises(Died, match=f"at operation {at}: {name}"), Crash(at=at):
            write_atomic(tmp_path / f"b{at}", "1234")
    assert (tmp_path / "b2.tmp").read_bytes() == b"12", "of a write, half is there"
    assert (tmp_path / "b5").exists()
    assert not (tmp_path / "b4").exists()
    assert disk.write is os.write, "afterwards all is as it was"


def test_nothing_is_written_after_a_death(tmp_path):
    with Crash(at=1):
        with pytest.raises(Died):
            disk.mkdir(tmp_path / "a")
        with pytest.raises(Died, match="after the death"):
            disk.mkdir(tmp_path / "b")
    assert os.listdir(tmp_path) == []


def test_a_full_disk_takes_what_fits(tmp_path):
    fd = os.open(tmp_path / "a", os.O_WRONLY | os.O_CREAT)
    with FullDisk(after=10, code=errno.EDQUOT) as full:
        assert disk.write(fd, b"123456") == 6
        assert disk.writev(fd, [b"123", b"456"]) == 4
        for refused in (lambda: disk.write(fd, b"1"), lambda: disk.mkdir(tmp_path / "d")):
            with pytest.raises(OSError, match="quota"):
                refused()
        assert full.refused == 2
    disk.write(fd, b"more")
    os.close(fd)
    assert (tmp_path / "a").read_bytes() == b"1234561234more"


def test_a_failure_happens_once_unless_it_lasts(tmp_path):
    with Fail("mkdir", at=2) as fail:
        disk.mkdir(tmp_path / "a")
        with pytest.raises(OSError, match="Input/output error"):
            disk.mkdir(tmp_path / "b")
        disk.mkdir(tmp_path / "c")
    assert fail.operations == 3
    with Fail(lasting=True, code=errno.ENOSPC):
        for name in "de":
            with pytest.raises(OSError, match="No space"):
                disk.mkdir(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["a", "c"]


def test_faults_can_be_nested(tmp_path):
    with NoSync(), Crash() as count, SlowKernel(3):
        write_atomic(tmp_path / "a", "1234567")
    assert count.names == ["open", "write", "write", "write", "fsync", "replace", "fsync"]
    assert (tmp_path / "a").read_text() == "1234567"


def test_a_bit_flipped_twice_is_as_before(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"ab")
    flip_bit(path, 8)
    assert path.read_bytes() == b"ac"
    flip_bit(path, 8)
    assert path.read_bytes() == b"ab"
    with pytest.raises(ValueError, match="no bit 16"):
        flip_bit(path, 16)


def test_killing_after_some_lines():
    said = sigkill_after([sys.executable, "-c", "for i in range(10**9): print(i, flush=True)"], acks=3)
    assert said.returncode == -9
    assert list(said.lines[:3]) == ["0", "1", "2"]
    ended = sigkill_after(["python", "-c", "print('done')"], acks=2)
    assert list(ended.lines) == ["done"]
