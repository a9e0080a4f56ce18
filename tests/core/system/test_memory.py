"""What is said when there is no memory left."""

from __future__ import annotations

import resource
import threading

import pytest

from terranova.system.memory import no_memory_left, require_threads


def test_the_line_has_the_cause_the_limit_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (1_500_000_000, 1_500_000_000))
    said = no_memory_left(MemoryError("Unable to allocate 8 GiB\nfor an array"))
    assert said.startswith(
        "there is no memory left; ulimit -v is 1.5 GB and ulimit -d is 1.5 GB (MemoryError: Unable"
    )
    assert "\n" not in said
    assert said.endswith("then resume")


def test_threads_are_asked_for_where_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    before = threading.active_count()
    require_threads(3)
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (10**12, 10**12))
    require_threads(3)
    assert threading.active_count() == before

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(MemoryError, match="no room for 3 threads"):
        require_threads(3)
