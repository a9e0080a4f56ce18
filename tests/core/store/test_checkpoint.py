"""Checkpoints: read as they were saved, the last two kept, damaged ones skipped."""

import os

import numpy as np
import pytest

from terranova.store import load_checkpoint, save_checkpoint


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
