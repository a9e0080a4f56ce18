"""How small is the viable region of the 3HDM? Estimates its share of the prior by subset simulation.

    python benchmarks/valid_fraction.py [POINTS_PER_LEVEL] [REPETITIONS]

Random sampling cannot measure a share of 1e-14. Subset simulation (S.-K. Au and J. L. Beck, Probabilistic
Engineering Mechanics 16 (2001) 263, doi:10.1016/S0266-8920(01)00019-4) writes it as a product of conditional
probabilities of one tenth: the tenth of the points with the smallest total violation sets the next level, and a
Metropolis walk that stays below the level refills the population. The spread over repetitions is the error that
is seen; modes that no walker met are not in it, so take the order of magnitude.
"""

from __future__ import annotations

import sys
import time

import numpy as np

import terranova
from terranova.types import Floats

SETS = ("theory", "electroweak-2402.07661", "higgs-lhc-2402.07661", "flavour-2402.07661", "scalars")
KEEP = 0.1
STEPS = 20
MAX_LEVELS = 60


def main(points: int, repetitions: int) -> None:
    """Repeat the estimate with different seeds and print each."""
    problem = terranova.problem("thdm3", SETS)
    space = problem.model.space

    def loss(u: Floats) -> Floats:
        x = space.to_physical(u)
        violations, _ = problem.score(x, problem.evaluate(x).observables)
        return np.log1p(violations).sum(axis=1)

    print(f"{'seed':>4s} {'levels':>6s} {'evaluations':>12s} {'seconds':>8s} {'valid fraction':>15s}")
    estimates = []
    for seed in range(1, repetitions + 1):
        rng = np.random.default_rng(seed)
        started = time.perf_counter()
        u = rng.random((points, space.dimension))
        value = loss(u)
        evaluations, fraction, level = points, 1.0, 0
        while (value == 0).mean() < KEEP and level < MAX_LEVELS:
            order = np.argsort(value)[: int(KEEP * points)]
            threshold = value[order[-1]]
            fraction *= KEEP
            level += 1
            u, value = np.repeat(u[order], round(1 / KEEP), axis=0), np.repeat(value[order], round(1 / KEEP))
            scale = 0.1
            for _ in range(STEPS):
                step = scale * rng.standard_normal(u.shape) * 10.0 ** rng.uniform(-1.5, 0.5, (len(u), 1))
                step *= rng.random(u.shape) < rng.choice([0.1, 0.3, 1.0], (len(u), 1))
                proposed = np.where(space.periodic, (u + step) % 1.0, 1.0 - np.abs(1.0 - (u + step) % 2.0))
                there = loss(proposed)
                accepted = there <= threshold
                u[accepted], value[accepted] = proposed[accepted], there[accepted]
                scale *= np.exp(accepted.mean() - 0.3)
                evaluations += len(u)
        fraction *= (value == 0).mean()
        estimates.append(fraction)
        seconds = time.perf_counter() - started
        print(f"{seed:4d} {level:6d} {evaluations:12,d} {seconds:8.0f} {fraction:15.1e}", flush=True)
    centre = np.exp(np.mean(np.log(estimates)))
    print(f"geometric mean {centre:.1e}, spread a factor {np.exp(np.std(np.log(estimates))):.1f}")


if __name__ == "__main__":
    arguments = [int(float(a)) for a in sys.argv[1:]]
    main(arguments[0] if arguments else 20_000, arguments[1] if len(arguments) > 1 else 5)
