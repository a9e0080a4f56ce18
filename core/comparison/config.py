"""What is compared with what: the typed form of a comparison's YAML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terranova.config import Budget, ProblemConfig, SamplerChoice, ScanConfig, Storage
from terranova.config.content_hash import content_hash
from terranova.parsing.strict_yaml import dump

FEW_SEEDS = 5
"""With fewer seeds than this no test can find a difference."""


@dataclass(frozen=True)
class SamplerEntry:
    """A sampler that takes part: its label in tables, and which it is."""

    label: str
    sampler: SamplerChoice


@dataclass(frozen=True)
class ProblemEntry:
    """A problem that is scanned.

    Attributes:
        label: in tables.
        problem: model, constraints and priors.
        features: observable -> (low, high), the range within which coverage in observables is counted.
    """

    label: str
    problem: ProblemConfig
    features: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparisonConfig:
    """A comparison: every sampler on every problem with every seed, all with the same budget.

    Attributes:
        samplers: that are compared.
        problems: on which.
        budget: keys of `budget:` for each trial: evaluations, or seconds of wall time.
        seeds: of the trials; a seed is shared by all samplers, which makes them pairs.
        output: directory of the results.
        workers: trials that run at the same time, in processes of their own; 0 for this process.
        keep: whether the points of each trial are kept.
    """

    samplers: tuple[SamplerEntry, ...]
    problems: tuple[ProblemEntry, ...]
    budget: Mapping[str, Any]
    seeds: tuple[int, ...]
    output: Path
    workers: int = 1
    keep: bool = False

    def scan(self, problem_entry: ProblemEntry, sampler_entry: SamplerEntry, seed: int, output: Path) -> ScanConfig:
        """Return the configuration of one trial."""
        return ScanConfig(
            problem=problem_entry.problem,
            sampler=sampler_entry.sampler,
            budget=Budget(**self.budget),
            seed=seed,
            output=output,
            store=_storage(problem_entry),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the keys of its file, complete: what was read from other files is written out."""
        return {
            "samplers": [{**entry.sampler.to_dict(), "label": entry.label} for entry in self.samplers],
            "problems": [
                {"label": entry.label, **entry.problem.to_dict(), "observables": _listed(entry.features)}
                for entry in self.problems
            ],
            "budget": dict(self.budget),
            "seeds": list(self.seeds),
            "output": str(self.output),
            "workers": self.workers,
            "keep": self.keep,
        }

    def to_yaml(self) -> str:
        """Return `to_dict()` as a file that `load_comparison` reads back as the same comparison."""
        return dump(self.to_dict())

    def digest(self, problem_entry: ProblemEntry, sampler_entry: SamplerEntry) -> str:
        """Return a hash of all that decides the outcome of a trial, but its seed."""
        decisive = [
            problem_entry.problem.to_dict(),
            _listed(problem_entry.features),
            sampler_entry.sampler.to_dict(),
            self.budget,
        ]
        return content_hash(decisive)


def _listed(features: Mapping[str, tuple[float, float]]) -> dict[str, list[float]]:
    return {name: list(ends) for name, ends in features.items()}


def _storage(problem_entry: ProblemEntry) -> Storage:
    """Only what is measured is stored."""
    return Storage(observables=tuple(sorted(problem_entry.features)) or "constrained")


def slug(label: str) -> str:
    """Return a label as the name of a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-.") or "x"
