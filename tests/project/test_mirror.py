"""Tests mirror the rooms: who changes core/ROOM/MODULE.py finds its tests in tests/core/ROOM/test_MODULE.py."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

UNTESTED: dict[str, str] = {}
"""Modules of core/ without a test file of their own, and why."""


def _has_code(path: Path) -> bool:
    """True for a module that defines a function or a class: others only gather names."""
    defining = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(node, defining) for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def _test_of(module: Path) -> Path:
    """Return where the tests of a module are, both relative: core/store/lock.py -> tests/core/store/test_lock.py.

    Those of a package's own code, in its __init__.py, have the name of the folder.
    """
    name = module.parent.name if module.name == "__init__.py" else module.stem
    return "tests" / module.parent / f"test_{name}.py"


@pytest.fixture(scope="module")
def modules(root: Path) -> list[Path]:
    """Modules with code, relative to the checkout; links, which lead to the neighbours, are not followed."""
    found = [
        path.relative_to(root)
        for folder, _, names in os.walk(root / "core")
        for path in (Path(folder, name) for name in names)
        if path.suffix == ".py" and path.name != "__main__.py" and _has_code(path)
    ]
    assert len(found) > 100
    return sorted(found)


def test_every_module_has_its_tests_at_the_mirrored_path(root: Path, modules: list[Path]) -> None:
    missing = {str(module) for module in modules if not (root / _test_of(module)).is_file()}
    assert missing == UNTESTED.keys(), "write the test file, or take the module out of the list"


def test_every_test_file_has_its_module(root: Path, modules: list[Path]) -> None:
    mirrors = {_test_of(module) for module in modules}
    files = (path.relative_to(root) for path in (root / "tests" / "core").rglob("test_*.py"))
    assert [str(path) for path in files if path not in mirrors] == [], "they go to tests/project"


def test_a_mirrored_path_is_what_one_expects() -> None:
    assert _test_of(Path("core/store/lock.py")) == Path("tests/core/store/test_lock.py")
    assert _test_of(Path("core/registry/__init__.py")) == Path("tests/core/registry/test_registry.py")
    assert _test_of(Path("core/__init__.py")) == Path("tests/core/test_core.py")
