"""Configurations: one YAML file, or the same keys from Python, checked as a whole before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from terranova.config.build import build_problem, resolve_problem
from terranova.config.consent import Consent
from terranova.config.document import Source, load_document
from terranova.config.objects import named
from terranova.config.problem import PROBLEM_KEYS, ModelChoice, ProblemConfig
from terranova.config.problem_reading import nowhere, read_constraints, read_problem
from terranova.config.resolve import check_executor, check_stored, resolve_sampler
from terranova.config.scan import Budget, Parallel, SamplerChoice, ScanConfig, Storage
from terranova.config.scan_reading import ScanParts, read_scan
from terranova.parsing.constraint_file import ConstraintKinds
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import read_keys
from terranova.parsing.source import read_source
from terranova.registry import Registry
from terranova.registry import registry as installed

__all__ = [
    "Budget",
    "Consent",
    "ModelChoice",
    "Parallel",
    "ProblemConfig",
    "SamplerChoice",
    "ScanConfig",
    "Storage",
    "build_problem",
    "load_config",
    "load_problem",
    "with_constraints",
]

_MERGED = ("budget", "parallel", "store", "parameters", "observables")
"""Keys of which an override replaces only what it names."""


def load_config(
    source: Source,
    *,
    registry: Registry | None = None,
    check_plugins: bool = True,
    islands: int | None = None,
    consent: Consent | None = None,
    **keys: Any,
) -> ScanConfig:
    """Read and check the configuration of a scan.

    Args:
        source: path of a YAML file, or its content as a mapping.
        registry: the plugins; those that are installed if None.
        check_plugins: False to read the keys only, for a run whose plugins may no longer be installed.
        islands: their number where the source names none; chosen by the budget if None.
        consent: decides whether the programs that it names may run; those that were agreed to before if None.
        keys: top-level keys that replace those of the source; None counts as not given. Of `budget`,
            `parallel`, `store`, `parameters` and `observables` only what is named is replaced.

    Raises:
        ConfigError: lists every problem, with file, line and column where there is a file.
        NotTrusted: it names programs that nobody has agreed to.
    """
    asked = consent if consent is not None else Consent()

    def read(diagnostics: Diagnostics) -> ScanConfig | None:
        parts = read_scan(diagnostics, lambda: _kinds(registry), islands)
        if check_plugins and parts is not None:
            _resolve(parts, diagnostics, registry if registry is not None else installed(), asked)
        if parts is None or diagnostics.problems:
            return None
        return _complete(parts, diagnostics.document.text)

    return load_document(source, keys, read, merged=_MERGED, settle=asked.settle)


def load_problem(
    source: Source,
    *,
    registry: Registry | None = None,
    check_plugins: bool = True,
    consent: Consent | None = None,
) -> ProblemConfig:
    """Read and check a problem: its keys, `model` to `observables`; others are not looked at.

    Args:
        source: path of a YAML file, or its content as a mapping.
        registry: the plugins; those that are installed if None.
        check_plugins: False to read the keys only, for a run whose plugins may no longer be installed.
        consent: decides whether the programs that it names may run; those that were agreed to before if None.

    Raises:
        ConfigError: lists every problem.
        NotTrusted: it names programs that nobody has agreed to.
    """
    asked = consent if consent is not None else Consent()

    def read(diagnostics: Diagnostics) -> ProblemConfig | None:
        given = {} if diagnostics.document.data is None else diagnostics.document.data
        read_keys(given, PROBLEM_KEYS, (), diagnostics, open_ended=True)
        if not isinstance(given, Mapping):
            return None
        located = read_problem(given, (), diagnostics, lambda: _kinds(registry))
        if check_plugins:
            known = registry if registry is not None else installed()
            located = resolve_problem(located, diagnostics, known, asked).located
        return None if diagnostics.problems else located.config

    return load_document(source, {}, read, settle=asked.settle)


def with_constraints(
    config: ProblemConfig, constraints: Sequence[Any], consent: Consent | None = None
) -> ProblemConfig:
    """Return a problem with other constraints: names of sets, paths relative to the current folder, constraints.

    Raises:
        ConfigError: lists every problem.
        NotTrusted: its model runs programs that nobody has agreed to, nor does `consent`.
    """
    diagnostics = read_source({"constraints": named(list(constraints), ("constraints",))}, {})
    given = (diagnostics.document.data or {}).get("constraints")
    entries = read_constraints(given, ("constraints",), diagnostics, installed().constraint_kinds())
    asked = consent if consent is not None else Consent()
    resolved = resolve_problem(nowhere(config).with_constraints(entries), diagnostics, installed(), asked)
    diagnostics.raise_if_any()
    asked.settle()
    return resolved.located.config


def _kinds(registry: Registry | None) -> ConstraintKinds:
    return (registry if registry is not None else installed()).constraint_kinds()


def _resolve(parts: ScanParts, diagnostics: Diagnostics, registry: Registry, consent: Consent) -> None:
    """Check everything that a configuration says about plugins; add options that were left out."""
    resolved = resolve_problem(parts.problem, diagnostics, registry, consent)
    parts.problem = resolved.located
    if resolved.model is not None and parts.store is not None:
        check_stored(parts.store, resolved.model, diagnostics)
    if parts.sampler is not None:
        space = resolved.problem.search_space if resolved.problem is not None else None
        parts.sampler = resolve_sampler(parts.sampler, ("sampler",), space, diagnostics, registry, consent)
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
