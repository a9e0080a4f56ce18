"""The checkout, the wheel made of it, and an environment in which that wheel is installed."""

from __future__ import annotations

import shutil
import site
import subprocess
import sys
from pathlib import Path

import pytest
from support.installation import Environment, run

ROOT = Path(__file__).parents[2]
ROOMS = {"terranova.plugins": "plugins", "terranova.models": "models", "terranova.constraints": "constraints"}
"""Import name -> folder, of everything that is not below `core/`, which is `terranova`."""


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def packages() -> dict[str, Path]:
    """Import name -> folder, of every package on disk."""
    found = {}
    for name, folder in {"terranova": "core", **ROOMS}.items():
        for init in sorted((ROOT / folder).rglob("__init__.py")):
            below = init.parent.relative_to(ROOT / folder).parts
            found[".".join((name, *below))] = init.parent
    return found


@pytest.fixture(scope="session")
def project_files() -> list[Path]:
    """Every file that belongs to the project: what git tracks or would track."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]
    # An unpacked archive: everything but what is generated.
    return [
        path for path in sorted(ROOT.rglob("*")) if path.is_file() and not _generated(path.relative_to(ROOT).parts)
    ]


def _generated(parts: tuple[str, ...]) -> bool:
    """True for what .gitignore names, and for all hidden files and folders but those of the project."""
    hidden = [name for name in parts if name.startswith(".")]
    if set(hidden) - {".ci", ".github", ".gitignore", ".pre-commit-config.yaml"}:
        return True
    if parts[0] in ("runs", "comparisons"):
        return True
    return any(name in ("__pycache__", "build", "dist") or name.endswith(".egg-info") for name in parts)


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What of this checkout is packed, without git: setuptools leaves its workings beside the sources."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    generated = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for folder in (".package", "core", *ROOMS.values()):
        shutil.copytree(ROOT / folder, copy / folder, symlinks=True, ignore=generated)
    return copy


@pytest.fixture(scope="session")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(unpacked)]
    run(command, cwd=unpacked)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def package_files(project_files: list[Path]) -> set[str]:
    """Names, as in a wheel, of the files of the package."""
    folders = {"core": "terranova", **{folder: name.replace(".", "/") for name, folder in ROOMS.items()}}
    found = set()
    for path in project_files:
        folder, *below = path.relative_to(ROOT).parts
        if folder in folders and path.suffix != ".md":
            found.add("/".join((folders[folder], *below)))
    return found


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel and two strangers' plugins: a hand-written one and a generated one."""
    from terranova.scaffold import new_model

    folder = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)], cwd=folder)
    made = Environment(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    borrowed = "; ".join(f"site.addsitedir({path!r})" for path in site.getsitepackages())
    (packages / "borrowed.pth").write_text(f"import site; {borrowed}\n", encoding="utf-8")
    made.install(wheel)
    made.install(shutil.copytree(ROOT / "tests" / "third_party" / "stranger", folder / "src" / "stranger"))
    made.install(new_model("my-singlet", folder / "src"), "--editable")
    return made
