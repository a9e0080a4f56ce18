"""Reads constraint sets from YAML files, and constraints from configurations; writes them back as keys.

An entry of a file needs a source that can be looked up; without one it is refused.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import LARGEST
from terranova.parsing.diagnostics import Diagnostics, expanded
from terranova.parsing.keys import Key, closest, keys_of, place_of, read_keys, show
from terranova.parsing.strict_yaml import KeyPath, Place, key_text, load

REFERENCE = re.compile(
    r"arxiv:\s?(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?:v\d+)?|doi:\s?10\.\d{4,9}/\S+", re.IGNORECASE
)
"""What can be looked up: an arXiv number or a DOI, anywhere in a source."""

THEORY = "theory:"
"""A source that begins so belongs to a condition of theory, not to data: it needs no date."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?")
_SET_KEYS = {
    "name": Key(str, required=True),
    "model": Key(str),
    "version": Key(str),
    "description": Key(str),
    "exclusive_group": Key(str),
    "updated": Key(str),
    "reproduces": Key(str),
    "constraints": Key(Any, required=True, expected="a list of constraints"),
}


@dataclass(frozen=True)
class ConstraintKinds:
    """The kinds of constraints that a file can name.

    Attributes:
        classes: name -> class.
        unusable: name -> why a file cannot use a kind of that name.
    """

    classes: Mapping[str, type[Constraint]]
    unusable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LocatedSet:
    """A constraint set and where its entries stand.

    Attributes:
        set: the constraints.
        places: one for each constraint.
    """

    set: ConstraintSet
    places: tuple[Place, ...]


def read_constraint_set(path: str | os.PathLike[str], kinds: ConstraintKinds) -> ConstraintSet:
    """Read a constraint set from a YAML file.

    Args:
        path: of the file.
        kinds: of constraints that it may name.

    Raises:
        ConfigError: the file is not strict YAML or not a constraint set; lists every problem.
    """
    document, problems = load(path)
    diagnostics = Diagnostics(document, problems)
    located = None
    if document.data is not None or not problems:
        located = parse_constraint_set(
            document.data, (), diagnostics, kinds, published=True, origin=os.fspath(path)
        )
    diagnostics.raise_if_any()
    assert located is not None  # otherwise there was a problem
    return located.set


def parse_constraint_set(
    given: Any,
    path: KeyPath,
    diagnostics: Diagnostics,
    kinds: ConstraintKinds,
    *,
    published: bool,
    origin: str = "",
) -> LocatedSet | None:
    """Make a constraint set from its keys.

    Args:
        given: what stands at `path`.
        path: where it stands.
        diagnostics: receives the problems.
        kinds: of constraints that it may name.
        published: True for files, whose entries need a reference and a date; False for a user's own.
        origin: the file.

    Returns:
        the set, None if there was any problem.
    """
    before = diagnostics.count
    keys, complete = read_keys(given, _SET_KEYS, path, diagnostics)
    if isinstance(given, Mapping):
        name = given.get("name")
        if isinstance(name, str) and not _SET_NAME.fullmatch(name):
            diagnostics.add((*path, "name"), f"expected letters, digits, '.', '_' and '-', got {show(name)}")
        _check_age(given, path, diagnostics)
    entries = given.get("constraints") if isinstance(given, Mapping) else None
    if not isinstance(entries, list) or not entries:
        if isinstance(given, Mapping) and "constraints" in given:
            diagnostics.add(
                (*path, "constraints"), f"expected a list of at least one constraint, got {show(entries)}"
            )
        return None
    constraints: list[Constraint] = []
    places: list[Place] = []
    first: dict[str, int] = {}
    for i, entry in enumerate(entries):
        here = (*path, "constraints", i)
        constraint = parse_constraint(entry, here, diagnostics, kinds, published=published)
        if constraint is None:
            continue
        if constraint.name in first:
            other = key_text((*path, "constraints", first[constraint.name]))
            diagnostics.add((*here, "name"), f"{constraint.name!r} is already the name of {other}")
        first.setdefault(constraint.name, i)
        constraints.append(constraint)
        places.append(diagnostics.document.place(here))
    if not complete or diagnostics.count > before:
        return None
    constraint_set = ConstraintSet(**{**keys, "constraints": tuple(constraints)}, origin=origin)
    return LocatedSet(constraint_set, tuple(places))


def parse_constraint(
    given: Any, path: KeyPath, diagnostics: Diagnostics, kinds: ConstraintKinds, *, published: bool
) -> Constraint | None:
    """Make one constraint from its keys.

    Args:
        given: what stands at `path`.
        path: where it stands.
        diagnostics: receives the problems.
        kinds: that it may be of.
        published: True for an entry of a file, which needs a reference and a date.

    Returns:
        the constraint, None if there was any problem.
    """
    before = diagnostics.count
    if not isinstance(given, Mapping):
        diagnostics.add(path, f"expected a constraint (keys with values), got {show(given)}")
        return None
    kind = _kind(given, path, diagnostics, kinds)
    known = _keys_of_kind(kind, tuple(kinds.classes))
    keys, _ = read_keys(given, known, path, diagnostics, open_ended=kind is None)
    _check_name(given, path, diagnostics)
    _check_source(given, path, diagnostics, published)
    if kind is None or diagnostics.count > before:
        return None
    read: dict[str, Any] = (
        {} if kind.names_observables else {"observables": _observables(kind, keys, path, diagnostics)}
    )
    del keys["kind"]
    for key in kind.paths:
        if keys.get(key) and (file := expanded(keys[key], (*path, key), diagnostics)) is not None:
            keys[key] = str((diagnostics.document.folder_of((*path, key)) / file).absolute())
    if diagnostics.count == before:
        for problem in kind.key_problems(keys, read.get("observables", ())):
            diagnostics.add((*path, *problem.path), problem.message, at_key=problem.at_key)
    for key, value in keys.items():
        for inner in _beyond(value):
            diagnostics.add((*path, key, *inner), f"beyond {LARGEST:g}: its square is too large for a number")
    if diagnostics.count > before:
        return None
    try:
        return kind(**read, **keys)
    except ValueError as error:
        diagnostics.add(place_of(str(error), given, path), str(error))
        return None


def constraint_keys(constraint: Constraint) -> dict[str, Any]:
    """Return the keys that make a constraint: the inverse of `parse_constraint`.

    Raises:
        ValueError: it is a Python function, which no file can name.
    """
    if not constraint.in_files:
        raise ValueError(
            f"constraint {constraint.name!r} is a Python function: offer its set from a plugin, name the set"
        )
    keys: dict[str, Any] = {"name": constraint.name, "kind": constraint.kind}
    if constraint.names_observables:
        pass  # they stand under keys of its own
    elif len(constraint.observables) == 1:
        keys["observable"] = constraint.observables[0]
    else:
        keys["observables"] = list(constraint.observables)
    for f in dataclasses.fields(constraint):
        value = getattr(constraint, f.name)
        if f.init and f.name not in ("name", "observables") and value != f.default:
            keys[f.name] = _plain(value)
    return keys


def set_keys(constraints: ConstraintSet) -> dict[str, Any]:
    """Return the keys of a whole set: the inverse of `parse_constraint_set`.

    Raises:
        ValueError: one of its constraints is a Python function, which no file can name.
    """
    keys: dict[str, Any] = {"name": constraints.name, "version": constraints.version}
    if constraints.model:
        keys["model"] = constraints.model
    if constraints.description:
        keys["description"] = constraints.description
    for key in ("exclusive_group", "updated", "reproduces"):
        if value := getattr(constraints, key):
            keys[key] = value
    return {**keys, "constraints": [constraint_keys(c) for c in constraints]}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


@cache
def _keys_of_kind(kind: type[Constraint] | None, names: tuple[str, ...]) -> dict[str, Key]:
    """Return the keys of an entry; those that all kinds share when the kind is unknown."""
    keys = keys_of(kind or Constraint)
    keys["source"] = Key(str, required=True, expected="where the numbers come from")
    keys["kind"] = Key(str, required=True, expected=f"one of {', '.join(names)}")
    if kind is not None and kind.names_observables:
        del keys["observables"]
        return keys
    several = kind is None or kind.reads.most != 1
    keys["observable"] = Key(str, required=not several, expected="what it constrains")
    if several:
        keys["observables"] = Key(tuple[str, ...])
    else:
        del keys["observables"]
    return keys


def _kind(
    given: Mapping[str, Any], path: KeyPath, diagnostics: Diagnostics, kinds: ConstraintKinds
) -> type[Constraint] | None:
    if "kind" not in given:
        return None  # reported as a missing key
    kind = given["kind"]
    if not isinstance(kind, str):
        return None  # reported as a value of the wrong type
    if kind in kinds.unusable:
        diagnostics.add((*path, "kind"), kinds.unusable[kind])
    elif kind not in kinds.classes:
        known = f"expected one of {', '.join(kinds.classes)}{closest(kind, kinds.classes)}"
        diagnostics.add((*path, "kind"), f"unknown kind {kind!r}, {known}")
    return kinds.classes.get(kind)


def _check_name(given: Mapping[str, Any], path: KeyPath, diagnostics: Diagnostics) -> None:
    name = given.get("name")
    if isinstance(name, str) and not _NAME.fullmatch(name):
        message = f"expected letters, digits and '_', not beginning with a digit, got {show(name)}"
        diagnostics.add((*path, "name"), message)


def _check_source(given: Mapping[str, Any], path: KeyPath, diagnostics: Diagnostics, published: bool) -> None:
    source, when = given.get("source"), given.get("date")
    if isinstance(source, str):
        if not source.strip():
            diagnostics.add((*path, "source"), "empty, expected where the numbers come from")
        elif published and not REFERENCE.search(source):
            diagnostics.add(
                (*path, "source"),
                f"expected an arXiv number (arXiv:2207.00092) or a DOI (doi:10.1000/xyz), got {show(source)}",
            )
    if isinstance(when, str) and when and not _is_date(when):
        diagnostics.add((*path, "date"), f"expected a date such as 2022-07-01 or 2022-07, got {show(when)}")
    theory = isinstance(source, str) and source.startswith(THEORY)
    if published and not theory and ("date" not in given or when == ""):
        diagnostics.add(
            (*path, "date"), "missing, expected the date of the measurement or publication, as 2022-07-01"
        )


def _check_age(given: Mapping[str, Any], path: KeyPath, diagnostics: Diagnostics) -> None:
    updated, reproduces = given.get("updated"), given.get("reproduces")
    if isinstance(updated, str) and not _is_date(updated):
        message = f"expected year and month in which the numbers were looked up, as 2026-06, got {show(updated)}"
        diagnostics.add((*path, "updated"), message)
    if isinstance(reproduces, str) and not REFERENCE.search(reproduces):
        message = f"expected an arXiv number (arXiv:2207.00092) or a DOI, got {show(reproduces)}"
        diagnostics.add((*path, "reproduces"), message)


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return True


def _observables(
    kind: type[Constraint], keys: dict[str, Any], path: KeyPath, diagnostics: Diagnostics
) -> tuple[str, ...]:
    """Take `observable` or `observables` out of the keys."""
    one, several = keys.pop("observable", None), keys.pop("observables", None)
    if (one is None) == (several is None):
        diagnostics.add(path, "expected either observable or observables")
        return ()
    names = (one,) if one is not None else tuple(several)
    where = (*path, "observable" if one is not None else "observables")
    if len(set(names)) < len(names):
        diagnostics.add(where, "the same observable twice")
    if not all(name.strip() for name in names):
        diagnostics.add(where, "empty, expected a name")
    fewest, most, text = kind.reads
    if len(names) < fewest or (most is not None and len(names) > most):
        article = "an" if kind.kind[0] in "aeiou" else "a"
        diagnostics.add(where, f"{article} {kind.kind} constraint reads {text}")
    return names


def _beyond(value: Any) -> Iterator[KeyPath]:
    """Yield the places of the numbers that are too large to compute with."""
    if isinstance(value, (list, tuple, Mapping)):
        for i, entry in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from ((i, *inner) for inner in _beyond(entry))
    elif isinstance(value, (int, float)) and abs(value) > LARGEST:
        yield ()
