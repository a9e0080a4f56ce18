"""pyproject.toml and the folders agree: no package or entry point is forgotten."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version
from setuptools import find_packages
from support.installation import run


@pytest.fixture(scope="module")
def pyproject(root: Path) -> dict[str, Any]:
    """The content of pyproject.toml."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def test_packages_found_are_those_on_disk(pyproject: dict[str, Any], packages: dict[str, Path], root: Path) -> None:
    find = pyproject["tool"]["setuptools"]["packages"]["find"]
    (where,) = find["where"]
    assert sorted(find_packages(str(root / where), include=find["include"])) == sorted(packages)


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


def git(folder: Path, *arguments: str) -> None:
    """Run git as somebody, whatever is configured here."""
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    run(["git", *who, *arguments], cwd=folder)


def version_built(folder: Path) -> Version:
    """The version that setuptools gives to what is in a folder."""
    code = """
from email import message_from_bytes
from pathlib import Path
from setuptools.build_meta import prepare_metadata_for_build_wheel
made = Path("made", prepare_metadata_for_build_wheel("made"), "METADATA")
print("version", message_from_bytes(made.read_bytes())["Version"])
"""
    (folder / "made").mkdir()
    printed = run([sys.executable, "-c", code], cwd=folder).stdout.splitlines()
    shutil.rmtree(folder / "made")
    (version,) = [line.split()[1] for line in printed if line.startswith("version ")]
    return Version(version)


@pytest.fixture
def bare(root: Path, tmp_path: Path) -> Path:
    """A folder with the project's pyproject.toml and an empty package."""
    package = tmp_path / "bare" / ".package" / "terranova"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    folder = tmp_path / "bare"
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(root / name, folder)
    return folder


def test_without_git_the_version_is_that_of_pyproject(bare: Path, pyproject: dict[str, Any]) -> None:
    assert str(version_built(bare)) == pyproject["tool"]["setuptools_scm"]["fallback_version"]


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_version_comes_from_the_last_tag(bare: Path, pyproject: dict[str, Any]) -> None:
    coming = Version(pyproject["tool"]["setuptools_scm"]["fallback_version"])
    git(bare, "init", "--quiet")
    git(bare, "add", ".")
    git(bare, "commit", "--quiet", "--message", "first")
    untagged = version_built(bare)
    assert untagged.release == coming.release
    assert untagged.is_devrelease
    assert untagged.local, "it names the commit"
    git(bare, "tag", "v7.8.9")
    assert str(version_built(bare)) == "7.8.9"
    git(bare, "commit", "--quiet", "--allow-empty", "--message", "second")
    later = version_built(bare)
    assert later.release == (7, 8, 10)
    assert later.dev == 1


def test_the_version_without_a_tag_is_newer_than_every_release(root: Path, pyproject: dict[str, Any]) -> None:
    # docs/releasing.md: the line is raised with each release.
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\d\S*)", changelog, flags=re.MULTILINE)
    coming = Version(pyproject["tool"]["setuptools_scm"]["fallback_version"])
    assert coming.is_devrelease
    assert [version for version in released if Version(version) >= coming] == []
