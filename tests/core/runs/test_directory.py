"""Directories of runs: which are free, and why one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.errors import RunExists
from terranova.runs.directory import next_free_directory, refuse_to_overwrite


def _make(directory: Path, *names: str) -> Path:
    directory.mkdir()
    for name in names:
        if name.endswith("/"):
            (directory / name).mkdir(parents=True)
        else:
            (directory / name).touch()
    return directory


@pytest.mark.parametrize("names", [(), ("points/",), ("points/", "config.yaml")])
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
