"""Reads the problem of a document: model, constraints and priors, each remembered with its place.

Files that a document names are looked for in the folder of the document, whatever the current folder is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from terranova.config.expression_reading import read_expressions
from terranova.config.prior_reading import read_parameters
from terranova.config.problem import ConstraintEntry, ExpressionChoice, ModelChoice, ProblemConfig
from terranova.interfaces.constraint_set import PartOfSet
from terranova.interfaces.priors import Prior
from terranova.parsing.constraint_file import ConstraintKinds, parse_constraint, parse_constraint_set
from terranova.parsing.diagnostics import Diagnostics, expanded
from terranova.parsing.keys import Key, keys_of, read_keys, show
from terranova.parsing.strict_yaml import KeyPath, Place, load
from terranova.registry.python_files import file_reference


@dataclass(frozen=True)
class LocatedEntry:
    """One entry of `constraints:`.

    Attributes:
        entry: the name of a registered set, a part of one, or what was given in full.
        place: of the entry.
        places: of each constraint, when given in full.
    """

    entry: ConstraintEntry
    place: Place
    places: tuple[Place, ...] = ()


@dataclass(frozen=True)
class LocatedProblem:
    """What a document says of a problem: all of it that could be read, and where it stands.

    Attributes:
        model: None if it could not be read.
        constraints: those that could be read.
        parameters: those that could be read.
        units: of parameters, where the document says them.
        observables: the expressions that could be read, by name.
        path: of the mapping that has these keys.
        model_path: of the model's name.
    """

    model: ModelChoice | None
    constraints: tuple[LocatedEntry, ...]
    parameters: Mapping[str, Prior]
    path: KeyPath = ()
    model_path: KeyPath = ("model",)
    units: Mapping[str, str] = field(default_factory=dict)
    observables: Mapping[str, ExpressionChoice] = field(default_factory=dict)

    @property
    def config(self) -> ProblemConfig:
        """The problem itself. Its model must have been read."""
        assert self.model is not None  # otherwise there was a problem to raise
        entries = tuple(located.entry for located in self.constraints)
        return ProblemConfig(self.model, entries, self.parameters, self.units, self.observables)

    def with_constraints(self, constraints: Sequence[LocatedEntry]) -> LocatedProblem:
        """Return the same problem with other constraints."""
        return replace(self, constraints=tuple(constraints))


def nowhere(config: ProblemConfig) -> LocatedProblem:
    """Return a problem that stands in no document."""
    place = Place("", 0, 0, "constraints")
    entries = tuple(LocatedEntry(entry, place) for entry in config.constraints)
    return LocatedProblem(
        config.model, entries, config.parameters, units=config.units, observables=config.observables
    )


def read_problem(
    given: Mapping[str, Any], path: KeyPath, diagnostics: Diagnostics, kinds: Callable[[], ConstraintKinds]
) -> LocatedProblem:
    """Read the keys of a problem; those that are missing are not noted here.

    Args:
        given: a mapping with these keys, and perhaps others.
        path: where it stands.
        diagnostics: receives the problems.
        kinds: returns the kinds of constraints that can be named; called only if there is a list of constraints.
    """
    model: ModelChoice | None = None
    entries: list[LocatedEntry] = []
    parameters: dict[str, Prior] = {}
    units: dict[str, str] = {}
    observables: dict[str, ExpressionChoice] = {}
    if "model" in given:
        name, options = read_name_and_options(given["model"], (*path, "model"), "model", diagnostics)
        model = ModelChoice(name, options) if name else None
    if "constraints" in given:
        entries = read_constraints(given["constraints"], (*path, "constraints"), diagnostics, kinds())
    if "parameters" in given:
        parameters, units = read_parameters(given["parameters"], (*path, "parameters"), diagnostics)
    if "observables" in given:
        observables = read_expressions(given["observables"], (*path, "observables"), diagnostics)
    model_path = name_path(given, path, "model")
    return LocatedProblem(model, tuple(entries), parameters, path, model_path, units, observables)


def name_path(given: Mapping[str, Any], path: KeyPath, key: str) -> KeyPath:
    """Return where the name stands in `key: NAME` or `key: {name: NAME}`."""
    return (*path, key, "name") if isinstance(given.get(key), Mapping) else (*path, key)


def read_name_and_options(
    given: Any, path: KeyPath, what: str, diagnostics: Diagnostics
) -> tuple[str, dict[str, Any]]:
    """Read `thdm3` or `{name: thdm3, option: value}`, the name being that of `what`; it is "" after a problem."""
    if isinstance(given, Mapping):
        known = {"name": Key(str, required=True, expected=f"the name of a {what}")}
        options, complete = read_keys(given, known, path, diagnostics, open_ended=True)
        name = options.pop("name", "")
        if complete and not name:
            diagnostics.add((*path, "name"), "empty, expected a name")
        return located_name(name, (*path, "name"), diagnostics), options
    if isinstance(given, str) and given:
        return located_name(given, path, diagnostics), {}
    diagnostics.add(path, f"expected a name, or name and options, got {show(given)}")
    return "", {}


def located_name(name: str, path: KeyPath, diagnostics: Diagnostics) -> str:
    """Return a name; one that refers to a Python file with the full path, "" if it has none.

    As all paths it is relative to the file that says so.
    """
    reference = file_reference(name)
    if reference is None:
        return name
    file = expanded(str(reference.path), path, diagnostics)
    if file is None:
        return ""
    return str(
        replace(reference, path=Path(os.path.normpath(diagnostics.document.folder_of(path).absolute() / file)))
    )


def read_constraints(
    given: Any, path: KeyPath, diagnostics: Diagnostics, kinds: ConstraintKinds
) -> list[LocatedEntry]:
    """Read a list of names of sets, files and constraints; those that cannot be read are left out."""
    if not isinstance(given, list):
        diagnostics.add(path, f"expected a list of names, files and constraints, got {show(given)}")
        return []
    entries = (_entry(entry, (*path, i), diagnostics, kinds) for i, entry in enumerate(given))
    return [entry for entry in entries if entry is not None]


def _entry(given: Any, path: KeyPath, diagnostics: Diagnostics, kinds: ConstraintKinds) -> LocatedEntry | None:
    place = diagnostics.document.place(path)
    if isinstance(given, str) and given:
        if file_reference(given) is not None:
            name = located_name(given, path, diagnostics)
            return LocatedEntry(name, place) if name else None
        is_path = "/" in given or given.endswith(_ENDINGS)
        return _set_from_file(given, path, diagnostics, kinds) if is_path else LocatedEntry(given, place)
    if not isinstance(given, Mapping):
        diagnostics.add(path, f"expected the name of a set, a YAML file or a constraint, got {show(given)}")
        return None
    if "without" in given:
        keys, complete = read_keys(given, keys_of(PartOfSet), path, diagnostics)
        if not complete:
            return None
        keys["name"] = located_name(keys["name"], (*path, "name"), diagnostics)
        return LocatedEntry(PartOfSet(**keys), place) if keys["name"] else None
    if "constraints" in given:
        located = parse_constraint_set(given, path, diagnostics, kinds, published=False)
        return LocatedEntry(located.set, place, located.places) if located else None
    constraint = parse_constraint(given, path, diagnostics, kinds, published=False)
    return LocatedEntry(constraint, place, (place,)) if constraint else None


_ENDINGS = (".yaml", ".yml")


def _set_from_file(
    given: str, path: KeyPath, diagnostics: Diagnostics, kinds: ConstraintKinds
) -> LocatedEntry | None:
    """Read a set from a file, which is named relative to the file that names it.

    Only files that are meant to be YAML are opened, for messages show what stands in them.
    """
    if "://" in given:
        diagnostics.add(path, f"{show(given)} is an address: download the file, and write its path")
        return None
    if not given.endswith(_ENDINGS):
        diagnostics.add(
            path, f"expected the name of a set, or a file that ends in .yaml or .yml, got {show(given)}"
        )
        return None
    file = expanded(given, path, diagnostics)
    if file is None:
        return None
    file = diagnostics.document.folder_of(path) / file
    document, problems = load(file)
    if not document.text and problems:
        name = str(file) if len(str(file)) <= 200 else f"{str(file)[:197]}..."
        diagnostics.add(path, f"{name}: {problems[0].message}")
        return None
    inner = Diagnostics(document, problems)
    located = None
    if document.data is not None:
        located = parse_constraint_set(document.data, (), inner, kinds, published=True, origin=str(file))
    elif not problems:
        diagnostics.add(path, f"{file}: empty, expected a constraint set")
    diagnostics.extend(inner.problems)
    if located is None or problems:
        return None
    return LocatedEntry(located.set, diagnostics.document.place(path), located.places)
