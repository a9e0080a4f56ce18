"""Commands run in an environment in which terranova is installed from its wheel."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


def _clean_environment() -> dict[str, str]:
    """The environment without what would let a process import from this checkout or from the tests."""
    return {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}


@dataclass(frozen=True)
class Environment:
    """A virtual environment: terranova and plugins are installed in it; third-party packages are borrowed
    from the environment that runs the tests, so that nothing is downloaded."""

    folder: Path

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    def install(self, package: Path, *options: str) -> None:
        """Install a wheel or a source folder with pip."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet", "--no-deps"]
        run([*pip, "--no-index", "--no-build-isolation", *options, str(package)], cwd=self.folder)

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run its Python and return what it printed."""
        return run([self.python, *arguments], cwd=cwd or self.folder).stdout

    def terranova(
        self, *arguments: str, cwd: Path | None = None, ok: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run its `terranova` command."""
        command = [str(self.folder / "bin" / "terranova"), *arguments]
        return run(command, cwd=cwd or self.folder, ok=ok, COLUMNS="400", NO_COLOR="1", **variables)


def run(command: list[str], *, cwd: Path, ok: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command; unless its failure is expected, a failing one fails the test with all it said."""
    environment = {**_clean_environment(), **variables}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)
    if ok and done.returncode != 0:
        pytest.fail(f"{' '.join(command)}\nreturned {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done
