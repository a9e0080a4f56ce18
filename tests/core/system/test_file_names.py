"""Names as parts of names of files: safe, different for different names, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.system.file_names import LONGEST, file_part, name_of_part

NAMES = [
    "m_H",
    "a/b",
    "../../up",
    "..",
    ".",
    "C:\\x",
    "a:b",
    "é",
    "\U0001f600",
    'a*?"<>|',
    "a b",
    "a-b",
    "%2D",
    "~",
    "con\n",
    "-rf",
    "x" * LONGEST,
]
LONG = ["é" * 100, "é" * 99 + "e", "x" * 100, "x" * 99 + "y"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_becomes_a_part_and_back(name: str, tmp_path: Path) -> None:
    part = file_part(name)
    assert part.isascii()
    assert not set(part) & set('/\\:*?"<>| -\n')
    assert not part.startswith(".")
    assert name_of_part(part) == name
    (tmp_path / part).write_text("")
    assert [path.name for path in tmp_path.iterdir()] == [part]


def test_plain_names_stay() -> None:
    assert file_part("BR_BpKa") == "BR_BpKa"


def test_different_names_have_different_parts() -> None:
    parts = {file_part(name) for name in NAMES + LONG}
    assert len(parts) == len(NAMES + LONG)
    assert max(map(len, parts)) <= LONGEST
    assert [name_of_part(file_part(name)) for name in LONG] == [None] * len(LONG)
