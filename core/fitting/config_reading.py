"""Reads the YAML file of a fit, and checks it with the plugins that it names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from terranova.config import Parallel
from terranova.config.build import resolve_problem
from terranova.config.consent import Consent
from terranova.config.document import Source, load_document
from terranova.config.plugin_options import check_options
from terranova.config.problem import PROBLEM_KEYS
from terranova.config.problem_reading import read_problem
from terranova.config.resolve import check_columns, check_executor
from terranova.config.scan_reading import read_output, read_parallel, read_seed
from terranova.errors import PluginError
from terranova.evaluation.problem import Problem
from terranova.fitting.config import LEVELS, Best, FitConfig, Mcmc, Nested, Search, SurrogateConfig
from terranova.fitting.profile_reading import read_profiles
from terranova.parsing.diagnostics import Diagnostics, expanded
from terranova.parsing.keys import Key, keys_of, read_keys, show
from terranova.registry import Registry
from terranova.registry import registry as installed
from terranova.store.manifest import MANIFEST

Level = Annotated[float, Field(gt=0.0, lt=1.0)]

_KEYS = {
    **PROBLEM_KEYS,
    "seed": Key(Any),
    "output": Key(Any, True, "a directory such as fits/NAME"),
    "parallel": Key(Any),
    "scans": Key(tuple[str, ...]),
    "profile": Key(Any),
    "levels": Key(tuple[Level, ...]),
    "best": Key(Any),
    "search": Key(Any),
    "nested": Key(Any),
    "mcmc": Key(Any),
    "surrogate": Key(Any),
    "columns": Key(str | tuple[str, ...]),
}

_METHODS: Mapping[str, type] = {
    "best": Best,
    "search": Search,
    "nested": Nested,
    "mcmc": Mcmc,
    "surrogate": SurrogateConfig,
}


def load_fit(
    source: Source, *, registry: Registry | None = None, consent: Consent | None = None, **keys: Any
) -> FitConfig:
    """Read and check a fit.

    Args:
        source: path of a YAML file, or its content as a mapping.
        registry: the plugins; those that are installed if None.
        consent: decides whether the programs that it names may run; those that were agreed to before if None.
        keys: top-level keys that replace those of the source; None counts as not given.

    Raises:
        ConfigError: lists every problem, with its place in the file.
        NotTrusted: it names programs that nobody has agreed to.
    """
    known = registry if registry is not None else installed()
    asked = consent if consent is not None else Consent()
    return load_document(source, keys, partial(_read, registry=known, consent=asked), settle=asked.settle)


def _read(diagnostics: Diagnostics, registry: Registry, consent: Consent) -> FitConfig | None:
    data = {} if diagnostics.document.data is None else diagnostics.document.data
    keys, _ = read_keys(data, _KEYS, (), diagnostics)
    if not isinstance(data, Mapping):
        return None
    located = read_problem(data, (), diagnostics, registry.constraint_kinds)
    resolved = resolve_problem(located, diagnostics, registry, consent)
    seed = read_seed(data["seed"], diagnostics) if "seed" in data else FitConfig.seed
    output = read_output(data["output"], diagnostics) if "output" in data else None
    parallel = read_parallel(data["parallel"], diagnostics) if "parallel" in data else Parallel()
    check_executor(parallel, diagnostics, registry)
    settings = {method: _settings(keys.get(method), cls, method, diagnostics) for method, cls in _METHODS.items()}
    _check_surrogate(settings["surrogate"], resolved.problem, diagnostics, registry, consent)
    profiles = read_profiles(keys.get("profile"), resolved.problem, diagnostics)
    scans = _scans(keys.get("scans", ()), diagnostics)
    columns = keys.get("columns", FitConfig.columns)
    if isinstance(columns, str) and columns not in ("needed", "all"):
        diagnostics.add(("columns",), f"expected needed, all or a list of observables, got {show(columns)}")
    elif not isinstance(columns, str) and resolved.problem is not None:
        check_columns(columns, ("columns",), resolved.problem.model, diagnostics)
    if diagnostics.problems or output is None:
        return None
    problem = resolved.located.config
    return FitConfig(
        problem=problem,
        output=output,
        seed=seed,
        parallel=parallel,
        scans=scans,
        best=settings["best"] or Best(),
        search=settings["search"] or Search(),
        profile=profiles,
        levels=tuple(sorted(keys.get("levels", LEVELS))),
        nested=settings["nested"],
        mcmc=settings["mcmc"],
        surrogate=settings["surrogate"],
        columns=columns,
        keys={**data, **problem.to_dict(), "seed": seed, **({"scans": [str(s) for s in scans]} if scans else {})},
    )


def _scans(given: Sequence[str], diagnostics: Diagnostics) -> tuple[Path, ...]:
    """Return the run directories named, which are relative to the file that names them."""
    scans: list[Path] = []
    for i, name in enumerate(given):
        path = ("scans", i)
        directory = expanded(name, path, diagnostics)
        if directory is None:
            continue
        folder = diagnostics.document.folder_of(path)
        scan = (folder / directory).absolute()
        if not (scan / MANIFEST).is_file() and (directory / MANIFEST).is_file():
            diagnostics.add(
                path,
                f"{scan} is no run; paths in a file are relative to its folder: for {directory} of the current "
                f"folder, write {os.path.relpath(directory, folder)}",
            )
        scans.append(scan)
    return tuple(scans)


def _settings(given: Any, cls: type, key: str, diagnostics: Diagnostics) -> Any:
    """Read `true`, `false` or the settings of a method."""
    if given is None or given is False:
        return None
    if given is True:
        return cls()
    keys, complete = read_keys(given, keys_of(cls), (key,), diagnostics)
    return cls(**keys) if complete else None


def _check_surrogate(
    config: SurrogateConfig | None,
    problem: Problem | None,
    diagnostics: Diagnostics,
    registry: Registry,
    consent: Consent,
) -> None:
    """Complain of a surrogate that does not exist, or that refuses its options."""
    if config is None:
        return
    try:
        plugin = registry.get("surrogate", config.plugin)
    except PluginError as error:
        diagnostics.add(("surrogate", "plugin"), str(error))
        return
    path = ("surrogate", "options")
    options, complete = check_options(plugin, config.options, path, diagnostics)
    allowed = consent.allows(plugin, options, diagnostics.document.place(path))
    if problem is None or not complete or not allowed:
        return
    try:
        plugin.target(problem.model.space, 0, **config.options)
    except (ValueError, TypeError) as error:
        diagnostics.add(path, str(error))
