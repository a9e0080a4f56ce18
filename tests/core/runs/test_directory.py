"""Directories of runs: which are free, why one is not, and who gets one that several want."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.errors import RunExists, RunLocked
from terranova.runs import directory as directory_module
from terranova.runs.directory import claim, next_free_directory, refuse_to_overwrite
from terranova.store.lock import LOCK


def _make(directory: Path, *names: str) -> Path:
    directory.mkdir()
    for name in names:
        if name.endswith("/"):
            (directory / name).mkdir(parents=True)
        else:
            (directory / name).touch()
    return directory


@pytest.mark.parametrize("names", [(), ("points/",), ("points/", "config.yaml"), ("run.lock",)])
def test_nothing_and_what_a_start_leaves_that_was_cut_off_is_free(tmp_path: Path, names: tuple[str, ...]) -> None:
    refuse_to_overwrite(_make(tmp_path / "run", *names))
    refuse_to_overwrite(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("notes.txt",), "is not empty; a run needs a directory of its own"),
        (("config.yaml",), "is not empty"),
        (("points/part/",), "is not empty"),
        (("manifest.json", "points/"), "already holds a run.*terranova resume"),
    ],
)
def test_what_is_there_is_never_overwritten(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    with pytest.raises(RunExists, match=words):
        refuse_to_overwrite(_make(tmp_path / "run", *names))


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(RunExists, match="is a file, expected a directory"):
        refuse_to_overwrite(tmp_path / "run")


def test_the_next_free_name(tmp_path: Path) -> None:
    assert next_free_directory(tmp_path / "run") == tmp_path / "run"
    for name in ("run", "run-2", "run-4"):
        (tmp_path / name).mkdir()
    assert next_free_directory(tmp_path / "run") == tmp_path / "run-3"


def test_the_first_gets_a_directory_and_the_second_is_refused(tmp_path: Path) -> None:
    directory, lock = claim(tmp_path / "run")
    assert directory == tmp_path / "run"
    with lock, pytest.raises(RunLocked):
        claim(tmp_path / "run")
    claim(tmp_path / "run")[1].release()  # nothing was written: it is as free as before


def test_the_second_gets_the_next_name_if_it_asks_for_it(tmp_path: Path) -> None:
    with claim(tmp_path / "run", next_free=True)[1]:
        directory, lock = claim(tmp_path / "run", next_free=True)
        lock.release()
    assert directory == tmp_path / "run-2"


def test_nothing_is_left_in_a_folder_of_somebody(tmp_path: Path) -> None:
    _make(tmp_path / "mine", "notes.txt")
    with pytest.raises(RunExists):
        claim(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_run_that_was_finished_between_two_looks_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process starts and ends a run after the first look, before the lock."""
    looks = iter([None, lambda: (tmp_path / "run" / "manifest.json").touch()])
    look = directory_module.refuse_to_overwrite

    def look_after_what_others_did(directory: Path) -> None:
        if others := next(looks):
            others()
        look(directory)

    monkeypatch.setattr(directory_module, "refuse_to_overwrite", look_after_what_others_did)
    with pytest.raises(RunExists, match="already holds a run"):
        claim(tmp_path / "run")
    monkeypatch.undo()
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"manifest.json", LOCK}
