"""Points needed to the first valid one, and what a scan covers afterwards, for CMA-ES with and without novelty.

    python benchmarks/first_valid.py                                 # 20 seeds, one island each
    python benchmarks/first_valid.py --coverage 1000000 --islands 8  # also valid points and coverage

Every seed is a run of its own with one island; all runs of a sampler share the model's calls, which changes
nothing in them but the time they take.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import yaml

import terranova
from terranova.engine.islands import Share, make_archipelago
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Archipelago
from terranova.registry import registry
from terranova.runs.coverage import Coverage
from terranova.types import Ints

SCOTOGENIC = (
    *(f"scotogenic-{s}" for s in ("theory", "higgs", "collider", "neutrino", "lfv", "dark-matter")),
    *("electroweak", "g2-wp25"),
)
SETS = {
    "thdm3": ("theory", "electroweak-2402.07661", "higgs-lhc-2402.07661", "flavour-2402.07661", "scalars"),
    "thdm3-windows": ("theory", "electroweak-2402.07661", "higgs-lhc-2402.07661", "flavour-2402.07661"),
    **{f"scotogenic-{variant}": SCOTOGENIC for variant in ("ci37", "ci37c", "full43")},
}
MODELS = {"thdm3-windows": "thdm3"}
"""Problems that have not the name of their model: the 3HDM with its windows only, without tables of searches."""

EPOCH = 20
"""Steps between two exchanges, the default of scans."""


def problem_of(name: str) -> Problem:
    """Return a problem by the name of its model, or of `MODELS`, with its usual constraint sets."""
    return terranova.problem(MODELS.get(name, name), list(SETS.get(name, (name,))))


def islands_of(
    problem: Problem, sampler: str, seed: int, count: int, options: dict[str, Any] | None = None
) -> Archipelago:
    """Make an archipelago of `count` islands."""
    kind = registry().get("sampler", sampler).target
    return make_archipelago(kind, problem.search_space, seed, Share(0, count), options or {})


def steps(problem: Problem, sampler: Archipelago) -> Iterator[Batch]:
    """Advance a sampler for ever, or until all its islands are retired; yield every batch once it is told."""
    while True:
        proposal = sampler.ask()
        n = len(proposal.u)
        if not n:
            return
        x = problem.model.space.to_physical(proposal.u)
        nothing = np.zeros(n, dtype=np.int64)
        batch = problem.batch(proposal.u, x, problem.evaluate(x), proposal.island, nothing, nothing)
        sampler.tell(batch)
        yield batch


def first_valid(
    problem: Problem, sampler: str, runs: int, budget: int, seed: int, options: dict[str, Any] | None = None
) -> Ints:
    """Return for each run the number of evaluations up to its first valid point, 0 when it spent its budget."""
    together = islands_of(problem, sampler, seed, runs, options)
    spent, found = np.zeros(runs, dtype=np.int64), np.zeros(runs, dtype=np.int64)
    retired = np.zeros(runs, dtype=bool)
    for batch in steps(problem, together):
        valid = batch.valid
        for island in np.unique(batch.island).tolist():
            hits = np.flatnonzero(valid[batch.island == island])
            if len(hits):
                found[island] = spent[island] + hits[0] + 1
        spent += np.bincount(batch.island, minlength=runs)
        for island in np.flatnonzero(((found > 0) | (spent >= budget)) & ~retired).tolist():
            retired[island] = True
            together.retire(island)
    return found


@dataclass(frozen=True)
class Exploration:
    """What one scan found.

    Attributes:
        first: evaluations up to the first valid point, over all islands; 0 when there was none.
        valid: number of valid points for 10,000 evaluations.
        coverage: mean number of occupied 20 x 20 bins over all pairs of parameters.
        microseconds: time for one point, model and sampler.
    """

    first: int
    valid: float
    coverage: float
    microseconds: float


def explore(
    problem: Problem, sampler: str, islands: int, budget: int, seed: int, options: dict[str, Any] | None = None
) -> Exploration:
    """Run a scan of `budget` evaluations."""
    together = islands_of(problem, sampler, seed, islands, options)
    coverage = Coverage(problem.search_space.dimension)
    spent, valid, first = 0, 0, 0
    started = time.perf_counter()
    for step, batch in enumerate(steps(problem, together), start=1):
        hits = np.flatnonzero(batch.valid)
        if len(hits):
            first = first or spent + int(hits[0]) + 1
            valid += len(hits)
            coverage.add(batch.u[hits])
        spent += len(batch)
        if spent >= budget:
            break
        if step % EPOCH == 0:
            together.merge(together.pending())
    seconds = time.perf_counter() - started
    return Exploration(first, 1e4 * valid / spent, coverage.mean, 1e6 * seconds / spent)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="thdm3")
    parser.add_argument("--constraints", nargs="*", help="constraint sets; the model's usual ones if left out")
    parser.add_argument("--samplers", nargs="*", default=["cmaes", "cmaes-novelty"])
    parser.add_argument("--options", default="{}", help="options of the samplers, YAML: '{start: seeds}'")
    parser.add_argument("--seeds", type=int, default=20, help="runs of each sampler")
    parser.add_argument("--budget", type=int, default=40_000, help="evaluations after which a run gives up")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--coverage", type=int, default=0, metavar="N", help="also scan N evaluations")
    parser.add_argument("--islands", type=int, default=8, help="islands of those scans")
    parser.add_argument("--scans", type=int, default=3, help="number of those scans")
    given = parser.parse_args()
    options = yaml.safe_load(given.options)
    problem = terranova.problem(given.model, given.constraints) if given.constraints else problem_of(given.model)
    print(f"{given.model}: {problem.search_space.dimension} parameters, {len(problem.constraints)} constraints\n")

    print("evaluations to the first valid point, one island")
    print(f"{'sampler':<16}{'solved':>9}{'median':>9}{'quartiles':>16}{'range':>16}{'ERT':>9}")
    for sampler in given.samplers:
        found = first_valid(problem, sampler, given.seeds, given.budget, given.seed, options)
        solved = found[found > 0]
        if not len(solved):
            print(f"{sampler:<16}{0:>5}/{given.seeds}")
            continue
        counted = np.where(found > 0, found, given.budget)
        low, median, high = np.percentile(counted, [25, 50, 75]).astype(int)
        # Expected running time: what was spent in all for each success.
        ert = int(counted.sum() / len(solved))
        print(
            f"{sampler:<16}{f'{len(solved)}/{given.seeds}':>9}{median:>9}{f'{low}-{high}':>16}"
            f"{f'{solved.min()}-{solved.max()}':>16}{ert:>9}"
        )

    if not given.coverage:
        return
    print(f"\nscans of {given.coverage} evaluations, {given.islands} islands, mean of {given.scans}")
    print(f"{'sampler':<16}{'first valid':>12}{'valid/10^4':>12}{'coverage':>10}{'range':>14}{'us/point':>10}")
    for sampler in given.samplers:
        scans = [
            explore(problem, sampler, given.islands, given.coverage, given.seed + i, options)
            for i in range(given.scans)
        ]
        cover = [scan.coverage for scan in scans]
        print(
            f"{sampler:<16}{int(np.mean([s.first for s in scans])):>12}{np.mean([s.valid for s in scans]):>12.0f}"
            f"{np.mean(cover):>10.1f}{f'{min(cover):.1f}-{max(cover):.1f}':>14}"
            f"{np.mean([s.microseconds for s in scans]):>10.1f}"
        )


if __name__ == "__main__":
    main()
