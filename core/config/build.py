"""Builds the problem of a configuration with the plugins that it names, and checks that these fit together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from terranova.config.columns_in_force import LocatedSet, with_expressions, with_priors
from terranova.config.consent import Consent
from terranova.config.plugin_options import check_options
from terranova.config.problem import ConstraintEntry, ModelChoice, ProblemConfig
from terranova.config.problem_reading import LocatedEntry, LocatedProblem, nowhere
from terranova.errors import ContractError, PluginError, TerranovaError, did_you_mean
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.problem import Problem
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet, PartOfSet, exclusion
from terranova.interfaces.expressions import is_name
from terranova.interfaces.model import Model
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document, KeyPath, Place
from terranova.registry import Registry
from terranova.registry import registry as installed
from terranova.registry.given import import_given, is_reference
from terranova.registry.plugin import Plugin
from terranova.registry.python_files import file_reference


def build_problem(
    config: ProblemConfig, registry: Registry | None = None, consent: Consent | None = None
) -> Problem:
    """Build the model of a configuration, with its priors and constraints.

    Args:
        config: of the problem.
        registry: the plugins; those that are installed if None.
        consent: decides what may run; programs that were agreed to before if None.

    Raises:
        ConfigError: the plugins are not those with which it was read, and it no longer fits them.
        NotTrusted: nobody has agreed to what it would run.
    """
    diagnostics = Diagnostics(Document(None))
    known = registry if registry is not None else installed()
    asked = consent if consent is not None else Consent()
    resolved = resolve_problem(nowhere(config), diagnostics, known, asked)
    diagnostics.raise_if_any()
    asked.settle()
    assert resolved.problem is not None  # otherwise there was a problem to raise
    return resolved.problem


@dataclass(frozen=True)
class ResolvedProblem:
    """What became of a problem's configuration with the plugins that are installed.

    Attributes:
        located: the configuration, with the options of its model completed by their defaults.
        model: with the priors in force; None if it cannot be made.
        problem: None if it cannot be built.
    """

    located: LocatedProblem
    model: BoundModel | None
    problem: Problem | None


def resolve_problem(
    located: LocatedProblem, diagnostics: Diagnostics, registry: Registry, consent: Consent
) -> ResolvedProblem:
    """Look up everything that a problem names, and build it.

    Args:
        located: what the document says.
        diagnostics: receives the problems.
        registry: the plugins.
        consent: is asked before the model is made; without it, it is not. The caller has to call its `settle`.
    """
    model, choice = _model(located, diagnostics, registry, consent)
    sets = _constraint_sets(located, diagnostics, registry, consent)
    located = replace(located, model=choice)
    if model is None:
        return ResolvedProblem(located, None, None)
    model = with_priors(model, located, sets, diagnostics)
    model = with_expressions(model, sets, diagnostics)
    fits = _check_observables(model, sets, diagnostics)
    problem: Problem | None = None
    if fits:
        try:
            problem = Problem(model, [group for group, _ in sets])
        except ContractError as error:  # a constraint's column has a name that is taken
            diagnostics.add((*located.path, "constraints"), str(error))
    return ResolvedProblem(located, model, problem)


def find_plugin(
    kind: str,
    name: str,
    path: KeyPath,
    diagnostics: Diagnostics,
    registry: Registry,
    consent: Consent | None = None,
) -> Plugin | None:
    """Return a plugin; None with a problem at `path` if there is none that works.

    With `consent`, what stands in a Python file is imported, if it may run; the caller has to call its `settle`.
    """
    try:
        if consent is not None and not _imported(kind, name, diagnostics.document.place(path), consent):
            return None
        return registry.get(kind, name)
    except PluginError as error:
        diagnostics.add(path, str(error))
        return None


def _imported(kind: str, name: str, place: Place, consent: Consent) -> bool:
    """Import the file that a name refers to, if it is such a name and the file may run; say whether it may."""
    if file_reference(name) is None:
        return True
    if not consent.allows_file(kind, name, place):
        return False
    import_given(kind, name)
    return True


def complaint(error: BaseException) -> str:
    """Return what an exception of a plugin's code says, with its type where that is no plain complaint."""
    return str(error) if isinstance(error, ValueError | ContractError) else f"{type(error).__name__}: {error}"


def _model(
    located: LocatedProblem, diagnostics: Diagnostics, registry: Registry, consent: Consent
) -> tuple[BoundModel | None, ModelChoice | None]:
    """Make the model; return it, None if that fails, and the choice with all its options."""
    choice = located.model
    if choice is None:
        return None, None
    plugin = find_plugin("model", choice.name, located.model_path, diagnostics, registry, consent)
    if plugin is None:
        return None, choice
    path = (*located.path, "model")
    # With the options that are right the model can mostly be made, and more be said in one go.
    options, complete = check_options(plugin, choice.options, path, diagnostics, beside=("name",))
    choice = replace(choice, options=options)
    if not consent.allows(plugin, options, diagnostics.document.place(path)):
        return None, choice
    try:
        model: Model = plugin.make(**options)
        return BoundModel(model), choice
    except TerranovaError as error:  # something else than an option is wrong, such as a package that is missing
        diagnostics.add(located.model_path, str(error))
    except (Exception, SystemExit) as error:  # a plugin's code: whatever it raises, the user gave it these options
        if complete:
            diagnostics.add(path, f"model {choice.name!r} refuses its options: {complaint(error)}")
    return None, choice


def _constraint_sets(
    located: LocatedProblem, diagnostics: Diagnostics, registry: Registry, consent: Consent
) -> list[LocatedSet]:
    """Look up the sets by name, and refuse two constraints of one name, or two sets that exclude each other."""
    try:
        model = "" if located.model is None else registry.get("model", located.model.name).called
    except PluginError:
        model = ""  # reported already; the sets' own model then does not matter
    sets: list[LocatedSet] = []
    owner: dict[str, str] = {}
    named: set[str] = set()
    for item in located.constraints:
        if isinstance(item.entry, str | PartOfSet):
            name = _name_of(item.entry)
            if name in named:
                diagnostics.add_at(item.place, f"set {name!r} is listed twice")
                continue
            named.add(name)
        group = _constraint_set(item, model, diagnostics, registry, consent)
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
    item: LocatedEntry, model: str, diagnostics: Diagnostics, registry: Registry, consent: Consent
) -> ConstraintSet | None:
    if isinstance(item.entry, Constraint):
        return ConstraintSet(item.entry.name, (item.entry,))
    if isinstance(item.entry, ConstraintSet):
        if model and not item.entry.suits(model):
            diagnostics.add_at(
                item.place, f"set {item.entry.name!r} is for model {item.entry.model!r}, not {model!r}"
            )
            return None
        return item.entry
    name = _name_of(item.entry)
    if not model and name in registry.names("constraints"):
        return None
    try:
        if not _imported("constraints", name, item.place, consent):
            return None
        constraint_set: ConstraintSet = registry.get("constraints", name, model=model).target
    except PluginError as error:
        known = is_reference(name) or any(phrase in str(error) for phrase in ("did you mean", "is made for"))
        hint = "" if known else f"; for a file, write ./{name}.yaml"
        diagnostics.add_at(item.place, f"{error}{hint}")
        return None
    return (
        _part(constraint_set, item.entry.without, item.place, diagnostics)
        if isinstance(item.entry, PartOfSet)
        else constraint_set
    )


def _name_of(entry: ConstraintEntry) -> str:
    return entry if isinstance(entry, str) else entry.name


def _part(
    constraint_set: ConstraintSet, without: Sequence[str], place: Place, diagnostics: Diagnostics
) -> ConstraintSet:
    """Return a set without the constraints of some names, all of which it must have."""
    names = [constraint.name for constraint in constraint_set]
    for name in without:
        if name not in names:
            diagnostics.add_at(
                place, f"set {constraint_set.name!r} has no constraint {name!r}{did_you_mean(name, names)}"
            )
    return replace(constraint_set, constraints=tuple(c for c in constraint_set if c.name not in without))


def _check_observables(model: BoundModel, sets: Sequence[LocatedSet], diagnostics: Diagnostics) -> bool:
    """Compare what constraints read with what the model provides, names and units; True if all is there."""
    units = {q.name: q.unit for q in (*model.space, *model.observables)}
    before = diagnostics.count
    names: set[str] = set()
    for group, places in sets:
        for constraint, place in zip(group, places, strict=True):
            for name in constraint.observables:
                if name not in units and is_name(name):  # of an expression, all was said
                    diagnostics.add_at(
                        place,
                        f"constraint {constraint.name!r} reads {name!r}, which model {model.name!r} "
                        f"does not provide{did_you_mean(name, units)}",
                    )
            for name, unit in constraint.units.items():
                if units.get(name) and units[name] != unit:  # "" is that of nobody knows what
                    diagnostics.add_at(
                        place,
                        f"constraint {constraint.name!r} is in unit {unit!r}, "
                        f"but {name!r} of model {model.name!r} is in {units[name]!r}",
                    )
            names.add(constraint.name)
    unread = any(name not in units for group, _ in sets for c in group for name in c.observables)
    return not unread and diagnostics.count == before and len(names) == sum(len(group) for group, _ in sets)
