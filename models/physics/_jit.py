"""Typed doors to numba, so that compiled functions keep their signatures for readers and type checkers."""

from __future__ import annotations

import ast
import gc
import hashlib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba.core import event
from numba.extending import register_jitable

F = TypeVar("F", bound=Callable[..., Any])

PACKAGE = "terranova.models."
OPTIONS: Final = {"error_model": "numpy", "no_cfunc_wrapper": True}


class PausedCollector(event.Listener):  # type: ignore[misc]
    """Keeps Python from looking for garbage while numba compiles: it finds little and takes a sixth of the time."""

    def __init__(self) -> None:
        self._depth = 0
        self._enabled = False

    def on_start(self, event: object) -> None:
        """A compilation begins, maybe inside another one."""
        if self._depth == 0:
            self._enabled = gc.isenabled()
            gc.disable()
        self._depth += 1

    def on_end(self, event: object) -> None:
        """It ends, or failed."""
        self._depth -= 1
        if self._depth == 0 and self._enabled:
            gc.enable()


event.register("numba:compile", PausedCollector())


def jit(function: F) -> F:
    """Let numba compile a scalar function where a kernel calls it; from Python it stays an ordinary function.

    In a kernel, division by zero gives inf or nan as in numpy, and floating-point operations are never
    reordered: the value of a point must not depend on the batch it sits in. Such a function cannot allocate
    arrays: kernels hand scratch space to it. Called from a kernel and from another such function, it is
    compiled twice.
    """
    # Wrappers for C and counting references to arrays are of no use here, and take a quarter of the time.
    return cast(F, register_jitable(**OPTIONS, no_rewrites=True, _nrt=False)(function))


def jit_allocating(function: F) -> F:
    """As `jit`, for a function that makes arrays."""
    return cast(F, register_jitable(**OPTIONS)(function))


def jit_kernel(function: F) -> F:
    """Compile the outermost function, the loop over points, and keep the machine code on disk.

    Numba looks only at the file of the function itself to decide whether the stored code is stale. Make the
    function inside another one that takes a `source_fingerprint` and read the fingerprint in its body:
    closure variables are part of the key, so that editing any source or table that it uses triggers a
    compilation, and editing others does not.
    """
    return cast(F, numba.njit(error_model="numpy", cache=True)(function))


def jit_lean_kernel(function: F) -> F:
    """As `jit_kernel`, for a function that allocates nothing: it is compiled faster."""
    return cast(F, numba.njit(**OPTIONS, cache=True, _nrt=False)(function))


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
