"""The decorator of compiled kernels. Import it where a kernel is needed, not at the top: numba takes a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

import numba

from terranova.system.source_fingerprint import fingerprint

F = TypeVar("F", bound=Callable[..., Any])

PACKAGE = "terranova.plugins"


def kernel(function: F) -> F:
    """Compile a function and keep the machine code on disk.

    Floating-point operations are never reordered (no fastmath): an island's numbers must not depend on the
    islands beside it.

    Numba looks only at a function's own file to see whether stored code is stale, but files it under the
    function's qualified name. With a fingerprint of all sources in that name a kernel may call kernels of other
    modules: an edit of any of them triggers a compilation.
    """
    function.__qualname__ += f"_{_fingerprint(function.__module__)}"
    return cast(F, numba.njit(error_model="numpy", cache=True)(function))


def lean_kernel(function: F) -> F:
    """As `kernel`, for a function that makes no arrays: nothing counts references to those that it is given."""
    function.__qualname__ += f"_{_fingerprint(function.__module__)}"
    return cast(F, numba.njit(error_model="numpy", cache=True, no_cfunc_wrapper=True, _nrt=False)(function))


@cache
def _fingerprint(module: str) -> str:
    """The fingerprint of a module and of the plugins' modules that it imports."""
    return fingerprint(module, PACKAGE)
