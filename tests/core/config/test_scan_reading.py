"""Reading a scan: amounts with units, ends of the budget, samplers with and without a name."""

from __future__ import annotations

from typing import Any

import pytest

from terranova.config.scan import Budget, Parallel
from terranova.config.scan_reading import (
    default_islands,
    read_output,
    read_parallel,
    read_sampler,
    read_scan,
    read_seed,
)
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document


def _scan(**keys: Any) -> tuple[Any, list[str]]:
    data = {"model": "m", "constraints": [], "budget": {"evaluations": 9}, **keys}
    diagnostics = Diagnostics(Document(data))
    parts = read_scan(diagnostics, dict)  # type: ignore[arg-type]
    return parts, [f"{p.key}: {p.message}" for p in diagnostics.problems]


def test_amounts_are_read_with_their_units() -> None:
    parts, problems = _scan(budget={"wall": "1h30m"}, parallel={"timeout": "2m", "memory": "2 GB", "patience": 5})
    assert problems == []
    assert parts.budget == Budget(wall=5400.0)
    assert parts.parallel == Parallel(timeout=120.0, memory=2 * 10**9, patience=5.0)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"budget": {}}, "budget: expected at least one of evaluations, wall and valid"),
        ({"budget": {"wall": "soon"}}, "budget.wall: expected seconds, or a duration"),
        ({"budget": {"evaluations": 0}}, "budget.evaluations: must be at least 1"),
        ({"budget": None}, "budget: expected keys with values"),
        ({"seed": -1}, "seed: must be at least 0"),
        ({"seed": 1.5}, "seed: expected a whole number"),
        ({"output": " "}, "output: empty, expected a directory"),
        ({"sampler": 7}, "sampler: expected a name, or name and options"),
        ({"sampler": {"islands": 0}}, "sampler.islands: must be at least 1"),
        ({"store": {"observables": "some"}}, "store.observables: expected all, constrained or a list of names"),
        ({"parallel": {"memory": "much"}}, "parallel.memory: expected bytes"),
        ({"parallel": {"mode": "island"}}, "parallel.mode: expected 'auto', 'islands' or 'evaluations'"),
        ({"bugdet": 1}, "bugdet: unknown key"),
    ],
)
def test_what_is_wrong_is_said_at_its_key(keys: dict[str, Any], words: str) -> None:
    assert _scan(**keys)[1][0].startswith(words)


def test_a_missing_end_of_the_scan_is_missed() -> None:
    diagnostics = Diagnostics(Document({"model": "m", "constraints": []}))
    read_scan(diagnostics, dict)  # type: ignore[arg-type]
    assert "an end of the scan: evaluations, wall or valid" in diagnostics.problems[0].message


@pytest.mark.parametrize(("evaluations", "islands"), [(1, 4), (10**9, 16), (None, 16)])
def test_small_budgets_have_few_islands(evaluations: int | None, islands: int) -> None:
    assert default_islands(Budget(evaluations=evaluations)) == islands
    assert default_islands(None) == 16


def test_parts_on_their_own() -> None:
    diagnostics = Diagnostics(Document(None))
    assert read_seed(7, diagnostics) == 7
    assert read_parallel({}, diagnostics) == Parallel()
    assert read_output(None, diagnostics) is None
    sampler = read_sampler({"islands": 3, "size": 5}, ("sampler",), diagnostics, 16)
    assert sampler is not None
    assert (sampler.name, sampler.islands, sampler.options) == ("", 3, {"size": 5})
    assert diagnostics.problems == []
