"""A problem: a model, its options and priors, and constraints, as every configuration file names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet, PartOfSet
from terranova.interfaces.model import LARGEST
from terranova.interfaces.priors import PRIORS, Fixed, Prior
from terranova.parsing.constraint_file import parse_constraint, parse_constraint_set
from terranova.parsing.diagnostics import Report
from terranova.parsing.keys import Word, closest, convert, guilty, read_words, show, words_of
from terranova.parsing.strict_yaml import KeyPath, Place, examine


@dataclass(frozen=True)
class ConstraintItem:
    """One entry of `constraints:`.

    Attributes:
        thing: the name of a registered set, a part of one, or what was given in full.
        place: of the entry.
        places: of each constraint, when given in full.
    """

    thing: str | PartOfSet | Constraint | ConstraintSet
    place: Place
    places: tuple[Place, ...] = ()


def _value(given: Any, wanted: Any, path: KeyPath, report: Report) -> Any:
    """Return a value of the wanted type, or None with a problem."""
    value, wrong = convert(given, wanted)
    for inner, message in wrong:
        report.add((*path, *inner), message)
    return None if wrong else value


def _name_and_options(given: Any, path: KeyPath, report: Report) -> tuple[str, dict[str, Any]]:
    """Read `thdm3` or `{name: thdm3, option: value}`; the name is "" after a problem."""
    if isinstance(given, Mapping):
        words = {"name": Word(str, required=True, expected=f"the name of a {path[0]}")}
        options, complete = read_words(given, words, path, report, open_ended=True)
        name = options.pop("name", "")
        if complete and not name:
            report.add((*path, "name"), "empty, expected a name")
        return name, options
    if isinstance(given, str) and given:
        return given, {}
    hint = (
        ": a class is known by its name once it is a plugin, see `terranova new model`" if callable(given) else ""
    )
    report.add(path, f"expected a name, or name and options, got {show(given)}{hint}")
    return "", {}


def _constraints(given: Any, report: Report) -> list[ConstraintItem]:
    if not isinstance(given, list):
        report.add(("constraints",), f"expected a list of names, files and constraints, got {show(given)}")
        return []
    items = (_constraint_item(entry, ("constraints", i), report) for i, entry in enumerate(given))
    return [item for item in items if item is not None]


def _constraint_item(given: Any, path: KeyPath, report: Report) -> ConstraintItem | None:
    place = report.document.place(path)
    if isinstance(given, str) and given:
        is_path = "/" in given or given.endswith(_ENDINGS)
        return _set_from_file(given, path, report) if is_path else ConstraintItem(given, place)
    if not isinstance(given, Mapping):
        report.add(path, f"expected the name of a set, a YAML file or a constraint, got {show(given)}")
        return None
    if "without" in given:
        words, complete = read_words(given, words_of(PartOfSet), path, report)
        return ConstraintItem(PartOfSet(**words), place) if complete else None
    if "constraints" in given:
        located = parse_constraint_set(given, path, report, published=False)
        return ConstraintItem(located.set, place, located.places) if located else None
    constraint = parse_constraint(given, path, report, published=False)
    return ConstraintItem(constraint, place, (place,)) if constraint else None


_ENDINGS = (".yaml", ".yml")


def _set_from_file(given: str, path: KeyPath, report: Report) -> ConstraintItem | None:
    """Read a set from a file named relative to the configuration's folder.

    Only files that are meant to be YAML are opened, for messages show what stands in them.
    """
    if "://" in given:
        report.add(path, f"{show(given)} is an address: download the file, and write its path")
        return None
    if not given.endswith(_ENDINGS):
        report.add(path, f"expected the name of a set, or a file that ends in .yaml or .yml, got {show(given)}")
        return None
    file = _expanded(given, path, report)
    if file is None:
        return None
    file = Path(report.document.file).parent / file
    document, problems = examine(file)
    if not document.text and problems:
        name = str(file) if len(str(file)) <= 200 else f"{str(file)[:197]}..."
        report.add(path, f"{name}: {problems[0].message}")
        return None
    inner = Report(document, problems)
    located = None
    if document.data is not None:
        located = parse_constraint_set(document.data, (), inner, published=True, origin=str(file))
    elif not problems:
        report.add(path, f"{file}: empty, expected a constraint set")
    report.extend(inner.problems)
    if located is None or problems:
        return None
    return ConstraintItem(located.set, report.document.place(path), located.places)


def _parameters(given: Any, report: Report) -> dict[str, Prior]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        report.add(("parameters",), f"expected parameters with values or priors, got {show(given)}")
        return {}
    priors = {name: read_prior(value, ("parameters", name), report) for name, value in given.items()}
    return {name: prior for name, prior in priors.items() if prior is not None}


def read_prior(given: Any, path: KeyPath, report: Report) -> Prior | None:
    """Read a number, which fixes the parameter, or `{prior: log, lower: 1, upper: 50}`."""
    if not isinstance(given, Mapping):
        if given is None or isinstance(given, list):
            wanted = "a number, or a prior such as {prior: uniform, lower: 0, upper: 1}"
            report.add(path, f"expected {wanted}, got {show(given)}")
            return None
        value = _value(given, float, path, report)
        if value is not None and abs(value) > LARGEST:
            report.add(path, f"beyond {LARGEST:g}: its square is too large for a number")
            return None
        return None if value is None else Fixed(value)
    if "prior" not in given:
        report.add((*path, "prior"), f"missing, expected one of {', '.join(PRIORS)}")
        return None
    kind = given["prior"]
    if not isinstance(kind, str) or kind not in PRIORS:
        hint = closest(kind, PRIORS) if isinstance(kind, str) else ""
        report.add((*path, "prior"), f"unknown prior {show(kind)}, expected one of {', '.join(PRIORS)}{hint}")
        return None
    words, complete = read_words(given, {"prior": Word(str), **words_of(PRIORS[kind])}, path, report)
    if not complete:
        return None
    del words["prior"]
    try:
        prior = PRIORS[kind](**words)
    except ValueError as error:
        report.add(guilty(str(error).partition(":")[2], words, path), str(error))
        return None
    beyond = [word for word, value in words.items() if abs(value) > LARGEST]
    for word in beyond:
        report.add((*path, word), f"beyond {LARGEST:g}: its square is too large for a number")
    return None if beyond else prior


def _expanded(text: str, path: KeyPath, report: Report) -> Path | None:
    """Return a path with ~ replaced by a home directory; None with a problem if there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        report.add(path, f"nobody's home directory is known as {Path(text).parts[0]!r}")
        return None
