"""Time that samplers themselves take, ask, tell and exchange, in microseconds a point, beside their peers' loops.

    python benchmarks/sampler_overhead.py                    # all, 1 and 64 islands; slow ones fewer points
    python benchmarks/sampler_overhead.py --samplers nsga2 tpe --islands 1
    python benchmarks/sampler_overhead.py --samplers tpe gp-active --slow 10000

The peers are the packages' own loops on the same stand-in: pymoo's minimize, optuna's optimize, a bare loop of
pycma, scipy's differential_evolution, emcee's run_mcmc. A ratio below 1 means that terranova's sampler takes less
time a point. BSMArt's loop, the explorer's peer, is timed by benchmarks/peers.

The time is processor time, all threads of the process (OMP_NUM_THREADS=1 is set), which other programs on the
machine change little. The model is left out of the clock: a cheap stand-in with 16 parameters and 61 violations,
half of whose points become valid as the search goes on. Each figure is the mean over the last tenth of the points
before that number, so that costs that grow with what has been found would show.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy

import numpy as np

from terranova.engine.islands import Share, make_archipelago
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Proposal, SearchSpace
from terranova.registry import registry
from terranova.types import Floats

DIMENSION, OBSERVABLES = 16, 61
RADIUS = 0.4
EPOCH = 20
AT = (1_000, 10_000, 100_000)

SLOW = ("tpe", "optuna", "gp-active", "xgb-active")
"""Samplers that take milliseconds a point: one island, fewer points, and their peer, whose time grows, no further
than the first of `AT`."""

PEERS = {
    "cmaes": "pycma",
    "cmaes-novelty": "pycma",
    "nsga2": "pymoo NSGA-II",
    "nsga3": "pymoo NSGA-III",
    "de": "scipy DE",
    "ensemble": "emcee",
    "tpe": "optuna TPE",
}


def hidden_centre(seed: int) -> Floats:
    """Return the middle (d,) of the valid region of a stand-in."""
    return np.random.default_rng(1000 + seed).uniform(0.3, 0.7, DIMENSION)


def stand_in(seed: int) -> Callable[[Proposal], Batch]:
    """Return an evaluator: 61 linear observables in windows around 0, next to a hidden centre."""
    centre = hidden_centre(seed)
    slopes = np.random.default_rng(seed).standard_normal((DIMENSION, OBSERVABLES))

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


def overhead(sampler: str, islands: int, seed: int, most: int) -> list[float]:
    """Return microseconds a point around each number of points of `AT` up to `most`."""
    kind = registry().get("sampler", sampler).target
    together = make_archipelago(kind, space(), seed, Share(0, islands), {})
    evaluate = stand_in(seed)
    warm_up(together.ask, together.tell, evaluate)
    times: list[float] = []
    ends: list[int] = []
    while not ends or ends[-1] < most:
        started = time.process_time()
        proposal = together.ask()
        asked = time.process_time()
        batch = evaluate(proposal)
        told = time.process_time()
        together.tell(batch)
        if len(ends) % EPOCH == EPOCH - 1:
            together.merge(together.pending())
        times.append(time.process_time() - told + asked - started)
        ends.append((ends[-1] if ends else 0) + len(batch))
    return per_point(np.array(times), np.array(ends))


def warm_up(
    ask: Callable[[], Proposal], tell: Callable[[Batch], None], evaluate: Callable[[Proposal], Batch]
) -> None:
    """Let everything compile and import that does so on first use."""
    for _ in range(2):
        tell(evaluate(ask()))


def per_point(times: Floats, ends: np.ndarray) -> list[float]:
    """Return the mean time a point over the last tenth before each number of points of `AT` that was reached."""
    sizes = np.diff(ends, prepend=0)
    figures = []
    for count in AT:
        if count > ends[-1]:
            break
        last = min(int(np.searchsorted(ends, count)), len(ends) - 1)
        first = min(int(np.searchsorted(ends, 0.9 * count)), last)
        figures.append(1e6 * float(times[first : last + 1].sum() / sizes[first : last + 1].sum()))
    return figures


class Clock:
    """Times a loop that calls a function: everything between two calls counts, the call itself does not."""

    def __init__(self, seed: int) -> None:
        self._evaluate = stand_in(seed)
        self.times: list[float] = []
        self.ends: list[int] = []
        self._left = time.process_time()

    def __call__(self, u: Floats) -> Batch:
        """Evaluate points u (n, d)."""
        entered = time.process_time()
        batch = self._evaluate(Proposal(u, np.zeros(len(u), dtype=np.int64)))
        self.times.append(entered - self._left)
        self.ends.append((self.ends[-1] if self.ends else 0) + len(u))
        self._left = time.process_time()
        return batch

    def figures(self) -> list[float]:
        """Microseconds a point."""
        return per_point(np.array(self.times), np.array(self.ends))


def pycma_alone(seed: int, most: int) -> list[float]:
    """A bare loop of pycma without bounds, one run, on the sum of violations."""
    from terranova.plugins.samplers.cma.cmaes import _pycma

    clock, rng = Clock(seed), np.random.default_rng(seed)
    run = _pycma(rng, np.full(DIMENSION, 0.5), 0.3, 12)
    while not clock.ends or clock.ends[-1] < most:
        x = run.ask()
        batch = clock(np.asarray(x))
        run.tell(x, (batch.violations.sum(axis=1) + 1e-9 * rng.random(12)).tolist())
    return clock.figures()


def scipy_alone(seed: int, most: int) -> list[float]:
    """scipy's differential evolution, vectorised, a population of 64, on the sum of violations."""
    from scipy.optimize import differential_evolution

    clock = Clock(seed)
    bounds = [(0.0, 1.0)] * DIMENSION

    def loss(x: Floats) -> Floats:
        return clock(np.atleast_2d(x.T)).violations.sum(axis=1)

    options = {"popsize": 4, "maxiter": most // 64, "tol": 0.0, "atol": -1.0, "polish": False}
    differential_evolution(loss, bounds, vectorized=True, updating="deferred", rng=seed, **options)
    return clock.figures()


def emcee_alone(seed: int, most: int) -> list[float]:
    """emcee's run_mcmc, vectorised, 34 walkers, uniform in the valid region, where they start."""
    import emcee

    clock, walkers = Clock(seed), 2 * DIMENSION + 2

    def inside(u: Floats) -> Floats:
        return np.where((clock(u).violations > 0).any(axis=1), -np.inf, 0.0)

    rng = np.random.default_rng(seed)
    start = hidden_centre(seed) + 0.01 * rng.standard_normal((walkers, DIMENSION))
    random = np.random.RandomState(seed).get_state()
    sampler = emcee.EnsembleSampler(walkers, DIMENSION, inside, vectorize=True)
    sampler.run_mcmc(emcee.State(start, random_state=random), most // walkers + 1)
    return clock.figures()


def pymoo_alone(name: str, seed: int, most: int) -> list[float]:
    """pymoo's minimize, populations of 100; NSGA-II on the sum of violations, NSGA-III on five sums of them."""
    from pymoo.algorithms.moo.nsga2 import NSGA2
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.config import Config
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize

    from terranova.plugins.samplers.nsga.directions import directions

    Config.warnings["not_compiled"] = False
    clock = Clock(seed)
    sums = 1 if name == "nsga2" else 5

    class Violations(Problem):  # type: ignore[misc]
        def _evaluate(self, x: Floats, out: dict[str, Floats], *args: object, **kwargs: object) -> None:
            parts = np.array_split(clock(x).violations, sums, axis=1)
            out["F"] = np.stack([part.sum(axis=1) for part in parts], axis=1)

    algorithm = NSGA2(pop_size=100) if sums == 1 else NSGA3(directions(sums, 100), pop_size=100)
    minimize(Violations(n_var=DIMENSION, n_obj=sums, xl=0.0, xu=1.0), algorithm, ("n_eval", most + 100), seed=seed)
    return clock.figures()


def optuna_alone(seed: int, most: int) -> list[float]:
    """optuna's optimize with its multivariate TPE, on the sum of violations."""
    import warnings

    import optuna

    clock = Clock(seed)
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def loss(trial: optuna.Trial) -> float:
        u = np.array([[trial.suggest_float(f"u{i}", 0.0, 1.0) for i in range(DIMENSION)]])
        return float(clock(u).violations.sum())

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=4 * DIMENSION)
        optuna.create_study(sampler=sampler).optimize(loss, n_trials=most)
    return clock.figures()


def peer(name: str, seed: int, most: int) -> list[float]:
    """Time the loop of a package that does what a sampler does."""
    if name.startswith("nsga"):
        return pymoo_alone(name, seed, most)
    return {"de": scipy_alone, "ensemble": emcee_alone, "tpe": optuna_alone}.get(name, pycma_alone)(seed, most)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samplers", nargs="*", default=registry().names("sampler"))
    parser.add_argument("--islands", type=int, nargs="*", default=[1, 64])
    parser.add_argument("--most", type=int, default=AT[-1], help="points of a run, at most")
    parser.add_argument("--slow", type=int, default=AT[0], help="the same for samplers that take milliseconds")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"{'us/point after':<28}" + "".join(f"{count:>12}" for count in AT))
    peers: dict[str, list[float]] = {}
    for sampler in given.samplers:
        most = min(given.most, given.slow) if sampler in SLOW else given.most
        beside = PEERS.get(sampler, "")
        if beside and beside not in peers:
            peers[beside] = peer(sampler, given.seed, min(most, AT[0]) if sampler in SLOW else most)
            print(f"{beside:<28}" + "".join(f"{t:>12.2f}" for t in peers[beside]), flush=True)
        for islands in given.islands if sampler not in SLOW else [1]:
            figures = overhead(sampler, islands, given.seed, most)
            print(f"{f'  {sampler}, {islands} islands':<28}" + "".join(f"{t:>12.2f}" for t in figures), flush=True)
            if beside:
                ratios = [ours / theirs for ours, theirs in zip(figures, peers[beside], strict=False)]
                print(f"{'    ratio':<28}" + "".join(f"{ratio:>12.2f}" for ratio in ratios), flush=True)


if __name__ == "__main__":
    main()
