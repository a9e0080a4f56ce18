"""How often does random sampling hit a valid point of the 3HDM? Counts them among 10 million draws.

    python benchmarks/random_fraction.py [POINTS]

Prints the valid fraction, or its upper limit at 95 % CL when none is found (3 / N), and the pass rate of
every constraint set by itself, with the fraction expected if the sets were independent.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np

import terranova

SETS = ("theory", "electroweak", "higgs-lhc", "flavour", "scalars")
BATCH = 20_000


def main(points: int) -> None:
    """Draw points uniformly in the unit cube, in batches, and print the table."""
    problem = terranova.problem("thdm3", SETS)
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(len(problem.sets)), [len(group) for group in problem.sets])
    passed = np.zeros(len(problem.sets), dtype=np.int64)
    valid = done = 0
    started = time.perf_counter()
    while done < points:
        n = min(BATCH, points - done)
        x = problem.model.space.to_physical(rng.random((n, problem.model.space.dimension)))
        violations, _ = problem.score(x, problem.evaluate(x).observables)
        ok = np.column_stack([(violations[:, owner == s] == 0).all(axis=1) for s in range(len(problem.sets))])
        passed += ok.sum(axis=0)
        valid += int(ok.all(axis=1).sum())
        done += n
    seconds = time.perf_counter() - started
    print(f"{done:,} random points in {seconds:.0f} s ({done / seconds:,.0f}/s)")
    for group, count in zip(problem.sets, passed, strict=True):
        print(f"  {group.name:12s} {len(group):3d} constraints   passed by {count / done:.3e}")
    print(f"  {'all':12s} {len(problem.constraints):3d} constraints   valid: {valid}")
    if valid == 0:
        print(f"  valid fraction < {3.0 / done:.1e} at 95 % CL")
        if passed.all():
            print(f"  product of the sets' pass rates: {math.prod(passed / done):.1e} (if they were independent)")


if __name__ == "__main__":
    main(int(float(sys.argv[1])) if len(sys.argv) > 1 else 10_000_000)
