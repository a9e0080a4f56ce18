"""`terranova new model`: what it writes and what it refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from terranova.errors import ConfigError
from terranova.scaffold import new_model


def content(folder: Path) -> dict[str, str]:
    """Path below a folder -> text, of every source file in it."""
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    generated = re.compile(r"(^|/)(\.|__pycache__)|\.egg-info")
    return {str(p): (folder / p).read_text(encoding="utf-8") for p in files if not generated.search(str(p))}


def test_the_example_is_what_is_written(tmp_path: Path) -> None:
    written = content(new_model("my_model", tmp_path))
    assert written == content(Path(__file__).parents[3] / "examples" / "new_model" / "my_model")


def test_no_placeholder_is_left(tmp_path: Path) -> None:
    for path, text in content(new_model("dark-photon", tmp_path)).items():
        assert "$" not in path + text
    assert (tmp_path / "dark-photon" / "src" / "dark_photon" / "model.py").is_file()


OTHER_PHYSICS = """
import numpy as np
from terranova import LogUniform, Model, Observable, Parameter, SignedLogUniform, Uniform


class MyModel(Model):
    '''A heavy boson; half of its points have no width.'''

    name = "my_model"
    parameters = (
        Parameter("m_Zp", LogUniform(100.0, 5000.0), "GeV"),
        *(Parameter(f"g_{i}", SignedLogUniform(1e-4, 1.0)) for i in range(18)),
    )
    observables = (Observable("width", "GeV"),)

    def evaluate(self, points):
        couplings = sum(points[f"g_{i}"] ** 2 for i in range(18))
        return {"width": np.where(points["g_0"] > 0, couplings * points["m_Zp"] / (12 * np.pi), np.nan)}
"""
OTHER_LIMITS = """
name: my_model-limits
model: my_model
version: "1"
constraints:
  - {name: narrow, observable: width, kind: window, upper: 1.0e-9, unit: GeV, source: "theory: arXiv:1303.1150"}
  - {name: wide, observable: width, kind: window, upper: 1.0e+9, unit: GeV, source: "theory: arXiv:1303.1150"}
"""


@pytest.mark.integration
def test_the_tests_of_the_rules_survive_another_physics(tmp_path: Path) -> None:
    project = new_model("my_model", tmp_path)
    (project / "src" / "my_model" / "model.py").write_text(OTHER_PHYSICS)
    (project / "src" / "my_model" / "limits.yaml").write_text(OTHER_LIMITS)
    info = tmp_path / "lib" / "my_model-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-model\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[terranova]\nmy_model = my_model\n")
    path = os.pathsep.join([str(tmp_path / "lib"), str(project / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_my_model.py"]
    done = subprocess.run(
        command, cwd=project, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert "3 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("My_model", "lower-case letters"),
        ("2hdm", "beginning with a letter"),
        ("../elsewhere", "lower-case letters"),
        ("a__b", "single"),
        ("", "lower-case letters"),
        ("lambda", "word of the Python language"),
        ("numpy", "installed already"),
        ("terranova", "installed already"),
        ("model", "would hide 'Model'"),
    ],
)
def test_names_that_cannot_be_used_are_refused(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        new_model(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "my_model").mkdir()
    with pytest.raises(ConfigError, match="nothing is ever overwritten"):
        new_model("my_model", tmp_path)


def test_the_directory_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not an existing directory"):
        new_model("my_model", tmp_path / "nowhere")
