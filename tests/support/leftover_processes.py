"""Finds processes that should be gone, by a word in the environment that they inherited."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


def processes_with(word: str) -> list[int]:
    """Return the processes that run and have a word in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and word.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


@pytest.fixture
def nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], bool]]:
    """Marks what a test starts; says, within ten seconds, whether all of it is gone; asked once more at the end."""
    word = uuid.uuid4().hex
    monkeypatch.setenv("TERRANOVA_TEST", word)

    def all_gone() -> bool:
        deadline = time.monotonic() + 10.0
        while processes_with(word) and time.monotonic() < deadline:
            time.sleep(0.02)
        return not processes_with(word)

    yield all_gone
    assert all_gone(), "processes are left"
