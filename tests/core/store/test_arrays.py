"""Files of arrays: read as they were saved, or refused before they take memory."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from terranova.store.arrays import from_json_array, json_array, npz_of, read_arrays


def test_arrays_are_read_as_they_were_saved(tmp_path: Path) -> None:
    saved = {
        "a": np.arange(6.0).reshape(2, 3).T,
        "none": np.empty((0, 4)),
        "one": np.array(3),
        "text": np.array(["α"]),
    }
    np.savez(tmp_path / "a.npz", **saved)  # type: ignore[arg-type]
    np.savez_compressed(tmp_path / "b.npz", **saved)  # type: ignore[arg-type]
    for path, most in ((tmp_path / "a.npz", None), (tmp_path / "b.npz", 10_000)):
        found = read_arrays(path, most)
        assert found.keys() == saved.keys()
        for name, values in saved.items():
            np.testing.assert_array_equal(found[name], values)
            assert found[name].dtype == values.dtype


def test_what_is_written_is_what_numpy_reads(tmp_path: Path) -> None:
    saved = {
        "a": np.arange(6.0).reshape(2, 3).T,
        "of/parts.u": np.empty((0, 4)),
        "head": json_array({"α": [1, None, 0.5]}),
    }
    for compressed in (False, True):
        path = tmp_path / "a.npz"
        path.write_bytes(npz_of(saved, compressed=compressed))
        found = read_arrays(path, 10_000)
        with np.load(path) as theirs:
            assert found.keys() == set(theirs) == saved.keys()
            for name, values in saved.items():
                np.testing.assert_array_equal(theirs[name], values)
                np.testing.assert_array_equal(found[name], values)
        assert from_json_array(found["head"]) == {"α": [1, None, 0.5]}


def test_python_objects_are_not_written() -> None:
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        npz_of({"a": np.array([{"a": 1}], dtype=object)})


def test_more_than_it_may_hold_is_refused(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(100_000))
    with pytest.raises(ValueError, match="compressed"):
        read_arrays(tmp_path / "a.npz")
    with pytest.raises(ValueError, match="800,128 bytes, more than the 10,000"):
        read_arrays(tmp_path / "a.npz", 10_000)


def _file(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def test_an_array_that_declares_other_bytes_than_follow_is_refused(tmp_path: Path) -> None:
    good = io.BytesIO()
    np.save(good, np.arange(5.0))
    content = good.getvalue()
    for wrong in (
        content[:-1],
        content + b"x",
        content.replace(b"(5,)", b"(6,)"),
        content.replace(b"(5,)", b"(-5,)"),
    ):
        with pytest.raises(ValueError, match=r"declares|fewer"):
            read_arrays(_file(tmp_path / "a.npz", a=wrong))
    with pytest.raises(ValueError, match="version"):
        read_arrays(_file(tmp_path / "a.npz", a=content[:6] + b"\x09" + content[7:]))


def test_python_objects_are_refused(tmp_path: Path) -> None:
    pickled = io.BytesIO()
    np.save(pickled, np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match="Python objects"):
        read_arrays(_file(tmp_path / "a.npz", a=pickled.getvalue()))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_a_name_are_refused(tmp_path: Path) -> None:
    good = io.BytesIO()
    np.save(good, np.arange(5.0))
    path = _file(tmp_path / "a.npz", a=good.getvalue())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("a.npy", good.getvalue())
    with pytest.raises(ValueError, match="same name"):
        read_arrays(path)
