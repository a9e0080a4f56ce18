"""Python files that are no installed modules: `./my_model.py` and `./my_model.py:MyModel` where a name is expected.

Such a file is imported under a name that holds its path and a hash of its content, so that two files of one name do
not get in each other's way, an edited file is imported anew, and a worker process that is sent an object of it
imports the same file by that name, or refuses one that has changed meanwhile.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

from terranova.errors import ConfigError, Diagnostic

__path__: list[str] = []
"""Makes this module the parent of the files that it imports, as far as the import system is concerned."""

_REFERENCE = re.compile(r"(?P<path>.*\.py)(?::(?P<name>[A-Za-z_]\w*))?", re.DOTALL)
_MODULE = re.compile(re.escape(__name__) + r"\.m(?P<path>[0-9a-f]+)_(?P<digest>[0-9a-f]{16})")

_importing: list[Path] = []


@dataclass(frozen=True)
class FileReference:
    """A Python file, and the name of something in it.

    Attributes:
        path: of the file.
        name: "" for the only thing of the wanted kind.
    """

    path: Path
    name: str = ""

    def __str__(self) -> str:
        return f"{self.path}:{self.name}" if self.name else str(self.path)

    @property
    def placeless(self) -> str:
        """The same without the folder, for what must not depend on where the file lies."""
        return str(FileReference(Path(self.path.name), self.name))


def file_reference(text: str) -> FileReference | None:
    """Return what `./my_model.py` or `./my_model.py:MyModel` refers to; None for any other text."""
    found = _REFERENCE.fullmatch(text)
    return FileReference(Path(found["path"]), found["name"] or "") if found else None


def placeless(name: str) -> str:
    """Return a name as it is, a reference to a file without its folder."""
    reference = file_reference(name)
    return name if reference is None else reference.placeless


def files_of(path: Path) -> list[Path]:
    """Return a Python file and those beside it that it imports, directly or not, without running any of them."""
    found: list[Path] = []
    todo = [path]
    while todo:
        file = todo.pop()
        if file not in found and file.is_file():
            found.append(file)
            todo += _imported_beside(file)
    return sorted(found)


def content_digest(path: Path) -> str:
    """Return a hash, 16 hexadecimal digits, of a Python file and of those beside it that it imports."""
    digest = hashlib.blake2b(digest_size=8)
    for file in files_of(path):
        digest.update(file.name.encode() + b"\0")
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def import_file(path: Path) -> ModuleType:
    """Import a Python file, which runs it; one that was imported before and has not changed is not run again.

    What it imports may lie beside it.

    Raises:
        OSError: it cannot be read.
        Exception: whatever its code raises.
    """
    path = path.absolute()
    return importlib.import_module(f"{__name__}.m{str(path).encode().hex()}_{content_digest(path)}")


def refuse_while_importing(what: str) -> None:
    """Make sure that no file is being imported for what is defined in it.

    Raises:
        ConfigError: one is: it would start something instead.
    """
    if _importing:
        raise ConfigError(
            [
                Diagnostic(
                    str(_importing[-1]),
                    0,
                    0,
                    "",
                    f"this file was imported for what is defined in it, but calls {what}: put that call under "
                    "`if __name__ == '__main__':`",
                )
            ]
        )


def _imported_beside(file: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, OSError):
        return  # importing it says so
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            beside = file.parent.joinpath(*name.split("."))
            yield from (beside.with_name(f"{beside.name}.py"), beside / "__init__.py")


class _Finder:
    """Finds the modules that `import_file` names, also in processes that only hear of them in a pickle."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = _MODULE.fullmatch(fullname)
        if found is None:
            return None
        file = Path(bytes.fromhex(found["path"]).decode())
        if content_digest(file) != found["digest"]:
            raise ImportError(f"{file} has changed since it was first imported")
        spec = spec_from_file_location(fullname, file)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, file)  # type: ignore[assignment]
        return spec


class _Loader:
    """Loads a file as its own loader does, with its folder among those that are searched for imports."""

    def __init__(self, loader: object, file: Path) -> None:
        self._loader, self._file = loader, file

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        folder = str(self._file.parent)
        if folder not in sys.path:
            sys.path.append(folder)  # last: a file beside must not hide a module that others import
        with _noted(self._file):
            self._loader.exec_module(module)  # type: ignore[attr-defined]


@contextmanager
def _noted(path: Path) -> Iterator[None]:
    _importing.append(path)
    try:
        yield
    finally:
        _importing.pop()


sys.meta_path.append(_Finder)  # type: ignore[arg-type]
