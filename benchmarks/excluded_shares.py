"""Which share of the valid points of a scan does each constraint of other sets exclude?

    python benchmarks/excluded_shares.py RUN [RUN ...] --sets electroweak higgs-lhc flavour

The model, in its default form, computes the valid points again (40,000 of them, drawn with a fixed seed), and every
constraint of the sets is asked: "alone" are points that no other of them excludes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

import terranova
from terranova.types import Floats

MOST, BATCH = 40_000, 2_000


def valid_points(run: Path, names: list[str]) -> Floats:
    """Return parameters (n, d) of the valid points of a run, all or `MOST` of them."""
    tables = [pq.read_table(file, columns=["valid", *names]) for file in sorted((run / "points").glob("*.parquet"))]
    x = np.concatenate([np.column_stack([table[name].to_numpy() for name in names]) for table in tables])
    x = x[np.concatenate([table["valid"].to_numpy() for table in tables])]
    if len(x) > MOST:
        x = x[np.random.default_rng(1).choice(len(x), MOST, replace=False)]
    return np.asarray(x)


def main(runs: list[Path], model: str, sets: list[str]) -> None:
    """Print a table for Markdown."""
    problem = terranova.problem(model, sets)
    shares = []
    for run in runs:
        x = valid_points(run, list(problem.model.space.names))
        excluded = np.concatenate(
            [
                problem.score(part, problem.model.evaluate_array(part).observables)[0] > 0
                for part in (x[i : i + BATCH] for i in range(0, len(x), BATCH))
            ]
        )
        alone = excluded & (excluded.sum(axis=1) == 1)[:, None]
        whole = excluded.any(axis=1, keepdims=True)
        shares.append((np.hstack([excluded, whole]).mean(axis=0), np.hstack([alone, whole]).mean(axis=0)))
        print(f"{run}: {len(x)} valid points")
    print("\n| constraint | excluded, % | alone, % |\n|---|---|---|")
    for i, name in enumerate([*(c.name for c in problem.constraints), "all"]):
        cells = [", ".join(f"{100 * one[k][i]:.1f}" for one in shares) for k in (0, 1)]
        print(f"| `{name}` | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--model", default="thdm3")
    parser.add_argument("--sets", nargs="+", default=["electroweak", "higgs-lhc", "flavour"])
    given = parser.parse_args()
    main(given.runs, given.model, given.sets)
