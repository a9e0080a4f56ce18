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
from functools import partial

import numpy as np

from terranova.config import build_problem, load_config
from terranova.fitting.axes import make_axis
from terranova.fitting.best import find_best
from terranova.fitting.config import LEVELS, Search
from terranova.fitting.intervals import Interval, intervals, threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.profiling import Profiling
from terranova.models.analytic.profiles import PROFILES, ProfileProblem
from terranova.types import Floats

BINS = 24
WRONG = 0.05
NEAR = 1e-3


def exact_delta(problem: ProfileProblem, name: str, values: Floats) -> Floats:
    """Return the exact Delta chi2 (n,), relative to the best of the whole prior."""
    parameter = next(p for p in problem.parameters if p.name == name)
    grid = parameter.prior.to_physical(np.linspace(0.0, 1.0, 4001))
    return problem.exact(name, values) - problem.exact(name, grid).min()


def true_parts(problem: ProfileProblem, name: str, level: float) -> list[tuple[float | None, float | None]]:
    """Return the exact interval, to 1e-4 of the range."""
    parameter = next(p for p in problem.parameters if p.name == name)
    u = np.linspace(0.0, 1.0, 10_001)
    allowed = exact_delta(problem, name, parameter.prior.to_physical(u)) <= threshold(level)
    edges = np.flatnonzero(np.diff(allowed))
    ends: list[float | None] = [None] if allowed[0] else []
    ends += [float(parameter.prior.to_physical(np.array([(u[i] + u[i + 1]) / 2]))[0]) for i in edges]
    if len(ends) % 2:
        ends.append(None)
    return list(zip(ends[::2], ends[1::2], strict=True))


def judge(problem: ProfileProblem, name: str, interval: Interval) -> Iterator[str]:
    """Say of each end what it is: crossing, bound or open; right, wrong or not established."""
    parameter = next(p for p in problem.parameters if p.name == name)
    wanted = threshold(interval.level)
    truth = true_parts(problem, name, interval.level)
    true_ends = [end for part in truth for end in part if end is not None]
    span = float(np.ptp(parameter.prior.to_unit(np.array(parameter.prior.support))))
    for part, doubts in zip(interval.parts, interval.doubts, strict=True):
        for side, (end, doubt) in enumerate(zip(part, doubts, strict=True)):
            if doubt is not None:
                yield f"not established: {doubt.split(' by ')[0]}"
            elif end is None:
                yield "open right" if truth and truth[-side][side] is None else "open wrong"
            else:
                u = parameter.prior.to_unit(np.array([end, *true_ends])) / span
                near = len(u) > 1 and np.abs(u[1:] - u[0]).min() < NEAR
                at = abs(float(exact_delta(problem, name, np.array([end]))[0]) - wanted)
                around = exact_delta(
                    problem,
                    name,
                    parameter.prior.to_physical(np.clip(u[0] + 2e-4 * np.array([-1.0, 1.0]), 0, 1) * span),
                )
                kind = "bound" if not np.isfinite(around).all() else "crossing"
                right = near if kind == "bound" else at < WRONG or (near and at < 10 * WRONG)
                yield f"{kind} {'right' if right else 'wrong'}"
    if len(interval.parts) < len(truth):
        yield "part missed"
    if len(interval.parts) > len(truth):
        yield "part too many"


def trial(kind: type[ProfileProblem], seed: int, bins: int = BINS) -> tuple[Counter[str], list[float], int, bool]:
    """Fit one problem; return its ends, the largest deviation of each curve below Delta chi2 = 6, and the cost."""
    model = kind()
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
            ends.update(judge(model, kind.profiled[i], interval))
    deviations = []
    for (curve, _), name in zip(profiling.results(), kind.profiled, strict=True):
        truth = exact_delta(model, name, curve.axes[0].centres)
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
