"""Whatever dies, and whenever: what was acknowledged is read back, and nothing twice."""

import errno
import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from terranova.errors import RunError, StoreCorrupt
from terranova.store import Reader, Writer, recover
from terranova.store.fake import fake_batch, fake_schema
from terranova.store.journal import parse
from terranova.store.recovery import log as recovery_log

SCHEMA = fake_schema(2, 2, 1)
ROWS = 5
OPERATIONS = ("open", "mkdir", "write", "writev", "fsync", "replace", "unlink")


class Died(BaseException):
    """Stands for the death of the process: nothing may handle it."""


class Saboteur:
    """Counts the operating system's calls the store makes, and lets the one with the given number fail."""

    def __init__(self, monkeypatch, fail_at: int | None, error: BaseException):
        self.calls = 0
        self.fail_at = fail_at
        self.error = error
        for name in OPERATIONS:
            monkeypatch.setattr(os, name, self.wrap(name, getattr(os, name)))

    def wrap(self, name, original):
        def call(*args, **kwargs):
            self.calls += 1
            if self.calls == self.fail_at:
                if name in ("write", "writev"):  # half of it reaches the disk
                    data = b"".join(args[1]) if name == "writev" else bytes(args[1])
                    os_write(args[0], data[: len(data) // 2])
                raise self.error
            return None if name == "fsync" else original(*args, **kwargs)  # no power cuts here

        return call


os_write = os.write


def write_some(directory: Path, acknowledged: list[int]) -> None:
    """Twelve batches in parts of four, noting the generation of each acknowledged one."""
    writer = None
    try:
        writer = Writer(directory, SCHEMA, part_rows=4 * ROWS)
        start = len(acknowledged)
        for generation in range(start, start + 12):
            writer.append(fake_batch(SCHEMA, ROWS, generation=generation))
            acknowledged.append(generation)
            if generation % 3 == 0:
                writer.sync()
        writer.close()
    finally:
        if writer is not None and writer._journal is not None:
            writer._journal.close()  # what the kernel does for a dead process


def stored_generations(directory: Path) -> Counter[int]:
    """Generation -> rows, checking that each batch is whole and right."""
    if not (directory / "points").is_dir() or not any((directory / "points").iterdir()):
        return Counter()
    try:
        table = Reader(directory).table()
    except RunError as error:
        assert "holds no points" in str(error)  # noqa: PT017 - died before the first row
        return Counter()
    counts = Counter(table["generation"].to_pylist())
    for generation in counts:
        batch = fake_batch(SCHEMA, ROWS, generation=generation)
        mine = table.filter(np.asarray(table["generation"]) == generation)
        np.testing.assert_array_equal(mine["p0"], batch.x[:, 0])
        np.testing.assert_array_equal(mine["o1"], batch.observables[:, 1])
        assert mine["reason"].to_pylist() == list(batch.reason)
    return counts


@pytest.mark.parametrize("error", [Died(), OSError(errno.ENOSPC, "No space left on device")], ids=["death", "full"])
def test_dying_at_any_operation_loses_nothing_acknowledged(tmp_path, monkeypatch, error):
    (tmp_path / "clean").mkdir()
    with monkeypatch.context() as patch:
        saboteur = Saboteur(patch, None, error)
        write_some(tmp_path / "clean", [])
    assert saboteur.calls > 40

    # A full disk differs from death only in who closes the files: fewer places will do.
    for fail_at in range(1, saboteur.calls + 1, 1 if isinstance(error, Died) else 3):
        directory = tmp_path / f"at-{fail_at}"
        directory.mkdir()
        acknowledged: list[int] = []
        with monkeypatch.context() as patch:
            Saboteur(patch, fail_at, error)
            with pytest.raises((Died, RunError)):
                write_some(directory, acknowledged)
        seen = stored_generations(directory)
        assert set(acknowledged) <= set(seen) <= {*acknowledged, len(acknowledged)}
        assert set(seen.values()) <= {ROWS}

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", lambda fd: None)
            write_some(directory, list(seen))
        again = stored_generations(directory)
        assert sorted(again) == list(range(len(seen) + 12))
        assert set(again.values()) == {ROWS}
        assert {path.suffix for path in directory.glob("points/*")} == {".parquet"}


def test_a_failed_writer_refuses_to_go_on(tmp_path, monkeypatch):
    writer = Writer(tmp_path, SCHEMA)
    writer.append(fake_batch(SCHEMA, ROWS, generation=0))

    def refuse(fd):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(RunError, match=r"could not sync .*points: Input/output error"):
            writer.sync()
    # An fsync that failed once may succeed the next time without having written anything.
    for use in (writer.sync, writer.seal, lambda: writer.append(fake_batch(SCHEMA, ROWS, generation=1))):
        with pytest.raises(RunError, match="open a new one"):
            use()
    writer.close()
    assert not list(tmp_path.glob("points/*.parquet"))
    assert stored_generations(tmp_path) == {0: ROWS}


def test_a_kernel_that_takes_little_at_a_time(tmp_path, monkeypatch):
    writev, write = os.writev, os.write
    monkeypatch.setattr(os, "writev", lambda fd, pieces: writev(fd, [b"".join(pieces)[:7]]))
    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, bytes(data[:100])))
    writer = Writer(tmp_path, SCHEMA)
    writer.append(fake_batch(SCHEMA, ROWS))
    assert stored_generations(tmp_path) == {0: ROWS}
    writer.close()


# -- damaged journals -------------------------------------------------------------------------------------


def journal_of(directory: Path, batches: int) -> tuple[Path, list[int]]:
    """A journal left by a dead writer, and where each of its frames ends."""
    writer = Writer(directory, SCHEMA)
    ends = []
    for generation in range(batches):
        writer.append(fake_batch(SCHEMA, ROWS, generation=generation))
        (path,) = directory.glob("points/*.log")
        ends.append(path.stat().st_size)
    writer._journal.close()
    return path, ends


def test_a_journal_cut_anywhere_in_its_last_two_frames(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    path, ends = journal_of(tmp_path, 4)
    data = path.read_bytes()
    for size in range(ends[1], ends[3] + 1):
        whole = sum(end <= size for end in ends)
        assert len(parse(data[:size], path).records) == whole * ROWS
        if size % 25 and size not in ends:
            continue
        path.write_bytes(data[:size])
        assert Reader(tmp_path).count() == whole * ROWS
        with Writer(tmp_path, SCHEMA) as writer:  # and what comes next works
            writer.append(fake_batch(SCHEMA, ROWS, generation=whole))
        assert sorted(stored_generations(tmp_path)) == list(range(whole + 1))
        for part in tmp_path.glob("points/*.parquet"):
            part.unlink()


def test_a_torn_tail_is_mentioned_once(tmp_path, caplog):
    path, ends = journal_of(tmp_path, 2)
    os.truncate(path, ends[1] - 3)
    with caplog.at_level(logging.INFO, logger=recovery_log.name):
        done = recover(tmp_path, SCHEMA)
    assert len(caplog.records) == 1
    assert "dropped an incomplete frame" in caplog.text
    assert (done.rows, done.torn_bytes, len(done.sealed)) == (ROWS, ends[1] - ends[0] - 3, 1)
    assert recover(tmp_path, SCHEMA).sealed == ()


def test_a_bit_flipped_before_the_last_frame_is_found_wherever_it_is(tmp_path):
    path, ends = journal_of(tmp_path, 3)
    good = path.read_bytes()
    rng = random.Random(1)
    for position in range(ends[1]):
        data = bytearray(good)
        data[position] ^= 1 << rng.randrange(8)
        with pytest.raises(StoreCorrupt, match=r"journal-0000-00000000\.log is damaged at byte \d+"):
            parse(bytes(data), path)
    path.write_bytes(data)
    for use in (
        lambda: Reader(tmp_path).table(),
        lambda: Writer(tmp_path, SCHEMA),
        lambda: recover(tmp_path),
    ):
        with pytest.raises(StoreCorrupt, match=f"byte {ends[0]}"):
            use()
    assert "damaged at byte" in Reader(tmp_path).verify()[0]


def test_a_bit_flipped_in_a_part_is_never_read_as_data(tmp_path):
    with Writer(tmp_path, SCHEMA) as writer:
        writer.append(fake_batch(SCHEMA, 200))
    (path,) = tmp_path.glob("points/*.parquet")
    good, table = path.read_bytes(), Reader(tmp_path).to_pandas()
    footer = len(good) - 8 - int.from_bytes(good[-8:-4], "little")
    rng = random.Random(2)
    found = 0
    for _ in range(150):
        data = bytearray(good)
        data[rng.randrange(4, footer)] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        if problems := Reader(tmp_path).verify():
            assert path.name in problems[0]
            found += 1
        else:  # a bit without meaning, such as a statistic in a page's header
            assert Reader(tmp_path).to_pandas().equals(table)
    assert found > 130
    path.write_bytes(good[:100])
    with pytest.raises(StoreCorrupt, match=r"part-0000-00000000\.parquet"):
        Reader(tmp_path).table()


def test_a_part_supersedes_its_journal(tmp_path):
    path, _ = journal_of(tmp_path, 3)
    journal = path.read_bytes()
    recover(tmp_path)
    path.write_bytes(journal)  # died between the rename and the removal
    (tmp_path / "points" / "part-0000-00000001.parquet.tmp").write_bytes(b"PAR1 half")
    assert Reader(tmp_path).count() == 3 * ROWS
    done = recover(tmp_path, SCHEMA)
    assert done.rows == 0
    assert len(done.removed) == 2
    assert stored_generations(tmp_path) == dict.fromkeys(range(3), ROWS)


def test_journals_of_writers_that_are_no_more_are_recovered(tmp_path):
    for number in range(4):
        writer = Writer(tmp_path, SCHEMA, writer=number)
        writer.append(fake_batch(SCHEMA, ROWS, generation=number))
        writer._journal.close()
    assert recover(tmp_path, SCHEMA).rows == 4 * ROWS
    assert stored_generations(tmp_path) == dict.fromkeys(range(4), ROWS)
    assert not list(tmp_path.glob("points/*.log"))


# -- real deaths ------------------------------------------------------------------------------------------

SESSION = """
import sys
from pathlib import Path
from terranova.store import Writer
from terranova.store.fake import fake_batch, fake_schema
directory, generation = Path(sys.argv[1]), int(sys.argv[2])
schema = fake_schema(2, 2, 1)
with Writer(directory, schema, part_rows=200) as writer:
    while True:
        writer.append(fake_batch(schema, 5, generation=generation))
        print(generation, flush=True)
        generation += 1
        if generation % 25 == 0:
            writer.sync()
"""


def test_sigkill_at_random_moments(tmp_path):
    rng = random.Random(3)
    start = 0
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", SESSION, str(tmp_path), str(start)], stdout=subprocess.PIPE, text=True
        )
        with process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0.0, 0.3))
            process.send_signal(signal.SIGKILL)
            acknowledged = [int(line) for line in process.stdout.read().split("\n")[:-1]]
        last = acknowledged[-1] if acknowledged else start
        seen = stored_generations(tmp_path)
        assert set(seen.values()) == {ROWS}
        assert sorted(seen) == list(range(len(seen)))
        assert last < len(seen) <= last + 2
        start = len(seen)
    recover(tmp_path)
    assert stored_generations(tmp_path) == seen
