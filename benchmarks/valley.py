"""How far scans go along the valley of `thdm2`: extent in tan(beta) and bins reached, against the truth.

    python benchmarks/valley.py                                    # both samplers, 20,000 and 120,000 evaluations
    python benchmarks/valley.py --samplers explorer --evaluations 20000 --seeds 3 --truth truth.npz

The valley: m12^2 = m_H^2 sin(beta) cos(beta), to about v^2 / (m_H tan(beta))^2. The truth are the bins, 20 along
each parameter, that long scans in the natural coordinates reach, and those of all scans made here. Each scan has
the islands that it would have by default, and is judged after its last evaluation.
Install the example first: pip install ./examples/thdm2
"""

from __future__ import annotations

import argparse
import time
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from completeness import search

import terranova
from terranova.evaluation.problem import Problem
from terranova.runs.coverage import Coverage
from terranova.types import Bools, Floats

NAME = "thdm2"
FIRST_SEED = 7000
LONG, LONG_ISLANDS, LONG_SEEDS = 400_000, 16, 2
"""Evaluations, islands and number of the scans in natural coordinates."""

BINS = 20
MOST_ISLANDS, LEAST_ISLANDS, EACH = 16, 4, 10_000
"""Scans have an island for each 10,000 evaluations, within these limits."""

WANTED = "tan_beta"


class Map(NamedTuple):
    """What a scan found: valid points, extent of tan(beta), its bins of single parameters and of pairs, seconds."""

    valid: int
    first: int
    low: float
    high: float
    single: Bools
    pairs: Bools
    seconds: float


def problem_of(coordinates: str) -> Problem:
    """Return the example with its own constraints."""
    return terranova.problem(NAME, [f"{NAME}-theory", f"{NAME}-data"], coordinates=coordinates)


def single_bins(u: Floats) -> Bools:
    """Return which bins (d, 20) of single parameters points u (n, d) are in."""
    occupied = np.zeros((u.shape[1], BINS), dtype=bool)
    for axis, column in enumerate(u.T):
        occupied[axis, np.minimum((column * BINS).astype(np.int64), BINS - 1)] = True
    return occupied


def scan(problem: Problem, sampler: str, seed: int, budget: int) -> Map:
    """Run a scan of `budget` evaluations."""
    islands = min(max(budget // EACH, LEAST_ISLANDS), MOST_ISLANDS)
    clock = time.process_time()
    u, _, _, index = search(problem, sampler, seed, islands, budget)
    seconds = time.process_time() - clock
    coverage = Coverage(u.shape[1])
    coverage.add(u)
    wanted = problem.model.space.to_physical(u)[:, problem.model.space.names.index(WANTED)]
    ends = (float(wanted.min()), float(wanted.max())) if len(u) else (np.nan, np.nan)
    first = islands * int(index.min()) if len(u) else budget
    return Map(len(u), first, *ends, single_bins(u), coverage.occupied, seconds)


def natural_points(problem: Problem, seed: int) -> Floats:
    """Return valid points u (n, d) of `problem` that a scan in natural coordinates finds."""
    natural = problem_of("natural")
    u, observables, _, _ = search(natural, "explorer", seed, LONG_ISLANDS, LONG)
    columns = dict(zip(natural.model.space.names, natural.model.space.to_physical(u).T, strict=True))
    columns |= dict(zip((o.name for o in natural.model.observables), observables.T, strict=True))
    inside = problem.model.space.to_unit(np.column_stack([columns[n] for n in problem.model.space.names]))
    return inside[((inside >= 0.0) & (inside <= 1.0)).all(axis=1)]


def truth_of(problem: Problem, file: Path | None) -> tuple[Bools, Bools]:
    """Return the bins of single parameters and of pairs that can be reached; kept in a file, if one is given."""
    if file is not None and file.exists():
        pairs = np.load(file)["pairs"]
    else:
        coverage = Coverage(problem.search_space.dimension)
        for seed in range(LONG_SEEDS):
            coverage.add(natural_points(problem, seed))
        pairs = coverage.occupied
        if file is not None:
            np.savez_compressed(file, pairs=pairs)
    d = problem.search_space.dimension
    single, rows = np.zeros((d, BINS), dtype=bool), pairs.reshape(-1, BINS, BINS)
    for row, (first, second) in zip(rows, combinations(range(d), 2), strict=True):
        single[first] |= row.any(axis=1)
        single[second] |= row.any(axis=0)
    return single, pairs


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samplers", nargs="+", default=["cmaes-novelty", "explorer"])
    parser.add_argument("--evaluations", type=int, nargs="+", default=[20_000, 120_000])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first of them")
    parser.add_argument("--truth", type=Path, help="a file that keeps the truth, which takes minutes")
    args = parser.parse_args()
    problem = problem_of("masses")
    maps = {
        (sampler, budget): [scan(problem, sampler, args.seed + n, budget) for n in range(args.seeds)]
        for budget in args.evaluations
        for sampler in args.samplers
    }
    single, pairs = truth_of(problem, args.truth)
    for found in maps.values():
        for one in found:
            single, pairs = single | one.single, pairs | one.pairs
    names = problem.model.space.names
    print(f"{args.seeds} seeds from {args.seed}: median (range); reachable {single.sum()} and {pairs.sum()} bins")
    print(
        "| evaluations | sampler | valid | smallest tan beta | largest | bins of tan beta | of all parameters |",
        end="",
    )
    print(" of pairs | s |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    wanted = names.index(WANTED)
    for (sampler, budget), found in maps.items():
        columns = [
            spread([one.valid for one in found], "{:.0f}"),
            spread([one.low for one in found], "{:.2f}"),
            spread([one.high for one in found], "{:.1f}"),
            spread([one.single[wanted].sum() for one in found], "{:.0f}") + f" of {single[wanted].sum()}",
            spread([one.single.sum() for one in found], "{:.0f}") + f" of {single.sum()}",
            spread([one.pairs.sum() / pairs.sum() for one in found], "{:.3f}"),
            f"{np.median([one.seconds for one in found]):.0f}",
        ]
        print(f"| {budget:,} | `{sampler}` | {' | '.join(columns)} |", flush=True)
        missing = single & ~np.any([one.single for one in found], axis=0)
        every = single & ~np.all([one.single for one in found], axis=0)
        for axis, name in enumerate(names):
            if every[axis].any():
                print(
                    f"  {name}: missed by some {np.flatnonzero(every[axis]).tolist()}, "
                    f"by all {np.flatnonzero(missing[axis]).tolist()}"
                )


def spread(values: list[float], form: str) -> str:
    """Return median and range."""
    middle, low, high = (form.format(x) for x in (np.median(values), np.min(values), np.max(values)))
    return f"{middle} ({low}–{high})"


if __name__ == "__main__":
    main()
