"""Python processes that terranova starts import nothing from the current folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = [
    path
    for folder in ("core", "plugins")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if not any(parent.is_symlink() for parent in path.parents)
]


def commands(tree: ast.AST) -> Iterator[list[str]]:
    """Every command that begins with this interpreter, from there on; of an expression, its source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple):
            words = [word.value if isinstance(word, ast.Constant) else ast.unparse(word) for word in node.elts]
            if "sys.executable" in words:
                yield [str(word) for word in words[words.index("sys.executable") + 1 :]]


def test_the_commands_are_found() -> None:
    tree = ast.parse("run([mpirun, '-n', '2', sys.executable, '-P', '-m', 'terranova', *words])")
    assert list(commands(tree)) == [["-P", "-m", "terranova", "*words"]]
    assert sum(len(list(commands(ast.parse(path.read_text(encoding="utf-8"))))) for path in FILES) >= 4


def test_no_command_searches_the_current_folder() -> None:
    """A queue.py or random.py of the user's would be imported instead of Python's own."""
    wrong = [
        f"{path.relative_to(ROOT)}: {command}"
        for path in FILES
        for command in commands(ast.parse(path.read_text(encoding="utf-8")))
        if {"-m", "-c"} & set(command) and command[0] not in ("-P", "-I", "-IS")
    ]
    assert wrong == []
