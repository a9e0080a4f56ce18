"""A typed door to numba. Import this module where a kernel is needed, not at the top: numba takes a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a function and keep the machine code on disk.

    Floating-point operations are never reordered (no fastmath): an island's numbers must not depend on the
    islands beside it. Numba looks only at a function's own file to see whether stored code is stale, so a
    kernel calls kernels of its own module only.
    """
    return cast(F, numba.njit(error_model="numpy", cache=True)(function))
