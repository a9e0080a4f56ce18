"""pyproject.toml and the folders agree: no package or entry point is forgotten."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def pyproject(root: Path) -> dict[str, Any]:
    """The content of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def test_packages_listed_are_those_on_disk(pyproject: dict[str, Any], packages: dict[str, Path]) -> None:
    # A package that is not listed works in an editable installation and is missing from the wheel.
    assert sorted(pyproject["tool"]["setuptools"]["packages"]) == sorted(packages)


def test_entry_points_can_be_imported(pyproject: dict[str, Any]) -> None:
    for module in pyproject["project"]["entry-points"]["terranova"].values():
        importlib.import_module(module)


def test_folders_are_not_importable_under_their_own_names(root: Path) -> None:
    # A second import under another name would make a second copy of every class.
    names = ["core", "plugins", "models", "constraints"]
    for name in names:
        assert str(root / name) not in list(getattr(sys.modules.get(name), "__path__", []))
    assert not (root / "conftest.py").exists(), "it would put this folder on the path of every test"
    look = f"import importlib.util; print([n for n in {names} if importlib.util.find_spec(n)])"
    # -I: neither the current folder nor PYTHONPATH count.
    command = [sys.executable, "-I", "-c", look]
    assert subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip() == "[]"
