"""A fingerprint of everything that a module is made of, by which stored machine code is known to be stale."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def fingerprint(module: str, within: str) -> str:
    """Return a hash, 24 hexadecimal digits, of the `sources` of a module."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted(sources(module, within)):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def sources(module: str, within: str) -> set[Path]:
    """The files of a module, of everything in a package that it imports, and of the JSON tables beside.

    Imports of imports count, wherever in a file they stand; they have to be import statements.

    Args:
        module: its full name.
        within: the full name of the package; what is imported from elsewhere does not count.
    """
    files: set[Path] = set()
    todo, seen = [module], {module}
    while todo:
        path = _path(todo.pop())
        assert path is not None
        files |= {path, *path.parent.glob("*.json")}
        new = set(_imports(path, f"{within}.")) - seen
        todo += new
        seen |= new
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
def _imports(path: Path, prefix: str) -> tuple[str, ...]:
    """The modules, of those whose names begin with a prefix, that a file imports itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return tuple(name for node in ast.walk(tree) for name in _named(node, prefix) if name.startswith(prefix))


def _named(node: ast.AST, prefix: str) -> Iterator[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports are not followed"
        parent = str(node.module)
        for alias in node.names:
            child = f"{parent}.{alias.name}"
            yield child if child.startswith(prefix) and _path(child) else parent
