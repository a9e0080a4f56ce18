"""What a point costs between proposal and sampler, by the size of the batch: priors, model, constraints, records.

    python benchmarks/scoring.py                       # the 3HDM with today's data
    python benchmarks/scoring.py --batches 12 --model thdm3 --constraints theory electroweak

Microseconds of processor time a point, each the least of many repetitions: what else runs on the machine only adds.
"evaluate" is the model as the engine calls it, with its checks; "score" all constraints; "batch" the same with the
record that is stored and told; "total" is to_physical, evaluate and batch as a scan has them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

import terranova

SETS = ["theory", "electroweak", "higgs-lhc", "flavour", "scalars"]
SECONDS = 0.4
"""For each figure, in parts of a hundredth."""


def microseconds(call: Callable[[], object]) -> float:
    """Return the least time of a call, in microseconds."""
    call()
    started = time.process_time()
    call()
    calls = max(1, int(0.01 * SECONDS / max(time.process_time() - started, 1e-6)))
    best = np.inf
    for _ in range(100):
        started = time.process_time()
        for _ in range(calls):
            call()
        best = min(best, (time.process_time() - started) / calls)
    return 1e6 * best


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="thdm3")
    parser.add_argument("--constraints", nargs="*", default=SETS)
    parser.add_argument("--batches", type=int, nargs="+", default=[12, 37, 150])
    given = parser.parse_args()
    problem = terranova.problem(given.model, given.constraints)
    space = problem.model.space
    print(f"{given.model}, {len(problem.constraints)} constraints; microseconds a point\n")
    names = ("to_physical", "model", "evaluate", "score", "batch", "total")
    print("batch".rjust(6), *(name.rjust(12) for name in names))
    for n in given.batches:
        u = np.random.default_rng(0).random((n, space.dimension))
        x = space.to_physical(u)
        evaluation = problem.evaluate(x)
        number = np.arange(n)

        def total(u: object = u, number: object = number) -> None:
            points = space.to_physical(u)  # type: ignore[arg-type]
            problem.batch(u, points, problem.evaluate(points), number, number, number)  # type: ignore[arg-type]

        calls: dict[str, Callable[[], object]] = {
            "to_physical": lambda u=u: space.to_physical(u),  # type: ignore[misc]
            "model": lambda x=x: problem.model.plugin.evaluate_array(x),  # type: ignore[misc]
            "evaluate": lambda x=x: problem.evaluate(x),  # type: ignore[misc]
            "score": lambda x=x, o=evaluation.observables: problem.score(x, o),  # type: ignore[misc]
            "batch": lambda u=u, x=x, e=evaluation, i=number: problem.batch(u, x, e, i, i, i),  # type: ignore[misc]
            "total": total,
        }
        print(str(n).rjust(6), *(f"{microseconds(calls[name]) / n:12.2f}" for name in names))


if __name__ == "__main__":
    main()
