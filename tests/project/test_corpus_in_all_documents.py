"""The invalid files as scans, fits and comparisons: the same problem is refused with the same words everywhere."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.config_plugins import INVALID, REGISTRY

from terranova.comparison.config_reading import load_comparison
from terranova.config import load_config
from terranova.errors import ConfigError, Diagnostic
from terranova.fitting.config_reading import load_fit

FILES = [path for path in sorted(INVALID.glob("*.yaml")) if not path.name.startswith("set-")]

PROBLEM = ("model", "constraints", "parameters")

BEFORE = """\
samplers: [points]
budget: {evaluations: 100}
problems:
  -
"""
"""What stands before an indented file, whose keys then are those of an entry of `problems`."""

INDENT = 4

OTHERWISE = {
    "file-is-itself": "it names itself as a constraint set, and within a comparison it is another file",
    "nothing-but-comments": "an entry of `problems` that holds nothing is no mapping",
}
"""Files that say something else within a comparison."""


def _problems(load: Callable[..., Any], path: Path) -> list[Diagnostic]:
    with pytest.raises(ConfigError) as caught:
        load(path, registry=REGISTRY)
    return list(caught.value.diagnostics)


def _about(problems: list[Diagnostic], keys: tuple[str, ...]) -> list[tuple[str, int, int, str, str]]:
    """Return what is said of some top-level keys: file, line, column, key and message."""
    return [
        (Path(problem.file).name, problem.line, problem.column, problem.key, problem.message)
        for problem in problems
        if re.split(r"[.\[]", problem.key)[0] in keys
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_fit_says_what_a_scan_says(path: Path) -> None:
    """Keys that only scans know are unknown keys of a fit; all that both know is read alike."""
    known = (*PROBLEM, "seed", "parallel")
    assert _about(_problems(load_fit, path), known) == _about(_problems(load_config, path), known)


@pytest.mark.parametrize("path", [p for p in FILES if p.stem not in OTHERWISE], ids=lambda path: path.stem)
def test_a_comparison_says_what_a_scan_says(path: Path, tmp_path: Path) -> None:
    """The file is an entry of `problems`; places are relative to it."""
    file = tmp_path / path.name
    text = path.read_text(encoding="utf-8")
    file.write_text(BEFORE + textwrap.indent(text, INDENT * " "), encoding="utf-8", newline="")
    lines = BEFORE.count("\n")

    def shifted(problem: Diagnostic) -> Diagnostic:
        message = re.sub(
            r"(?<=first on line )\d+", lambda number: str(int(number[0]) - lines), problem.message
        ).replace(str(tmp_path), str(INVALID))
        key = problem.key.removeprefix("problems[0].")
        return Diagnostic(problem.file, problem.line - lines, problem.column - INDENT, key, message)

    within = [
        shifted(problem)
        for problem in _problems(load_comparison, file)
        if problem.key.startswith("problems[0].") and problem.file == str(file)
    ]
    expected = [
        said
        for said in _about(_problems(load_config, path), PROBLEM)
        # Where a comparison names no constraints, those of the model's own set hold.
        if said[3:] != ("constraints", "missing, expected a list of constraint sets")
    ]
    assert _about(within, PROBLEM) == expected


def test_enough_of_the_files_are_about_the_problem() -> None:
    assert sum(bool(_about(_problems(load_config, path), PROBLEM)) for path in FILES) >= 50
