"""Paths in a file are relative to it, in scans, fits and comparisons; those from Python to the current folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.config_plugins import REGISTRY

from terranova.comparison.config_reading import load_comparison
from terranova.config import ProblemConfig, load_config
from terranova.errors import ConfigError
from terranova.fitting.config_reading import load_fit
from terranova.runs.derived import FITTED
from terranova.store.manifest import MANIFEST


@dataclass(frozen=True)
class Document:
    """A kind of file that holds a problem.

    Attributes:
        command: of `terranova`.
        load: reads it.
        text: its content; PROBLEM stands for the keys of the problem.
        problem: of what was read.
        override: constraints -> the keys with which Python replaces them.
        kept_in: the file in the directory of results that holds the complete configuration.
    """

    command: str
    load: Callable[..., Any]
    text: str
    problem: Callable[[Any], ProblemConfig]
    override: Callable[[list[str]], dict[str, Any]]
    kept_in: str


DOCUMENTS = [
    Document(
        "scan",
        load_config,
        "PROBLEM\nsampler: SAMPLER\nbudget: {evaluations: 40}\noutput: out\n",
        lambda config: config.problem,
        lambda constraints: {"constraints": constraints},
        "config.yaml",
    ),
    Document(
        "fit",
        load_fit,
        "PROBLEM\nbest: {starts: 1, generations: 2}\noutput: out\n",
        lambda config: config.problem,
        lambda constraints: {"constraints": constraints},
        FITTED,
    ),
    Document(
        "compare",
        load_comparison,
        "problems: [{PROBLEM}]\nsamplers: [SAMPLER]\nbudget: {evaluations: 40}\n"
        "seeds: 1\nworkers: 0\noutput: out\n",
        lambda config: config.problems[0].problem,
        lambda constraints: {"problems": [{"model": "toy", "constraints": constraints}]},
        "plan.yaml",
    ),
]

documents = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.command)

CONSTRAINT = "{name: x, observable: OBSERVABLE, kind: window, lower: 0, unit: UNIT, source: 'arXiv:2204.03796'"


def _set(name: str, observable: str = "m_h", unit: str = "GeV") -> str:
    constraint = CONSTRAINT.replace("OBSERVABLE", observable).replace("UNIT", unit)
    return f"name: {name}\nconstraints:\n  - {constraint}, date: 2022-04-08}}\n"


def _text(document: Document, model: str = "toy", sampler: str = "points") -> str:
    keys = [f"model: {model}", "constraints: [./my.yaml]"]
    problem = (", " if document.command == "compare" else "\n").join(keys)
    return document.text.replace("PROBLEM", problem).replace("SAMPLER", sampler)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The folder of the files, named as a user would, and the current one."""
    for name in ("files", "current"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "current")
    return Path("../files"), Path()


def _names(problem: ProblemConfig) -> list[str]:
    return [getattr(entry, "name", str(entry)) for entry in problem.constraints]


@documents
def test_a_set_is_read_from_beside_the_file_that_names_it(document: Document, folders: tuple[Path, Path]) -> None:
    files, current = folders
    (files / "d.yaml").write_text(_text(document))
    (files / "my.yaml").write_text(_set("beside-the-file"))
    (current / "my.yaml").write_text(_set("in-the-current-folder"))
    config = document.load(files / "d.yaml", registry=REGISTRY)
    assert _names(document.problem(config)) == ["beside-the-file"]


@documents
def test_a_set_in_the_current_folder_alone_is_not_found(document: Document, folders: tuple[Path, Path]) -> None:
    files, current = folders
    (files / "d.yaml").write_text(_text(document))
    (current / "my.yaml").write_text(_set("in-the-current-folder"))
    with pytest.raises(ConfigError, match=r"constraints\[0\]: \.\./files/my\.yaml: there is no such file"):
        document.load(files / "d.yaml", registry=REGISTRY)


@documents
@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (_set("mine", "m_hh"), (3, 5, "constraints[0]"), "reads 'm_hh', which model 'toy' does not provide"),
        (_set("mine", unit="TeV"), (3, 5, "constraints[0]"), "'m_h' of model 'toy' is in 'GeV'"),
        (_set("mine").replace("lower", "lowest"), (3, 46, "constraints[0].lowest"), "unknown key"),
        (_set("mine").replace("kind: window, lower: 0", "kind: wide"), (3, 38, "constraints[0].kind"), "'wide'"),
        ("name: mine\nconstraints: [\n", (3, 1, ""), ""),
    ],
    ids=["observable", "unit", "key", "kind", "syntax"],
)
def test_a_mistake_within_a_set_is_placed_in_its_file(
    document: Document, text: str, place: tuple[int, int, str], message: str, folders: tuple[Path, Path]
) -> None:
    files, current = folders
    (files / "d.yaml").write_text(_text(document))
    (files / "my.yaml").write_text(text)
    (current / "my.yaml").write_text(_set("in-the-current-folder"))
    with pytest.raises(ConfigError) as caught:
        document.load(files / "d.yaml", registry=REGISTRY)
    problem = caught.value.diagnostics[0]
    assert message in problem.message
    assert problem.file == str(files / "my.yaml")
    assert (problem.line, problem.column, problem.key) == place, str(problem)


@documents
def test_what_python_gives_is_relative_to_the_current_folder(
    document: Document, folders: tuple[Path, Path]
) -> None:
    files, current = folders
    (files / "d.yaml").write_text(_text(document))
    (files / "my.yaml").write_text(_set("beside-the-file"))
    (current / "my.yaml").write_text(_set("in-the-current-folder"))
    config = document.load(files / "d.yaml", registry=REGISTRY, **document.override(["./my.yaml"]))
    assert _names(document.problem(config)) == ["in-the-current-folder"]


@pytest.mark.slow
@documents
def test_the_command_reads_from_beside_the_file(document: Document, folders: tuple[Path, Path]) -> None:
    files, current = folders
    (files / "d.yaml").write_text(_text(document, "alp-plane", "random"))
    (files / "my.yaml").write_text(_set("beside-the-file", "BR_BpKa", "'1'"))
    (current / "my.yaml").write_text(_set("in-the-current-folder", "BR_BpKa", "'1'"))
    done = _terranova(document.command, files / "d.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    kept = (current / "out" / document.kept_in).read_text(encoding="utf-8")
    assert "beside-the-file" in kept
    assert "in-the-current-folder" not in kept


def _terranova(command: str, file: Path) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-P", "-m", "terranova", command, str(file), "--quiet"]
    return subprocess.run(words, capture_output=True, text=True, timeout=250)


# -- the scans of a fit -------------------------------------------------------------------------------------


def _empty_run(directory: Path) -> None:
    """What a fit looks for before it opens a scan."""
    directory.mkdir(parents=True)
    (directory / MANIFEST).touch()


def test_scans_are_looked_for_beside_the_fits_file(folders: tuple[Path, Path]) -> None:
    files, current = folders
    (files / "my.yaml").write_text(_set("mine"))
    (files / "d.yaml").write_text(_text(DOCUMENTS[1]) + "scans: [runs/a]\n")
    for folder in (files, current):
        _empty_run(folder / "runs" / "a")
    (scan,) = load_fit(files / "d.yaml", registry=REGISTRY).scans
    assert scan.resolve() == (files / "runs" / "a").resolve()
    (scan,) = load_fit(files / "d.yaml", registry=REGISTRY, scans=["runs/a"]).scans
    assert scan.resolve() == (current / "runs" / "a").resolve()


def test_a_scan_in_the_current_folder_alone_is_told_how_to_be_named(folders: tuple[Path, Path]) -> None:
    files, current = folders
    (files / "my.yaml").write_text(_set("mine", "BR_BpKa", "'1'"))
    (files / "d.yaml").write_text(_text(DOCUMENTS[1], "alp-plane") + "scans: [runs/a]\n")
    _empty_run(current / "runs" / "a")
    done = _terranova("fit", files / "d.yaml")
    assert done.returncode == ConfigError.exit_code
    assert "d.yaml:5:9: scans[0]: " in done.stderr
    relative = os.path.join("..", "current", "runs", "a")
    assert f"for runs/a of the current folder, write {relative}" in " ".join(done.stderr.split())
    assert not (current / "out").exists()
