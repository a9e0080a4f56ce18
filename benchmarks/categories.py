"""Which samplers find the one category of three with valid points, 1e-6 of the prior, while the others look better.

    python benchmarks/categories.py SAMPLER... [--evaluations N] [--alone]

The table of docs/samplers.md. A scan ends soon after its first valid points.
"""

from __future__ import annotations

import argparse
import tempfile
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

import terranova
from terranova import Choice, Model, Observable, Parameter, Uniform, hookimpl
from terranova.registry import registry

CENTRES = np.array([(0.3, 0.3, 0.3), (0.7, 0.2, 0.6), (0.8, 0.7, 0.25)])
HALF = 0.00721
"""Half the width of a window: three of them leave 3e-6 of the category, 1e-6 of all."""


class Deceptive(Model):
    """Three categories: two come close to valid over wide basins, the third is valid within a narrow one."""

    name = "deceptive-categories"
    parameters = (Parameter("kind", Choice((1.0, 2.0, 3.0))), *(Parameter(n, Uniform(0, 1)) for n in "xyz"))
    observables = (*(Observable(f"o{n}") for n in "xyz"), Observable("gap"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Distances from the centre of the category, and a gap that closes in the third one only."""
        kind = np.asarray(points["kind"]).astype(int) - 1
        out = {f"o{n}": points[n] - CENTRES[kind, i] for i, n in enumerate("xyz")}
        distance = np.sqrt(sum(np.square(values) for values in out.values()))
        return {**out, "gap": np.where(kind == 2, np.minimum(distance, 0.3), 0.03)}


def window(name: str, upper: float, **keys: float) -> dict[str, Any]:
    """A window on an observable."""
    return {
        "name": f"w_{name}",
        "observable": name,
        "kind": "window",
        "upper": upper,
        "source": "this test",
        **keys,
    }


CONSTRAINTS = [*(window(f"o{n}", HALF, lower=-HALF) for n in "xyz"), window("gap", 0.02)]


def register() -> None:
    """Let configurations name the model."""
    plugin = types.ModuleType("deceptive_categories")
    plugin.terranova_models = hookimpl(specname="terranova_models")(lambda: [Deceptive])  # type: ignore[attr-defined]
    registry().register(plugin, name="deceptive-categories", origin="benchmarks")


def main() -> None:
    """Print a line a sampler."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samplers", nargs="+")
    parser.add_argument("--evaluations", type=int, default=200_000)
    parser.add_argument("--alone", action="store_true", help="confine no island")
    asked = parser.parse_args()
    register()
    for name in asked.samplers:
        if asked.alone:
            registry().get("sampler", name).target.stratified = False
        with tempfile.TemporaryDirectory() as folder:
            run = terranova.scan(
                model=Deceptive.name,
                constraints=CONSTRAINTS,
                sampler=name,
                budget={"evaluations": asked.evaluations, "valid": 1},
                output=f"{folder}/run",
                quiet=True,
            )
            kinds = run.to_pandas()["kind"]
            shares = ", ".join(f"{float((kinds == k).mean()):.3f}" for k in (1.0, 2.0, 3.0))
            print(f"| `{name}` | {run.valid_count} valid of {run.count:,} | shares {shares} |", flush=True)


if __name__ == "__main__":
    main()
