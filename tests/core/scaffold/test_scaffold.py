"""`terranova new model`: what it writes and what it refuses."""

from __future__ import annotations

import re
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
