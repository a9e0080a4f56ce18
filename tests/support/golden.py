"""What a release writes, kept for ever: `PYTHONPATH=tests python -m support.golden tests/data/golden/VERSION`.

A run that was killed (sealed parts, a ledger, a journal, a checkpoint), a fit and a comparison of the model below.
It and its constraints are part of what is kept: a change here would make another problem of all of them.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

import terranova
from terranova import ConstraintSet, Gaussian, Model, Observable, Parameter, Uniform, Window, hookimpl

EXPECTED = "expected.json"
BUDGET, LARGER, KILLED_AT = 60, 400, 90
DEED = "GOLDEN_KILL"


class Golden(Model):
    """Sums and products alone, so that every processor and library computes the same bits."""

    name = "golden"
    version = "1"
    parameters = (
        Parameter("x", Uniform(-2.0, 2.0), unit="GeV", latex="x", description="a coordinate"),
        Parameter("y", Uniform(0.0, 4.0), unit="1", latex=r"\eta", description="an η"),
    )
    observables = (
        Observable("sum", unit="GeV", latex="s"),
        Observable("product", unit="GeV^2", description="may be unphysical"),
    )

    def __init__(self) -> None:
        self.points = 0

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sum and product; killed when the environment asks for it."""
        self.points += len(points["x"])
        if self.points > int(os.environ.get(DEED, sys.maxsize)):
            os._exit(9)
        return {"sum": points["x"] + points["y"], "product": points["x"] * points["y"]}


SET = ConstraintSet(
    "golden-set",
    (
        Window(name="sum", observables=("sum",), lower=0.5, upper=3.5, unit="GeV", source="theory: for tests"),
        Gaussian(
            name="product", observables=("product",), value=1.0, sigma=1.0, unit="GeV^2", source="theory: too"
        ),
    ),
    version="1",
)


@hookimpl
def terranova_models() -> list[type[Model]]:
    """The model."""
    return [Golden]


@hookimpl
def terranova_constraint_sets() -> list[ConstraintSet]:
    """Its constraints."""
    return [SET]


def digests(rows: pd.DataFrame) -> dict[str, str]:
    """Column -> hash of its values, in the order of islands and numbers; of floats, of their shortest digits."""
    rows = rows.sort_values(["island", "index"], ignore_index=True)
    return {name: hashlib.sha256(repr(rows[name].tolist()).encode()).hexdigest() for name in rows.columns}


def make(folder: Path) -> None:
    """Write everything below a new folder; run, fit and comparison name their outputs relative to it."""
    from support import golden as plugin
    from terranova.engine import checkpointing
    from terranova.registry import registry

    registry().register(plugin, name="golden", origin="tests")
    folder.mkdir(parents=True)
    os.chdir(folder)
    problem = {"model": "golden", "constraints": ["golden-set"]}
    alone = {"executor": "serial", "isolation": "none", "epoch": 1}
    fit = terranova.fit(
        {**problem, "parameters": {"y": 1.0}, "profile": [{"x": None, "bins": 3}], "output": "fit",
         "best": {"starts": 1, "generations": 5}, "parallel": {"executor": "serial", "isolation": "none"}},
        quiet=True,
    )  # fmt: skip
    assert fit is not None
    terranova.compare(
        {"samplers": ["random", "sobol"], "problems": [{"label": "golden", **problem}], "output": "comparison",
         "budget": {"evaluations": 64}, "seeds": 1, "workers": 0},
        quiet=True,
    )  # fmt: skip
    checkpointing.CHECKPOINT_INTERVAL = -1.0
    terranova.scan(
        **problem, sampler={"name": "random", "islands": 2, "batch": 4}, budget={"evaluations": BUDGET},
        parallel=alone, seed=7, output="run", quiet=True,
    )  # fmt: skip
    if (child := os.fork()) == 0:
        os.environ[DEED] = str(KILLED_AT)
        terranova.resume("run", evaluations=LARGER, quiet=True)
    os.waitpid(child, 0)
    run = terranova.open("run")
    for ending in ("*.pdf", "*.html", "run.lock", "*.alive"):  # pages are not read; a lock names this machine
        for path in Path().rglob(ending):
            path.unlink()
    expected = {
        "count": run.count,
        "best": run.best(3)[["island", "index"]].to_numpy().tolist(),
        "columns": digests(run.to_pandas()),
        "fit": {name: repr(value) for name, value in terranova.open_fit("fit").best.items()},
        "fit points": digests(terranova.open("fit").to_pandas()),
    }
    Path(EXPECTED).write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
