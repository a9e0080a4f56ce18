"""What the documents name exists: links, commands, options, public names; no file names a machine's paths."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import terranova

LINK = re.compile(r"(?<!\!)\[[^\]\n]*\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```(\w*)[^\n]*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s/])(?<!install )terranova( [a-z][^\n#|;&·]*)", re.MULTILINE)

MACHINE_PATHS = re.compile(r"(?<![\w.~*-])/(?:work|root|home|tmp|Users)/(?=\w)")
BINARY = {".png", ".pdf", ".parquet", ".npz", ".h5", ".log"}


@pytest.fixture(scope="session")
def documents(root: Path, project_files: list[Path]) -> dict[str, str]:
    """Path below the checkout -> text, of everything written for people."""
    found = {str(p.relative_to(root)): p.read_text(encoding="utf-8") for p in project_files if p.suffix == ".md"}
    assert "README.md" in found
    return found


def test_links_between_files_lead_somewhere(root: Path, documents: dict[str, str]) -> None:
    broken = []
    for name, text in documents.items():
        for target in (a or b for a, b in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL))):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (root / name).parent / path if path else root / name
            if not file.exists() or (anchor and anchor not in anchors(file)):
                broken.append(f"{name}: {target}")
    assert broken == []


def anchors(file: Path) -> set[str]:
    """The anchors that the headings of a Markdown file make."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def commands(text: str) -> Iterator[list[str]]:
    """The words after `terranova` of every command in the code of a document."""
    for language, block, inline in CODE.findall(text):
        if language == "python":
            continue
        for words in COMMAND.findall(block or inline):
            yield shlex.split(words, posix=False)


def test_commands_and_options_exist(documents: dict[str, str]) -> None:
    from terranova.cli.commands import app

    wrong, seen = [], 0
    for name, text in documents.items():
        for words in commands(text):
            seen += 1
            if complaint := _check(typer.main.get_command(app), words):
                wrong.append(f"{name}: terranova {' '.join(words)}: {complaint}")
    assert wrong == []
    assert seen > 10


def _check(command: Any, words: list[str]) -> str:
    """Say what of a documented command line does not exist."""
    while hasattr(command, "commands") and words:
        if words[0] not in command.commands:
            return f"there is no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in words:
        if word.startswith("-") and word.partition("=")[0] not in known:
            return f"there is no option {word!r}"
    return ""


def test_every_public_name_is_explained_in_the_documents(documents: dict[str, str]) -> None:
    text = "\n".join(text for name, text in documents.items() if name.startswith(("docs/", "README")))
    code = "\n".join(block or inline for _, block, inline in CODE.findall(text))
    assert [name for name in terranova.__all__ if not re.search(rf"\b{name}\b", code)] == []


def test_public_names_exist() -> None:
    assert [name for name in terranova.__all__ if not hasattr(terranova, name)] == []
    assert list(terranova.__all__) == sorted(
        terranova.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)
    )


def test_functions_are_not_hidden_by_modules_of_the_same_name() -> None:
    # Importing terranova.scan, the module, sets the attribute `scan` of the package.
    code = """
import importlib, pkgutil, terranova
for module in pkgutil.iter_modules(terranova.__path__):
    if module.name not in ("__main__", "plugins", "models", "constraints"):
        importlib.import_module(f"terranova.{module.name}")
names = ("model", "open", "problem", "resume", "scan")
print(*[name for name in names if not callable(getattr(terranova, name))])
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_table_of_pages_lists_every_page(root: Path, documents: dict[str, str]) -> None:
    index = documents["docs/index.md"]
    pages = [p.relative_to(root / "docs") for p in sorted((root / "docs").rglob("*.md")) if p.name != "index.md"]
    assert [str(page) for page in pages if f"({page})" not in index] == []


def test_no_file_names_a_path_of_somebodys_machine(root: Path, project_files: list[Path]) -> None:
    found = []
    for path in project_files:
        if path.suffix in BINARY or path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            if MACHINE_PATHS.search(line):
                found.append(f"{path.relative_to(root)}:{number}")
    assert found == []
