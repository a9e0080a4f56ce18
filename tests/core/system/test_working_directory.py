"""A current directory that is gone: known, and left only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.system.working_directory import current_directory, stand_somewhere


def test_it_is_left_only_when_it_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    stand_somewhere(tmp_path)
    assert current_directory() == str(tmp_path / "here")
    (tmp_path / "here").rmdir()
    assert current_directory() is None
    stand_somewhere(tmp_path)
    assert current_directory() == str(tmp_path)
