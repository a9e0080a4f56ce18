"""Full disks, quotas, disks that lie: nothing acknowledged is lost, no failure is taken for success."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from support.live_stores import ROWS, SCHEMA, expected_keys, live, stored_keys

import terranova
from terranova.errors import RunError, StoreFull
from terranova.store import Reader, Writer, recover, verify
from terranova.testing import Fail, FullDisk, NoSync
from terranova.testing.fake_points import fake_batch

WORDS = {
    "model": "toy-shell",
    "constraints": ["toy-windows"],
    "sampler": {"name": "cmaes", "islands": 3},
    "budget": {"evaluations": 3000},
    "seed": 5,
}


def rows(directory: Path) -> pd.DataFrame:
    """All rows of a run in their natural order, without what depends on the clock."""
    frame = terranova.open(directory).to_pandas().drop(columns="seconds")
    return frame.sort_values(["island", "index"], ignore_index=True)


# -- no space -----------------------------------------------------------------------------------------------


@pytest.mark.fault("F7")
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.9])
def test_a_disk_that_fills_at_any_moment(tmp_path: Path, code: int, share: float) -> None:
    with NoSync(), FullDisk(after=10**9) as meter:
        live(tmp_path / "clean", [])
    run = tmp_path / "run"
    acknowledged: list[int] = []
    with (
        NoSync(),
        FullDisk(after=round(share * (10**9 - meter.left)), code=code),
        pytest.raises((StoreFull, OSError), match=r"No space|quota"),
    ):
        live(run, acknowledged)
    seen = stored_keys(run)
    assert expected_keys(len(acknowledged)).keys() <= seen.keys() <= expected_keys(len(acknowledged) + 1).keys()
    assert not list(run.rglob("*.tmp")), "what was half written does not take up the space that is lacking"
    with NoSync():
        live(run, [])
    assert stored_keys(run) == expected_keys(12)


@pytest.mark.fault("F7")
@pytest.mark.parametrize("after", [2_000, 60_000, 300_000])
def test_a_scan_on_a_full_disk_stops_and_resumes_to_the_same_rows(
    tmp_path: Path, toy_registry: None, after: int
) -> None:
    with NoSync():
        whole = terranova.scan({**WORDS, "output": str(tmp_path / "whole")}, quiet=True)
        directory = tmp_path / "full"
        with FullDisk(after=after), pytest.raises(StoreFull, match="make room and resume") as full:
            terranova.scan({**WORDS, "output": str(directory)}, quiet=True)
        assert full.value.exit_code == 4
        if after == 2_000:
            assert not (directory / "manifest.json").exists(), "it had not begun"
            terranova.scan({**WORDS, "output": str(directory)}, quiet=True)
        else:
            assert (0 < terranova.open(directory).count < 3000) == (after == 60_000)
            with FullDisk(after=0), pytest.raises(StoreFull):
                terranova.resume(directory, quiet=True)  # there is still no room
            terranova.resume(directory, quiet=True)
    pd.testing.assert_frame_equal(rows(directory), rows(whole.directory))
    assert verify(directory).ok


@pytest.mark.fault("F7")
def test_a_checkpoint_that_does_not_fit_is_done_without(
    tmp_path: Path, toy_registry: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from terranova.engine import checkpointing

    monkeypatch.setattr(checkpointing, "CHECKPOINT_INTERVAL", 0.0)
    save = checkpointing.save_checkpoint

    def save_on_a_full_disk(*args: object) -> Path:
        with FullDisk(after=100):
            return save(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpointing, "save_checkpoint", save_on_a_full_disk)
    with NoSync():
        words = {**WORDS, "sampler": {"name": "cmaes-novelty", "islands": 3}, "parallel": {"epoch": 1}}
        run = terranova.scan({**words, "output": str(tmp_path / "run")}, quiet=True)
    assert run.count == 3000
    assert "no checkpoint was saved" in caplog.text
    assert not list(tmp_path.rglob("*.tmp"))


LIMITED = """
import resource, sys, terranova
from support import toys
from terranova.registry import registry
from terranova.parallel.exit import run_guarded
registry().register(toys, name="toys", origin="tests")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
run_guarded(lambda: terranova.scan(
    model="toy-shell", constraints=["toy-windows"], sampler={"name": "cmaes", "islands": 3},
    budget={"evaluations": 3000}, seed=5, output=sys.argv[1], quiet=True))
"""


@pytest.mark.fault("F7")
def test_a_real_limit_of_the_kernel(tmp_path: Path, toy_registry: None) -> None:
    """No file may become larger than 40 kB: the kernel itself cuts a frame of the journal short."""
    directory = tmp_path / "run"
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(directory), "40000"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 4, done.stderr
    assert "File too large. Everything acknowledged before is safe; make room and resume" in done.stderr
    assert "Traceback" not in done.stderr
    (journal,) = directory.glob("points/*.log")
    assert journal.stat().st_size == 40_000, "it was filled to the last byte"
    stored = terranova.open(directory).count
    assert 0 < stored < 3000
    terranova.resume(directory, quiet=True)
    whole = terranova.scan({**WORDS, "output": str(tmp_path / "whole")}, quiet=True)
    pd.testing.assert_frame_equal(rows(directory), rows(whole.directory))


@pytest.mark.fault("F7")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a file system of two megabytes")
def test_a_real_file_system_that_is_full(tmp_path: Path, toy_registry: None) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no file system could be mounted: {mounted.stderr.decode().strip()}")
    try:
        with pytest.raises(StoreFull, match="No space left on device"):
            terranova.scan({**WORDS, "output": str(small / "run")}, quiet=True)
        stored = terranova.open(small / "run").count
        assert 0 < stored < 3000
        subprocess.run(["mount", "-o", "remount,size=30m", str(small)], check=True)
        terranova.resume(small / "run", quiet=True)
        whole = terranova.scan({**WORDS, "output": str(tmp_path / "whole")}, quiet=True)
        pd.testing.assert_frame_equal(rows(small / "run"), rows(whole.directory))
    finally:
        subprocess.run(["umount", str(small)], check=True)


# -- a disk that could not write ----------------------------------------------------------------------------


@pytest.mark.fault("F8")
def test_a_batch_whose_fsync_failed_is_not_acknowledged(tmp_path: Path) -> None:
    with Writer(tmp_path, SCHEMA, durability="power") as writer:
        writer.append(fake_batch(SCHEMA, ROWS, generation=0))
        with Fail("fsync"), pytest.raises(RunError, match=r"could not write to .*points: Input/output error"):
            writer.append(fake_batch(SCHEMA, ROWS, generation=1))
        # An fsync that failed once succeeds the next time, without having written anything.
        for use in (writer.sync, writer.seal, lambda: writer.append(fake_batch(SCHEMA, ROWS, generation=2))):
            with pytest.raises(RunError, match="open a new one"):
                use()
    assert not list(tmp_path.glob("points/*.parquet")), "closing it does not seal what may not be on the disk"
    with NoSync(), Writer(tmp_path, SCHEMA):
        pass
    assert len(list(tmp_path.glob("points/*.parquet"))) == 1, "the next one writes everything anew"
    assert expected_keys(1).keys() <= stored_keys(tmp_path).keys() <= expected_keys(2).keys()


@pytest.mark.fault("F8")
def test_an_fsync_that_fails_at_any_moment(tmp_path: Path) -> None:
    with NoSync(), Fail("fsync", at=None) as count:
        live(tmp_path / "clean", [])
    assert count.operations > 20
    for k in range(1, count.operations + 1, 2):
        run = tmp_path / str(k)
        acknowledged: list[int] = []
        with NoSync(), Fail("fsync", at=k), pytest.raises((RunError, OSError), match="Input/output error"):
            live(run, acknowledged)
        seen = stored_keys(run)
        assert expected_keys(len(acknowledged)).keys() <= seen.keys()
        with NoSync():
            live(run, [])
        assert stored_keys(run) == expected_keys(12)


@pytest.mark.fault("F8")
def test_a_part_whose_fsync_failed_never_gets_its_name(tmp_path: Path) -> None:
    writer = Writer(tmp_path, SCHEMA)
    writer.append(fake_batch(SCHEMA, ROWS))
    with Fail("fsync"), pytest.raises(RunError, match="could not seal rows"):
        writer.seal()
    writer.close()
    assert [path.suffix for path in tmp_path.glob("points/*")] == [".log"]
    recover(tmp_path)
    assert Reader(tmp_path).count() == ROWS


@pytest.mark.fault("F8")
def test_a_scan_stops_with_the_message(tmp_path: Path, toy_registry: None) -> None:
    words = {**WORDS, "store": {"durability": "power"}, "output": str(tmp_path / "run")}
    with Fail("fsync", at=20), pytest.raises(RunError, match="Input/output error") as failed:
        terranova.scan(words, quiet=True)
    assert failed.value.exit_code == 4
    terranova.resume(tmp_path / "run", quiet=True)
    whole = terranova.scan({**WORDS, "output": str(tmp_path / "whole")}, quiet=True)
    pd.testing.assert_frame_equal(rows(tmp_path / "run"), rows(whole.directory))


def test_a_limit_is_back_to_what_it_was() -> None:
    """The limits of the tests above are those of their own processes."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
