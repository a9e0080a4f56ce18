"""Typed doors to numba, so that compiled functions keep their signatures for readers and type checkers.

Numba takes a second or two to load, and does so with the first kernel: what lists plugins does not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from terranova.system.source_fingerprint import fingerprint

F = TypeVar("F", bound=Callable[..., Any])

PACKAGE = "terranova.models"
OPTIONS: Final = {"error_model": "numpy", "no_cfunc_wrapper": True}

_waiting: list[tuple[Callable[..., Any], dict[str, Any]]] = []
"""Functions that numba has not heard of yet, and their options."""


def jit(function: F) -> F:
    """Let numba compile a scalar function where a kernel calls it; from Python it stays an ordinary function.

    In a kernel, division by zero gives inf or nan as in numpy, and floating-point operations are never
    reordered: the value of a point must not depend on the batch it sits in. Such a function cannot allocate
    arrays: kernels hand scratch space to it. Called from a kernel and from another such function, it is
    compiled twice.
    """
    # Wrappers for C and counting references to arrays are of no use here, and take a quarter of the time.
    _waiting.append((function, {**OPTIONS, "no_rewrites": True, "_nrt": False}))
    return function


def jit_allocating(function: F) -> F:
    """As `jit`, for a function that makes arrays."""
    _waiting.append((function, OPTIONS))
    return function


def _compiled(function: F, **options: Any) -> F:
    """Let numba compile a kernel, whose module has imported all that it calls."""
    import numba
    from numba.extending import register_jitable

    import terranova.models.physics._collector  # noqa: F401

    while _waiting:
        part, its = _waiting.pop()
        register_jitable(**its)(part)
    return cast(F, numba.njit(**options, cache=True)(function))


def jit_kernel(function: F) -> F:
    """Compile the outermost function, the loop over points, and keep the machine code on disk.

    Numba looks only at the file of the function itself to decide whether the stored code is stale. Make the
    function inside another one that takes a `source_fingerprint` and read the fingerprint in its body:
    closure variables are part of the key, so that editing any source or table that it uses triggers a
    compilation, and editing others does not.
    """
    return _compiled(function, error_model="numpy")


def jit_lean_kernel(function: F) -> F:
    """As `jit_kernel`, for a function that allocates nothing: it is compiled faster."""
    return _compiled(function, **OPTIONS, _nrt=False)


def source_fingerprint(module: str) -> str:
    """Return a hash of a module, given its full name, and of everything in `terranova.models` that it imports."""
    return fingerprint(module, PACKAGE)
