"""How often the ends of intervals are wrong that a fit quotes, on problems whose profiles are known exactly.

    python benchmarks/profile_ends.py [PROBLEM ...] [--seeds 3] [--first 1] [--bins 24] [--surrogate gp] [--planes]

For each problem and seed, all quantities with a known profile are profiled, and with `--planes 9` the pair with
a known one. An end is wrong if the exact Delta chi2 there differs from the level by more than 0.05, or, at a bound,
if the true end is farther than a thousandth of the range. An end that is not established is needlessly so if its
whole curve is right: within 0.05 of the exact one wherever that is below 6. An interval with another number of
parts than the exact one, and no end in doubt, counts as wrong as well.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from terranova.config import build_problem, load_config
from terranova.fitting.config import FitConfig, ProfileConfig, SurrogateConfig
from terranova.fitting.intervals import Interval, threshold
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.steps import Fit, ProfileResult, run_steps
from terranova.interfaces.priors import Prior, Uniform
from terranova.models.analytic.profile_problem import ProfileProblem
from terranova.models.analytic.profiles import PROFILES
from terranova.runs.random_sample import binomial_limits
from terranova.types import Floats

WRONG = 0.05
NEAR = 1e-3
MATTERS = 6.0
"""Delta chi2 up to which curves and planes are compared."""


@cache
def exact_curve(kind: type[ProfileProblem], name: str) -> tuple[Floats, Floats]:
    """Return u (4001,) of the range and the exact chi2 there."""
    u = np.linspace(0.0, 1.0, 4001)
    return u, kind().exact(name, range_of(kind, name).to_physical(u))


def range_of(kind: type[ProfileProblem], name: str) -> Prior:
    """Return the prior of a parameter; that of an observable is flat within the range in which it is profiled."""
    if name in kind.seen:
        return Uniform(*kind.seen[name])
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
    ends += range_of(kind, name).to_physical((u[edges] + u[edges + 1]) / 2).tolist()
    if len(ends) % 2:
        ends.append(None)
    return list(zip(ends[::2], ends[1::2], strict=True))


def judge(kind: type[ProfileProblem], name: str, interval: Interval, *, right: bool) -> Iterator[str]:
    """Say of each end what it is: crossing, bound or open; right, wrong or not established.

    Args:
        kind: of problem.
        name: of the quantity.
        interval: of the fit.
        right: whether its curve is.
    """
    prior, wanted = range_of(kind, name), threshold(interval.level)
    truth = true_parts(kind, name, interval.level)
    true_ends = np.array([end for part in truth for end in part if end is not None])
    for part, doubts in zip(interval.parts, interval.doubts, strict=True):
        for side, (end, doubt) in enumerate(zip(part, doubts, strict=True)):
            if doubt is not None:
                yield f"not established, {'needlessly' if right else 'rightly'}"
            elif end is None:
                yield "open right" if truth and truth[-side][side] is None else "open wrong"
            else:
                u = float(prior.to_unit(np.array([end]))[0])
                near = len(true_ends) > 0 and np.abs(prior.to_unit(true_ends) - u).min() < NEAR
                beside = prior.to_physical(np.clip(u + 2e-4 * np.array([-1.0, 0.0, 1.0]), 0.0, 1.0))
                off = np.abs(exact_delta(kind, name, beside) - wanted)
                what = "crossing" if np.isfinite(off).all() else "bound"
                good = near if what == "bound" else off[1] < WRONG or (near and off[1] < 10 * WRONG)
                yield f"{what} {'right' if good else 'wrong'}"
    if len(interval.parts) != len(truth):
        what = "missed" if len(interval.parts) < len(truth) else "too many"
        yield f"part {what}{'' if interval.established else ', not established'}"


def deviation(kind: type[ProfileProblem], name: str, result: ProfileResult, top: float) -> float:
    """Return by how much a curve differs from the exact one, at most, where that is below `MATTERS`."""
    axis = result.profile.axes[0]
    at = result.profile.at[:, 0] if axis.column is None else axis.centres
    truth = exact_delta(kind, name, np.where(np.isfinite(at), at, axis.centres))
    near = truth < MATTERS
    return float(np.abs(result.profile.delta_chi2(top)[near] - truth[near]).max(initial=0.0))


def cells_off(kind: type[ProfileProblem], result: ProfileResult, top: float) -> Counter[str]:
    """Count the cells of a plane whose best point is not the best there, with a remark and without."""
    best = exact_curve(kind, kind.plane[0])[1].min()
    at = result.profile.at
    truth = kind().exact_plane(at[..., 0], at[..., 1]) - best
    near = (truth < MATTERS).ravel()
    with np.errstate(invalid="ignore"):
        off = (np.abs(result.profile.delta_chi2(top) - truth) > WRONG).ravel()
    said = [result.convergence.doubt(np.array([cell])) is not None for cell in range(len(near))]
    return Counter(
        {
            "cells": int(near.sum()),
            "cells off": int((near & off).sum()),
            "cells off without a remark": int((near & off & ~np.array(said)).sum()),
        }
    )


def trial(
    kind: type[ProfileProblem], seed: int, bins: int, surrogate: str, plane: int
) -> tuple[Counter[str], list[float], Fit]:
    """Fit one problem; return its ends and cells, the largest deviation of each curve, and the fit."""
    config = {"model": kind.name, "constraints": [kind.name], "sampler": {"name": "random"}}
    scan = load_config({**config, "budget": {"evaluations": 1}, "seed": seed, "output": "unused"})
    profiles = [ProfileConfig((name,), (None,), bins) for name in kind.profiled]
    profiles += [ProfileConfig((name,), (limits,), bins) for name, limits in kind.seen.items()]
    if plane:
        profiles.append(ProfileConfig(kind.plane, (None, None), plane))
    fit_config = FitConfig(
        problem=scan.problem,
        output=Path("unused"),
        seed=seed,
        profile=tuple(profiles),
        surrogate=SurrogateConfig(surrogate) if surrogate else None,
    )
    problem = build_problem(scan.problem)
    fit = run_steps(fit_config, Likelihood(problem, problem.evaluate), 0, lambda _: None)
    ends: Counter[str] = Counter()
    deviations = []
    for result in fit.profiles:
        if len(result.profile.axes) == 2:
            ends += cells_off(kind, result, fit.best.loglike)
            continue
        name = result.profile.axes[0].name
        deviations.append(deviation(kind, name, result, fit.best.loglike))
        for interval in result.intervals:
            ends.update(judge(kind, name, interval, right=deviations[-1] < WRONG))
    return ends, deviations, fit


def listed(ends: Counter[str]) -> str:
    """Say what was counted, in one line."""
    return ", ".join(f"{what}: {count}" for what, count in sorted(ends.items())) or "nothing"


def summary(ends: Counter[str]) -> str:
    """Return the rate of wrong ends among those that carry no remark, and its limit."""
    quoted = sum(ends[f"{what} {how}"] for what in ("crossing", "bound", "open") for how in ("right", "wrong"))
    wrong = sum(ends[f"{what} wrong"] for what in ("crossing", "bound", "open"))
    wrong += ends["part missed"] + ends["part too many"]
    limit = f"below {100 * binomial_limits(wrong, quoted)[1]:.1f} % at 95 % CL" if quoted else "no end is quoted"
    return f"{wrong} wrong of {quoted} quoted ends; {limit}"


def main() -> None:
    """Print a line a fit, and the sum."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("problems", nargs="*", help="names; all if none is given")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--bins", type=int, default=24)
    parser.add_argument("--surrogate", default="", help="plugin; the model alone without")
    parser.add_argument("--planes", type=int, default=0, help="bins of each axis of a plane; none without")
    words = parser.parse_args()
    total: Counter[str] = Counter()
    chosen = [kind for kind in PROFILES if not words.problems or kind.name in words.problems]
    for seed in range(words.first, words.first + words.seeds):
        for kind in chosen:
            started = time.process_time()
            ends, deviations, fit = trial(kind, seed, words.bins, words.surrogate, words.planes)
            total += ends
            names = (*kind.profiled, *kind.seen)
            off = ", ".join(f"{name} {value:.2g}" for name, value in zip(names, deviations, strict=True))
            bound = " (bound)" if any(p.convergence.bound for p in fit.profiles) else ""
            seconds = f"{time.process_time() - started:.0f} s"
            line = [kind.name, f"seed {seed}", off, f"{fit.evaluations:,}{bound}", seconds, listed(ends)]
            print(" | ".join(line), flush=True)
    print("all |", listed(total), "|", summary(total))


if __name__ == "__main__":
    main()
