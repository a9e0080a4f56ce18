"""Directories that are being filled: marked while they are, cleared of the same command's half, of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.errors import RunExists
from terranova.runs.unfinished import MARK, filling
from terranova.store.lock import LOCK


def _names(directory: Path) -> set[str]:
    return {path.relative_to(directory).as_posix() for path in directory.rglob("*")}


def test_a_directory_is_marked_while_it_is_filled(tmp_path: Path) -> None:
    with filling(tmp_path / "run", "merge", {"scans": [("a", "b")]}):
        assert (tmp_path / "run" / MARK).is_file()
    assert _names(tmp_path / "run") == {LOCK}


def _cut_off(run: Path) -> None:
    with filling(run, "merge", {"scans": [1]}):
        (run / "points").mkdir()
        for name in ("points/part-0000-00000000.parquet", "points/ledger-0000.json.tmp", "config.yaml"):
            (run / name).touch()
        raise ZeroDivisionError


def test_the_half_of_the_same_command_is_removed(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(ZeroDivisionError):
        _cut_off(run)
    with filling(run, "merge", {"scans": [1]}):
        assert _names(run) == {LOCK, MARK, "points"}


def test_a_mark_that_was_half_written_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"{MARK}.tmp").write_text("{")
    with filling(tmp_path, "merge", {}):
        assert _names(tmp_path) == {LOCK, MARK}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"command": "merge", "of": {"scans": [2]}}'])
def test_a_mark_of_others_is_respected(tmp_path: Path, text: str) -> None:
    (tmp_path / MARK).write_text(text)
    with pytest.raises(RunExists), filling(tmp_path, "merge", {"scans": [1]}):
        raise AssertionError
    assert (tmp_path / MARK).read_text() == text
