"""How honest the completeness of a map is: what scans say of themselves, against the truth.

    python benchmarks/completeness.py --results trials.jsonl   # all of it; keeps trials, and goes on
    python benchmarks/completeness.py --problems thdm2 --samplers explorer --evaluations 20000 120000
    python benchmarks/completeness_calibration.py trials.jsonl   # fits the constants; --plot FILE draws

Each scan is judged after several numbers of evaluations, as if it had ended there. The truth are the bins that
exact draws from the valid region reach, and for `thdm2`, the example, those of long scans in its natural
coordinates. Bins that the scan itself entered are added to it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from completeness_calibration import in_force, read, show

import terranova
from terranova.engine.islands import Share, make_archipelago, quotas
from terranova.evaluation.problem import Problem
from terranova.registry import registry
from terranova.runs.capture_recapture import chao2_of_samples
from terranova.runs.completeness import LEAST_SAMPLES, LEAST_VALID, SAMPLES
from terranova.runs.completeness_calibration import Signs
from terranova.runs.coverage import Coverage
from terranova.runs.marks import PARTS, Marks
from terranova.types import Bools, Floats, Ints

PROBLEMS = (
    "thin-shell-5",
    "thin-shell-10",
    "curved-tube-5",
    "curved-tube-10",
    "islands-5",
    "islands-10",
    "isles16",
    "hard16",
)
SAMPLERS = ("random", "lhs", "cmaes", "de", "ensemble", "cmaes-novelty", "explorer")
NATURAL = "thdm2"
"""The example of a stranger's model, if it is installed."""

EPOCH = 20
DRAWS, NATURAL_EVALUATIONS = 200_000, 100_000
FIRST_SEED = 7000


def problem_of(name: str, **options: Any) -> Problem:
    """Return a problem with its own constraints."""
    if name == NATURAL:
        return terranova.problem(name, [f"{name}-theory", f"{name}-data"], **options)
    return terranova.problem(name, [name])


def search(
    problem: Problem, sampler: str, seed: int, islands: int, budget: int
) -> tuple[Floats, Floats, Ints, Ints]:
    """Scan; return what was found: u (n, d), observables (n, k), islands (n,) and numbers within them (n,)."""
    share = Share(0, islands)
    together = make_archipelago(registry().get("sampler", sampler).target, problem.search_space, seed, share, {})
    quota, counts = quotas(budget, islands, share), np.zeros(islands, dtype=np.int64)
    retired = np.zeros(islands, dtype=bool)
    finds: list[tuple[Floats, Floats, Ints, Ints]] = []
    for step in range(budget):
        proposal = together.ask()
        if not len(proposal.u):
            break
        island = proposal.island
        index = counts[island] + np.arange(len(island)) - np.searchsorted(island, island)
        kept = index < quota[island]
        u, island, index, probe = proposal.u[kept], island[kept], index[kept], proposal.probes[kept]
        x = problem.model.space.to_physical(u)
        batch = problem.batch(u, x, problem.evaluate(x), island, np.full(len(u), step), index, probe)
        together.tell(batch)
        counts += np.bincount(island, minlength=islands)
        for one in np.flatnonzero((counts >= quota) & ~retired).tolist():
            retired[one] = True
            together.retire(one)
        if (step + 1) % EPOCH == 0:
            together.merge(together.pending())
        good = batch.found
        finds.append((u[good], batch.observables[good], island[good], index[good]))
    u, observables, island, index = (np.concatenate(parts) for parts in zip(*finds, strict=True))
    return u, observables, island, index


def reachable(name: str, problem: Problem) -> Bools:
    """Return the bins (pairs, 400) that can be reached."""
    coverage = Coverage(problem.search_space.dimension)
    if name == NATURAL:
        for u in _natural(problem):
            coverage.add(u)
    else:
        coverage.add(problem.model.plugin.draw_valid(DRAWS, np.random.default_rng(1)))  # type: ignore[attr-defined]
    return coverage.occupied


def _natural(problem: Problem) -> Iterator[Floats]:
    """Yield valid points of long scans in natural coordinates, in the unit cube of the masses."""
    natural = problem_of(NATURAL, coordinates="natural")
    names = [o.name for o in natural.model.observables]
    for seed in range(2):
        u, observables, _, _ = search(natural, "explorer", seed, 16, NATURAL_EVALUATIONS)
        x = natural.model.space.to_physical(u)
        columns = dict(zip(natural.model.space.names, x.T, strict=True))
        columns |= dict(zip(names, observables.T, strict=True))
        inside = problem.model.space.to_unit(np.column_stack([columns[n] for n in problem.model.space.names]))
        yield inside[((inside >= 0.0) & (inside <= 1.0)).all(axis=1)]


def signs_of(
    problem: Problem, found: tuple[Floats, Floats, Ints, Ints], islands: int, budget: int
) -> tuple[dict[str, Any], Bools]:
    """Return what the first `budget` evaluations of a scan show of its completeness, and their bins."""
    u, _, island, index = found
    each = budget // islands
    known = index < each
    u, island, index = u[known], island[known], index[known]
    coverage = Coverage(u.shape[1])
    coverage.add(u)
    marks = Marks(problem.model.space, min(SAMPLES, islands))
    marks.add(u, island % marks.samples, PARTS * index // each)
    entered = marks.entered
    entered = entered[entered.any(axis=1)]
    shown: dict[str, Any] = {"valid": len(u), "samples": len(entered)}
    if len(u) >= LEAST_VALID and len(entered) >= LEAST_SAMPLES:
        limit = chao2_of_samples(entered)
        shown |= asdict(Signs.of(limit, marks.growth(), marks.extents()))
        shown |= {"limit": limit.fraction, "limit_interval": list(limit.interval)}
    return shown, coverage.occupied


def trials(args: argparse.Namespace, done: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row for each problem, sampler, seed and number of evaluations that is not done yet."""
    key = ("problem", "sampler", "seed")
    known = {tuple(row[name] for name in key) for row in done}
    for name in args.problems:
        problem, truth = problem_of(name), None
        for seed in range(FIRST_SEED, FIRST_SEED + args.seeds):
            for sampler in args.samplers:
                if (name, sampler, seed) in known:
                    continue
                truth = reachable(name, problem) if truth is None else truth
                found = search(problem, sampler, seed, args.islands, max(args.evaluations))
                for budget in args.evaluations:
                    shown, bins = signs_of(problem, found, args.islands, budget)
                    yield {
                        **dict(zip(key, (name, sampler, seed), strict=True)),
                        "islands": args.islands,
                        "evaluations": budget,
                        "truth": float(bins.sum() / (bins | truth).sum()),
                        **shown,
                    }


def main() -> None:
    """Make the trials that are asked for, and print what they say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS))
    parser.add_argument("--samplers", nargs="+", default=list(SAMPLERS))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--islands", type=int, default=16)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[2_500, 5_000, 10_000, 20_000])
    parser.add_argument("--results", type=Path, help="a file of trials; those that it has are not made again")
    args = parser.parse_args()
    rows = read(args.results) if args.results is not None and args.results.exists() else []
    for row in trials(args, list(rows)):
        rows.append(row)
        if args.results is not None:
            with args.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    show(rows, in_force(rows))


if __name__ == "__main__":
    main()
