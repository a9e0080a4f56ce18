"""What a run was made of: the manifest beside its points, and the check that a resumed run is the same."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from terranova.config import ScanConfig
from terranova.constraint import Constraint
from terranova.errors import ContractError, RunMismatch
from terranova.modelling import Observable
from terranova.registry import Plugin, registry
from terranova.scoring import Problem
from terranova.store import Field, Manifest, Schema, current_versions, load_manifest

log = logging.getLogger("terranova")


def stored_columns(config: ScanConfig, problem: Problem) -> list[int] | None:
    """Return which observables are stored, as columns of the model's; None means all of them."""
    names = [o.name for o in problem.model.observables]
    wanted = config.store.observables
    if wanted == "all":
        return None
    read = {name for constraint in problem.constraints for name in constraint.observables}
    chosen = read if wanted == "constrained" else read | set(wanted)
    return [i for i, name in enumerate(names) if name in chosen]


def schema(config: ScanConfig, problem: Problem) -> Schema:
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


def _schema(problem: Problem, kept: Sequence[Observable]) -> Schema:
    return Schema(
        parameters=[Field(p.name, p.unit, p.latex, p.description) for p in problem.model.space],
        observables=[Field(o.name, o.unit, o.latex, o.description) for o in kept],
        violations=[
            Field(c.name, unit=c.unit, description=f"violation of: {c.describe()}", source=c.source)
            for c in problem.constraints
        ],
    )


def digest(config: ScanConfig, problem: Problem) -> str:
    """Return a hash of what a run is about: configuration, priors, constraint data, version of the model."""
    physics = {
        "config": config.digest(),
        "model": problem.model.plugin.version,
        "parameters": [[p.name, p.prior.to_dict()] for p in problem.model.space],
        "observables": [o.name for o in problem.model.observables],
        "constraints": [_fingerprint(c) for c in problem.constraints],
    }
    return hashlib.sha256(json.dumps(physics, sort_keys=True).encode()).hexdigest()


def _fingerprint(constraint: Constraint) -> dict[str, Any]:
    """Return all of a constraint in a form that JSON can hold; unlike in a file, a function has a name here."""
    words: dict[str, Any] = {"kind": constraint.kind}
    for name, value in asdict(constraint).items():
        words[name] = getattr(value, "__qualname__", type(value).__qualname__) if callable(value) else value
    return words


def make_manifest(config: ScanConfig, problem: Problem) -> Manifest:
    """Return the manifest of a new run."""
    plugins = _plugins(config, problem)
    citations = [*problem.model.plugin.citations, *getattr(plugins["sampler"].thing, "citations", ())]
    return Manifest(
        schema=schema(config, problem),
        seed=config.seed,
        model=config.model.name,
        model_options=dict(config.model.options),
        constraints={group.name: group.version for group in problem.sets},
        config_hash=digest(config, problem),
        citations=list(dict.fromkeys(citations)),
        versions={**current_versions(), **_plugin_versions(plugins)},
    )


def check_same(directory: Path, config: ScanConfig, problem: Problem) -> None:
    """Make sure that resuming continues the same scan.

    Raises:
        RunMismatch: model, priors, constraints, sampler or seed are no longer what they were.
    """
    manifest = load_manifest(directory)
    if manifest.config_hash != digest(config, problem):
        raise RunMismatch(
            f"cannot resume {directory}: its configuration, the model or the data of a constraint set changed "
            f"since it was started{_changes(manifest, config, problem)}. Start a new run instead; "
            "`terranova rescore` scores stored points with other constraints"
        )
    now = {**current_versions(), **_plugin_versions(_plugins(config, problem))}
    for name, version in manifest.versions.items():
        if name in now and now[name] != version:
            log.warning("the run was started with %s %s; now it is %s", name, version, now[name])


def _changes(manifest: Manifest, config: ScanConfig, problem: Problem) -> str:
    """Say what differs, as far as the manifest tells."""
    now = make_manifest(config, problem)
    pairs: list[tuple[str, Any, Any]] = [
        ("seed", manifest.seed, now.seed),
        ("model", manifest.model, now.model),
        ("model options", dict(manifest.model_options), dict(now.model_options)),
        ("constraint sets", dict(manifest.constraints), dict(now.constraints)),
    ]
    words = [f"{what}: {old!r} -> {new!r}" for what, old, new in pairs if old != new]
    if manifest.schema.names != now.schema.names:
        words.append("its columns")
    return f" ({'; '.join(words)})" if words else ""


def _plugins(config: ScanConfig, problem: Problem) -> Mapping[str, Plugin]:
    found = registry()
    return {
        "model": found.get("model", config.model.name),
        "sampler": found.get("sampler", config.sampler.name),
    }


def _plugin_versions(plugins: Mapping[str, Plugin]) -> dict[str, str]:
    return {f"{kind} {plugin.name}": plugin.version for kind, plugin in plugins.items()}
