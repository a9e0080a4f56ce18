"""Typed doors to numba, so that compiled functions keep their signatures for readers and type checkers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.extending import register_jitable

F = TypeVar("F", bound=Callable[..., Any])


def jit(function: F) -> F:
    """Let numba compile a scalar function where a kernel calls it; from Python it stays an ordinary function.

    In a kernel, division by zero gives inf or nan as in numpy, and floating-point operations are never
    reordered: the value of a point must not depend on the batch it sits in.
    """
    return cast(F, register_jitable(error_model="numpy")(function))


def jit_kernel(function: F) -> F:
    """Compile the outermost function, the loop over points, and keep the machine code on disk.

    Numba looks only at the file of the function itself to decide whether the stored code is stale. Make the
    function inside another one that takes a `source_fingerprint` and read the fingerprint in its body:
    closure variables are part of the key, so that editing any source or table triggers a compilation.
    """
    return cast(F, numba.njit(error_model="numpy", cache=True)(function))


def source_fingerprint(folders: Iterable[Path]) -> str:
    """Return a hash of every Python source and JSON table directly inside the folders."""
    digest = hashlib.blake2b(digest_size=12)
    for folder in folders:
        for path in sorted([*folder.glob("*.py"), *folder.glob("*.json")]):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
