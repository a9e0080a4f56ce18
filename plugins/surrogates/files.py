"""The files of a surrogate: what is few as JSON, arrays as numpy's, and one error for whatever cannot be read."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from terranova.types import Array

FACTS, ARRAYS = "words.json", "arrays.npz"
"""Names of the files."""


def pack(facts: Mapping[str, Any], arrays: Mapping[str, Array]) -> dict[str, bytes]:
    """Return the files that hold facts, which JSON can express, and arrays."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return {FACTS: json.dumps(facts).encode(), ARRAYS: buffer.getvalue()}


def unpack(state: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, Array]]:
    """Return the facts and the arrays of the files that `pack` made."""
    facts: dict[str, Any] = json.loads(state[FACTS])
    return facts, dict(np.load(io.BytesIO(state[ARRAYS]), allow_pickle=False))


@contextmanager
def reading(surrogate: str, *errors: type[Exception]) -> Iterator[None]:
    """While the files of a surrogate are read, make one ValueError of all that may be wrong with them.

    Args:
        surrogate: its name, for the message.
        errors: what reading may raise besides KeyError, TypeError, ValueError and OSError.
    """
    expected: tuple[type[Exception], ...] = (KeyError, TypeError, ValueError, OSError, *errors)
    try:
        yield
    except expected as error:
        raise ValueError(
            f"this is not what surrogate {surrogate!r} wrote ({type(error).__name__}: {error})"
        ) from error
