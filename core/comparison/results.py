"""What a comparison found: one table row for each sampler on each problem, worked out from its trials."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from terranova.comparison.config import ComparisonConfig, ProblemEntry
from terranova.comparison.known_region import KnownRegion, known_region
from terranova.comparison.spread import coverage_of_reference, reference_points, regions_found
from terranova.comparison.statistics import (
    Difference,
    Estimate,
    expected_running_time,
    leader_against_others,
    mean,
)
from terranova.comparison.trial import SOURCES, trials
from terranova.config import build_problem
from terranova.evaluation.problem import Problem
from terranova.runs.coverage import Coverage
from terranova.types import Array, Bools, Floats

DRAWS = 200_000
"""Exact draws from a known region, whose bins count as those that can be reached."""

MEASURES = (
    ("distinct", "distinct valid points for 10,000 evaluations"),
    ("coverage", "mean number of occupied 20 x 20 bins over all pairs of parameters, of 400"),
    ("share", "occupied bins as a share of all that any sampler of this comparison occupied"),
    (
        "estimated",
        "occupied bins as a share of those that the trial could reach, as it estimates that from its own points; "
        "mean over the trials that could",
    ),
    ("completeness", "the same where there is no estimate but a limit: at most so much"),
    ("growing", "trials whose valid range still grew along a parameter, of those with a valid point: no estimate"),
    (
        "reached",
        f"of the bins that {DRAWS:,} exact draws from the valid region reach, the share that the trial occupied; "
        "for problems that know their region: what `estimated` is an estimate of, over all trials",
    ),
    ("coverage_observables", "the same over pairs of observables, within the ranges given"),
    (
        "near",
        "mean distance in the unit cube from reference points to the nearest valid point found: less is better",
    ),
    ("regions", "disconnected regions with a valid point"),
    ("sampler_us", "microseconds a point in the sampler"),
    ("model_us", "microseconds a point in the model"),
    ("seconds", "wall time of a trial"),
)
"""Columns beside those of the first valid point, and what they mean."""


@dataclass(frozen=True)
class Row:
    """A sampler on a problem.

    Attributes:
        sampler: its label.
        trials: that ended with a measure.
        solved: of these, trials that found a valid point.
        errors: message -> number of trials that ended with it.
        ert: expected number of evaluations until the first valid point.
        median: of the evaluations until the first valid point, unsolved trials counting as infinite.
        measures: name -> estimate over seeds; see `MEASURES`.
    """

    sampler: str
    trials: int
    solved: int
    errors: Mapping[str, int]
    ert: Estimate
    median: float
    measures: Mapping[str, Estimate]


class ProblemResults:
    """All trials on one problem.

    Args:
        config: of the comparison.
        problem_entry: the problem.

    Attributes:
        problem_entry: the problem.
        labels: of the samplers, in the order of the configuration.
    """

    def __init__(self, config: ComparisonConfig, problem_entry: ProblemEntry) -> None:
        self.config, self.problem_entry = config, problem_entry
        self.labels = [c.label for c in config.samplers]
        self._numbers: dict[str, list[dict[str, Any] | None]] = {label: [] for label in self.labels}
        self._arrays: dict[str, list[dict[str, Array] | None]] = {label: [] for label in self.labels}
        for trial in trials(config):
            if trial.problem_entry is not problem_entry:
                continue
            result = trial.result()
            measured = result is not None and "error" not in result
            self._numbers[trial.sampler_entry.label].append(result)
            self._arrays[trial.sampler_entry.label].append(trial.arrays() if measured else None)

    @cached_property
    def problem(self) -> Problem:
        """The model with its constraints."""
        return build_problem(self.problem_entry.problem)

    @cached_property
    def known_region(self) -> KnownRegion | None:
        """The model, if it knows its valid region."""
        return known_region(self.problem.model.plugin)

    @property
    def done(self) -> int:
        """Number of trials with a result."""
        return sum(n is not None for numbers in self._numbers.values() for n in numbers)

    @property
    def changed(self) -> list[str]:
        """What had another source in some trials than in others: "model", or "sampler LABEL"."""
        every = [n for numbers in self._numbers.values() for n in numbers]
        changed = ["model"] if len(_sources(every, "model")) > 1 else []
        samplers = [label for label in self.labels if len(_sources(self._numbers[label], "sampler")) > 1]
        return changed + [f"sampler {label}" for label in samplers]

    def values(self, label: str, measure: str) -> Floats:
        """Return a measure of a sampler over the seeds (n,), NaN where there is none."""
        return np.array([_number(n, measure) for n in self._numbers[label]])

    def curves(self, label: str, name: str) -> Floats:
        """Return a curve of a sampler (trials with a result, checkpoints)."""
        chosen = [a[name] for a in self._arrays[label] if a is not None]
        return np.array(chosen, dtype=float) if chosen else np.empty((0, 1))

    @cached_property
    def _reference(self) -> Floats:
        samples = [a["u"] for arrays in self._arrays.values() for a in arrays if a is not None]
        return reference_points(self.known_region, samples, self.problem.search_space.dimension, self._periodic)

    @property
    def _periodic(self) -> Bools:
        return self.problem.search_space.periodic

    @cached_property
    def _union(self) -> int:
        packed = [a["bins"] for arrays in self._arrays.values() for a in arrays if a is not None]
        return int(np.bitwise_count(np.bitwise_or.reduce(packed)).sum()) if packed else 0

    @cached_property
    def _reachable(self) -> Array | None:
        """Packed bins that exact draws from the valid region reach; None when it is not known."""
        if self.known_region is None:
            return None
        coverage = Coverage(self.problem.search_space.dimension)
        coverage.add(self.known_region.draw_valid(DRAWS, np.random.default_rng(1)))
        return coverage.state()

    @cached_property
    def _derived(self) -> dict[str, list[dict[str, float]]]:
        """Measures that need all trials: share of the union, distance to the reference, regions."""
        derived: dict[str, list[dict[str, float]]] = {}
        for label in self.labels:
            derived[label] = []
            for numbers, arrays in zip(self._numbers[label], self._arrays[label], strict=True):
                if numbers is None or arrays is None:
                    derived[label].append({})
                    continue
                bins = int(np.bitwise_count(arrays["bins"]).sum())
                known = self.known_region is not None
                regions = numbers["regions"] if known else regions_found(arrays["u"], self._periodic)
                derived[label].append(
                    {
                        "share": bins / self._union if self._union else math.nan,
                        "reached": self._reached(arrays["bins"]),
                        "near": coverage_of_reference(self._reference, arrays["u"], self._periodic),
                        "regions": float(regions),
                        "distinct": 1e4 * numbers["distinct"] / max(1, numbers["evaluations"]),
                    }
                )
        return derived

    def _reached(self, bins: Array) -> float:
        """Return the share of the bins that can be reached which are among packed ones."""
        wanted = self._reachable
        if wanted is None:
            return math.nan
        return int(np.bitwise_count(bins & wanted).sum()) / max(1, int(np.bitwise_count(wanted).sum()))

    def measure(self, label: str, name: str) -> Floats:
        """Return a column of the table over the seeds (n,), NaN where there is none."""
        if name in ("share", "reached", "near", "regions", "distinct"):
            return np.array([d.get(name, math.nan) for d in self._derived[label]])
        return self.values(label, name)

    @cached_property
    def rows(self) -> list[Row]:
        """One row a sampler, the best coverage first."""
        rows = [self._row(label) for label in self.labels]
        coverage = {row.sampler: row.measures["coverage"].value for row in rows}
        return sorted(rows, key=lambda row: -np.nan_to_num(coverage[row.sampler], nan=-1.0))

    def _row(self, label: str) -> Row:
        first, spent = self.values(label, "first_valid"), self.values(label, "evaluations")
        measured = np.isfinite(spent)
        errors: dict[str, int] = {}
        for numbers in self._numbers[label]:
            if numbers is not None and "error" in numbers:
                errors[numbers["error"]] = errors.get(numbers["error"], 0) + 1
        columns = {}
        for name, _ in MEASURES:
            values = self.measure(label, name)
            columns[name] = mean(values[np.isfinite(values)])
        known = first[measured]
        unsolved_last = np.where(np.isfinite(known), known, np.inf)
        return Row(
            sampler=label,
            trials=int(measured.sum()),
            solved=int(np.isfinite(known).sum()),
            errors=errors,
            ert=expected_running_time(known, spent[measured]),
            median=float(np.median(unsolved_last)) if len(known) else math.nan,
            measures=columns,
        )

    @cached_property
    def differences(self) -> list[Difference]:
        """The sampler of the best coverage against each other one."""
        usable = [label for label in self.labels if np.isfinite(self.values(label, "coverage")).any()]
        return leader_against_others(usable, [self.values(label, "coverage") for label in usable])


class Comparison:
    """A comparison and its results so far.

    Args:
        config: what is compared.

    Attributes:
        config: what is compared.
        problems: the results, problem by problem.
    """

    def __init__(self, config: ComparisonConfig) -> None:
        self.config = config
        self.problems = [ProblemResults(config, problem_entry) for problem_entry in config.problems]

    @property
    def complete(self) -> bool:
        """True when every trial has a result."""
        wanted = len(self.config.samplers) * len(self.config.seeds)
        return all(problem.done == wanted for problem in self.problems)

    def first_valid(self) -> Floats:
        """Return the evaluations to the first valid point, (samplers, problems x seeds); NaN for unsolved."""
        rows = [
            np.concatenate([problem.values(c.label, "first_valid") for problem in self.problems])
            for c in self.config.samplers
        ]
        return np.array(rows)

    def summary_csv(self) -> str:
        """Return the tables: a line for each sampler on each problem."""
        names = [name for name, _ in MEASURES]
        head = ["problem", "sampler", "trials", "solved", "ert", "ert_low", "ert_high", "median_first_valid"]
        head += [f"{name}{end}" for name in names for end in ("", "_low", "_high")]
        lines: list[Sequence[Any]] = []
        for problem in self.problems:
            for row in problem.rows:
                line = [problem.problem_entry.label, row.sampler, row.trials, row.solved]
                line += [row.ert.value, row.ert.low, row.ert.high, row.median]
                for name in names:
                    estimate = row.measures[name]
                    line += [estimate.value, estimate.low, estimate.high]
                lines.append(line)
        return _csv(head, lines)

    def trials_csv(self) -> str:
        """Return every trial: a line for each problem, sampler and seed."""
        names = ["evaluations", "first_valid", "valid", "failed", *(name for name, _ in MEASURES)]
        lines: list[Sequence[Any]] = []
        for problem in self.problems:
            for label in problem.labels:
                columns = [problem.measure(label, name) for name in names]
                for i, seed in enumerate(self.config.seeds):
                    lines.append([problem.problem_entry.label, label, seed, *(column[i] for column in columns)])
        return _csv(["problem", "sampler", "seed", *names], lines)


def _sources(results: Sequence[dict[str, Any] | None], kind: str) -> set[str]:
    return {result[SOURCES][kind] for result in results if result is not None and SOURCES in result}


def _number(numbers: dict[str, Any] | None, name: str) -> float:
    value = None if numbers is None else numbers.get(name)
    return math.nan if value is None else float(value)


def _csv(head: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(head)
    for line in lines:
        writer.writerow(["" if isinstance(v, float) and math.isnan(v) else v for v in line])
    return buffer.getvalue()
