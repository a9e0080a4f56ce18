"""Time that samplers themselves take, ask, tell and exchange, in microseconds a point, beside pycma's own loop.

    python benchmarks/sampler_overhead.py

The model is left out of the clock: a cheap stand-in with 16 parameters and 61 violations, half of whose points
become valid as the search goes on. Each figure is the mean over the last steps before that number of points,
so that costs that grow with what has been found would show.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from terranova.batch import Batch
from terranova.islands import Share, make_archipelago
from terranova.registry import registry
from terranova.sampler import Proposal, SearchSpace
from terranova.types import Floats

DIMENSION, OBSERVABLES = 16, 61
RADIUS = 0.4
EPOCH = 20
AT = (1_000, 10_000, 100_000)


def stand_in(seed: int) -> Callable[[Proposal], Batch]:
    """Return an evaluator: 61 linear observables in windows around 0, next to a hidden centre."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform(0.3, 0.7, DIMENSION)
    slopes = rng.standard_normal((DIMENSION, OBSERVABLES))

    def evaluate(proposal: Proposal) -> Batch:
        n = len(proposal.u)
        observables = (proposal.u - centre) @ slopes
        nothing = np.zeros(n, dtype=np.int64)
        return Batch(
            island=proposal.island,
            generation=nothing,
            index=nothing,
            u=proposal.u,
            x=proposal.u,
            observables=observables,
            violations=np.maximum(0.0, np.abs(observables) - RADIUS),
            loglike=np.zeros(n),
            status=np.zeros(n, dtype=np.int8),
            reason=[""] * n,
            stage=np.zeros(n, dtype=np.int8),
            seconds=np.zeros(n),
        )

    return evaluate


def space() -> SearchSpace:
    """The axes, observables and windows of the stand-in."""
    names = tuple(f"o{j}" for j in range(OBSERVABLES))
    return SearchSpace(
        names=tuple(f"p{i}" for i in range(DIMENSION)),
        periodic=np.arange(DIMENSION) < 3,
        observables=names,
        windows=dict.fromkeys(names[:24], (-RADIUS, RADIUS)),
        constraints=names,
    )


def overhead(sampler: str, islands: int, seed: int) -> list[float]:
    """Return microseconds a point around each number of points of `AT`."""
    kind = registry().get("sampler", sampler).thing
    together = make_archipelago(kind, space(), seed, Share(0, islands), {})
    evaluate = stand_in(seed)
    warm_up(together.ask, together.tell, evaluate)
    times: list[float] = []
    ends: list[int] = []
    while not ends or ends[-1] < AT[-1]:
        started = time.perf_counter()
        proposal = together.ask()
        asked = time.perf_counter()
        batch = evaluate(proposal)
        told = time.perf_counter()
        together.tell(batch)
        if len(ends) % EPOCH == EPOCH - 1:
            together.merge(together.pending())
        times.append(time.perf_counter() - told + asked - started)
        ends.append((ends[-1] if ends else 0) + len(batch))
    return per_point(np.array(times), np.array(ends))


def warm_up(
    ask: Callable[[], Proposal], tell: Callable[[Batch], None], evaluate: Callable[[Proposal], Batch]
) -> None:
    """Let everything compile and import that does so on first use."""
    for _ in range(2):
        tell(evaluate(ask()))


def per_point(times: Floats, ends: np.ndarray) -> list[float]:
    """Return the mean time a point over the last tenth before each number of points of `AT`."""
    sizes = np.diff(ends, prepend=0)
    figures = []
    for count in AT:
        last = int(np.searchsorted(ends, count))
        first = min(int(np.searchsorted(ends, 0.9 * count)), last)
        figures.append(1e6 * float(times[first : last + 1].sum() / sizes[first : last + 1].sum()))
    return figures


def pycma_alone(popsize: int, seed: int) -> list[float]:
    """The same for a bare loop of pycma without bounds, one run, on the sum of violations."""
    from terranova.plugins.samplers.cmaes import _pycma

    evaluate = stand_in(seed)
    rng = np.random.default_rng(seed)
    run = _pycma(rng, np.full(DIMENSION, 0.5), 0.3, popsize)
    times, ends = [], []
    island = np.zeros(popsize, dtype=np.int64)
    for end in range(popsize, AT[-1] + popsize, popsize):
        started = time.perf_counter()
        x = run.ask()
        asked = time.perf_counter()
        batch = evaluate(Proposal(np.asarray(x), island))
        fitness = (batch.violations.sum(axis=1) + 1e-9 * rng.random(popsize)).tolist()
        told = time.perf_counter()
        run.tell(x, fitness)
        times.append(time.perf_counter() - told + asked - started)
        ends.append(end)
    return per_point(np.array(times), np.array(ends))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--islands", type=int, nargs="*", default=[1, 64])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{'us/point after':<26}" + "".join(f"{count:>10}" for count in AT))
    print(f"{'pycma alone, popsize 12':<26}" + "".join(f"{t:>10.2f}" for t in pycma_alone(12, given.seed)))
    for sampler in registry().names("sampler"):
        for islands in given.islands:
            figures = overhead(sampler, islands, given.seed)
            print(f"{f'{sampler}, {islands} islands':<26}" + "".join(f"{t:>10.2f}" for t in figures))


if __name__ == "__main__":
    main()
