"""Reads the YAML file of a comparison, and checks it with the plugins that it names."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from terranova.comparison.config import ComparisonConfig, ProblemEntry, SamplerEntry, slug
from terranova.config.build import ResolvedProblem, resolve_problem
from terranova.config.consent import Consent
from terranova.config.document import Source, load_document
from terranova.config.problem import PROBLEM_KEYS
from terranova.config.problem_reading import read_problem
from terranova.config.resolve import resolve_sampler
from terranova.config.scan import Count
from terranova.config.scan_reading import read_output, read_sampler
from terranova.errors import did_you_mean
from terranova.evaluation.problem import Problem
from terranova.interfaces.sampler import SearchSpace
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, read_keys, show
from terranova.parsing.strict_yaml import KeyPath
from terranova.registry import Registry
from terranova.registry import registry as installed
from terranova.system.amounts import seconds_of

_KEYS = {
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

MOST_FEATURES = 8
"""Observables whose projections are looked at when the file names none."""


def load_comparison(
    source: Source, *, registry: Registry | None = None, consent: Consent | None = None, **keys: Any
) -> ComparisonConfig:
    """Read and check a comparison.

    Args:
        source: path of a YAML file, or its content as a mapping.
        registry: the plugins; those that are installed if None.
        consent: decides whether the programs that it names may run; those that were agreed to before if None.
        keys: top-level keys that replace those of the source; None counts as not given.

    Raises:
        ConfigError: lists every problem, with its place in the file.
        NotTrusted: it names programs that nobody has agreed to.
    """
    name = Path(str(source)).stem if not isinstance(source, Mapping) else "comparison"
    known = registry if registry is not None else installed()
    asked = consent if consent is not None else Consent()
    read = partial(_read, name=name, registry=known, consent=asked)
    return load_document(source, keys, read, settle=asked.settle)


def _read(diagnostics: Diagnostics, name: str, registry: Registry, consent: Consent) -> ComparisonConfig | None:
    data = diagnostics.document.data
    keys, _ = read_keys({} if data is None else data, _KEYS, (), diagnostics)
    if not isinstance(data, Mapping):
        return None
    shared = _features(keys.get("observables"), ("observables",), diagnostics)
    problems: list[ProblemEntry | None] = []
    resolved: list[ResolvedProblem] = []
    for i, given in _list(keys, "problems", diagnostics):
        entry, resolution = _problem_entry(given, ("problems", i), shared, diagnostics, registry, consent)
        problems.append(entry)
        resolved.extend([resolution] if resolution is not None else [])
    islands = keys.get("islands", 1)
    samplers = [
        _sampler_entry(given, ("samplers", i), islands, resolved, diagnostics, registry, consent)
        for i, given in _list(keys, "samplers", diagnostics)
    ]
    budget = _budget(keys.get("budget"), diagnostics) if "budget" in keys else None
    seeds = _seeds(keys.get("seeds", 10), diagnostics)
    _no_twins([entry.label if entry else "" for entry in samplers], "samplers", diagnostics)
    _no_twins([entry.label if entry else "" for entry in problems], "problems", diagnostics)
    output = read_output(keys.get("output", f"comparisons/{name}"), diagnostics)
    if diagnostics.problems or budget is None or output is None:
        return None
    return ComparisonConfig(
        samplers=tuple(entry for entry in samplers if entry is not None),
        problems=tuple(entry for entry in problems if entry is not None),
        budget=budget,
        seeds=seeds,
        output=output,
        workers=keys.get("workers", 1),
        keep=keys.get("keep", False),
    )


def _list(keys: Mapping[str, Any], key: str, diagnostics: Diagnostics) -> list[tuple[int, Any]]:
    given = keys.get(key)
    if given is None:
        return []
    if not isinstance(given, list) or not given:
        diagnostics.add((key,), f"expected a list of {key}, got {show(given)}")
        return []
    return list(enumerate(given))


def _sampler_entry(
    given: Any,
    path: KeyPath,
    islands: int,
    problems: Sequence[ResolvedProblem],
    diagnostics: Diagnostics,
    registry: Registry,
    consent: Consent,
) -> SamplerEntry | None:
    """Read a sampler, and check its options on every problem as a scan would."""
    if isinstance(given, str) and given:
        given = {"name": given}
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        diagnostics.add(path, f"expected the name of a sampler, or name, label and options, got {show(given)}")
        return None
    label = given.get("label", given["name"])
    if not _is_label(label):
        diagnostics.add((*path, "label"), f"expected a short text, got {show(label)}")
        return None
    options = {key: value for key, value in given.items() if key != "label"}
    choice = read_sampler(options, path, diagnostics, islands)
    if choice is None:
        return None
    resolved = choice
    spaces: list[SearchSpace | None] = [p.problem.search_space for p in problems if p.problem is not None]
    for space in spaces or [None]:
        resolved = resolve_sampler(choice, path, space, diagnostics, registry, consent)
    return SamplerEntry(label, resolved)


def _problem_entry(
    given: Any,
    path: KeyPath,
    shared: Mapping[str, tuple[float, float]],
    diagnostics: Diagnostics,
    registry: Registry,
    consent: Consent,
) -> tuple[ProblemEntry | None, ResolvedProblem | None]:
    """Read a problem, and build it; `shared` are the observables that are looked at where it names none."""
    if isinstance(given, str) and given:
        given = {"model": given}
    known = {"label": Key(Any), **PROBLEM_KEYS, "constraints": Key(Any), "observables": Key(Any)}
    keys, complete = read_keys(given, known, path, diagnostics)
    if not isinstance(given, Mapping):
        return None, None
    model = keys.get("model")
    name = model.get("name") if isinstance(model, Mapping) else model
    label = keys.get("label", name)
    # Of a name that is none, something is said where the model is read.
    if not _is_label(label) and ("label" in keys or isinstance(name, str)):
        diagnostics.add((*path, "label"), f"expected a short text, got {show(label)}")
        complete = False
    features = _features(keys.get("observables"), (*path, "observables"), diagnostics) or dict(shared)
    if isinstance(name, str):
        keys.setdefault("constraints", [name])
    # Here `observables` are ranges that coverage looks at.
    of_problem = {key: value for key, value in keys.items() if key != "observables"}
    located = read_problem(of_problem, path, diagnostics, registry.constraint_kinds)
    resolved = resolve_problem(located, diagnostics, registry, consent)
    if resolved.model is None or resolved.located.model is None:
        return None, resolved
    names = {o.name for o in resolved.model.observables}
    for feature in features:
        if feature not in names:
            place = (*path, "observables") if "observables" in keys else ("observables",)
            hint = did_you_mean(feature, names)
            diagnostics.add(place, f"model {name!r} has no observable {feature!r}{hint}")
    if not features and resolved.problem is not None:
        features = _default_features(resolved.problem)
    entry = ProblemEntry(label, resolved.located.config, features) if complete and isinstance(label, str) else None
    return entry, resolved


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
    ranges, _ = read_keys(given, {name: Key(tuple[float, float]) for name in given}, path, diagnostics)
    for name, (low, high) in ranges.items():
        if not low < high:
            diagnostics.add((*path, name), f"expected a range with low < high, got {show([low, high])}")
    return ranges


def _budget(given: Any, diagnostics: Diagnostics) -> dict[str, Any] | None:
    keys, complete = read_keys(
        given, {"evaluations": Key(Count), "wall": Key(float | str)}, ("budget",), diagnostics
    )
    if not complete:
        return None
    if not keys:
        diagnostics.add(("budget",), "expected evaluations or wall: what each trial may spend")
        return None
    if "wall" in keys:
        try:
            keys["wall"] = seconds_of(keys["wall"])
        except ValueError as error:
            diagnostics.add(("budget", "wall"), str(error))
            return None
    return keys


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


def _default_features(problem: Problem) -> dict[str, tuple[float, float]]:
    """Return observables whose accepted range is finite, with it; measured ones before those that are bounded."""
    names = {o.name for o in problem.model.observables}
    measured = {name for constraint in problem.constraints for name in constraint.measured}
    windows = problem.search_space.windows
    finite = [n for n, w in windows.items() if n in names and w[0] < w[1] and math.isfinite(w[1] - w[0])]
    finite.sort(key=lambda name: name not in measured)
    return {n: (float(windows[n][0]), float(windows[n][1])) for n in finite[:MOST_FEATURES]}
