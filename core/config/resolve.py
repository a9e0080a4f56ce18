"""Checks a configuration against the plugins it names, and builds the problem that it describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from terranova.config.plugin_options import check_options
from terranova.config.problem import ConstraintItem
from terranova.config.scan import Parallel
from terranova.config.scan_reading import Draft
from terranova.errors import (
    ContractError,
    PluginConflict,
    PluginError,
    PluginMissing,
    TerranovaError,
    did_you_mean,
)
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.interfaces.constraint import Constraint, Function, Tabulated
from terranova.interfaces.constraint_set import ConstraintSet, PartOfSet, exclusion
from terranova.interfaces.model import Model
from terranova.interfaces.sampler import Archipelago, Sampler, SearchSpace
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import KeyPath, Place
from terranova.registry import Registry
from terranova.registry.options import options_of


def check(draft: Draft, diagnostics: Diagnostics, registry: Registry) -> None:
    """Check everything that a configuration says about plugins.

    Options that were left out are added to the draft with their defaults.

    Args:
        draft: what the configuration says.
        diagnostics: receives the problems.
        registry: the plugins.
    """
    problem = build(draft, diagnostics, registry)
    _sampler(draft, diagnostics, registry, problem.search_space if problem is not None else None)
    if draft.parallel is not None:
        _executor(draft.parallel, diagnostics, registry)


def build(draft: Draft, diagnostics: Diagnostics, registry: Registry) -> Problem | None:
    """Build the model with its priors and constraints, and check what else depends on the model.

    Args:
        draft: what the configuration says.
        diagnostics: receives the problems.
        registry: the plugins.

    Returns:
        the problem; None if it cannot be built.
    """
    model = _model(draft, diagnostics, registry)
    sets = _constraint_sets(draft, diagnostics, registry)
    if model is None:
        return None
    model = _with_priors(model, draft, diagnostics)
    _check_stored(model, draft, diagnostics)
    if not _check_observables(model, sets, diagnostics):
        return None
    return Problem(model, [group for group, _ in sets])


def _plugin(kind: str, name: str, path: KeyPath, diagnostics: Diagnostics, registry: Registry) -> Any:
    """Return a plugin's class; None with a problem if there is none that works."""
    try:
        return registry.get(kind, name).thing
    except PluginError as error:
        diagnostics.add(path, str(error))
        return None


def _model(draft: Draft, diagnostics: Diagnostics, registry: Registry) -> BoundModel | None:
    choice = draft.model
    if choice is None:
        return None
    cls = _plugin("model", choice.name, _name_path("model", diagnostics), diagnostics, registry)
    if cls is None:
        return None
    # With the options that are right the model can mostly be made, and more be said in one go.
    options, complete = check_options(cls, choice.options, ("model",), diagnostics, skip=0, beside=("name",))
    draft.model = replace(choice, options=options)
    try:
        model: Model = cls(**options)
        return BoundModel(model)
    except TerranovaError as error:  # something else than an option is wrong, such as a package that is missing
        diagnostics.add(_name_path("model", diagnostics), str(error))
        return None
    except (Exception, SystemExit) as error:  # a plugin's code: whatever it raises, the user gave it these options
        if complete:
            diagnostics.add(("model",), f"model {choice.name!r} refuses its options: {_words(error)}")
        return None


def _with_priors(model: BoundModel, draft: Draft, diagnostics: Diagnostics) -> BoundModel:
    known = model.space.names
    for name in draft.parameters:
        if name not in known:
            hint = did_you_mean(name, known)
            message = f"model {model.name!r} has no parameter {name!r}{hint}"
            diagnostics.add(("parameters", name), message, at_key=True)
    priors = {name: prior for name, prior in draft.parameters.items() if name in known}
    space = model.space.override(priors)
    if space.dimension == 0:
        diagnostics.add(("parameters",), "every parameter is fixed: nothing is left to scan")
    return BoundModel(model.plugin, space)


Located = tuple[ConstraintSet, Sequence[Place]]


def _constraint_sets(draft: Draft, diagnostics: Diagnostics, registry: Registry) -> list[Located]:
    """Look up the sets by name, and refuse two constraints of one name, or two sets that exclude each other."""
    model = draft.model.name if draft.model is not None else ""
    if model not in registry.names("model"):
        model = ""  # reported already; the sets' own model then does not matter
    sets: list[Located] = []
    owner: dict[str, str] = {}
    named: set[str] = set()
    for item in draft.constraints:
        if isinstance(item.thing, str | PartOfSet):
            name = _name_of(item.thing)
            if name in named:
                diagnostics.add_at(item.place, f"set {name!r} is listed twice")
                continue
            named.add(name)
        group = _constraint_set(item, model, diagnostics, registry)
        if group is None:
            continue
        if excluded := exclusion(group, [other for other, _ in sets]):
            diagnostics.add_at(item.place, excluded)
            continue
        places = item.places or [item.place] * len(group)
        for constraint, place in zip(group, places, strict=True):
            if constraint.name in owner:
                diagnostics.add_at(
                    place,
                    f"constraint {constraint.name!r} is already in {owner[constraint.name]!r}: "
                    "leave one out, or rename it",
                )
            owner.setdefault(constraint.name, group.name)
        sets.append((group, places))
    return sets


def _constraint_set(
    item: ConstraintItem, model: str, diagnostics: Diagnostics, registry: Registry
) -> ConstraintSet | None:
    if isinstance(item.thing, Constraint):
        return ConstraintSet(item.thing.name, (item.thing,))
    if isinstance(item.thing, ConstraintSet):
        if model and not item.thing.suits(model):
            diagnostics.add_at(
                item.place, f"set {item.thing.name!r} is for model {item.thing.model!r}, not {model!r}"
            )
            return None
        return item.thing
    name = _name_of(item.thing)
    if not model and name in registry.names("constraints"):
        return None
    try:
        found: ConstraintSet = registry.get("constraints", name, model=model).thing
    except PluginError as error:
        known = any(words in str(error) for words in ("did you mean", "is made for"))
        hint = "" if known else f"; for a file, write ./{name}.yaml"
        diagnostics.add_at(item.place, f"{error}{hint}")
        return None
    return _part(found, item.thing.without, item.place, diagnostics) if isinstance(item.thing, PartOfSet) else found


def _name_of(thing: str | PartOfSet) -> str:
    return thing.name if isinstance(thing, PartOfSet) else thing


def _part(found: ConstraintSet, without: Sequence[str], place: Place, diagnostics: Diagnostics) -> ConstraintSet:
    """Return a set without the constraints of some names, all of which it must have."""
    names = [constraint.name for constraint in found]
    for name in without:
        if name not in names:
            diagnostics.add_at(place, f"set {found.name!r} has no constraint {name!r}{did_you_mean(name, names)}")
    return replace(found, constraints=tuple(c for c in found if c.name not in without))


def _check_observables(model: BoundModel, sets: Sequence[Located], diagnostics: Diagnostics) -> bool:
    """Compare what constraints read with what the model provides, names and units; True if all is there."""
    units = {p.name: p.unit for p in model.space} | {o.name: o.unit for o in model.observables}
    before = diagnostics.count
    names: set[str] = set()
    for group, places in sets:
        for constraint, place in zip(group, places, strict=True):
            for name in constraint.observables:
                if name not in units:
                    diagnostics.add_at(
                        place,
                        f"constraint {constraint.name!r} reads {name!r}, which model {model.name!r} "
                        f"does not provide{did_you_mean(name, units)}",
                    )
            for name in _in_its_unit(constraint):
                if units.get(name, constraint.unit) != constraint.unit:
                    diagnostics.add_at(
                        place,
                        f"constraint {constraint.name!r} is in unit {constraint.unit!r}, "
                        f"but {name!r} of model {model.name!r} is in {units[name]!r}",
                    )
            names.add(constraint.name)
    return diagnostics.count == before and len(names) == sum(len(group) for group, _ in sets)


def _in_its_unit(constraint: Constraint) -> Sequence[str]:
    """Return the observables that must have the constraint's unit."""
    if isinstance(constraint, Function):
        return ()
    if isinstance(constraint, Tabulated):
        return constraint.observables[:1]  # the second one is only what the limit is tabulated against
    return constraint.observables


def _check_stored(model: BoundModel, draft: Draft, diagnostics: Diagnostics) -> None:
    if draft.store is None or isinstance(draft.store.observables, str):
        return
    known = [o.name for o in model.observables]
    for i, name in enumerate(draft.store.observables):
        if name not in known:
            hint = did_you_mean(name, known)
            diagnostics.add(("store", "observables", i), f"model {model.name!r} has no observable {name!r}{hint}")


def _sampler(draft: Draft, diagnostics: Diagnostics, registry: Registry, space: SearchSpace | None) -> None:
    choice = draft.sampler
    if choice is None:
        return
    if not choice.name:
        choice = replace(choice, name=_preferred(diagnostics, registry))
        if not choice.name:
            return
    cls = _plugin("sampler", choice.name, _name_path("sampler", diagnostics), diagnostics, registry)
    if cls is None:
        return
    options, complete = check_options(
        cls, choice.options, ("sampler",), diagnostics, skip=2, beside=("name", "islands")
    )
    draft.sampler = replace(choice, options=options)
    if complete and space is not None and space.dimension:
        _try_sampler(cls, space, options, diagnostics)


def _preferred(diagnostics: Diagnostics, registry: Registry) -> str:
    """Return the name of the sampler of a configuration that names none; "" after a problem."""
    try:
        return registry.preferred("sampler").name
    except (PluginMissing, PluginConflict) as error:
        diagnostics.add(("sampler",), f"{error}; name one")
        return ""


def _try_sampler(
    cls: type[Sampler] | type[Archipelago], space: SearchSpace, options: Mapping[str, Any], diagnostics: Diagnostics
) -> None:
    """Make one island, which is thrown away: the sampler itself knows best what its options may be."""
    stream = np.random.default_rng(0)
    try:
        cls(space, [stream] if issubclass(cls, Archipelago) else stream, **options)  # type: ignore[arg-type]
    except (Exception, SystemExit) as error:  # a plugin's code, as above
        diagnostics.add(("sampler",), f"sampler {cls.name!r} refuses its options: {_words(error)}")


def _executor(choice: Parallel, diagnostics: Diagnostics, registry: Registry) -> None:
    cls = _plugin("executor", choice.executor, ("parallel", "executor"), diagnostics, registry)
    if cls is None:
        return
    known = {option.name for option in options_of(cls)}
    limits = [name for name in ("timeout", "memory") if getattr(choice, name) is not None]
    for name in limits:
        if name not in known:
            words = f"executor {choice.executor!r} cannot limit a point's {name}: use executor: processes"
            diagnostics.add(("parallel", name), words)
        elif choice.isolation == "none":
            diagnostics.add(("parallel", name), "needs a process for the model: leave out isolation: none")
    if choice.isolation == "none" and cls.isolates:
        words = f"executor {choice.executor!r} always isolates: use executor: serial, or leave isolation out"
        diagnostics.add(("parallel", "isolation"), words)
    if choice.isolation == "process" and not cls.isolates and "isolate" not in known:
        words = f"executor {choice.executor!r} cannot isolate a model: use executor: processes"
        diagnostics.add(("parallel", "isolation"), words)


def _name_path(key: str, diagnostics: Diagnostics) -> KeyPath:
    data = diagnostics.document.data
    return (key, "name") if isinstance(data, Mapping) and isinstance(data.get(key), Mapping) else (key,)


def _words(error: BaseException) -> str:
    plain = isinstance(error, (ValueError, ContractError))
    return str(error) if plain else f"{type(error).__name__}: {error}"
