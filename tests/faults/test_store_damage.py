"""Damage is found wherever it is, named, never read as data, and costs no more than what was damaged."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from support.live_stores import ROWS, SCHEMA, expected_keys, journal_of, sealed_run, stored_keys

from terranova.cli import commands as cli
from terranova.errors import RunError, StoreCorrupt
from terranova.store import Manifest, Reader, Writer, load_manifest, recover, require_sound, salvage, verify
from terranova.store.journal import parse
from terranova.store.recovery import log as recovery_log
from terranova.testing import Crash, Died, NoSync, flip_bit
from terranova.testing.fake_points import fake_batch


def findings(directory: Path) -> list[str]:
    """Kinds of what `verify` finds, but for the configuration that these runs do not have."""
    return [finding.kind for finding in verify(directory).findings if finding.kind != "config"]


# -- journals -----------------------------------------------------------------------------------------------


@pytest.mark.fault("F3")
def test_a_journal_cut_at_every_byte_of_its_last_two_frames(tmp_path: Path) -> None:
    with NoSync():
        path, ends = journal_of(tmp_path, 4)
        data = path.read_bytes()
        for size in range(ends[1], ends[3] + 1):
            whole = sum(end <= size for end in ends)
            found = parse(data[:size], path)
            assert len(found.records) == whole * ROWS
            assert found.torn_bytes == size - ends[whole - 1]
            if size % 67 and size not in ends:
                continue  # the bytes of the file are all that the rest can see
            path.write_bytes(data[:size])
            assert Reader(tmp_path).count() == whole * ROWS
            with Writer(tmp_path, SCHEMA) as writer:  # and what comes next works
                writer.append(fake_batch(SCHEMA, ROWS, generation=whole))
            assert stored_keys(tmp_path) == expected_keys(whole + 1)
            assert stored_keys(tmp_path) == expected_keys(whole + 1)
            assert findings(tmp_path) == []
            for file in (tmp_path / "points").iterdir():
                file.unlink()


@pytest.mark.fault("F3")
def test_a_torn_tail_is_mentioned_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, ends = journal_of(tmp_path, 2)
    os.truncate(path, ends[1] - 3)
    assert verify(tmp_path).torn_bytes == ends[1] - ends[0] - 3
    with caplog.at_level(logging.INFO, logger=recovery_log.name):
        done = recover(tmp_path, SCHEMA)
    assert len(caplog.records) == 1
    assert "dropped an incomplete frame" in caplog.text
    assert (done.rows, done.torn_bytes, len(done.sealed)) == (ROWS, ends[1] - ends[0] - 3, 1)
    assert recover(tmp_path, SCHEMA).sealed == ()


@pytest.mark.fault("F4")
def test_a_flipped_bit_before_the_last_frame_is_found_wherever_it_is(tmp_path: Path) -> None:
    path, ends = journal_of(tmp_path, 3)
    good = path.read_bytes()
    rng = random.Random(1)
    for position in range(ends[1]):
        data = bytearray(good)
        data[position] ^= 1 << rng.randrange(8)
        with pytest.raises(StoreCorrupt, match=r"journal-0000-00000000\.log is damaged at byte \d+.*salvage"):
            parse(bytes(data), path)


def _salvaged_rows(directory: Path, bit: int) -> tuple[int, int]:
    """Flip a bit of a journal of three frames, salvage it; return the frame that was hit and the rows kept."""
    path, ends = journal_of(directory, 3)
    flip_bit(path, bit)
    damaged = path.read_bytes()
    head = len(damaged) - (ends[2] - ends[0]) - (ends[1] - ends[0])
    for use in (lambda: Reader(directory).table(), lambda: Writer(directory, SCHEMA), lambda: recover(directory)):
        with pytest.raises(StoreCorrupt, match=r"damaged at byte \d+"):
            use()
    with pytest.raises(StoreCorrupt, match=r"points/journal-0000-00000000\.log"):
        require_sound(directory)
    done = salvage(directory)
    assert done.folder is not None
    assert (done.folder / "points" / path.name).read_bytes() == damaged, "the original is kept"
    assert json.loads((done.folder / "salvage.json").read_text())["kept"] == done.kept
    assert set(findings(directory)) <= {"gap"}
    require_sound(directory)
    byte = bit // 8
    return (-1 if byte < head else sum(byte >= end for end in ends)), done.kept


@pytest.mark.fault("F4")
@pytest.mark.parametrize("trials", [6, pytest.param(80, marks=pytest.mark.slow)])
def test_salvage_keeps_every_other_frame(tmp_path: Path, trials: int) -> None:
    _, ends = journal_of(tmp_path / "size", 3)
    rng = random.Random(2)
    bits = [3, 8 * 40, *(rng.randrange(8 * ends[1]) for _ in range(trials))]  # the first two are in the head
    for trial, bit in enumerate(bits):
        directory = tmp_path / str(trial)
        with NoSync():
            frame, kept = _salvaged_rows(directory, bit)
        assert kept == (3 if frame == -1 else 2) * ROWS
        rest = [generation for generation in range(3) if generation != frame]
        assert {generation for generation, _ in stored_keys(directory)} == set(rest)
        with NoSync(), Writer(directory, SCHEMA) as writer:  # what is lost can be computed again
            writer.append(
                fake_batch(SCHEMA, ROWS, generation=max(frame, 0)).take(slice(0, 0 if frame < 0 else None))
            )
        assert stored_keys(directory) == expected_keys(3)
        assert findings(directory) == []


# -- parts --------------------------------------------------------------------------------------------------


@pytest.mark.fault("F5")
@pytest.mark.parametrize("trials", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_a_flipped_bit_in_a_part_is_found_wherever_it_is(tmp_path: Path, trials: int) -> None:
    with NoSync():
        sealed_run(tmp_path, 12)
    assert findings(tmp_path) == []
    parts = sorted(tmp_path.glob("points/*.parquet"))
    assert len(parts) == 3
    whole = stored_keys(tmp_path)
    rng = random.Random(5)
    for _ in range(trials):
        part = rng.choice(parts)
        bit = rng.randrange(8 * part.stat().st_size)
        flip_bit(part, bit)
        found = verify(tmp_path)
        (damage,) = (finding for finding in found.findings if finding.kind == "part")
        assert damage.file == f"points/{part.name}"
        number = parts.index(part)
        assert (damage.rows, damage.islands, damage.generations) == (20, (0, 0), (4 * number, 4 * number + 3))
        assert (found.rows, found.lost, found.complete) == (40, 20, False)
        with pytest.raises(StoreCorrupt, match=rf"points/{part.name}: is damaged.*20 rows of island 0"):
            require_sound(tmp_path)
        flip_bit(part, bit)
    assert findings(tmp_path) == []
    assert stored_keys(tmp_path) == whole


@pytest.mark.fault("F5")
def test_a_flipped_bit_in_the_data_of_a_part_is_never_read(tmp_path: Path) -> None:
    with NoSync(), Writer(tmp_path, SCHEMA) as writer:
        writer.append(fake_batch(SCHEMA, 200))
    (path,) = tmp_path.glob("points/*.parquet")
    size, table = path.stat().st_size, Reader(tmp_path).to_pandas()
    data = path.read_bytes()
    footer = size - 8 - int.from_bytes(data[-8:-4], "little")
    rng = random.Random(2)
    refused = 0
    for _ in range(100):
        bit = rng.randrange(32, 8 * footer)
        flip_bit(path, bit)
        try:
            read = Reader(tmp_path).to_pandas()
        except StoreCorrupt as error:
            refused += path.name in str(error)
        else:
            assert read.equals(table), "a bit without meaning, such as a statistic in a page's header"
        flip_bit(path, bit)
    assert refused > 85


@pytest.mark.fault("F6")
@pytest.mark.parametrize("how", ["deleted", "emptied", "garbage", "shortened", "another"])
def test_a_part_that_is_not_what_was_sealed(tmp_path: Path, how: str) -> None:
    with NoSync():
        sealed_run(tmp_path, 12)
    parts = sorted(tmp_path.glob("points/*.parquet"))
    for part in parts[1:]:  # the last one too: no later number of the writer shows that it is gone
        content = part.read_bytes()
        if how == "deleted":
            part.unlink()
        elif how == "another":
            shutil.copy(parts[0], part)
        else:
            part.write_bytes({"emptied": b"", "garbage": os.urandom(len(content)), "shortened": content[:-9]}[how])
    found = verify(tmp_path)
    damage = {finding.file: finding for finding in found.findings if finding.kind == "part"}
    assert sorted(damage) == [f"points/{part.name}" for part in parts[1:]]
    assert {finding.generations for finding in damage.values()} == {(4, 7), (8, 11)}
    assert found.lost == 40
    with pytest.raises(StoreCorrupt) as refused:
        require_sound(tmp_path)
    lines = str(refused.value).splitlines()
    assert [sum(part.name in line for line in lines) for part in parts] == [0, 1, 1]
    assert "--recompute-missing" in lines[-1]
    if how in ("deleted", "emptied", "shortened"):
        with pytest.raises(StoreCorrupt, match=parts[1].name):
            Reader(tmp_path).count()
    if how != "another":
        with pytest.raises(StoreCorrupt, match=parts[1].name):
            Reader(tmp_path).table()
    salvage(tmp_path)
    assert stored_keys(tmp_path) == expected_keys(4)
    require_sound(tmp_path)
    with NoSync(), Writer(tmp_path, SCHEMA) as writer:
        for generation in range(4, 12):
            writer.append(fake_batch(SCHEMA, ROWS, generation=generation))
    assert stored_keys(tmp_path) == expected_keys(12)
    assert findings(tmp_path) == []


@pytest.mark.fault("F6")
def test_a_deleted_journal_is_missed_by_the_checkpoint(tmp_path: Path) -> None:
    from terranova.store import save_checkpoint

    with NoSync():
        path, _ = journal_of(tmp_path, 3)
        save_checkpoint(tmp_path, 3, {"counts": np.array([3 * ROWS])}, {})
    assert findings(tmp_path) == []
    require_sound(tmp_path)
    path.unlink()
    found = verify(tmp_path)
    assert [(f.kind, f.rows, f.generations) for f in found.findings if f.kind != "config"] == [("gap", 15, (0, 2))]
    with pytest.raises(StoreCorrupt, match="15 points on which the checkpoint of generation 3 relies are missing"):
        require_sound(tmp_path)


# -- everything else ----------------------------------------------------------------------------------------


def test_a_run_without_ledgers_is_taken_as_it_is(tmp_path: Path) -> None:
    """One that an earlier version of terranova wrote, or of which somebody removed them."""
    with NoSync():
        sealed_run(tmp_path, 12)
        (tmp_path / "points" / "ledger-0000.json").unlink()
        assert findings(tmp_path) == []
        assert len(recover(tmp_path).adopted) == 3
    next(tmp_path.glob("points/*1.parquet")).unlink()
    assert findings(tmp_path) == ["part", "gap"]


@pytest.mark.fault("F6")
@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"parts": []}', b'{"parts": [], "crc32": 5}'])
def test_a_damaged_ledger(tmp_path: Path, text: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with NoSync():
        sealed_run(tmp_path, 12)
    (tmp_path / "points" / "ledger-0000.json").write_bytes(text)
    assert findings(tmp_path) == ["ledger"]
    assert stored_keys(tmp_path) == expected_keys(12), "the points can be read all the same"
    assert "would not be missed" in caplog.text
    with pytest.raises(StoreCorrupt, match="ledger-0000"):
        require_sound(tmp_path)
    salvage(tmp_path)
    assert findings(tmp_path) == []
    assert (tmp_path / "damaged" / "1" / "points" / "ledger-0000.json").read_bytes() == text


@pytest.mark.fault("F9")
@pytest.mark.parametrize("damage", ["empty", "half", "missing", "seed", "not text"])
def test_a_damaged_manifest_is_made_again_from_the_points(tmp_path: Path, damage: str) -> None:
    with NoSync():
        sealed_run(tmp_path, 12)
    path = tmp_path / "manifest.json"
    good, content = load_manifest(tmp_path), path.read_bytes()
    (tmp_path / "config.yaml").touch()
    if damage == "missing":
        path.unlink()
    elif damage == "seed":  # valid JSON, and not what the points were made with
        path.write_bytes(content.replace(b'"seed": 1', b'"seed": 2'))
    else:
        path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "not text": b"\xff" * 99}[damage])
    assert findings(tmp_path) == ["manifest"]
    if damage not in ("missing", "seed"):
        with pytest.raises(StoreCorrupt, match="salvage"):
            load_manifest(tmp_path)
    salvage(tmp_path)
    assert findings(tmp_path) == []
    assert load_manifest(tmp_path) == good
    assert damage == "missing" or (tmp_path / "damaged" / "1" / "manifest.json").is_file()


@pytest.mark.fault("F9")
def test_a_manifest_is_made_again_from_a_journal(tmp_path: Path) -> None:
    with NoSync():
        journal_of(tmp_path, 2)
        good = load_manifest(tmp_path)
        (tmp_path / "manifest.json").write_bytes(b"")
        salvage(tmp_path)
    assert load_manifest(tmp_path) == good
    assert stored_keys(tmp_path) == expected_keys(2)


@pytest.mark.fault("F9")
def test_a_manifest_without_points_is_not_guessed(tmp_path: Path) -> None:
    Manifest(schema=SCHEMA, seed=1, model="fake").save(tmp_path)
    (tmp_path / "manifest.json").write_bytes(b"{")
    with pytest.raises(StoreCorrupt, match="cannot be made again"):
        salvage(tmp_path)


@pytest.mark.fault("F9")
def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    with NoSync():
        sealed_run(tmp_path, 4)
    path = tmp_path / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 9'))
    before = sorted(tmp_path.rglob("*"))
    for use in (verify, salvage, require_sound, load_manifest):
        with pytest.raises(RunError, match=r"format 9, written by terranova .*Update terranova"):
            use(tmp_path)
    assert [path for path in sorted(tmp_path.rglob("*")) if path.name != "run.lock"] == before


def test_points_that_are_there_twice(tmp_path: Path) -> None:
    with NoSync():
        sealed_run(tmp_path, 8)
        with Writer(tmp_path, SCHEMA, writer=1) as other:  # two jobs at once, where there are no locks
            for generation in range(6, 9):
                other.append(fake_batch(SCHEMA, ROWS, generation=generation))
        found = verify(tmp_path)
        assert [(finding.kind, finding.rows) for finding in found.findings] == [("duplicate", 10)]
        salvage(tmp_path)
    assert findings(tmp_path) == []
    assert stored_keys(tmp_path) == expected_keys(9)


def test_damaged_counts_are_set_aside(tmp_path: Path) -> None:
    with NoSync(), Writer(tmp_path, SCHEMA, keep="valid") as writer:
        writer.append(fake_batch(SCHEMA, 40))
    Manifest(schema=SCHEMA, seed=1, model="fake", keep="valid").save(tmp_path)
    counts = tmp_path / "points" / "counts-0000.json"
    counts.write_text(counts.read_text().replace("40", "41"))
    assert findings(tmp_path) == ["counts"]
    for use in (
        lambda: Reader(tmp_path).counts(),
        lambda: Writer(tmp_path, SCHEMA),
        lambda: require_sound(tmp_path),
    ):
        with pytest.raises(StoreCorrupt, match="counts-0000"):
            use()
    salvage(tmp_path)
    assert findings(tmp_path) == []


def test_damage_to_a_checkpoint_is_named(tmp_path: Path) -> None:
    from terranova.store import save_checkpoint

    with NoSync():
        sealed_run(tmp_path, 4)
        for generation in (2, 4):
            path = save_checkpoint(tmp_path, generation, {"counts": np.array([ROWS * generation])}, {})
    flip_bit(path, 4000)
    assert findings(tmp_path) == ["checkpoint"]
    require_sound(tmp_path)  # the other one serves
    salvage(tmp_path)
    assert findings(tmp_path) == []
    assert [file.name for file in tmp_path.glob("checkpoint/*")] == ["00000002.npz"]


def _much_damaged(directory: Path) -> None:
    """Two writers; a part, a journal, a manifest and a checkpoint are damaged, and a part is gone."""
    from terranova.store import save_checkpoint

    sealed_run(directory, 12)
    dying = Writer(directory, SCHEMA, writer=1)
    sizes = []  # with a header as long as the version's name
    for generation in range(3):
        dying.append(fake_batch(SCHEMA, ROWS, island=1, generation=generation))
        assert dying._journal is not None
        sizes.append(dying._journal.path.stat().st_size)
    dying._journal.close()
    save_checkpoint(directory, 4, {"counts": np.array([4 * ROWS, 3 * ROWS])}, {})
    flip_bit(dying._journal.path, 8 * (sizes[0] + sizes[1]) // 2)
    parts = sorted(directory.glob("points/*.parquet"))
    flip_bit(parts[1], 8 * 2000)
    parts[2].unlink()
    (directory / "manifest.json").write_bytes(b"{")
    (directory / "summary.json").write_text('{"state": "evaluations"}')


@pytest.mark.fault("F1", "F4")
@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_salvage_can_die_at_any_moment_and_be_done_again(tmp_path: Path, step: int) -> None:
    with NoSync():
        _much_damaged(tmp_path / "whole")
        with Crash() as count:
            salvage(tmp_path / "whole")
        wanted = Reader(tmp_path / "whole").to_pandas()
        assert len(wanted) == 4 * ROWS + 2 * ROWS
        for k in range(1, count.operations + 1, step):
            directory = tmp_path / str(k)
            _much_damaged(directory)
            damaged = [directory / "manifest.json", *sorted(directory.glob("points/*01.parquet"))]
            originals = [path.read_bytes() for path in (*damaged, *directory.glob("points/*.log"))]
            with pytest.raises(Died), Crash(at=k):
                salvage(directory)
            salvage(directory)
            assert Reader(directory).to_pandas().equals(wanted)
            kept = {path.read_bytes() for path in (directory / "damaged").rglob("*") if path.is_file()}
            assert set(originals) <= kept, "the damaged originals are all there"
            assert set(findings(directory)) <= {"gap"}
            require_sound(directory)
            assert "salvaged" in (directory / "summary.json").read_text(), "it no longer counts as finished"
            assert not list(directory.glob("checkpoint/*"))


@pytest.mark.fault("F4")
def test_a_damaged_journal_of_which_the_part_is_there(tmp_path: Path) -> None:
    """The writer died between the part and the ledger, and then the journal was damaged."""
    with NoSync():
        path, _ = journal_of(tmp_path, 3)
        data = path.read_bytes()
        recover(tmp_path)
        path.write_bytes(data)
        (tmp_path / "points" / "ledger-0000.json").unlink()
        flip_bit(path, 4000)
        assert findings(tmp_path) == ["journal"]
        salvage(tmp_path)
    assert findings(tmp_path) == []
    assert stored_keys(tmp_path) == expected_keys(3), "nothing is lost: the part was good"


# -- as users meet it ---------------------------------------------------------------------------------------


@pytest.mark.fault("F5")
def test_the_commands(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    run = CliRunner()
    with NoSync():
        sealed_run(tmp_path, 12)
    good = run.invoke(cli.app, ["verify", str(tmp_path)])
    assert good.exit_code == 0
    assert "60 points in 3 parts" in good.output
    assert "none is missing" in good.output
    part = tmp_path / "points" / "part-0000-00000001.parquet"
    flip_bit(part, 999)
    bad = run.invoke(cli.app, ["verify", str(tmp_path)])
    assert bad.exit_code == 4
    for words in (part.name, "20 rows of island 0, generations 4 to 7", "20 points are lost", "terranova salvage"):
        assert words in bad.output
    told = run.invoke(cli.app, ["verify", str(tmp_path), "--json"])
    content = json.loads(told.output)
    assert told.exit_code == 4
    assert (content["ok"], content["lost"], content["rows"]) == (False, 20, 40)
    assert [finding["kind"] for finding in content["findings"]] == ["part", "gap"]
    mended = run.invoke(cli.app, ["salvage", str(tmp_path)])
    assert mended.exit_code == 0
    for words in ("damaged/1", part.name, "lost: 20 points", "terranova resume"):
        assert words in mended.output
    assert stored_keys(tmp_path).keys() == {k for k in expected_keys(12) if not 4 <= k[0] <= 7}
