"""Options of plugins: checked against the signature, with defaults that a file can hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest

from terranova.config.plugin_options import check_options
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document
from terranova.registry.options import Program, options_of
from terranova.registry.plugin import Plugin


class Made:
    """Options of several types."""

    def __init__(
        self,
        size: int,
        kind: Literal["x", "y"] = "x",
        step: float | None = None,
        table: Path | None = None,
        odd=(1,),
    ) -> None:  # type: ignore[no-untyped-def]
        """Make one."""


class Open:
    """Takes anything."""

    def __init__(self, **words: Any) -> None:
        """Make one."""


class Offered(Plugin):
    """A plugin whose options are all arguments of the class."""

    @property
    def options(self) -> Any:
        return options_of(self.target)


def _check(given: dict[str, Any], target: type = Made, **words: Any) -> tuple[dict[str, Any], bool, list[str]]:
    diagnostics = Diagnostics(Document(None))
    plugin = Offered("model", "made", target, "0", "tests", "")
    values, complete = check_options(plugin, given, ("model",), diagnostics, **words)
    return values, complete, [f"{p.key}: {p.message}" for p in diagnostics.problems]


def test_what_is_left_out_has_its_default_if_a_file_can_hold_it() -> None:
    assert _check({"size": 3}) == ({"size": 3, "kind": "x", "step": None, "table": None}, True, [])


def test_paths_are_those_of_the_folder_of_the_file() -> None:
    assert _check({"size": 3, "table": "a.csv"})[0]["table"] == str(Path("a.csv").absolute())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "model.size: missing, expected a whole number"),
        ({"size": "3"}, "model.size: expected a whole number"),
        ({"size": 3, "kind": "z"}, "model.kind: expected 'x' or 'y'"),
        ({"size": 3, "stepp": 1}, "model.stepp: unknown key (did you mean 'step'"),
        ({"size": 3, "nam": 1}, "model.nam: unknown key (did you mean 'name'"),
    ],
)
def test_wrong_options_are_said(given: dict[str, Any], words: str) -> None:
    _, complete, problems = _check(given, beside=("name",))
    assert not complete
    assert problems[0].startswith(words)


def test_a_class_that_takes_anything_gets_it() -> None:
    assert _check({"a": 1, "b": [2]}, Open) == ({"a": 1, "b": [2]}, True, [])


class Programmed:
    """Names a program."""

    def __init__(self, program: Program = "", table: Path | None = None) -> None:
        """Make one."""


def test_a_program_with_a_slash_is_a_path_and_one_without_a_name() -> None:
    assert _check({"program": "SPheno"}, Programmed)[0]["program"] == "SPheno"
    assert _check({"program": "bin/SPheno"}, Programmed)[0]["program"] == str(Path("bin/SPheno").absolute())
    assert _check({"program": "~/SPheno"}, Programmed)[0]["program"] == str(Path.home() / "SPheno")
    assert _check({"program": ""}, Programmed)[0]["program"] == ""


@pytest.mark.parametrize("option", ["program", "table"])
def test_a_home_that_nobody_has_is_a_problem(option: str) -> None:
    _, complete, problems = _check({option: "~nobody-of-this-name/x"}, Programmed)
    assert not complete
    assert problems == [f"model.{option}: nobody's home directory is known as '~nobody-of-this-name'"]
