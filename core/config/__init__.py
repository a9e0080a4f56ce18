"""Configurations: one YAML file, or the same words from Python, checked as a whole before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terranova.config.problem import ConstraintItem
from terranova.config.resolve import build, check
from terranova.config.scan import (
    Budget,
    ModelChoice,
    Parallel,
    SamplerChoice,
    ScanConfig,
    Storage,
    diff,
)
from terranova.config.scan_reading import Draft, read_draft
from terranova.evaluation.problem import Problem
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.source import read_source
from terranova.parsing.strict_yaml import Document, Place
from terranova.registry import Registry
from terranova.registry import registry as installed

__all__ = [
    "Budget",
    "ModelChoice",
    "Parallel",
    "SamplerChoice",
    "ScanConfig",
    "Storage",
    "build_problem",
    "diff",
    "load_config",
]

_MERGED = ("budget", "parallel", "store", "parameters")
"""Keys of which an override replaces only what it names."""


def load_config(
    source: str | Path | Mapping[str, Any],
    *,
    registry: Registry | None = None,
    check_plugins: bool = True,
    islands: int | None = None,
    **words: Any,
) -> ScanConfig:
    """Read and check a configuration.

    Args:
        source: path of a YAML file, or its content as a mapping.
        registry: the plugins; those that are installed if None.
        check_plugins: False to read the words only, for a run whose plugins may no longer be installed.
        islands: their number where the source names none; chosen by the budget if None.
        words: top-level keys that replace those of the source; None counts as not given. Of `budget`,
            `parallel`, `store` and `parameters` only what is named is replaced.

    Raises:
        ConfigError: lists every problem, with file, line and column where there is a file.
    """
    diagnostics = read_source(source, words, merged=_MERGED)
    draft = read_draft(diagnostics, islands)
    if check_plugins:
        check(draft, diagnostics, registry if registry is not None else installed())
    diagnostics.raise_if_any()
    return _complete(draft, diagnostics.document.text)


def build_problem(config: ScanConfig, registry: Registry | None = None) -> Problem:
    """Build the model of a configuration, with its priors and constraints.

    Raises:
        ConfigError: the plugins are not those with which it was loaded, and it no longer fits them.
    """
    here = Place("", 0, 0, "constraints")
    draft = Draft(
        model=config.model,
        constraints=[_item(thing, here) for thing in config.constraints],
        parameters=dict(config.parameters),
        sampler=config.sampler,
        budget=config.budget,
        parallel=config.parallel,
        store=config.store,
    )
    diagnostics = Diagnostics(Document(None))
    problem = build(draft, diagnostics, registry if registry is not None else installed())
    diagnostics.raise_if_any()
    assert problem is not None  # otherwise there was a problem to raise
    return problem


def _item(thing: Any, place: Place) -> ConstraintItem:
    return ConstraintItem(thing, place)


def _complete(draft: Draft, text: str) -> ScanConfig:
    """Return the configuration of a draft without problems."""
    assert draft.model is not None
    assert draft.sampler is not None
    assert draft.budget is not None
    assert draft.parallel is not None
    assert draft.store is not None
    return ScanConfig(
        model=draft.model,
        constraints=tuple(item.thing for item in draft.constraints),
        sampler=draft.sampler,
        budget=draft.budget,
        parameters=draft.parameters,
        seed=draft.seed,
        output=draft.output,
        parallel=draft.parallel,
        store=draft.store,
        text=text,
    )
