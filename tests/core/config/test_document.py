"""The frame in which every document is read: all problems at once, or a configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.config.document import load_document
from terranova.errors import ConfigError
from terranova.parsing.diagnostics import Diagnostics


def _sum(diagnostics: Diagnostics) -> int | None:
    data = diagnostics.document.data or {}
    for key, value in data.items():
        if value < 0:
            diagnostics.add((key,), "negative")
    return None if diagnostics.problems else sum(data.values())


def test_a_file_and_a_mapping_are_read_alike(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\nb: 2\n")
    assert load_document(tmp_path / "a.yaml", {}, _sum) == load_document({"a": 1, "b": 2}, {}, _sum) == 3
    assert load_document({}, {}, _sum) == 0


def test_keys_replace_those_of_the_source() -> None:
    assert load_document({"a": 1, "b": 2}, {"b": 5, "c": None}, _sum) == 6


def test_all_problems_are_raised_with_their_places(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: -1\nb: 2\nc: -3\n")
    with pytest.raises(ConfigError) as caught:
        load_document(tmp_path / "a.yaml", {}, _sum)
    assert [(d.line, d.key) for d in caught.value.diagnostics] == [(1, "a"), (3, "c")]


def test_what_is_no_yaml_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: [1\n")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_document(tmp_path / "a.yaml", {}, _sum)
