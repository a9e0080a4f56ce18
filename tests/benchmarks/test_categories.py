"""The benchmark of categories: its model is what it says, and islands that are confined find the valid one."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

import terranova
from terranova.registry import registry

SCRIPT = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "categories.py"))


@pytest.fixture
def known() -> None:
    if "deceptive-categories" not in registry().names("model"):
        SCRIPT["register"]()


@pytest.mark.usefixtures("known")
def test_one_category_is_valid_at_a_millionth() -> None:
    problem = terranova.problem("deceptive-categories", SCRIPT["CONSTRAINTS"])
    centre = SCRIPT["CENTRES"]
    x = np.column_stack([[1.0, 2.0, 3.0, 3.0], [*centre, centre[2] + 0.99 * SCRIPT["HALF"]]])
    violations, _ = problem.score(x, problem.evaluate(x).observables)
    assert (violations == 0).all(axis=1).tolist() == [False, False, True, True]
    assert violations[:2].sum(axis=1) == pytest.approx([0.01, 0.01])
    assert (2 * SCRIPT["HALF"]) ** 3 / 3 == pytest.approx(1e-6, rel=1e-2)


@pytest.mark.integration
@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("sampler", ["de", "nsga3"])
def test_confined_islands_find_it(sampler: str, tmp_path: Path) -> None:
    run = terranova.scan(
        model="deceptive-categories",
        constraints=SCRIPT["CONSTRAINTS"],
        sampler={"name": sampler, "islands": 8},
        budget={"evaluations": 40_000, "valid": 1},
        output=tmp_path / "run",
        quiet=True,
    )
    assert run.valid_count > 0
    kinds = run.to_pandas().groupby("island")["kind"].unique()
    assert [len(kind) for kind in kinds[1:4]] == [1, 1, 1]
    assert len(kinds[0]) == 3
