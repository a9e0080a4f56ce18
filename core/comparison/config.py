"""What is compared with what: the typed form of a comparison's YAML file."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from terranova.config import ScanConfig, build_problem, load_config
from terranova.config.scan import Count
from terranova.errors import ConfigError, Diagnostic
from terranova.evaluation.problem import Problem
from terranova.interfaces.constraint import Asymmetric, Correlated
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, read_keys, show
from terranova.parsing.source import read_source
from terranova.parsing.strict_yaml import KeyPath, dump, key_path
from terranova.system.amounts import seconds_of

WORDS = {
    "samplers": Key(Any, True, "a list of samplers"),
    "problems": Key(Any, True, "a list of problems"),
    "budget": Key(Any, True, "what each trial may spend: evaluations or wall"),
    "seeds": Key(Any),
    "islands": Key(Count),
    "observables": Key(Any),
    "output": Key(str),
    "workers": Key(Annotated[int, Field(ge=0, le=1000)]),
    "keep": Key(bool),
}

FEW_SEEDS = 5
"""With fewer seeds than this no test can find a difference."""

MOST_FEATURES = 8
"""Observables whose projections are looked at when the file names none."""


@dataclass(frozen=True)
class SamplerEntry:
    """A sampler that takes part: its label in tables, and the words of `sampler:` in a configuration."""

    label: str
    words: Mapping[str, Any]


@dataclass(frozen=True)
class ProblemEntry:
    """A problem that is scanned: its label, the words of a configuration, and the observables looked at.

    Attributes:
        label: in tables.
        words: `model`, `constraints` and `parameters` of a configuration.
        features: observable -> (low, high), the range within which coverage in observables is counted.
    """

    label: str
    words: Mapping[str, Any]
    features: Mapping[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class ComparisonConfig:
    """A comparison: every sampler on every problem with every seed, all with the same budget.

    Attributes:
        samplers: that are compared.
        problems: on which.
        budget: words of `budget:` for each trial: evaluations, or seconds of wall time.
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

    def config(
        self, problem_entry: ProblemEntry, sampler_entry: SamplerEntry, seed: int, output: Path
    ) -> ScanConfig:
        """Return the configuration of one trial.

        Raises:
            ConfigError: these do not fit together.
        """
        words = {
            **problem_entry.words,
            "sampler": sampler_entry.words,
            "budget": self.budget,
            "seed": seed,
            "output": str(output),
            "store": {"observables": sorted(problem_entry.features) or "constrained"},
        }
        return load_config(words)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan in the words of its file, complete."""
        return {
            "samplers": [{**c.words, "label": c.label} for c in self.samplers],
            "problems": [
                {"label": p.label, **p.words, "observables": {k: list(v) for k, v in p.features.items()}}
                for p in self.problems
            ],
            "budget": dict(self.budget),
            "seeds": list(self.seeds),
            "output": str(self.output),
            "workers": self.workers,
            "keep": self.keep,
        }

    def to_yaml(self) -> str:
        """Return `to_dict()` as a file that `load_comparison` reads back as the same plan."""
        return dump(self.to_dict())

    def digest(self, problem_entry: ProblemEntry, sampler_entry: SamplerEntry) -> str:
        """Return a hash of all that decides the outcome of a trial, but its seed."""
        words = [
            problem_entry.words,
            {k: list(v) for k, v in problem_entry.features.items()},
            sampler_entry.words,
            self.budget,
        ]
        return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


def load_comparison(source: str | Path | Mapping[str, Any], **words: Any) -> ComparisonConfig:
    """Read and check a comparison.

    Args:
        source: path of a YAML file, or its content as a mapping.
        words: top-level keys that replace those of the source; None counts as not given.

    Raises:
        ConfigError: lists every problem, with its place in the file.
    """
    diagnostics = read_source(source, words)
    plan = _read(diagnostics, Path(str(source)).stem if not isinstance(source, Mapping) else "comparison")
    diagnostics.raise_if_any()
    assert plan is not None  # otherwise there was a problem to raise
    plan = _with_features(plan, diagnostics)
    diagnostics.raise_if_any()
    return plan


def _read(diagnostics: Diagnostics, name: str) -> ComparisonConfig | None:
    data = diagnostics.document.data
    words, _ = read_keys({} if data is None else data, WORDS, (), diagnostics)
    if not isinstance(data, Mapping):
        return None
    islands = words.get("islands", 1)
    samplers = [
        _sampler_entry(item, ("samplers", i), islands, diagnostics)
        for i, item in _list(words, "samplers", diagnostics)
    ]
    problems = [
        _problem_entry(item, ("problems", i), diagnostics) for i, item in _list(words, "problems", diagnostics)
    ]
    budget = _budget(words.get("budget"), diagnostics) if "budget" in words else None
    seeds = _seeds(words.get("seeds", 10), diagnostics)
    _no_twins([c.label if c else "" for c in samplers], "samplers", diagnostics)
    _no_twins([p.label if p else "" for p in problems], "problems", diagnostics)
    shared = _features(words.get("observables"), ("observables",), diagnostics)
    if diagnostics.problems or budget is None:
        return None
    plan = ComparisonConfig(
        samplers=tuple(c for c in samplers if c is not None),
        problems=tuple(replace(p, features=p.features or shared) for p in problems if p is not None),
        budget=budget,
        seeds=seeds,
        output=Path(words.get("output", f"comparisons/{name}")).expanduser(),
        workers=words.get("workers", 1),
        keep=words.get("keep", False),
    )
    _check_trials(plan, diagnostics)
    return plan


def _list(words: Mapping[str, Any], key: str, diagnostics: Diagnostics) -> list[tuple[int, Any]]:
    given = words.get(key)
    if given is None:
        return []
    if not isinstance(given, list) or not given:
        diagnostics.add((key,), f"expected a list of {key}, got {show(given)}")
        return []
    return list(enumerate(given))


def _sampler_entry(given: Any, path: KeyPath, islands: int, diagnostics: Diagnostics) -> SamplerEntry | None:
    if isinstance(given, str) and given:
        given = {"name": given}
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        diagnostics.add(path, f"expected the name of a sampler, or name, label and options, got {show(given)}")
        return None
    words = {"islands": islands, **given}
    label = words.pop("label", words["name"])
    if not _is_label(label):
        diagnostics.add((*path, "label"), f"expected a short text, got {show(label)}")
        return None
    return SamplerEntry(label, words)


def _problem_entry(given: Any, path: KeyPath, diagnostics: Diagnostics) -> ProblemEntry | None:
    if isinstance(given, str) and given:
        given = {"model": given}
    known = {"label": Key(str), "model": Key(Any, True, "the name of a model"), "observables": Key(Any)}
    known |= {"constraints": Key(Any), "parameters": Key(Any)}
    words, complete = read_keys(given, known, path, diagnostics)
    if not complete:
        return None
    model = words["model"]
    name = model.get("name") if isinstance(model, Mapping) else model
    label = words.pop("label", name)
    if not _is_label(label):
        diagnostics.add((*path, "label"), f"expected a short text, got {show(label)}")
        return None
    features = _features(words.pop("observables", None), (*path, "observables"), diagnostics)
    words.setdefault("constraints", [name])
    return ProblemEntry(label, words, features)


def _is_label(label: Any) -> bool:
    return isinstance(label, str) and 0 < len(label.strip()) <= 60


def _features(given: Any, path: KeyPath, diagnostics: Diagnostics) -> dict[str, tuple[float, float]]:
    """Read `observable: [low, high]`."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        diagnostics.add(
            path, f"expected observables with their ranges, such as kappa_t: [0.8, 1.2], got {show(given)}"
        )
        return {}
    words, _ = read_keys(given, {name: Key(tuple[float, float]) for name in given}, path, diagnostics)
    for name, (low, high) in words.items():
        if not low < high:
            diagnostics.add((*path, name), f"expected a range with low < high, got {show([low, high])}")
    return words


def _budget(given: Any, diagnostics: Diagnostics) -> dict[str, Any] | None:
    words, complete = read_keys(
        given, {"evaluations": Key(Count), "wall": Key(float | str)}, ("budget",), diagnostics
    )
    if not complete:
        return None
    if not words:
        diagnostics.add(("budget",), "expected evaluations or wall: what each trial may spend")
        return None
    if "wall" in words:
        try:
            words["wall"] = seconds_of(words["wall"])
        except ValueError as error:
            diagnostics.add(("budget", "wall"), str(error))
            return None
    return words


def _seeds(given: Any, diagnostics: Diagnostics) -> tuple[int, ...]:
    """Read a number of seeds, or the seeds themselves."""
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= 10_000:
        return tuple(range(1, given + 1))
    is_list = isinstance(given, Sequence) and not isinstance(given, str) and len(given) > 0
    if is_list and all(isinstance(s, int) and not isinstance(s, bool) and 0 <= s < 2**63 for s in given):
        if len(set(given)) < len(given):
            diagnostics.add(("seeds",), "a seed is given twice")
        return tuple(given)
    diagnostics.add(("seeds",), f"expected a number of seeds, or a list of whole numbers, got {show(given)}")
    return ()


def _no_twins(labels: list[str], key: str, diagnostics: Diagnostics) -> None:
    slugs = [slug(label) for label in labels]
    for i, label in enumerate(labels):
        if label and slugs[i] in slugs[:i]:
            diagnostics.add((key, i), f"there is another {label!r}; give one of them a label of its own")


def slug(label: str) -> str:
    """Return a label as the name of a folder."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-.") or "x"


def _check_trials(plan: ComparisonConfig, diagnostics: Diagnostics) -> None:
    """Check every pair of problem and sampler as a scan would; each complaint once."""
    said: set[str] = set()
    for j, problem_entry in enumerate(plan.problems):
        for i, sampler_entry in enumerate(plan.samplers):
            try:
                plan.config(problem_entry, sampler_entry, plan.seeds[0], plan.output)
            except ConfigError as error:
                for problem in error.diagnostics:
                    _place(problem, i, j, said, diagnostics)


def _place(problem: Diagnostic, sampler: int, problem_entry: int, said: set[str], diagnostics: Diagnostics) -> None:
    parts = key_path(problem.key)
    path: KeyPath
    if parts[:1] == ("sampler",):
        path = ("samplers", sampler, *parts[1:])
    elif parts[:1] in (("model",), ("constraints",), ("parameters",)):
        path = ("problems", problem_entry, *parts)
    elif parts[:1] == ("store",):
        path = ("problems", problem_entry, "observables")
    else:
        path = parts
    key = f"{path}{problem.message}"
    if key not in said:
        said.add(key)
        diagnostics.add(path, problem.message)


def _with_features(plan: ComparisonConfig, diagnostics: Diagnostics) -> ComparisonConfig:
    """Choose the observables to look at for problems that name none: those with a window of finite width."""
    problems = []
    for j, problem_entry in enumerate(plan.problems):
        problem = build_problem(plan.config(problem_entry, plan.samplers[0], plan.seeds[0], plan.output))
        features = dict(problem_entry.features)
        names = {o.name for o in problem.model.observables}
        for name in features:
            if name not in names:
                diagnostics.add(("problems", j, "observables"), f"the model has no observable {name!r}")
        problems.append(replace(problem_entry, features=features or _default_features(problem)))
    return replace(plan, problems=tuple(problems))


def _default_features(problem: Problem) -> dict[str, tuple[float, float]]:
    """Return observables whose accepted range is finite, with it; measured ones before those that are bounded."""
    names = {o.name for o in problem.model.observables}
    measured = {n for c in problem.constraints if isinstance(c, Asymmetric | Correlated) for n in c.observables}
    windows = problem.search_space.windows
    finite = [n for n, w in windows.items() if n in names and w[0] < w[1] and math.isfinite(w[1] - w[0])]
    finite.sort(key=lambda name: name not in measured)
    return {n: (float(windows[n][0]), float(windows[n][1])) for n in finite[:MOST_FEATURES]}
