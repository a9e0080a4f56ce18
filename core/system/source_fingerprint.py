"""Fingerprints of source: of a module, by which stored machine code is known to be stale, and of a plugin class."""

from __future__ import annotations

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

_OURS = __name__.partition(".")[0]
_NO_DATA = {".py", ".pyc", ".pyo", ".nbi", ".nbc"}
_LARGE = 64 * 2**20
"""Of files larger than this, only the size and both ends count."""


@cache
def plugin_fingerprint(target: type) -> str:
    """Return a hash, 16 hexadecimal digits, of the source and the data files of a plugin class.

    What it imports from its own package counts, and the files beside that are no Python. Of plugins that come with
    terranova only what lies in the same folder of plugins counts, not the core.

    It is worked out once a process: what was imported stays as it is.

    Args:
        target: the class. One that stands in no file, such as one of a notebook, counts with its source if that is
            known, else with its name.
    """
    digest = hashlib.blake2b(digest_size=8)
    files: set[Path] = set()
    for cls in target.__mro__:
        package, _, rest = cls.__module__.partition(".")
        within = f"{package}.{rest.partition('.')[0]}" if package == _OURS else package
        if within in (_OURS, f"{_OURS}.interfaces") or package in sys.stdlib_module_names:
            continue
        if module_path(cls.__module__) is None:
            digest.update(text_of(cls).encode())
        else:
            files |= sources(cls.__module__, within)
    data = {beside for module in files for beside in _data_beside(module)}
    for path in sorted(files | data):
        digest.update(path.name.encode())
        digest.update(_content(path))
    return digest.hexdigest()


def function_fingerprint(function: object) -> str:
    """Return a hash, 16 hexadecimal digits, of a function: its source, defaults, and the values it closes over.

    Comments, blanks and the docstring do not count. What it calls counts if it closes over it, not if it finds it
    in its module.
    """
    return hashlib.blake2b("\n".join(_facts(function, set())).encode(), digest_size=8).hexdigest()


def _facts(value: object, seen: set[int]) -> Iterator[str]:
    """Say what a function, or something that it closes over, is, in lines that are the same in every process."""
    if id(value) in seen:
        return
    if hasattr(value, "tobytes") and hasattr(value, "dtype"):  # an array
        yield f"{value.dtype} {hashlib.sha256(value.tobytes()).hexdigest()}"
    elif value is None or isinstance(value, bool | int | float | complex | str | bytes):
        yield repr(value)
    elif isinstance(value, tuple | list | set | frozenset | dict):
        seen.add(id(value))
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        parts = ["\n".join([*_facts(key, seen), *_facts(item, seen)]) for key, item in pairs]
        yield from sorted(parts) if isinstance(value, set | frozenset) else parts
    elif hasattr(value, "func") and hasattr(value, "args") and hasattr(value, "keywords"):  # functools.partial
        yield from _facts((value.func, value.args, value.keywords), seen)
    elif callable(value):
        seen.add(id(value))
        function = inspect.unwrap(getattr(value, "py_func", value))  # py_func: what numba compiled
        function = getattr(function, "__func__", function)  # of a bound method
        yield getattr(function, "__qualname__", type(value).__qualname__)
        text = text_of(function if hasattr(function, "__qualname__") else type(function))
        yield text or (code_text(function.__code__) if hasattr(function, "__code__") else "")
        if getattr(function, "__name__", "") == "<lambda>":  # of several on a line the source does not say which
            yield from (repr(c) for c in function.__code__.co_consts if isinstance(c, int | float | str))
            yield " ".join(function.__code__.co_names)
        yield from _facts(getattr(function, "__defaults__", None), seen)
        yield from _facts(getattr(function, "__kwdefaults__", None), seen)
        for cell in getattr(function, "__closure__", None) or ():
            try:
                yield from _facts(cell.cell_contents, seen)
            except ValueError:  # an empty cell
                continue
    else:
        yield type(value).__qualname__


def code_text(code: Any) -> str:
    """Return what a function does, where its source is not known: its byte code, the same on any machine."""
    inner = [code_text(c) if hasattr(c, "co_code") else repr(c) for c in code.co_consts]
    return f"{code.co_code.hex()} {' '.join(code.co_names)} {inner}"


def text_of(function: Any) -> str:
    """Return the source of a function or class without comments and docstring; "" if there is none."""
    try:
        text = inspect.getsource(function)
    except (OSError, TypeError):
        return ""
    try:
        tree = ast.parse(textwrap.dedent(text))
    except SyntaxError:  # a lambda within a longer line
        return " ".join(text.split())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                body[:] = body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def _data_beside(path: Path) -> Iterator[Path]:
    """The files in the package of a module that are no Python, and in folders of it that are no packages."""
    if not (path.parent / "__init__.py").exists():
        return  # a module by itself, among those of others
    todo = [path.parent]
    while todo:
        for entry in sorted(todo.pop().iterdir()):
            if entry.is_dir():
                if not entry.name.startswith(("__", ".")) and not (entry / "__init__.py").exists():
                    todo.append(entry)
            elif entry.is_file() and entry.suffix not in _NO_DATA and not entry.name.startswith("."):
                yield entry


def _content(path: Path) -> bytes:
    size = path.stat().st_size
    if size <= _LARGE:
        return path.read_bytes()
    with path.open("rb") as file:
        first = file.read(2**20)
        file.seek(-(2**20), 2)
        return b"%d" % size + first + file.read()


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
        name = todo.pop()
        path = module_path(name)
        if path is None:  # a folder that is no package, or a module that is not there
            continue
        files |= {path, *path.parent.glob("*.json")}
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        new = set(_imports(path, f"{within}.", package)) - seen if path.suffix == ".py" else set()
        todo += new
        seen |= new
    return files


@cache
def module_path(module: str) -> Path | None:
    """The file of a module, or None if it has none."""
    try:
        spec = find_spec(module)
    except (ModuleNotFoundError, ValueError):  # its parent is no package; what is run as a script
        return None
    return Path(spec.origin) if spec is not None and spec.has_location and spec.origin is not None else None


@cache
def _imports(path: Path, prefix: str, package: str) -> tuple[str, ...]:
    """The modules, of those whose names begin with a prefix, that a file of a package imports itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = (name for node in ast.walk(tree) for name in _named(node, prefix, package))
    return tuple(name for name in named if name.startswith(prefix))


def _named(node: ast.AST, prefix: str, package: str) -> Iterator[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parent = str(node.module or "")
        if node.level:
            parent = resolve_name("." * node.level + parent, package)
        for alias in node.names:
            child = f"{parent}.{alias.name}"
            yield child if child.startswith(prefix) and module_path(child) else parent
