"""Consents are remembered in a private file of the user's own, whatever happens to it."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from terranova.system import trusted


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of one's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "terranova" / "trusted.json"


def test_what_is_remembered_is_known_and_nothing_else(state: Path) -> None:
    assert not trusted.is_trusted("one")
    trusted.remember("one", "model spheno")
    assert trusted.is_trusted("one")
    assert not trusted.is_trusted("two")
    assert json.loads(state.read_text())["trusted"]["one"]["what"] == "model spheno"


def test_the_file_and_its_folder_are_private(state: Path) -> None:
    before = os.umask(0)
    try:
        trusted.remember("one", "")
    finally:
        os.umask(before)
    assert stat.S_IMODE(state.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in state.parent.iterdir()) == ["trusted.json", "trusted.json.lock"]


def test_what_is_remembered_already_is_not_written_again(state: Path) -> None:
    trusted.remember("one", "first")
    before = state.stat().st_mtime_ns, state.stat().st_ino
    trusted.remember("one", "second")
    assert (state.stat().st_mtime_ns, state.stat().st_ino) == before


DAMAGED = ["", "{", "[]", '{"trusted": 3}', '{"trusted": ["one"]}', "[" * 100_000, "\udcff"]


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_file_remembers_nothing_and_is_replaced(content: str, state: Path) -> None:
    state.parent.mkdir(parents=True)
    state.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert not trusted.is_trusted("one")
    trusted.remember("one", "")
    assert trusted.is_trusted("one")


def test_the_oldest_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trusted, "MOST", 3)
    for i in range(5):
        trusted.remember(str(i), "")
    assert [trusted.is_trusted(str(i)) for i in range(5)] == [False, False, True, True, True]


def test_of_many_at_once_none_is_forgotten() -> None:
    threads = [threading.Thread(target=trusted.remember, args=(str(i), "")) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(trusted.is_trusted(str(i)) for i in range(8))


def test_a_place_that_cannot_be_written_is_an_error_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert not trusted.is_trusted("one")
    with pytest.raises(OSError, match="file"):
        trusted.remember("one", "")


def test_a_relative_state_folder_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert trusted.trusted_file() == tmp_path / ".local" / "state" / "terranova" / "trusted.json"


def test_without_a_home_there_is_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setattr(Path, "home", nobody)
    assert not trusted.is_trusted("one")
    with pytest.raises(OSError, match="home"):
        trusted.remember("one", "")
