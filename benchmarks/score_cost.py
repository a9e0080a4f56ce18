"""What scoring costs beside the model: microseconds a point of the constraint sets of today of the 3HDM.

    python benchmarks/score_cost.py

Prints, for batches of several sizes, the model, all sets, all sets without the direct searches, and the
direct searches alone, each asked by itself instead of all at once. Each call gets other points than the one before,
since a constraint keeps its last answer. Best of many calls: on a busy machine take ratios.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import terranova
from terranova.types import Floats

SETS = ["theory", "electroweak", "higgs-lhc", "flavour"]


def best(score: Callable[[Floats, Floats], object], batches: list[tuple[Floats, Floats]], calls: int = 80) -> float:
    """Return the least time of a call in microseconds a point."""
    least = np.inf
    for call in range(calls):
        x, observables = batches[call % len(batches)]
        start = time.perf_counter()
        score(x, observables)
        if call >= len(batches):  # the first ones may compile
            least = min(least, time.perf_counter() - start)
    return 1e6 * float(least) / len(batches[0][0])


def _one_by_one(problem: terranova.Problem) -> Callable[[Floats, Floats], object]:
    """Return what asks each search of a problem by itself."""
    searches = [c for c in problem.constraints if c.kind == "search"]
    names = [*problem.model.space.names, *(o.name for o in problem.model.observables)]
    columns = [[names.index(name) for name in c.observables] for c in searches]

    def score(x: Floats, o: Floats) -> object:
        values = np.column_stack([x, o])
        return [c.judge(values[:, at]) for c, at in zip(searches, columns, strict=True)]

    return score


def main() -> None:
    """Print a table for Markdown."""
    everything, without = terranova.problem("thdm3", [*SETS, "scalars"]), terranova.problem("thdm3", SETS)
    one_by_one = _one_by_one(everything)
    rng = np.random.default_rng(1)
    print("| batch | model | all sets | without searches | searches one by one |\n|---|---|---|---|---|")
    for n in (1, 12, 96, 384, 768):
        x = everything.model.space.to_physical(rng.random((3 * n, 16)))
        o = everything.model.evaluate_array(x).observables
        batches = [(x[i * n : (i + 1) * n].copy(), o[i * n : (i + 1) * n].copy()) for i in range(3)]
        cost = [best(lambda x, _: everything.model.evaluate_array(x), batches)]
        cost += [best(score, batches) for score in (everything.score, without.score, one_by_one)]
        print(f"| {n} | " + " | ".join(f"{value:.1f}" for value in cost) + " |")


if __name__ == "__main__":
    main()
