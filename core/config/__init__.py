"""Configurations: one YAML file, or the same keys from Python, checked as a whole before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from terranova.config.build import build_problem, resolve_problem
from terranova.config.problem import PROBLEM_KEYS, ModelChoice, ProblemConfig
from terranova.config.problem_reading import nowhere, read_constraints, read_problem
from terranova.config.resolve import check_executor, check_stored, resolve_sampler
from terranova.config.scan import Budget, Parallel, SamplerChoice, ScanConfig, Storage, diff
from terranova.config.scan_reading import ScanParts, read_scan
from terranova.parsing.constraint_file import ConstraintKinds
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import read_keys
from terranova.parsing.source import read_source
from terranova.registry import Registry
from terranova.registry import registry as installed

__all__ = [
    "Budget",
    "ModelChoice",
    "Parallel",
    "ProblemConfig",
    "SamplerChoice",
    "ScanConfig",
    "Storage",
    "build_problem",
    "diff",
    "load_config",
    "load_problem",
    "with_constraints",
]

_MERGED = ("budget", "parallel", "store", "parameters")
"""Keys of which an override replaces only what it names."""


def load_config(
    source: str | Path | Mapping[str, Any],
    *,
    registry: Registry | None = None,
    check_plugins: bool = True,
    islands: int | None = None,
    **keys: Any,
) -> ScanConfig:
    """Read and check the configuration of a scan.

    Args:
        source: path of a YAML file, or its content as a mapping.
        registry: the plugins; those that are installed if None.
        check_plugins: False to read the keys only, for a run whose plugins may no longer be installed.
        islands: their number where the source names none; chosen by the budget if None.
        keys: top-level keys that replace those of the source; None counts as not given. Of `budget`,
            `parallel`, `store` and `parameters` only what is named is replaced.

    Raises:
        ConfigError: lists every problem, with file, line and column where there is a file.
    """
    diagnostics = read_source(source, keys, merged=_MERGED)
    parts = read_scan(diagnostics, lambda: _kinds(registry), islands)
    if check_plugins and parts is not None:
        _resolve(parts, diagnostics, registry if registry is not None else installed())
    diagnostics.raise_if_any()
    assert parts is not None  # otherwise there was a problem to raise
    return _complete(parts, diagnostics.document.text)


def load_problem(
    source: str | Path | Mapping[str, Any], *, registry: Registry | None = None, check_plugins: bool = True
) -> ProblemConfig:
    """Read and check a problem: the keys `model`, `constraints` and `parameters`; others are not looked at.

    Args:
        source: path of a YAML file, or its content as a mapping.
        registry: the plugins; those that are installed if None.
        check_plugins: False to read the keys only, for a run whose plugins may no longer be installed.

    Raises:
        ConfigError: lists every problem.
    """
    diagnostics = read_source(source, {})
    given = diagnostics.document.data
    read_keys({} if given is None else given, PROBLEM_KEYS, (), diagnostics, open_ended=True)
    if not isinstance(given, Mapping):
        diagnostics.raise_if_any()
    located = read_problem(given or {}, (), diagnostics, lambda: _kinds(registry))
    if check_plugins:
        located = resolve_problem(located, diagnostics, registry if registry is not None else installed()).located
    diagnostics.raise_if_any()
    return located.config


def with_constraints(config: ProblemConfig, constraints: Sequence[Any]) -> ProblemConfig:
    """Return a problem with other constraints: names of sets, paths relative to the current folder, constraints.

    Raises:
        ConfigError: lists every problem.
    """
    diagnostics = read_source({"constraints": list(constraints)}, {})
    given = (diagnostics.document.data or {}).get("constraints")
    entries = read_constraints(given, ("constraints",), diagnostics, installed().constraint_kinds())
    located = resolve_problem(nowhere(config).with_constraints(entries), diagnostics, installed()).located
    diagnostics.raise_if_any()
    return located.config


def _kinds(registry: Registry | None) -> ConstraintKinds:
    return (registry if registry is not None else installed()).constraint_kinds()


def _resolve(parts: ScanParts, diagnostics: Diagnostics, registry: Registry) -> None:
    """Check everything that a configuration says about plugins; add options that were left out."""
    resolved = resolve_problem(parts.problem, diagnostics, registry)
    parts.problem = resolved.located
    if resolved.model is not None and parts.store is not None:
        check_stored(parts.store, resolved.model, diagnostics)
    if parts.sampler is not None:
        space = resolved.problem.search_space if resolved.problem is not None else None
        parts.sampler = resolve_sampler(parts.sampler, ("sampler",), space, diagnostics, registry)
    if parts.parallel is not None:
        check_executor(parts.parallel, diagnostics, registry)


def _complete(parts: ScanParts, text: str) -> ScanConfig:
    """Return the configuration of a document without problems."""
    assert parts.sampler is not None
    assert parts.budget is not None
    assert parts.parallel is not None
    assert parts.store is not None
    return ScanConfig(
        problem=parts.problem.config,
        sampler=parts.sampler,
        budget=parts.budget,
        seed=parts.seed,
        output=parts.output,
        parallel=parts.parallel,
        store=parts.store,
        text=text,
    )
