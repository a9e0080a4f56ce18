"""`.npz` files: written without Python objects; read whoever made them, running no code, in bounded memory."""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from terranova.types import Array

_ENDING = ".npy"


def npz_of(arrays: Mapping[str, Array], *, compressed: bool = False) -> bytes:
    """Return an `.npz` file of arrays by name.

    Raises:
        ValueError: one holds Python objects.
    """
    buffer = io.BytesIO()
    how = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    with zipfile.ZipFile(buffer, "w", how) as archive:
        for name, values in arrays.items():
            with archive.open(name + _ENDING, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(values), allow_pickle=False)
    return buffer.getvalue()


def json_array(content: Any) -> Array:
    """Return something that JSON can hold as an array, to stand beside others in a file.

    Raises:
        TypeError: JSON cannot hold it.
    """
    return np.frombuffer(json.dumps(content).encode(), np.uint8)


def from_json_array(array: Array) -> Any:
    """Return what `json_array` was given.

    Raises:
        ValueError: it is no JSON.
    """
    return json.loads(array.tobytes())


def read_arrays(path: Path, most: int | None = None) -> dict[str, Array]:
    """Read all arrays of an `.npz` file.

    Args:
        path: the file.
        most: bytes that all of them may take together. If None, as many as the file itself has, and its members
            must not be compressed.

    Returns:
        Arrays by name, of plain numbers and text, each with its own memory.

    Raises:
        OSError: it cannot be read.
        Exception: it is damaged, or holds something else. What zipfile and NumPy raise on damage is not of one
            class; where this function finds the damage, it is a ValueError.
    """
    with path.open("rb") as file, zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        if most is None:
            most = path.stat().st_size
            if any(member.compress_type != zipfile.ZIP_STORED for member in members):
                raise ValueError("it is compressed, which no file of this kind is")
        # zipfile reads no more of a member than it declares; members may also overlap, hence the sum.
        size = sum(member.file_size for member in members)
        if size > most:
            raise ValueError(f"it would unpack to {size:,} bytes, more than the {most:,} that it may hold")
        if len({member.filename for member in members}) < len(members):
            raise ValueError("it holds two arrays of the same name")
        return {member.filename.removesuffix(_ENDING): _array(archive.read(member)) for member in members}


def _array(content: bytes) -> Array:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    if version not in readers:
        raise ValueError(
            f"an array is in version {version} of its format, expected {' or '.join(map(str, readers))}"
        )
    shape, _, dtype = readers[version](stream)
    # NumPy makes room for what a header declares before it looks whether that much follows.
    if dtype.hasobject or any(n < 0 for n in shape):
        raise ValueError("an array holds Python objects, or fewer than no numbers")
    declared, there = math.prod(shape) * dtype.itemsize, len(content) - stream.tell()
    if declared != there:
        raise ValueError(f"an array declares {declared:,} bytes, and has {there:,}")
    stream.seek(0)
    array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    return array
