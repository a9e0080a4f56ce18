"""Every fault of docs/reliability.md is injected by a test, and every test that injects one names one of them."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from support.fault_catalogue import RELIABILITY, catalogue

FOLDER = Path(__file__).parent
ABSENT: dict[str, str] = {}
"""Faults without a test, and why; the documentation says the same."""
SLOW_ONLY: frozenset[str] = frozenset()
"""Faults that only `make faults` injects, not `make test`."""


def _marks(nodes: list[ast.expr]) -> Iterator[tuple[str, list[str]]]:
    """Yield name and string arguments of each pytest.mark.NAME in these expressions, however nested."""
    within = [node for expression in nodes for node in ast.walk(expression)]
    called = {id(node.func): node for node in within if isinstance(node, ast.Call)}
    for node in within:
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pytest.mark":
            call = called.get(id(node))
            words = call.args if call else []
            yield node.attr, [w.value for w in words if isinstance(w, ast.Constant) and isinstance(w.value, str)]


def _whole(nodes: list[ast.expr]) -> list[ast.expr]:
    """Return the marks of a whole test, without those of single parameters."""
    return [node for node in nodes if "parametrize" not in ast.unparse(node).split("(")[0]]


def _tests(source: str) -> Iterator[tuple[str, set[str], bool]]:
    """Yield name, faults and whether a test is slow as a whole, for each test of a module."""
    tree = ast.parse(source)
    common: list[ast.expr] = []
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            common = [node.value]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            every = [*common, *node.decorator_list]
            faults = {number for name, words in _marks(every) if name == "fault" for number in words}
            yield node.name, faults, any(name == "slow" for name, _ in _marks(_whole(every)))


def injected() -> dict[str, list[tuple[str, bool]]]:
    """Return fault -> tests that inject it, and whether each is slow."""
    found: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for path in sorted(FOLDER.glob("test_*.py")):
        for name, faults, slow in _tests(path.read_text(encoding="utf-8")):
            for number in faults:
                found[number].append((f"{path.name}::{name}", slow))
    return found


def test_marks_are_found_wherever_they_stand() -> None:
    source = """
pytestmark = [pytest.mark.fault("F1")]
@pytest.mark.slow
@pytest.mark.fault("F2", "F3")
def test_a(): ...
@pytest.mark.parametrize("x", [1, pytest.param(2, marks=[pytest.mark.slow, pytest.mark.fault("F4")])])
def test_b(x): ...
def help(): ...
"""
    assert list(_tests(source)) == [("test_a", {"F1", "F2", "F3"}, True), ("test_b", {"F1", "F4"}, False)]


def test_the_catalogue_is_whole() -> None:
    assert sorted(catalogue(), key=lambda number: int(number[1:])) == [f"F{i}" for i in range(1, 73)]


def test_every_fault_of_the_catalogue_is_injected_and_no_other() -> None:
    known, tests = set(catalogue()), injected()
    assert {number: tests[number] for number in tests.keys() - known} == {}, "not in docs/reliability.md"
    assert known - tests.keys() == ABSENT.keys(), "in docs/reliability.md, but no test injects it"


def test_make_test_injects_a_core_of_every_fault() -> None:
    assert {number for number, tests in injected().items() if all(slow for _, slow in tests)} == SLOW_ONLY


def test_what_is_not_tested_is_said() -> None:
    text = RELIABILITY.read_text(encoding="utf-8")
    said = dict(re.findall(r"(F\d+) is not tested: ([^.]*)\.", " ".join(text.split())))
    assert said == ABSENT
