"""Messages between worker and owner: whole ones arrive, whatever the pieces; nothing else is taken for one."""

from __future__ import annotations

import os
import pickle
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terranova.plugins.executors.messages import Garbled, OwnersEnd, WorkersEnd, frame


@pytest.fixture
def ends() -> Iterator[tuple[OwnersEnd, socket.socket]]:
    """The owner's end, and the plain socket at the other one."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield OwnersEnd(ours), theirs


def test_messages_travel_both_ways(ends: tuple[OwnersEnd, socket.socket]) -> None:
    owner, theirs = ends
    worker = WorkersEnd(theirs.fileno())
    owner.send(pickle.dumps({"task": 1}), 1.0)
    assert worker.receive() == {"task": 1}
    assert owner.receive() == [], "nothing has come, and nobody waits"
    worker.send("first")
    worker.send(None)
    assert owner.receive() == ["first", None]
    theirs.close()
    with pytest.raises(EOFError):
        owner.receive()


def test_a_message_in_pieces_is_one_when_it_is_whole(ends: tuple[OwnersEnd, socket.socket]) -> None:
    owner, theirs = ends
    whole = frame(pickle.dumps(list(range(20))))
    for place in range(len(whole)):
        assert owner.receive() == []
        theirs.send(whole[place : place + 1])
    assert owner.receive() == [list(range(20))]


@pytest.mark.parametrize(
    "bytes_",
    [
        b"\x00\x00\x00\x04abcd" * 10,
        frame(b"not pickled"),
        frame(b"cno_such_module\nThing\n."),
        frame(b"csys\nexit\n(I3\ntR."),
        frame(pickle.dumps(1))[:-1] + b"?",
        b"x" * 100,
    ],
)
def test_what_is_no_message_is_said_to_be_none(ends: tuple[OwnersEnd, socket.socket], bytes_: bytes) -> None:
    owner, theirs = ends
    theirs.send(bytes_)
    with pytest.raises(Garbled):
        owner.receive()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=200), st.integers(0, 60), st.integers(0, 7))
def test_damaged_messages_are_never_taken_for_whole_ones(noise: bytes, place: int, bit: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        owner, whole = OwnersEnd(ours), bytearray(frame(pickle.dumps("an answer of some length")))
        whole[place % len(whole)] ^= 1 << bit
        theirs.send(bytes(whole) + noise)
        with suppress(Garbled):
            assert owner.receive() == []


def test_nobody_waits_for_longer_than_was_said(ends: tuple[OwnersEnd, socket.socket]) -> None:
    owner, _ = ends
    with pytest.raises(OSError, match="timed out"):
        owner.send(b"x" * 10_000_000, 0.05)


def test_a_file_in_the_place_of_the_connection_is_not_written_to(
    ends: tuple[OwnersEnd, socket.socket], tmp_path: Path
) -> None:
    _, theirs = ends
    worker = WorkersEnd(theirs.fileno())
    file = os.open(tmp_path / "precious", os.O_WRONLY | os.O_CREAT)
    os.dup2(file, theirs.fileno())
    os.close(file)
    with pytest.raises(OSError, match="has closed the connection"):
        worker.send("an answer")
    assert (tmp_path / "precious").read_bytes() == b""


def test_a_forked_copy_never_answers(ends: tuple[OwnersEnd, socket.socket]) -> None:
    owner, theirs = ends
    worker = WorkersEnd(theirs.fileno())
    copy = os.fork()
    if copy == 0:
        worker.send("an answer of the copy")
        os._exit(9)
    assert os.waitpid(copy, 0)[1] == 0
    assert owner.receive() == []
    worker.send("an answer")
    assert owner.receive() == ["an answer"]
