"""Verification: what is wrong is found, named, and counted. See tests/faults for damage of every kind."""

import json

import pytest
from support.live_stores import ROWS, journal_of, sealed_run

from terranova.errors import RunError
from terranova.store import save_checkpoint, verify
from terranova.testing import flip_bit

PART = "points/part-0000-00000001.parquet"


@pytest.fixture
def run(tmp_path):
    """Three parts of four generations each."""
    sealed_run(tmp_path, 12)
    return tmp_path


def test_a_sound_run_has_nothing_wrong(run):
    found = verify(run)
    assert (found.ok, found.rows, found.parts, found.journals) == (True, 12 * ROWS, 3, 0)
    assert (found.complete, found.lost, found.remedy) == (True, 0, "")
    assert json.loads(json.dumps(found.to_dict()))["ok"] is True


def test_a_missing_part_is_missed_with_its_points(run):
    (run / PART).unlink()
    found = verify(run)
    assert {finding.kind for finding in found.findings} == {"part", "gap"}
    assert found.lost == 4 * ROWS
    (part,) = (finding for finding in found.findings if finding.kind == "part")
    assert (part.file, part.rows, part.islands, part.generations) == (PART, 4 * ROWS, (0, 0), (4, 7))
    assert "salvage" in found.remedy


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        (PART, "part"),
        ("manifest.json", "manifest"),
        ("points/ledger-0000.json", "ledger"),
        ("checkpoint/00000003.npz", "checkpoint"),
    ],
)
def test_a_flipped_bit_is_found_where_it_is(run, file, kind):
    save_checkpoint(run, 3, {}, "state")
    if kind == "checkpoint":
        (run / file).write_bytes(b"PK")
    else:
        flip_bit(run / file, 8 * ((run / file).stat().st_size // 2) + 3)
    found = verify(run)
    assert kind in {finding.kind for finding in found.findings if finding.file == file}


@pytest.mark.parametrize(("file", "kind"), [("manifest.json", "manifest"), ("config.yaml", "config")])
def test_a_file_that_is_gone_is_missed(run, file, kind):
    (run / file).unlink()
    (finding,) = verify(run).findings
    assert (finding.kind, finding.file, finding.rows) == (kind, file, 0)


def test_an_incomplete_last_frame_is_no_damage(tmp_path):
    path, ends = journal_of(tmp_path, 3)
    (tmp_path / "config.yaml").touch()
    path.write_bytes(path.read_bytes()[: ends[-1] - 1])
    found = verify(tmp_path)
    assert (found.ok, found.rows, found.journals) == (True, 2 * ROWS, 1)
    assert found.torn_bytes == ends[-1] - 1 - ends[-2]


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(RunError, match="is not a run directory"):
        verify(tmp_path)
    with pytest.raises(RunError, match="no run directory"):
        verify(tmp_path / "nowhere")
