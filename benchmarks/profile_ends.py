"""How often the ends of intervals are wrong that a fit quotes, on problems whose profiles are known exactly.

    python benchmarks/profile_ends.py [SEEDS] [PROBLEM ...]

For each problem and seed, all parameters with a known profile are profiled. An end is wrong if the exact Delta chi2
there differs from the level by more than 0.05, or, at a bound, if the true end is farther than a thousandth of the
range.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache, partial

import numpy as np

from terranova.config import build_problem, load_config
from terranova.fitting.axes import make_axis
from terranova.fitting.best import find_best
from terranova.fitting.config import LEVELS, Search
from terranova.fitting.intervals import Interval, intervals, threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profiling import Profiling
from terranova.interfaces.priors import Prior
from terranova.models.analytic.profiles import PROFILES, ProfileProblem
from terranova.types import Floats

BINS = 24
WRONG = 0.05
NEAR = 1e-3


@cache
def exact_curve(kind: type[ProfileProblem], name: str) -> tuple[Floats, Floats]:
    """Return u (4001,) of the prior and the exact chi2 there."""
    u = np.linspace(0.0, 1.0, 4001)
    return u, kind().exact(name, prior_of(kind, name).to_physical(u))


def prior_of(kind: type[ProfileProblem], name: str) -> Prior:
    """Return the prior of a parameter."""
    return next(p for p in kind().parameters if p.name == name).prior


def exact_delta(kind: type[ProfileProblem], name: str, values: Floats) -> Floats:
    """Return the exact Delta chi2 (n,), relative to the best of the whole prior."""
    return kind().exact(name, values) - exact_curve(kind, name)[1].min()


def true_parts(kind: type[ProfileProblem], name: str, level: float) -> list[tuple[float | None, float | None]]:
    """Return the exact interval, to 1.25e-4 of the range."""
    u, chi2 = exact_curve(kind, name)
    allowed = chi2 - chi2.min() <= threshold(level)
    edges = np.flatnonzero(np.diff(allowed))
    ends: list[float | None] = [None] if allowed[0] else []
    ends += prior_of(kind, name).to_physical((u[edges] + u[edges + 1]) / 2).tolist()
    if len(ends) % 2:
        ends.append(None)
    return list(zip(ends[::2], ends[1::2], strict=True))


def judge(kind: type[ProfileProblem], name: str, interval: Interval) -> Iterator[str]:
    """Say of each end what it is: crossing, bound or open; right, wrong or not established."""
    prior, wanted = prior_of(kind, name), threshold(interval.level)
    truth = true_parts(kind, name, interval.level)
    true_ends = np.array([end for part in truth for end in part if end is not None])
    for part, doubts in zip(interval.parts, interval.doubts, strict=True):
        for side, (end, doubt) in enumerate(zip(part, doubts, strict=True)):
            if doubt is not None:
                yield f"not established: {doubt.split(' by ')[0]}"
            elif end is None:
                yield "open right" if truth and truth[-side][side] is None else "open wrong"
            else:
                u = float(prior.to_unit(np.array([end]))[0])
                near = len(true_ends) > 0 and np.abs(prior.to_unit(true_ends) - u).min() < NEAR
                beside = prior.to_physical(np.clip(u + 2e-4 * np.array([-1.0, 0.0, 1.0]), 0.0, 1.0))
                off = np.abs(exact_delta(kind, name, beside) - wanted)
                what = "crossing" if np.isfinite(off).all() else "bound"
                right = near if what == "bound" else off[1] < WRONG or (near and off[1] < 10 * WRONG)
                yield f"{what} {'right' if right else 'wrong'}"
    if len(interval.parts) < len(truth):
        yield "part missed"
    if len(interval.parts) > len(truth):
        yield "part too many"


def trial(kind: type[ProfileProblem], seed: int, bins: int = BINS) -> tuple[Counter[str], list[float], int, bool]:
    """Fit one problem; return its ends, the largest deviation of each curve below Delta chi2 = 6, and the cost."""
    config = {"model": kind.name, "constraints": [kind.name], "sampler": {"name": "random"}}
    scan = load_config({**config, "budget": {"evaluations": 1}, "seed": seed, "output": "unused"})
    problem = build_problem(scan.problem)
    likelihood, rng = Likelihood(problem, problem.evaluate), np.random.default_rng(seed)
    find_best(likelihood, rng)
    axes = [[make_axis(likelihood, name, bins, None)] for name in kind.profiled]
    profiling = Profiling(likelihood, axes, Search(), [threshold(v) for v in LEVELS], seed, lambda _: None)
    ends: Counter[str] = Counter()
    found = profiling.run()
    curves = likelihood.evaluations
    for i, (curve, convergence) in enumerate(found):
        look = partial(profiling.zoom, i)
        between = profiling.between_bins(i)
        for interval in intervals(
            likelihood, curve, LEVELS, rng, zoom=look, between=between, convergence=convergence
        ):
            ends.update(judge(kind, kind.profiled[i], interval))
    deviations = []
    for (curve, _), name in zip(profiling.results(), kind.profiled, strict=True):
        truth = exact_delta(kind, name, curve.axes[0].centres)
        near = truth < 6.0
        off = np.abs(curve.delta_chi2(float(likelihood.loglikes.max())) - truth)[near]
        deviations.append(float(off.max(initial=0.0)))
    bound = any(convergence.bound for _, convergence in found)
    return ends, deviations, curves, bound


def main() -> None:
    """Print a table, a line a problem."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    chosen = [kind for kind in PROFILES if len(sys.argv) < 3 or kind.name in sys.argv[2:]]
    total: Counter[str] = Counter()
    for kind in chosen:
        ends: Counter[str] = Counter()
        worst, cost, started = [], [], time.process_time()
        for seed in range(1, seeds + 1):
            found, deviations, evaluations, bound = trial(kind, seed)
            ends += found
            worst.append(deviations)
            cost.append(f"{evaluations}{' (bound)' if bound else ''}")
        total += ends
        listed = ", ".join(f"{what}: {count}" for what, count in sorted(ends.items()))
        seconds = (time.process_time() - started) / seeds
        line = [kind.name, str(kind.profiled), str(np.round(worst, 3).tolist()), ", ".join(cost)]
        print(" | ".join([*line, f"{seconds:.0f} s", listed]), flush=True)
    print("all |", ", ".join(f"{what}: {count}" for what, count in sorted(total.items())))


if __name__ == "__main__":
    main()
