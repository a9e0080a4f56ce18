"""Who imports whom: the rules of docs/architecture.md, checked on the source text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import terranova

PUBLIC_MODULES = {
    "terranova",
    *(f"terranova.{name}" for name in ("errors", "external", "external.slha", "external.wcxf")),
    *(f"terranova.{name}" for name in ("registry", "registry.hooks", "system.source_fingerprint", "types")),
}
"""What plugins, models and constraints may import of terranova: of the first, only what `__all__` lists."""

FOR_EXECUTORS = {
    "terranova.interfaces.batch",
    "terranova.interfaces.model",
    "terranova.parallel.world",
    "terranova.system.amounts",
    "terranova.system.environment",
    "terranova.system.process_tree",
    "terranova.system.signals",
}
"""Executors carry a piece of the engine to other processes."""

ROOMS = {"plugins": "terranova.plugins", "models": "terranova.models", "constraints": "terranova.constraints"}


def imports(path: Path, module: str) -> Iterator[tuple[int, str, str | None]]:
    """Yield (line, module, name) of every import below `terranova` in a file, also those within functions.

    `name` is None for `import module`.
    """
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == "terranova":
                    yield node.lineno, alias.name, None
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                base = package.split(".")[: len(package.split(".")) - node.level + 1]
                source = ".".join([*base, source]).rstrip(".")
            if source.partition(".")[0] == "terranova":
                for alias in node.names:
                    yield node.lineno, source, alias.name


def modules_of(root: Path, folder: str, name: str) -> Iterator[tuple[Path, str]]:
    """Yield (file, import name) of every module of a room."""
    for path in sorted((root / folder).rglob("*.py")):
        parts = path.relative_to(root / folder).with_suffix("").parts
        yield path, ".".join((name, *(part for part in parts if part != "__init__")))


def test_core_imports_no_plugin(root: Path) -> None:
    wrong = []
    for path, module in modules_of(root, "core", "terranova"):
        for line, source, name in imports(path, module):
            target = f"{source}.{name}"
            if any(f"{target}.".startswith(f"{room}.") for room in ROOMS.values()):
                wrong.append(f"{path.relative_to(root)}:{line} imports {source}")
    assert wrong == []


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_only_what_is_public_and_their_own(root: Path, room: str) -> None:
    wrong = []
    for path, module in modules_of(root, room, ROOMS[room]):
        for line, source, name in imports(path, module):
            executor = module.startswith("terranova.plugins.executors") and source in FOR_EXECUTORS
            if not (executor or _is_public(source, name) or _is_own(module, source, name)):
                what = source if name is None else f"{name} of {source}"
                wrong.append(f"{path.relative_to(root)}:{line} imports {what}")
    assert wrong == []


def _is_public(source: str, name: str | None) -> bool:
    if source == "terranova" and name is not None:
        return name in terranova.__all__ or f"terranova.{name}" in PUBLIC_MODULES
    return source in PUBLIC_MODULES


def _is_own(module: str, source: str, name: str | None) -> bool:
    """A model may use itself and the physics shared by all; a plugin, everything that belongs to plugins."""
    target = source if name is None else f"{source}.{name}"
    parts = module.split(".")
    if parts[1] != "models":
        return target.startswith(f"terranova.{parts[1]}.")
    own = ".".join(parts[:3])
    return f"{target}.".startswith((f"{own}.", "terranova.models.physics."))
