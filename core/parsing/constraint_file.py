"""Reads constraint sets from YAML files, and constraints from configurations; writes them back as words.

An entry of a file needs a source that can be looked up; without one it is refused.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field

from terranova.interfaces.constraint import (
    KINDS,
    Asymmetric,
    Constraint,
    Correlated,
    Function,
    Gaussian,
    Interval,
    Tabulated,
)
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import LARGEST
from terranova.parsing.diagnostics import Diagnostics
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
_SET_WORDS = {
    "name": Key(str, required=True),
    "model": Key(str),
    "version": Key(str),
    "description": Key(str),
    "exclusive_group": Key(str),
    "constraints": Key(Any, required=True, expected="a list of constraints"),
}
_Positive = Annotated[float, Field(gt=0)]
_Level = Annotated[float, Field(gt=0.5, lt=1)]
_NARROWER = {
    "sigma": _Positive,
    "sigma_up": _Positive,
    "sigma_down": _Positive,
    "nsigma": _Positive,
    "scale": _Positive,
    "max_chi2": _Positive,
    "sigmas": tuple[_Positive, ...],
    "cl": _Level | None,
    "side": Literal["upper", "lower"],
    "distance": Literal["linear", "log"],
}
"""Types of words where the annotation of the class says less than the class checks."""


@dataclass(frozen=True)
class LocatedSet:
    """A constraint set and where its entries stand.

    Attributes:
        set: the constraints.
        places: one for each constraint.
    """

    set: ConstraintSet
    places: tuple[Place, ...]


def read_constraint_set(path: str | os.PathLike[str]) -> ConstraintSet:
    """Read a constraint set from a YAML file.

    Raises:
        ConfigError: the file is not strict YAML or not a constraint set; lists every problem.
    """
    document, problems = load(path)
    diagnostics = Diagnostics(document, problems)
    located = None
    if document.data is not None or not problems:
        located = parse_constraint_set(document.data, (), diagnostics, published=True, origin=os.fspath(path))
    diagnostics.raise_if_any()
    assert located is not None  # otherwise there was a problem
    return located.set


def parse_constraint_set(
    given: Any, path: KeyPath, diagnostics: Diagnostics, *, published: bool, origin: str = ""
) -> LocatedSet | None:
    """Make a constraint set from its words.

    Args:
        given: what stands at `path`.
        path: where it stands.
        diagnostics: receives the problems.
        published: True for files, whose entries need a reference and a date; False for a user's own.
        origin: the file.

    Returns:
        the set, None if there was any problem.
    """
    before = diagnostics.count
    words, complete = read_keys(given, _SET_WORDS, path, diagnostics)
    if isinstance(given, Mapping):
        name = given.get("name")
        if isinstance(name, str) and not _SET_NAME.fullmatch(name):
            diagnostics.add((*path, "name"), f"expected letters, digits, '.', '_' and '-', got {show(name)}")
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
        constraint = parse_constraint(entry, here, diagnostics, published=published)
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
    made = ConstraintSet(**{**words, "constraints": tuple(constraints)}, origin=origin)
    return LocatedSet(made, tuple(places))


def parse_constraint(given: Any, path: KeyPath, diagnostics: Diagnostics, *, published: bool) -> Constraint | None:
    """Make one constraint from its words.

    Args:
        given: what stands at `path`.
        path: where it stands.
        diagnostics: receives the problems.
        published: True for an entry of a file, which needs a reference and a date.

    Returns:
        the constraint, None if there was any problem.
    """
    before = diagnostics.count
    if not isinstance(given, Mapping):
        diagnostics.add(path, f"expected a constraint (keys with values), got {show(given)}")
        return None
    kind = _kind(given, path, diagnostics)
    words, _ = read_keys(given, _words_of_kind(kind), path, diagnostics, open_ended=kind is None)
    _check_name(given, path, diagnostics)
    _check_source(given, path, diagnostics, published)
    if kind is None or diagnostics.count > before:
        return None
    observables = _observables(kind, words, path, diagnostics)
    _check_combination(kind, words, observables, path, diagnostics)
    if diagnostics.count > before:
        return None
    del words["kind"]
    if "sigma" in words:
        words["sigma_up"] = words["sigma_down"] = words.pop("sigma")
    try:
        return kind(observables=observables, **words)
    except ValueError as error:
        diagnostics.add(place_of(str(error), given, path), str(error))
        return None


def constraint_words(constraint: Constraint) -> dict[str, Any]:
    """Return the words that make a constraint: the inverse of `parse_constraint`.

    Raises:
        ValueError: it is a Python function, which no file can name.
    """
    if isinstance(constraint, Function) or constraint.kind not in KINDS:
        raise ValueError(
            f"constraint {constraint.name!r} is a Python function: offer its set from a plugin, name the set"
        )
    words: dict[str, Any] = {"name": constraint.name, "kind": constraint.kind}
    if isinstance(constraint, Interval) or len(constraint.observables) == 1:
        words["observable"] = constraint.observables[0]
    else:
        words["observables"] = list(constraint.observables)
    for f in dataclasses.fields(constraint):
        value = getattr(constraint, f.name)
        if f.name in ("name", "observables") or value == f.default:
            continue
        words[f.name] = _plain(value)
    if isinstance(constraint, Gaussian):
        words["sigma"] = words.pop("sigma_up")
        del words["sigma_down"]
    return words


def set_words(constraints: ConstraintSet) -> dict[str, Any]:
    """Return the words of a whole set: the inverse of `parse_constraint_set`.

    Raises:
        ValueError: one of its constraints is a Python function, which no file can name.
    """
    words: dict[str, Any] = {"name": constraints.name, "version": constraints.version}
    if constraints.model:
        words["model"] = constraints.model
    if constraints.description:
        words["description"] = constraints.description
    if constraints.exclusive_group:
        words["exclusive_group"] = constraints.exclusive_group
    return {**words, "constraints": [constraint_words(c) for c in constraints]}


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, tuple) else value


@cache
def _words_of_kind(kind: type[Constraint] | None) -> dict[str, Key]:
    """Return the words of an entry; those that all kinds share when the kind is unknown."""
    words = keys_of(kind or Constraint)
    if kind is Gaussian:
        del words["sigma_up"], words["sigma_down"]
        words["sigma"] = Key(float, required=True)
    words = {name: replace(word, type=_NARROWER.get(name, word.type)) for name, word in words.items()}
    words["source"] = Key(str, required=True, expected="where the numbers come from")
    words["kind"] = Key(str, required=True, expected=f"one of {', '.join(KINDS)}")
    several = kind in (None, Correlated, Tabulated)
    words["observable"] = Key(str, required=not several, expected="what it constrains")
    if several:
        words["observables"] = Key(tuple[str, ...])
    else:
        del words["observables"]
    return words


def _kind(given: Mapping[str, Any], path: KeyPath, diagnostics: Diagnostics) -> type[Constraint] | None:
    if "kind" not in given:
        return None  # reported as a missing word
    kind = given["kind"]
    if kind == Function.kind:
        diagnostics.add(
            (*path, "kind"),
            "a file cannot name a function; write the constraint in Python and offer it from a plugin",
        )
    elif isinstance(kind, str) and kind in KINDS:
        return KINDS[kind]
    elif isinstance(kind, str):
        hint = closest(kind, KINDS)
        diagnostics.add((*path, "kind"), f"unknown kind {kind!r}, expected one of {', '.join(KINDS)}{hint}")
    return None


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


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return True


def _observables(
    kind: type[Constraint], words: dict[str, Any], path: KeyPath, diagnostics: Diagnostics
) -> tuple[str, ...]:
    """Take `observable` or `observables` out of the words."""
    one, several = words.pop("observable", None), words.pop("observables", None)
    if (one is None) == (several is None):
        diagnostics.add(path, "expected either observable or observables")
        return ()
    names = (one,) if one is not None else tuple(several)
    if len(set(names)) < len(names):
        diagnostics.add((*path, "observables"), "the same observable twice")
    if not all(name.strip() for name in names):
        diagnostics.add((*path, "observable" if one is not None else "observables"), "empty, expected a name")
    if kind is Correlated and len(names) < 2:
        diagnostics.add(path, "a correlated constraint reads two or more observables")
    if kind is Tabulated and len(names) > 2:
        diagnostics.add(
            (*path, "observables"), "a tabulated constraint reads one observable (-2 ln L) or two (y, x)"
        )
    return names


def _check_combination(
    kind: type[Constraint],
    words: Mapping[str, Any],
    observables: tuple[str, ...],
    path: KeyPath,
    diagnostics: Diagnostics,
) -> None:
    """Refuse words that would have no effect, and say plainly what numpy would complain about."""
    if kind is Correlated:
        _check_correlation(words, len(observables), path, diagnostics)
    if kind is Tabulated and len(observables) in (1, 2):
        idle = ("side", "cl") if len(observables) == 1 else ("max_chi2",)
        for word in idle:
            if word in words:
                shape = "one observable" if len(observables) == 1 else "two observables"
                diagnostics.add((*path, word), f"has no effect with {shape}", at_key=True)
    if issubclass(kind, Asymmetric) and words.get("accept") is not None and "nsigma" in words:
        diagnostics.add((*path, "nsigma"), "has no effect beside accept", at_key=True)
    if kind is Tabulated and len(observables) == 2 and words.get("side") == "lower" and "cl" in words:
        diagnostics.add((*path, "cl"), "has no effect with side: lower", at_key=True)
    for word, value in words.items():
        for inner in _beyond(value):
            diagnostics.add((*path, word, *inner), f"beyond {LARGEST:g}: its square is too large for a number")


def _beyond(value: Any) -> Iterator[KeyPath]:
    """Yield the places of the numbers that are too large to compute with."""
    if isinstance(value, (list, tuple)):
        for i, entry in enumerate(value):
            yield from ((i, *inner) for inner in _beyond(entry))
    elif isinstance(value, (int, float)) and abs(value) > LARGEST:
        yield ()


def _check_correlation(words: Mapping[str, Any], n: int, path: KeyPath, diagnostics: Diagnostics) -> None:
    """Say which number of a correlated constraint is wrong, or missing."""
    for word in ("values", "sigmas"):
        if len(words[word]) != n:
            diagnostics.add((*path, word), f"expected {n} numbers, one for each observable, got {len(words[word])}")
    rows = words["correlation"]
    before = diagnostics.count
    if len(rows) != n:
        diagnostics.add((*path, "correlation"), f"expected {n} rows, one for each observable, got {len(rows)}")
    for i, row in enumerate(rows):
        if len(row) != n:
            diagnostics.add((*path, "correlation", i), f"expected a row of {n} numbers, got {len(row)}")
    if diagnostics.count > before:
        return
    for i, row in enumerate(rows):
        if row[i] != 1.0:
            diagnostics.add((*path, "correlation", i, i), f"expected 1 on the diagonal, got {row[i]:g}")
        for j in range(i):
            if row[j] != rows[j][i]:
                diagnostics.add(
                    (*path, "correlation", i, j), f"not symmetric: {row[j]:g} here, {rows[j][i]:g} across"
                )
