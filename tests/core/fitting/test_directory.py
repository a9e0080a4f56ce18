"""The directory of a fit: its own, or refused with what is different."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.fit_problems import measured, words

from terranova.config import build_problem
from terranova.errors import RunError, RunLocked, RunMismatch
from terranova.fitting.config_reading import load_fit
from terranova.fitting.directory import prepare_directory
from terranova.runs.derived import FITTED
from terranova.store import load_manifest
from terranova.store.lock import LOCK, RunLock

DATA = [measured(f"y{i}", 1.0, unit="GeV") for i in range(3)]


def _prepare(output: Path, **more: Any) -> None:
    config = load_fit({**words({"name": "fit-linear", "free": 2, "measured": 3}, DATA), **more}, output=str(output))
    with ExitStack() as held:
        prepare_directory(config, build_problem(config.problem), held)


def test_a_directory_is_made_once_and_taken_again(tmp_path: Path) -> None:
    _prepare(tmp_path / "f")
    first = load_manifest(tmp_path / "f")
    assert (tmp_path / "f" / FITTED).is_file()
    _prepare(tmp_path / "f", parallel={"workers": 2})
    assert load_manifest(tmp_path / "f") == first


def test_another_fit_is_refused_with_what_differs(tmp_path: Path) -> None:
    _prepare(tmp_path / "f")
    with pytest.raises(RunMismatch, match="other settings under levels, seed"):
        _prepare(tmp_path / "f", seed=9, levels=[0.5])
    manifest = load_manifest(tmp_path / "f")
    replace(manifest, config_hash="other").save(tmp_path / "f")
    with pytest.raises(RunMismatch, match="the same settings, but"):
        _prepare(tmp_path / "f")
    (tmp_path / "f" / FITTED).unlink()
    with pytest.raises(RunMismatch, match="something else than a fit"):
        _prepare(tmp_path / "f")


def test_what_a_start_left_that_was_cut_off_is_free_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "cut" / "points").mkdir(parents=True)
    _prepare(tmp_path / "cut")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "notes.txt").touch()
    with pytest.raises(RunError, match="is in use"):
        _prepare(tmp_path / "used")


def test_who_comes_while_another_is_at_it_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    with RunLock(tmp_path / "f"), pytest.raises(RunLocked):
        _prepare(tmp_path / "f")
    assert [path.name for path in (tmp_path / "f").iterdir()] == [LOCK]
    _prepare(tmp_path / "f")
