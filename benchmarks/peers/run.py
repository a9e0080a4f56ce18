"""Terranova's samplers against the loops of other packages, on the 3HDM: same model, constraints, budget and seeds.

    python benchmarks/peers/run.py --quick                  # does everything work? one seed, small budgets
    python benchmarks/peers/run.py                          # 30,000 points, ten seeds; hours
    python benchmarks/peers/run.py --peers bsmart --seeds 3 # only peers whose label begins so

The peers are installed, with the versions of requirements.txt, in a virtual environment of their own. Each trial of
a peer is a program in that environment, bsmart's (GPL) among them, which asks this process for each evaluation
through a pipe. What it evaluated, and in which order, is noted on this side; the time outside the model by
the peer. Measures and tables are those of `terranova compare`. A trial that has a result is not repeated.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import json
import shutil
import struct
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from terranova.comparison import Comparison
from terranova.comparison import text as words
from terranova.comparison.config import ComparisonConfig, SamplerEntry
from terranova.comparison.config_reading import load_comparison
from terranova.comparison.measures import measure_points
from terranova.comparison.page import write_results
from terranova.comparison.session import run_comparison
from terranova.comparison.statistics import Difference, Estimate, holm, leader_against_others, mean
from terranova.comparison.trial import Trial, trials
from terranova.config import SamplerChoice, build_problem
from terranova.errors import RunLocked
from terranova.evaluation.problem import Problem
from terranova.interfaces.constraint import Interval
from terranova.store.lock import RunLock
from terranova.system.environment import worker_environment
from terranova.types import Floats

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
HEADER = struct.Struct("<qdd")

OURS = ("explorer", "cmaes-novelty", "cmaes")
PATIENCE = 30.0
"""Seconds that a peer may take to end."""

SETS = ("theory", "electroweak-2402.07661", "higgs-lhc-2402.07661", "flavour-2402.07661", "scalars")


@dataclass(frozen=True)
class Peer:
    """A loop of another package: its program in this folder, what it is told, and how much it may spend."""

    label: str
    program: str
    options: Mapping[str, Any] = field(default_factory=dict)
    most: int = 10**9

    def sampler_entry(self, requirements: str) -> SamplerEntry:
        """Say what decides its outcome; the label tells when it has less than the budget."""
        source = (HERE / self.program).read_text() + (HERE / "far_model.py").read_text()
        return SamplerEntry(
            self.label, SamplerChoice(self.label, 1, {**self.options, "source": source + requirements})
        )


RUN = 10_000
"""Evaluations of each of several runs: the authors merge many independent ones."""

PEERS = (
    Peer("published loop, runs of 10k", "published_loop.py", {"run": RUN}),
    Peer("published loop, one run", "published_loop.py", {"run": 0}),
    Peer("bsmart, runs of 10k", "bsmart_nd.py", {"focus": "parameters", "run": RUN}),
    Peer("bsmart, one run, all columns", "bsmart_nd.py", {"focus": "all", "run": 0}),
    Peer("pycma, log losses", "pycma_fmin.py", {"loss": "log"}),
    Peer("pycma", "pycma_fmin.py", {"loss": "sum"}),
    Peer("pymoo NSGA-II", "pymoo_minimize.py", {"algorithm": "nsga2"}),
    Peer("pymoo NSGA-III", "pymoo_minimize.py", {"algorithm": "nsga3"}),
    Peer("optuna CMA-ES, 10k points", "optuna_study.py", {"sampler": "cmaes"}, most=10_000),
    Peer("optuna TPE, 2k points", "optuna_study.py", {"sampler": "tpe"}, most=2_000),
)
"""optuna's cost of a point grows with their number: at 30,000 its samplers would take hours a seed."""


def environment(folder: Path) -> Path:
    """Make the peers' environment, unless it is there with these requirements; return its Python."""
    python = folder / "bin" / "python"
    stamp, wanted = folder / "installed.txt", REQUIREMENTS.read_text()
    if not (stamp.is_file() and stamp.read_text() == wanted):
        print(f"installing the peers in {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(REQUIREMENTS)]
        subprocess.run(command, check=True)
        stamp.write_text(wanted)
    return python


class Desk:
    """Answers a peer's questions, and notes what it evaluated.

    Args:
        problem: to evaluate.
        features: observables looked at, with their ranges.
        budget: evaluations, after which the pipe is closed.
    """

    def __init__(self, problem: Problem, features: Mapping[str, tuple[float, float]], budget: int) -> None:
        self._problem, self._budget = problem, budget
        names = [o.name for o in problem.model.observables]
        self._features = [names.index(name) for name in features]
        self._low, self._width = np.array([[low, high - low] for low, high in features.values()]).T
        # A constraint that is not a window of one observable is its violation, which must not exceed 0.
        self._columns = [
            names.index(c.observables[0]) if isinstance(c, Interval) and c.observables[0] in names else -1
            for c in problem.constraints
        ]
        windows = [
            c.window() if column >= 0 else (-np.inf, 0.0)
            for c, column in zip(problem.constraints, self._columns, strict=True)
        ]
        self.low, self.high = ([float(end) for end in ends] for ends in zip(*windows, strict=True))
        self.spent = 0
        self.wall = self.cpu = self.model_seconds = 0.0
        self._valid: list[Any] = []
        self._u: list[Floats] = []
        self._scaled: list[Floats] = []
        self.failed = 0

    def hello(self, seed: int, options: Mapping[str, Any]) -> bytes:
        """Return what a peer is told first."""
        told = {
            "dimension": self._problem.search_space.dimension,
            "names": [c.name for c in self._problem.constraints],
            "low": self.low,
            "high": self.high,
            "seed": seed,
            "budget": self._budget,
            "options": dict(options),
        }
        return json.dumps(told).encode() + b"\n"

    def answer(self, u: Floats) -> bytes:
        """Evaluate points u (n, d); note as many as the budget allows."""
        started = time.perf_counter()
        x = self._problem.model.space.to_physical(u)
        nothing = np.zeros(len(u), dtype=np.int64)
        batch = self._problem.batch(u, x, self._problem.evaluate(x), nothing, nothing, nothing)
        self.model_seconds += time.perf_counter() - started
        counted = min(len(u), self._budget - self.spent)
        valid = batch.valid[:counted]
        self.spent += counted
        self.failed += int((batch.status[:counted] != 0).sum())
        self._valid.append(valid)
        self._u.append(u[:counted][valid])
        self._scaled.append((batch.observables[:counted][valid][:, self._features] - self._low) / self._width)
        values = batch.violations.copy()
        for j, column in enumerate(self._columns):
            if column >= 0:
                values[:, j] = batch.observables[:, column]
        return np.stack([batch.violations, values]).astype("<f8").tobytes()

    def serve(self, peer: subprocess.Popen[bytes]) -> None:
        """Answer until the budget is spent or the peer has ended."""
        assert peer.stdin is not None
        assert peer.stdout is not None
        d = self._problem.search_space.dimension
        while self.spent < self._budget:
            head = peer.stdout.read(HEADER.size)
            if len(head) < HEADER.size:
                return
            n, self.wall, self.cpu = HEADER.unpack(head)
            u = np.frombuffer(peer.stdout.read(8 * n * d), dtype="<f8").reshape(n, d)
            answer = self.answer(np.clip(u, 0.0, 1.0))
            if self.spent < self._budget:
                peer.stdin.write(answer)
                peer.stdin.flush()

    def measured(self, seconds: float) -> Any:
        """Return what the points are worth."""
        parts = (self._valid, self._u, self._scaled)
        measured = measure_points(*(np.concatenate(part) for part in parts))
        points = max(1, self.spent)
        measured.numbers.update(
            failed=self.failed,
            seconds=seconds,
            sampler_us=1e6 * self.wall / points,
            model_us=1e6 * self.model_seconds / points,
            sampler_cpu_us=1e6 * self.cpu / points,
        )
        return measured


def attempt(trial: Trial, peer: Peer, python: Path, limit: float) -> None:
    """Run one trial of a peer, unless it has a result or another process is at it."""
    trial.directory.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(RunLocked), RunLock(trial.directory):
        if trial.result() is None:
            _attempt(trial, peer, python, limit)


def _attempt(trial: Trial, peer: Peer, python: Path, limit: float) -> None:
    work = trial.directory / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    budget = min(peer.most, trial.config.budget["evaluations"])
    problem = build_problem(trial.problem_entry.problem)
    desk = Desk(problem, trial.problem_entry.features, budget)
    problem.evaluate(problem.model.space.to_physical(np.full((1, problem.search_space.dimension), 0.5)))
    log = trial.directory / "peer.log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [str(python), str(HERE / peer.program)],
            cwd=work,
            env={**worker_environment(), "MPLBACKEND": "Agg"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )
    watch = threading.Timer(limit, process.kill)
    watch.start()
    started = time.monotonic()
    try:
        assert process.stdin is not None
        process.stdin.write(desk.hello(trial.seed, peer.options))
        process.stdin.flush()
        desk.serve(process)
    except BrokenPipeError:
        pass  # it ended
    finally:
        seconds = time.monotonic() - started
        watch.cancel()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        try:  # without its pipe it ends, unless it never looks
            code = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
    if desk.spent < budget:
        lines = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        trial.fail(f"it ended after {desk.spent} of {budget} evaluations, exit code {code}: {lines[0]}")
        return
    trial.record(desk.measured(seconds))
    shutil.rmtree(work, ignore_errors=True)


def make_config(given: argparse.Namespace) -> ComparisonConfig:
    """The comparison of terranova's own samplers."""
    problem = {"label": given.problem, "model": given.problem}
    problem["constraints"] = list(SETS) if given.problem == "thdm3" else [given.problem]
    return load_comparison(
        {
            "samplers": list(given.samplers),
            "problems": [problem],
            "budget": {"evaluations": given.budget},
            "seeds": list(range(given.seed, given.seed + given.seeds)),
            "output": str(given.output),
            "workers": given.workers,
        }
    )


def run_peers(
    config: ComparisonConfig, chosen: Sequence[tuple[Peer, SamplerEntry]], python: Path, given: Any
) -> None:
    """Run the trials of the peers, seed by seed."""
    peers = {sampler_entry.label: peer for peer, sampler_entry in chosen}
    todo = [t for t in trials(config) if t.sampler_entry.label in peers and t.result() is None]
    with ProcessPoolExecutor(max(1, given.workers)) as pool:
        jobs = [(t, pool.submit(attempt, t, peers[t.sampler_entry.label], python, given.limit)) for t in todo]
        for i, (trial, job) in enumerate(jobs, start=1):
            job.result()
            print(
                f"{i} of {len(jobs)}: {trial.sampler_entry.label}, seed {trial.seed}", file=sys.stderr, flush=True
            )


def ratios(comparison: Comparison, ours: str) -> list[list[str]]:
    """Return for each row what it has relative to one of our samplers: coverage, ERT, valid points."""
    results = comparison.problems[0]
    rows = {row.sampler: row for row in results.rows}
    base = rows[ours]
    mine = results.values(ours, "coverage")

    def ratio(a: float, b: float) -> str:
        return f"{a / b:.3g}" if b and np.isfinite(a / b) else "–"

    lines = []
    for row in results.rows:
        cpu = results.values(row.sampler, "sampler_cpu_us")
        cpu_us = mean(cpu[np.isfinite(cpu)]).value
        lines.append(
            [
                row.sampler,
                ratio(row.ert.value, base.ert.value),
                ratio(row.measures["distinct"].value, base.measures["distinct"].value),
                words.short(factor(mine, results.values(row.sampler, "coverage")).value),
                "–" if np.isnan(cpu_us) else f"{cpu_us:.0f}",
                ratio(row.measures["seconds"].value, 1.0),
            ]
        )
    return lines


def against(comparison: Comparison, ours: str) -> list[Difference]:
    """Compare one of our samplers with every other in coverage; p-values corrected for their number."""
    results = comparison.problems[0]
    mine = results.values(ours, "coverage")
    pairs = []
    for label in results.labels:
        theirs = results.values(label, "coverage")
        if label != ours and np.isfinite(theirs - mine).sum() >= 2:
            pairs += leader_against_others([ours, label], [mine, theirs])
    corrected = holm([pair.p for pair in pairs])
    return [replace(pair, p=p) for pair, p in zip(pairs, corrected, strict=True)]


def factor(mine: Floats, theirs: Floats) -> Estimate:
    """Return how many times as much coverage: the ratio of means over the seeds both have, with its interval."""
    both = np.isfinite(mine) & np.isfinite(theirs)
    mine, theirs = mine[both], theirs[both]
    if not len(mine) or not theirs.mean():
        return Estimate(np.nan, np.nan, np.nan)
    drawn = np.random.default_rng(0).integers(0, len(mine), (9999, len(mine)))
    with np.errstate(divide="ignore", invalid="ignore"):
        times = mine[drawn].mean(axis=1) / theirs[drawn].mean(axis=1)
    low, high = np.nanpercentile(times, [2.5, 97.5], method="nearest")
    return Estimate(float(mine.mean() / theirs.mean()), float(low), float(high))


def show(comparison: Comparison, ours: str) -> None:
    """Print the tables, and write peers.csv beside those of `terranova compare`."""
    words.show(comparison)
    results = comparison.problems[0]
    head = ["sampler", "ERT", "valid", "coverage of ours", "cpu µs/point", "seconds"]
    lines = ratios(comparison, ours)
    print(f"\nrelative to {ours}: ERT and valid points as multiples of ours; ours covers so many times as much")
    for line in [head, *lines]:
        print(f"{line[0]:<32}" + "".join(f"{cell:>18}" for cell in line[1:]))
    print("\ncoverage, paired by seeds; p of a permutation test, corrected for the number of comparisons (Holm)")
    for difference in against(comparison, ours):
        other = difference.worse if difference.better == ours else difference.better
        times = factor(results.values(ours, "coverage"), results.values(other, "coverage"))
        verdict = f"{difference.better} covers more" if difference.significant else "no difference found"
        shown = words.with_interval(times)
        print(f"{ours} / {other:<32} {shown:>22} times, p = {difference.p:.2g}: {verdict}")
    with (comparison.config.output / "peers.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *lines])


def pick(beginnings: Sequence[str] | None) -> list[Peer]:
    """Return the peers whose labels begin with one of these; all if None."""
    return [p for p in PEERS if beginnings is None or any(p.label.startswith(b) for b in beginnings)]


def main() -> None:
    """Run what has no result yet; print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="thdm3", help="a model of terranova; analytic ones are cheap")
    parser.add_argument("--samplers", nargs="*", default=list(OURS), help="of terranova; the first is 'ours'")
    parser.add_argument("--peers", nargs="*", metavar="LABEL", help="beginnings of labels; all if left out")
    parser.add_argument("--budget", type=int, default=30_000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=3001, help="the first of them")
    parser.add_argument("--workers", type=int, default=1, help="trials at the same time; 1 where times matter")
    parser.add_argument("--limit", type=float, default=4 * 3600.0, help="seconds after which a peer is stopped")
    parser.add_argument("--output", type=Path, default=Path("comparisons/peers"), help="of one such run at a time")
    parser.add_argument("--environment", type=Path, help="of the peers; OUTPUT/environment if left out")
    parser.add_argument("--quick", action="store_true", help="one seed, 600 points: does everything work?")
    parser.add_argument("--show", action="store_true", help="run nothing, print what there is")
    given = parser.parse_args()
    if given.quick:
        given.seeds, given.budget = 1, 600
        given.output = given.output.with_name(given.output.name + "-quick")
    given.output.mkdir(parents=True, exist_ok=True)
    config = make_config(given)
    requirements = REQUIREMENTS.read_text()
    chosen = [(peer, peer.sampler_entry(requirements)) for peer in pick(given.peers)]
    whole = replace(config, samplers=(*config.samplers, *(sampler_entry for _, sampler_entry in chosen)))
    if not given.show:
        python = environment((given.environment or given.output / "environment").absolute())
        if code := run_comparison(config):
            sys.exit(code)
        run_peers(whole, chosen, python, given)
    comparison = Comparison(whole)
    write_results(comparison)
    Console().print(f"results in {config.output}: comparison.html, summary.csv, trials.csv, peers.csv")
    show(comparison, config.samplers[0].label)


if __name__ == "__main__":
    main()
