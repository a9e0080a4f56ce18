"""Typed doors to numba, so that compiled functions keep their signatures for readers and type checkers.

Numba takes a second or two to load, and does so with the first kernel: what lists plugins does not wait for it.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

PACKAGE = "terranova.models."
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
    """Return a hash of the `sources` of a module, given its full name."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(sources(module)):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def sources(module: str) -> set[Path]:
    """The files of a module, of everything in `terranova.models` that it imports, and of the JSON tables beside.

    Imports of imports count, wherever in a file they stand; they have to be import statements.
    """
    files: set[Path] = set()
    todo, seen = [module], {module}
    while todo:
        path = _path(todo.pop())
        assert path is not None
        files |= {path, *path.parent.glob("*.json")}
        found = set(_imports(path)) - seen
        todo += found
        seen |= found
    return files


@cache
def _path(module: str) -> Path | None:
    """The file of a module, or None if it is none."""
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:  # its parent is no package
        return None
    return None if spec is None or spec.origin is None else Path(spec.origin)


@cache
def _imports(path: Path) -> tuple[str, ...]:
    """The modules of `terranova.models` that a file imports itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(name for node in ast.walk(tree) for name in _named(node) if name.startswith(PACKAGE))


def _named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports are not followed"
        parent = str(node.module)
        for alias in node.names:
            child = f"{parent}.{alias.name}"
            yield child if child.startswith(PACKAGE) and _path(child) else parent
