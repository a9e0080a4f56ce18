"""The table of the 2HDM example against the model: benchmarks/thdm2_reference.json."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import terranova
from terranova.registry import registry

ROOT = Path(__file__).parents[2]
FOLDER, EXAMPLE = ROOT / "benchmarks", ROOT / "examples" / "thdm2" / "src"
TABLE = FOLDER / "thdm2_reference.json"
pytestmark = pytest.mark.skipif(not TABLE.is_file(), reason="no sources of benchmarks here")


@pytest.fixture(scope="module", autouse=True)
def example() -> Iterator[None]:
    """The example, as if it were installed."""
    sys.path.insert(0, str(EXAMPLE))
    shared = registry()
    before = list(shared.plugins)
    if "thdm2" not in {plugin.name for plugin in shared.find()}:
        shared.register(importlib.import_module("thdm2"), name="thdm2", origin="tests")
    yield
    shared.plugins[:] = before
    sys.path.remove(str(EXAMPLE))


@pytest.mark.integration
def test_every_row_of_the_table_is_what_the_model_says() -> None:
    """Changed physics would need a new table; and no row is outside its bin."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    problem = terranova.problem("thdm2", ["thdm2-theory", "thdm2-data"])
    rows = [(curve, row) for curve, rows in table["curves"].items() for row in rows if "point" in row]
    x = np.array([[row["point"][name] for name in problem.model.space.names] for _, row in rows])
    evaluation = problem.evaluate(x)
    chi2 = -2.0 * problem.score(x, evaluation.observables)[1]
    np.testing.assert_allclose(chi2, [row["chi2"] for _, row in rows], atol=1e-6)
    for curve, row in rows:
        value = row["point"][curve.removesuffix("_bins")]
        assert row["from"] * (1 - 1e-9) - 1e-9 <= value <= row["to"] * (1 + 1e-9) + 1e-9
