"""Salvage: what is good is kept, what is damaged is set aside, and nothing is deleted."""

import json

import pytest
from support.live_stores import ROWS, journal_of, sealed_run, stored_keys

from terranova.errors import RunLocked, StoreCorrupt
from terranova.store import RunLock, save_checkpoint, verify
from terranova.store.salvage import SALVAGED, salvage, settle
from terranova.testing import flip_bit

PART = "points/part-0000-00000001.parquet"


@pytest.fixture
def run(tmp_path):
    """Three parts of four generations each."""
    sealed_run(tmp_path, 12)
    return tmp_path


def test_a_sound_run_is_left_as_it_is(run):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file() and path.name != "run.lock"}
    done = salvage(run)
    assert (done.moved, done.kept, done.folder, done.after.ok) == ((), 0, None, True)
    assert before == {path: path.read_bytes() for path in before}


def test_a_damaged_part_is_set_aside_and_the_scan_told_to_go_through_again(run):
    save_checkpoint(run, 12, {}, "relies on points that are lost")
    flip_bit(run / PART, 8 * 200)
    damaged = (run / PART).read_bytes()
    done = salvage(run)
    assert set(done.moved) == {PART, "checkpoint/00000012.npz"}
    assert done.folder == run / "damaged" / "1"
    assert (done.folder / PART).read_bytes() == damaged
    assert json.loads((run / "summary.json").read_text())["state"] == SALVAGED
    assert {finding.kind for finding in done.after.findings} == {"gap"}
    assert stored_keys(run).total() == 8 * ROWS
    assert json.loads(json.dumps(done.to_dict()))["moved"] == list(done.moved)


def test_good_frames_of_a_damaged_journal_become_a_part(tmp_path):
    path, ends = journal_of(tmp_path, 4)
    (tmp_path / "config.yaml").touch()
    flip_bit(path, 8 * (ends[1] - 10))  # in the second batch
    done = salvage(tmp_path)
    assert done.kept == 3 * ROWS
    assert stored_keys(tmp_path).total() == 3 * ROWS
    assert not path.exists()
    assert len(list(tmp_path.glob("damaged/1/points/*.log"))) == 1


def test_a_lost_manifest_is_made_again_from_the_points(run):
    before = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text("{")
    salvage(run)
    assert verify(run).ok
    after = json.loads((run / "manifest.json").read_text())
    assert {key: after[key] for key in ("run_id", "seed", "model")} == {
        key: before[key] for key in ("run_id", "seed", "model")
    }


def test_a_manifest_without_any_points_cannot_be_made_again(run):
    for path in run.glob("points/*"):
        path.write_bytes(b"")
    (run / "manifest.json").unlink()
    with pytest.raises(StoreCorrupt, match="cannot be made again"):
        salvage(run)


def test_salvaging_again_takes_another_folder(run):
    for number, name in enumerate([PART, PART.replace("1.p", "2.p")], start=1):
        flip_bit(run / name, 8 * 200)
        assert salvage(run).folder == run / "damaged" / str(number)


def test_a_run_that_is_being_written_is_left_alone(run):
    with RunLock(run), pytest.raises(RunLocked):
        salvage(run)


def test_settling_seals_what_is_left_and_refuses_damage(tmp_path):
    path, _ = journal_of(tmp_path, 2)
    (tmp_path / "config.yaml").touch()
    settle(tmp_path)
    assert stored_keys(tmp_path).total() == 2 * ROWS
    assert not path.exists()
    (part,) = tmp_path.glob("points/part-*")
    flip_bit(part, 8 * 200)
    with pytest.raises(StoreCorrupt):
        settle(tmp_path)
