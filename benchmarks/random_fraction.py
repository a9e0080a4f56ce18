"""How often does random sampling hit a valid point? Counts them among 10 million draws; of the 3HDM by default.

    python benchmarks/random_fraction.py [POINTS [MODEL SET ...]]

Observables of a later stage are computed where the earlier ones pass, as in a scan, and fail elsewhere. Prints the
valid fraction, or its upper limit at 95 % CL when none is found, and the pass rate of
every constraint set by itself, with the fraction expected if the sets were independent.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence

import numpy as np

import terranova
from terranova.runs.diagnosis import binomial_limits

SETS = ("theory", "electroweak-2402.07661", "higgs-lhc-2402.07661", "flavour-2402.07661", "scalars")
BATCH = 20_000


def main(points: int, model: str, sets: Sequence[str]) -> None:
    """Draw points uniformly in the unit cube, in batches, and print the table."""
    problem = terranova.problem(model, sets)
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
    print(f"{model}: {done:,} random points in {seconds:.0f} s ({done / seconds:,.0f}/s)")
    for group, count in zip(problem.sets, passed, strict=True):
        print(f"  {group.name:24s} {len(group):3d} constraints   passed by {count / done:.3e}")
    print(f"  {'all':24s} {len(problem.constraints):3d} constraints   valid: {valid}")
    if valid:
        low, high = binomial_limits(valid, done, 0.975)
        print(f"  valid fraction {valid / done:.2e}, {low:.2e} to {high:.2e} at 95 % CL")
    else:
        print(f"  valid fraction < {binomial_limits(0, done)[1]:.1e} at 95 % CL")
        if passed.all():
            print(f"  product of the sets' pass rates: {math.prod(passed / done):.1e} (if they were independent)")


if __name__ == "__main__":
    words = sys.argv[1:]
    given = words[1:] or ["thdm3", *SETS]
    main(int(float(words[0])) if words else 10_000_000, given[0], given[1:])
