"""Work of one rank for all: one result for all, or one error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from terranova.errors import RunError, RunExists, StoreFull, TerranovaError
from terranova.parallel.on_root import on_each, on_root
from terranova.parallel.world import World, serial_world


class Other(World):
    """A rank that hears what the first one sends."""

    def __init__(self, heard: Any) -> None:
        super().__init__()
        self.rank, self.size, self.heard = 1, 2, heard

    def bcast(self, value: Any) -> Any:
        return self.heard


def test_the_first_rank_does_it_and_all_have_the_result() -> None:
    assert on_root(serial_world(), lambda: 7, Path("run")) == 7
    assert on_root(Other((7, None)), lambda: pytest.fail("not on this rank"), Path("run")) == 7


@pytest.mark.parametrize(
    ("raised", "expected", "words"),
    [
        (RunExists("run exists"), RunExists, "^run exists$"),
        (OSError(13, "Permission denied"), RunError, "^run cannot be written: Permission denied$"),
        (OSError(28, "No space left"), StoreFull, "run cannot be written: No space left"),
    ],
)
def test_an_error_is_met_by_all_ranks(raised: Exception, expected: type[TerranovaError], words: str) -> None:
    def fail() -> None:
        raise raised

    with pytest.raises(expected, match=words) as caught:
        on_root(serial_world(), fail, Path("run"))
    assert caught.value.on_all_ranks, "nobody needs to tell the others"
    with pytest.raises(expected):
        on_root(Other((None, caught.value)), fail, Path("run"))


def test_a_bug_is_not_made_an_error_for_people() -> None:
    with pytest.raises(ZeroDivisionError):
        on_root(serial_world(), lambda: 1 // 0, Path("run"))


class Team(World):
    """A rank that hears that the third one failed."""

    def allgather(self, value: Any) -> list[Any]:
        return [value, None, RunExists("not here")]


def test_what_one_of_many_meets_is_raised_on_all() -> None:
    done: list[int] = []
    with pytest.raises(RunExists, match="not here") as raised:
        on_each(Team(), lambda: done.append(1), Path("run"))
    assert done == [1]
    assert raised.value.on_all_ranks
    assert on_each(serial_world(), lambda: 7, Path("run")) == 7
    with pytest.raises(StoreFull):
        on_each(Team(), lambda: (_ for _ in ()).throw(OSError(28, "No space left")), Path("run"))
