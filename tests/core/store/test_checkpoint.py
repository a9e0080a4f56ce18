"""Checkpoints: read as they were saved, the last two kept, damaged ones skipped."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terranova.store import load_checkpoint, save_checkpoint
from terranova.store.checkpoint import (
    Piece,
    checkpoints,
    drop_pieces,
    pieces_there,
    read_checkpoint,
    read_islands,
    save_piece,
)


def test_a_checkpoint_is_read_as_it_was_saved(tmp_path):
    arrays = {
        "mean": np.array([1.0, np.nan, -np.inf]),
        "file": np.arange(6, dtype=np.int32).reshape(2, 3).T,
        "empty": np.empty((0, 4)),
        "scalar": np.array(3.5),
        "names": np.array(["α", "beta"]),
    }
    meta = {"rng": {"state": 2**120 + 1}, "text": "ü", "none": None}
    path = save_checkpoint(tmp_path, 42, arrays, meta)
    assert path.name == "00000042.npz"
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None
    assert (loaded.generation, loaded.meta) == (42, meta)
    assert list(loaded.arrays) == list(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(loaded.arrays[name], values)
        assert loaded.arrays[name].dtype == values.dtype


def test_the_last_two_are_kept(tmp_path):
    for generation in (5, 10, 99_999_999, 100_000_000):
        save_checkpoint(tmp_path, generation, {}, None)
    assert sorted(os.listdir(tmp_path / "checkpoint")) == ["100000000.npz", "99999999.npz"]
    assert load_checkpoint(tmp_path).generation == 100_000_000


def test_no_checkpoint(tmp_path):
    assert load_checkpoint(tmp_path) is None


def test_a_damaged_checkpoint_is_skipped_wherever_it_is_damaged(tmp_path, caplog):
    save_checkpoint(tmp_path, 1, {"a": np.zeros(3)}, "old")
    path = save_checkpoint(tmp_path, 2, {"a": np.arange(20.0)}, "new")
    good = path.read_bytes()
    for position in range(0, len(good), 3):
        data = bytearray(good)
        data[position] ^= 16
        path.write_bytes(data)
        loaded = load_checkpoint(tmp_path)
        assert loaded is not None
        if loaded.generation == 2:  # a byte without meaning, such as a date in the archive
            np.testing.assert_array_equal(loaded.arrays["a"], np.arange(20.0))
    for size in (0, 1, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:size])
        caplog.clear()
        assert load_checkpoint(tmp_path).meta == "old"
        assert "00000002.npz is damaged and was skipped" in caplog.text


def test_python_objects_are_refused(tmp_path):
    with pytest.raises(TypeError, match="array 'a' of a checkpoint holds Python objects"):
        save_checkpoint(tmp_path, 1, {"a": np.array([{}])}, None)
    with pytest.raises(TypeError):
        save_checkpoint(tmp_path, 1, {}, {"a": object()})
    assert load_checkpoint(tmp_path) is None


def _in_pieces(directory: Path, generation: int = 7, sizes: tuple[int, ...] = (2, 3, 1)) -> Path:
    """Save a checkpoint of six islands by three processes."""
    pieces, first = [], 0
    for number, count in enumerate(sizes):
        arrays = {"a": np.arange(first, first + count), "b": np.arange(2.0 * count).reshape(count, 2)}
        pieces.append(save_piece(directory, generation, arrays, first, number, len(sizes)))
        first += count
    return save_checkpoint(directory, generation, {"shared": np.arange(3)}, {"x": 1}, pieces)


@pytest.mark.parametrize(("first", "stop"), [(0, 6), (0, 1), (1, 4), (2, 5), (5, 6)])
def test_islands_are_read_from_the_pieces_that_have_them(tmp_path: Path, first: int, stop: int) -> None:
    path = _in_pieces(tmp_path)
    found = read_checkpoint(path)
    assert found.arrays.keys() == {"shared"}
    arrays = read_islands(path, found, first, stop)
    assert arrays["a"].tolist() == list(range(first, stop))
    assert arrays["b"].shape == (stop - first, 2)


def test_without_its_last_file_there_is_no_checkpoint(tmp_path: Path) -> None:
    path = _in_pieces(tmp_path)
    older = _in_pieces(tmp_path, 5)
    path.unlink()
    found = load_checkpoint(tmp_path)
    assert found is not None
    assert found.generation == 5
    assert drop_pieces(list(pieces_there(tmp_path))) != []
    assert sorted(p.name for p in pieces_there(tmp_path)) == [f"00000005-000{n}-of-0003.npz" for n in range(3)]
    assert checkpoints(tmp_path) == [older]


@pytest.mark.parametrize("harm", ["gone", "cut", "flipped", "of another generation"])
def test_a_damaged_piece_is_noticed(tmp_path: Path, harm: str) -> None:
    path = _in_pieces(tmp_path)
    found = read_checkpoint(path)
    piece = path.with_name(found.pieces[1].name)
    content = piece.read_bytes()
    if harm == "gone":
        piece.unlink()
    elif harm == "cut":
        piece.write_bytes(content[:-1])
    elif harm == "flipped":
        piece.write_bytes(content[:300] + bytes([content[300] ^ 1]) + content[301:])
    else:
        _in_pieces(tmp_path, 9)
        piece.write_bytes(path.with_name("00000009-0001-of-0003.npz").read_bytes())
    assert read_islands(path, found, 0, 2)["a"].tolist() == [0, 1]  # of another piece
    with pytest.raises((OSError, ValueError)):
        read_islands(path, found, 0, 3)


@pytest.mark.parametrize(
    "numbers",
    [
        ["../x.npz", 0, 2, 10, 1],
        ["00000008-0000-of-0001.npz", 0, 2, 10, 1],
        ["00000007-0000-of-0001.npz", 1, 2, 10, 1],
        ["00000007-0000-of-0001.npz", 0, 0, 10, 1],
        ["00000007-0000-of-0001.npz", 0, -2, 10, 1],
        ["00000007-0000-of-0001.npz", 0, 2.5, 10, 1],
        ["00000007-0000-of-0001.npz", 0, 2, True, 1],
        [7, 0, 2, 10, 1],
    ],
)
def test_pieces_that_make_no_sense_are_damage(tmp_path: Path, numbers: list[Any]) -> None:
    path = save_checkpoint(tmp_path, 7, {}, {}, [Piece(*numbers)])
    with pytest.raises(ValueError, match="piece"):
        read_checkpoint(path)
