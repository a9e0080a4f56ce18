"""How honest the completeness of a map is: what scans say of themselves, against the truth.

    python benchmarks/completeness.py                                         # all of it
    python benchmarks/completeness.py --problems thdm2 --samplers explorer --evaluations 20000 120000
    python benchmarks/completeness.py --results completeness.jsonl            # keeps trials, and goes on with them

Each scan is judged after several numbers of evaluations, as if it had ended there. The truth are the bins that
exact draws from the valid region reach, and for `thdm2`, the example, those of long scans in its natural
coordinates. Bins that the scan itself entered are added to it. "At most" holds
where the truth is not above what was said by more than a hundredth.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

import terranova
from terranova.engine.islands import Share, make_archipelago, quotas
from terranova.evaluation.problem import Problem
from terranova.registry import registry
from terranova.runs.completeness import SAMPLES, THIRDS, Completeness, Marks, judge
from terranova.runs.coverage import Coverage
from terranova.runs.stored_completeness import islands_share
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
DRAWS, NATURAL_EVALUATIONS = 200_000, 200_000
FIRST_SEED = 7000
TOLERANCE = 0.01


def problem_of(name: str, **options: Any) -> Problem:
    """Return a problem with its own constraints."""
    if name == NATURAL:
        return terranova.problem({"name": name, **options}, [f"{name}-theory", f"{name}-data"])
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


def judged(
    problem: Problem, sampler: str, found: tuple[Floats, Floats, Ints, Ints], islands: int, budget: int
) -> tuple[Completeness, Bools]:
    """Judge the first `budget` evaluations of a scan; return what is said, and its bins."""
    u, _, island, index = found
    each = budget // islands
    known = index < each
    u, island, index = u[known], island[known], index[known]
    marks = Marks(problem.model.space, min(SAMPLES, islands))
    marks.add(u, island % marks.samples, THIRDS * index // each)
    coverage = Coverage(u.shape[1])
    coverage.add(u)
    return judge(marks, shared=islands_share(sampler)), coverage.occupied


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
                    said, bins = judged(problem, sampler, found, args.islands, budget)
                    e = said.estimate
                    yield {
                        "problem": name,
                        "sampler": sampler,
                        "seed": seed,
                        "evaluations": budget,
                        "valid": said.valid,
                        "truth": float(bins.sum() / (bins | truth).sum()),
                        "said": None if e is None else e.fraction,
                        "interval": None if e is None else list(e.interval),
                        "new": said.new if said.valid else None,
                        "growing": len(said.growing),
                    }


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table, a line for each problem, sampler and number of evaluations, and a sum for each sampler."""
    print("| problem | sampler | evaluations | valid | said, at most | truth | holds | interval covers | new |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")

    def line(name: str, sampler: str, evaluations: str, group: list[dict[str, Any]]) -> None:
        said = [row for row in group if row["said"] is not None]
        if not said:
            print(f"| {name} | {sampler} | {evaluations} | | – | | | | |")
            return
        mean = {key: float(np.mean([row[key] for row in said])) for key in ("valid", "said", "truth", "new")}
        holds = sum(row["truth"] <= row["said"] + TOLERANCE for row in said)
        covers = sum(row["interval"][0] <= row["truth"] <= row["interval"][1] for row in said)
        print(
            f"| {name} | {sampler} | {evaluations} | {mean['valid']:,.0f} | {100 * mean['said']:.0f} % | "
            f"{100 * mean['truth']:.0f} % | {holds} of {len(said)} | {covers} of {len(said)} | "
            f"{100 * mean['new']:.0f} % |"
        )

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["problem"], row["sampler"], row["evaluations"]

    for (name, sampler, evaluations), group in groupby(sorted(rows, key=key), key=key):
        line(name, sampler, f"{evaluations:,}", list(group))
    for sampler in sorted({row["sampler"] for row in rows}):
        line("all", sampler, "all", [row for row in rows if row["sampler"] == sampler])


def main() -> None:
    """Make the trials that are asked for, and print what they say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="+", default=list(PROBLEMS))
    parser.add_argument("--samplers", nargs="+", default=list(SAMPLERS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--islands", type=int, default=16)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[5_000, 20_000])
    parser.add_argument("--results", type=Path, help="a file of trials; those that it has are not made again")
    args = parser.parse_args()
    rows = []
    if args.results is not None and args.results.exists():
        rows = [json.loads(text) for text in args.results.read_text(encoding="utf-8").splitlines()]
    for row in trials(args, list(rows)):
        rows.append(row)
        if args.results is not None:
            with args.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    show(rows)


if __name__ == "__main__":
    main()
