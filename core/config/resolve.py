"""Checks what a scan's configuration says of its sampler, its executor and its store, with the plugins it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from terranova.config.build import complaint, find_plugin
from terranova.config.consent import Consent
from terranova.config.plugin_options import check_options
from terranova.config.scan import Parallel, SamplerChoice, Storage
from terranova.errors import PluginConflict, PluginMissing, did_you_mean
from terranova.evaluation.bound_model import BoundModel
from terranova.interfaces.sampler import Archipelago, Sampler, SearchSpace
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import KeyPath
from terranova.registry import Registry


def resolve_sampler(
    choice: SamplerChoice,
    path: KeyPath,
    space: SearchSpace | None,
    diagnostics: Diagnostics,
    registry: Registry,
    consent: Consent,
) -> SamplerChoice:
    """Look up a sampler and check its options; return the choice with its name and all of them.

    Args:
        choice: what the document says.
        path: where it stands.
        space: of the problem, for which the sampler is made on trial; None if there is no problem.
        diagnostics: receives the problems.
        registry: the plugins.
        consent: is asked before the sampler is made. The caller has to call its `settle`.
    """
    name_path = (*path, "name") if isinstance(diagnostics.document.at(path), Mapping) else path
    if not choice.name:
        choice = replace(choice, name=_preferred(path, diagnostics, registry))
        if not choice.name:
            return choice
    plugin = find_plugin("sampler", choice.name, name_path, diagnostics, registry, consent)
    if plugin is None:
        return choice
    beside = ("name", "islands")
    options, complete = check_options(plugin, choice.options, path, diagnostics, beside=beside)
    allowed = consent.allows(plugin, options, diagnostics.document.place(path))
    if allowed and complete and space is not None and space.dimension:
        _try_sampler(plugin.target, space, options, path, diagnostics)
    return replace(choice, options=options)


def _preferred(path: KeyPath, diagnostics: Diagnostics, registry: Registry) -> str:
    """Return the name of the sampler of a configuration that names none; "" after a problem."""
    try:
        return registry.preferred("sampler").name
    except (PluginMissing, PluginConflict) as error:
        diagnostics.add(path, f"{error}; name one")
        return ""


def _try_sampler(
    cls: type[Sampler] | type[Archipelago],
    space: SearchSpace,
    options: Mapping[str, Any],
    path: KeyPath,
    diagnostics: Diagnostics,
) -> None:
    """Make one island, which is thrown away: the sampler itself knows best what its options may be."""
    stream = np.random.default_rng(0)
    try:
        cls(space, [stream] if issubclass(cls, Archipelago) else stream, **options)  # type: ignore[arg-type]
    except (Exception, SystemExit) as error:  # a plugin's code, as above
        diagnostics.add(path, f"sampler {cls.name!r} refuses its options: {complaint(error)}")


def check_executor(choice: Parallel, diagnostics: Diagnostics, registry: Registry) -> None:
    """Check that the executor can do what is asked of it."""
    plugin = find_plugin("executor", choice.executor, ("parallel", "executor"), diagnostics, registry)
    if plugin is None:
        return
    known = {option.name for option in plugin.options}
    limits = [name for name in ("timeout", "memory") if getattr(choice, name) is not None]
    for name in limits:
        if name not in known:
            message = f"executor {choice.executor!r} cannot limit a point's {name}: use executor: processes"
            diagnostics.add(("parallel", name), message)
        elif choice.isolation == "none":
            diagnostics.add(("parallel", name), "needs a process for the model: leave out isolation: none")
    if choice.isolation == "none" and plugin.target.isolates:
        message = f"executor {choice.executor!r} always isolates: use executor: serial, or leave isolation out"
        diagnostics.add(("parallel", "isolation"), message)
    if choice.isolation == "process" and not plugin.target.isolates and "isolate" not in known:
        message = f"executor {choice.executor!r} cannot isolate a model: use executor: processes"
        diagnostics.add(("parallel", "isolation"), message)


def check_stored(storage: Storage, model: BoundModel, diagnostics: Diagnostics) -> None:
    """Check that the model has the observables that are to be stored."""
    if not isinstance(storage.observables, str):
        check_columns(storage.observables, ("store", "observables"), model, diagnostics)


def check_columns(names: Sequence[str], path: KeyPath, model: BoundModel, diagnostics: Diagnostics) -> None:
    """Check that the model has the observables that are listed at a place of a configuration."""
    known = [o.name for o in model.observables]
    for i, name in enumerate(names):
        if name not in known:
            hint = did_you_mean(name, known)
            diagnostics.add((*path, i), f"model {model.name!r} has no observable {name!r}{hint}")
