"""Pieces: what was packed is read back as it was; whatever else a piece holds is one ValueError that names it."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from terranova.interfaces.pieces import (
    MOST_TEXT,
    PieceReader,
    array_piece,
    pack_pieces,
    read_array,
    read_json,
)

ARRAYS = {
    "floats": np.linspace(0.0, 1.0, 6).reshape(2, 3),
    "half": np.arange(3, dtype=np.float32),
    "flags": np.array([True, False]),
    "whole": np.array([-1, 2**62]),
    "empty": np.empty((0, 4)),
    "one": np.array(3.0),
}
FACTS = {"word": "log", "words": ["log", "top"], "count": 3, "share": 0.5, "yes": True, "lines": "a\nb"}


@pytest.fixture
def stored() -> PieceReader:
    """What was packed."""
    return PieceReader(pack_pieces(FACTS, ARRAYS))


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_read_back_by_us_and_by_numpy(stored: PieceReader, name: str) -> None:
    values = stored.array(name, ARRAYS[name].shape, ARRAYS[name].dtype)
    theirs = np.load(io.BytesIO(array_piece(ARRAYS[name])), allow_pickle=False)
    for read in (values, theirs):
        assert read.dtype == ARRAYS[name].dtype
        np.testing.assert_array_equal(read, ARRAYS[name])
    assert values.flags.writeable


def test_strided_and_foreign_arrays_are_stored_as_what_they_say() -> None:
    for values in (np.arange(12.0).reshape(3, 4).T, np.arange(9.0)[::2], np.arange(5, dtype=">i4")):
        read = read_array(array_piece(values), "a", values.shape, values.dtype.newbyteorder("="))
        np.testing.assert_array_equal(read, values)
    for wrong in (np.array(["x"]), np.array([None]), np.array([1j]), np.zeros(2, np.longdouble)):
        with pytest.raises(TypeError, match="cannot be stored"):
            array_piece(wrong)


def test_an_array_is_what_was_asked_for(stored: PieceReader) -> None:
    assert stored.array("floats", (None, 3), low=0.0, high=1.0).shape == (2, 3)
    wrong = {
        "nothing.npy: missing": ("nothing", (3,)),
        "half.npy: expected float64, got an array of '<f4'": ("half", (3,)),
        r"floats.npy: expected the shape \(2, any, any\), got \(2, 3\)": ("floats", (2, None, None)),
        r"floats.npy: expected the shape \(3, any\)": ("floats", (3, None)),
    }
    for message, (name, shape) in wrong.items():
        with pytest.raises(ValueError, match=message):
            stored.array(name, shape)
    with pytest.raises(ValueError, match=r"floats.npy: expected finite numbers from 0 to 0.5"):
        stored.array("floats", (2, 3), low=0.0, high=0.5)
    with pytest.raises(ValueError, match=r"a.npy: expected finite numbers$"):
        PieceReader(pack_pieces({}, {"a": np.array([np.nan])})).array("a", (1,))


def _head(text: bytes, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize(
    "piece",
    [
        b"",
        b"\x93NUMPY",
        array_piece(np.arange(3.0))[:-1],
        array_piece(np.arange(3.0)) + b"\0",
        _head(b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }\n", bytes(24)),
        _head(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }\n", bytes(24)),
        _head(b"{'descr': '<f8', 'fortran_order': True, 'shape': (3,), }\n", bytes(24)),
        _head(b"{'descr': '|O8', 'fortran_order': False, 'shape': (3,), }\n", bytes(24)),
        _head(b"{'descr': '<f8', 'fortran_order': False, 'shape': (((((((,), }\n", bytes(24)),
        _head(b"__import__('os').system('true')\n", bytes(24)),
        _head(b"(" * 60_000 + b"\n", bytes(24)),
    ],
)
def test_what_is_no_array_is_refused_without_being_evaluated(piece: bytes) -> None:
    with pytest.raises(ValueError, match=r"^a.npy: "):
        read_array(piece, "a.npy", (3,))


def test_flags_are_0_or_1() -> None:
    piece = array_piece(np.array([True, False]))
    with pytest.raises(ValueError, match="flags"):
        read_array(piece[:-1] + b"\x07", "a.npy", (2,), bool)


def test_facts_are_what_was_asked_for(stored: PieceReader) -> None:
    assert stored.text("word") == "log"
    assert stored.words("words", ("log", "top", "linear")) == ("log", "top")
    assert stored.whole("count", 0, 3) == 3
    assert stored.number("share", 0.0, 1.0) == 0.5
    assert stored.number("count", 0.0, 5.0) == 3.0
    for call in (
        lambda: stored.text("lines"),
        lambda: stored.text("nothing"),
        lambda: stored.words("words", ("log",)),
        lambda: stored.words("word", ("log",)),
        lambda: stored.whole("count", 0, 2),
        lambda: stored.whole("share", 0, 2),
        lambda: stored.whole("yes", 0, 2),
        lambda: stored.number("yes", 0.0, 1.0),
        lambda: stored.number("share", 0.6, 1.0),
        lambda: stored.number("word", 0.0, 1.0),
    ):
        with pytest.raises(ValueError, match=r"^facts.json: \w+: expected"):
            call()
    not_a_number = PieceReader({"facts.json": b'{"share": NaN}'})
    with pytest.raises(ValueError, match="expected a number"):
        not_a_number.number("share", -1e9, 1e9)


@pytest.mark.parametrize(
    ("piece", "message"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "nested more than 30 deep"),
        (b"[" * 31 + b"]" * 31, "nested more than 30 deep"),
        (b'{"a": 1, "a": 2}', "given twice"),
        (b" " * MOST_TEXT + b"1", "longer than 8 MB"),
        (b"9" * 5000, "not JSON"),
    ],
)
def test_json_is_bounded(piece: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"^about: .*{message}"):
        read_json(piece, "about")


def test_json_is_read() -> None:
    deep = json.dumps([[[{"a": [1, None, "x", 1e300]}]]])
    assert read_json(deep.encode(), "about") == json.loads(deep)
    assert read_json(b"[" * 29 + b"]" * 29, "about")
    with pytest.raises(ValueError, match="missing"):
        PieceReader({})
    with pytest.raises(ValueError, match="expected names and values"):
        PieceReader({"facts.json": b"[]"})
