"""Provenance of a run: all that its points depend on, as its manifest states it, and as one hash."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any, Protocol

from terranova.config import ProblemConfig, Storage
from terranova.config.content_hash import content_hash
from terranova.errors import ContractError
from terranova.evaluation.problem import Problem
from terranova.interfaces.constraint import LATER, PLACE, Constraint
from terranova.interfaces.model import Observable
from terranova.registry import registry
from terranova.registry.given import is_reference
from terranova.registry.kinds import KINDS
from terranova.registry.plugin import Plugin
from terranova.registry.python_files import placeless
from terranova.store import Field, Manifest, Schema, current_versions
from terranova.system.source_fingerprint import function_fingerprint, plugin_fingerprint

LONG = 64
"""Lists longer than this are not written into the manifest."""


class Recorded(Protocol):
    """The configuration of what evaluates points and stores them: of a scan, or of a fit."""

    @property
    def problem(self) -> ProblemConfig:
        """Of which points are evaluated."""

    @property
    def seed(self) -> int:
        """Of every random stream."""

    @property
    def store(self) -> Storage:
        """What is stored."""

    def identity(self) -> dict[str, Any]:
        """Return the keys that decide which points are evaluated."""

    def digest(self) -> str:
        """Return a hash of `identity()`."""

    def plugins(self) -> Sequence[tuple[str, str, Mapping[str, Any]]]:
        """Return kind, name and options of every plugin that is named."""


def stored_columns(config: Recorded, problem: Problem) -> list[int] | None:
    """Return which observables are stored, as columns of the model's; None means all of them."""
    names = [o.name for o in problem.model.observables]
    choice = config.store.observables
    if choice == "all":
        return None
    read = {name for constraint in problem.constraints for name in constraint.observables}
    read |= {derived.name for derived in problem.model.derived}  # somebody wants to see them
    chosen = read if choice == "constrained" else read | set(choice)
    return [i for i, name in enumerate(names) if name in chosen]


def schema(config: Recorded, problem: Problem) -> Schema:
    """Return the columns of a run's points.

    Raises:
        ContractError: two of them would have the same name.
    """
    observables = problem.model.observables
    columns = stored_columns(config, problem)
    kept = observables if columns is None else [observables[i] for i in columns]
    try:
        return _schema(problem, kept)
    except ValueError as error:
        raise ContractError(str(error)) from error


def every_observable(problem: Problem) -> list[Field]:
    """Return the columns of all observables of a problem."""
    return list(_schema(problem, problem.model.observables).observables)


def _schema(problem: Problem, kept: Sequence[Observable]) -> Schema:
    return Schema(
        parameters=[Field(p.name, p.unit or "1", p.latex, p.description) for p in problem.model.space],
        observables=[Field(o.name, o.unit or "1", o.latex, o.description) for o in kept],
        violations=[
            Field(c.name, unit=c.unit, description=f"violation of: {c.describe()}", source=c.source)
            for c in problem.constraints
        ],
    )


def digest(config: Recorded, problem: Problem) -> str:
    """Return a hash of what a run is about: configuration, priors, constraint data, version of the model."""
    physics = {
        "config": config.digest(),
        "model": problem.model.plugin.version,
        "parameters": [[p.name, p.prior.to_dict()] for p in problem.model.space],
        "observables": [o.name for o in problem.model.observables],
        "constraints": [_fingerprint(c) for c in problem.constraints],
    }
    return content_hash(physics)


def _fingerprint(constraint: Constraint) -> dict[str, Any]:
    """Return all of a constraint in a form that JSON can hold; a function counts with its source."""
    found: dict[str, Any] = {"kind": constraint.kind}
    added = [f for f in fields(constraint) if f.metadata == LATER]
    unused = {f.name for f in added if getattr(constraint, f.name) == f.default}
    unused |= {f.name for f in fields(constraint) if f.metadata == PLACE}
    for name, value in asdict(constraint).items():
        if name not in unused:
            found[name] = _function(value) if callable(value) else value
    return found


def _function(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{name} (source {function_fingerprint(function)})"


def make_manifest(config: Recorded, problem: Problem) -> Manifest:
    """Return the manifest of a new run."""
    citations = [*problem.model.plugin.citations]
    for plugin in _plugins(config).values():
        citations += getattr(plugin.target, "citations", ())
    for constraint in problem.constraints:
        citations += constraint.references
    return Manifest(
        schema=schema(config, problem),
        seed=config.seed,
        model=placeless(config.problem.model.name),
        model_options=dict(config.problem.model.options),
        constraints={group.name: group.version for group in problem.sets},
        config_hash=digest(config, problem),
        citations=list(dict.fromkeys(citations)),
        versions=versions(config),
        physics=physics(config, problem),
        keep=config.store.keep,
    )


def versions(config: Recorded) -> dict[str, str]:
    """Return the versions, now, of all packages and plugins that take part in a scan, and hashes of their source.

    Who edits a plugin may forget to change its version; the hash of its source and data files tells.
    """
    taking_part = _plugins(config)
    plugins = {f"{kind.partition(' ')[0]} {placeless(p.name)}": p.version for kind, p in taking_part.items()}
    source = {
        f"source of {kind.partition(' ')[0]} {placeless(p.name)}": p.source or plugin_fingerprint(p.target)
        for kind, p in taking_part.items()
        if kind != "executor"  # it decides where points are evaluated, not what comes out
    }
    given = {
        f"source of constraints {placeless(name)}": registry().get("constraints", name).source
        for entry in config.problem.constraints
        if is_reference(name := entry if isinstance(entry, str) else entry.name)
    }
    return {**current_versions(), **plugins, **source, **given}


def physics(config: Recorded, problem: Problem) -> dict[str, Any]:
    """Return what `digest` is a hash of, as JSON can hold it; long tables as their own hashes."""
    plain: dict[str, Any] = {**_plain(config.identity()), **problem_physics(config.problem, problem)}
    return plain


def problem_physics(config: ProblemConfig, problem: Problem) -> dict[str, Any]:
    """Return the part of `physics` that decides what a number means: model, priors, constraints."""
    constraints = {c.name: _fingerprint(c) for c in problem.constraints}
    content = {
        **config.identity(),
        "model version": problem.model.plugin.version,
        "priors": {p.name: p.prior.to_dict() for p in problem.model.space},
        "observables": [o.name for o in problem.model.observables],
        "constraint": constraints,
    }
    plain: dict[str, Any] = _plain(content)
    return plain


def _plain(value: Any) -> Any:
    """Return a value with lists for tuples and arrays, and nothing that strict JSON has no word for."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        if len(value) > LONG:
            return {
                "sha256": hashlib.sha256(json.dumps(_plain_all(value)).encode()).hexdigest(),
                "long": len(value),
            }
        return _plain_all(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _plain_all(values: Sequence[Any]) -> list[Any]:
    return [_plain(value) for value in values]


def _plugins(config: Recorded) -> Mapping[str, Plugin]:
    """Return the plugins that take part, by kind, or by kind and option for those named in options of others."""
    known = registry()
    plugins: dict[str, Plugin] = {}
    for kind, name, options in config.plugins():
        plugin = plugins[kind] = known.get(kind, name)
        # Options whose names begin as a kind of plugin does, such as novelty..., name further plugins.
        for option in plugin.options:
            further = options.get(option.name, option.default)
            for other in KINDS:
                if option.name.startswith(other) and further in known.names(other):
                    plugins[f"{other} of {option.name}"] = known.get(other, further)
    return plugins
