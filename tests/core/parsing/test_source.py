"""Sources of configurations: files and mappings say the same, and words of the caller replace theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from terranova.errors import ConfigError
from terranova.interfaces.priors import Uniform
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.source import plain, read_source
from terranova.parsing.strict_yaml import Document


def _plain(value: Any) -> tuple[Any, list[str]]:
    diagnostics = Diagnostics(Document(None))
    return plain(value, ("key",), diagnostics), [p.message for p in diagnostics.problems]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.arange(3), [0, 1, 2]),
        ((1, (2, 3)), [1, [2, 3]]),
        (Path("a/b"), "a/b"),
        (None, None),
        ({"a": np.bool_(True)}, {"a": True}),
        (Uniform(0.0, 1.0), {"prior": "uniform", "lower": 0.0, "upper": 1.0}),
    ],
)
def test_python_values_become_what_a_file_could_have_said(value: Any, expected: Any) -> None:
    assert _plain(value) == (expected, [])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (object, "expected numbers, text, lists or keys with values"),
        (b"bytes", "expected numbers, text"),
        ("a\0b", "holds a control character"),
        ({1: 2}, "a key must be a word, got 1"),
    ],
)
def test_what_no_file_could_say_is_refused(value: Any, words: str) -> None:
    assert words in _plain(value)[1][0]


def test_endless_nesting_ends() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert any("nested more than" in message for message in _plain(endless)[1])


def test_a_file_and_a_mapping_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("seed: 1\nbudget: {wall: 5}\n")
    data = {"seed": 1, "budget": {"wall": 5}}
    assert read_source(tmp_path / "a.yaml", {}).document.data == read_source(data, {}).document.data == data


def test_words_of_the_caller_replace_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("seed: 1\nbudget: {wall: 5, valid: 3}\n")
    words = {"seed": 2, "budget": {"wall": 7}, "output": None}
    assert read_source(tmp_path / "a.yaml", words).document.data == {"seed": 2, "budget": {"wall": 7}}
    merged = read_source(tmp_path / "a.yaml", words, merged=("budget",))
    assert merged.document.data == {"seed": 2, "budget": {"wall": 7, "valid": 3}}
    merged.add(("budget", "valid"), "wrong")
    merged.add(("seed",), "wrong")
    places = {(p.file, p.line) for p in merged.problems}
    assert places == {(str(tmp_path / "a.yaml"), 2), ("", 0)}, "a word of the caller stands in no file"


def test_a_file_of_which_nothing_can_be_read_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        read_source(tmp_path / "none.yaml", {})
