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
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, closest, convert, keys_of, place_of, read_keys, show
from terranova.parsing.strict_yaml import KeyPath, Place, load


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


def _value(given: Any, wanted: Any, path: KeyPath, diagnostics: Diagnostics) -> Any:
    """Return a value of the wanted type, or None with a problem."""
    value, wrong = convert(given, wanted)
    for inner, message in wrong:
        diagnostics.add((*path, *inner), message)
    return None if wrong else value


def _name_and_options(given: Any, path: KeyPath, diagnostics: Diagnostics) -> tuple[str, dict[str, Any]]:
    """Read `thdm3` or `{name: thdm3, option: value}`; the name is "" after a problem."""
    if isinstance(given, Mapping):
        words = {"name": Key(str, required=True, expected=f"the name of a {path[0]}")}
        options, complete = read_keys(given, words, path, diagnostics, open_ended=True)
        name = options.pop("name", "")
        if complete and not name:
            diagnostics.add((*path, "name"), "empty, expected a name")
        return name, options
    if isinstance(given, str) and given:
        return given, {}
    hint = (
        ": a class is known by its name once it is a plugin, see `terranova new model`" if callable(given) else ""
    )
    diagnostics.add(path, f"expected a name, or name and options, got {show(given)}{hint}")
    return "", {}


def _constraints(given: Any, diagnostics: Diagnostics) -> list[ConstraintItem]:
    if not isinstance(given, list):
        diagnostics.add(("constraints",), f"expected a list of names, files and constraints, got {show(given)}")
        return []
    items = (_constraint_item(entry, ("constraints", i), diagnostics) for i, entry in enumerate(given))
    return [item for item in items if item is not None]


def _constraint_item(given: Any, path: KeyPath, diagnostics: Diagnostics) -> ConstraintItem | None:
    place = diagnostics.document.place(path)
    if isinstance(given, str) and given:
        is_path = "/" in given or given.endswith(_ENDINGS)
        return _set_from_file(given, path, diagnostics) if is_path else ConstraintItem(given, place)
    if not isinstance(given, Mapping):
        diagnostics.add(path, f"expected the name of a set, a YAML file or a constraint, got {show(given)}")
        return None
    if "without" in given:
        words, complete = read_keys(given, keys_of(PartOfSet), path, diagnostics)
        return ConstraintItem(PartOfSet(**words), place) if complete else None
    if "constraints" in given:
        located = parse_constraint_set(given, path, diagnostics, published=False)
        return ConstraintItem(located.set, place, located.places) if located else None
    constraint = parse_constraint(given, path, diagnostics, published=False)
    return ConstraintItem(constraint, place, (place,)) if constraint else None


_ENDINGS = (".yaml", ".yml")


def _set_from_file(given: str, path: KeyPath, diagnostics: Diagnostics) -> ConstraintItem | None:
    """Read a set from a file named relative to the configuration's folder.

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
    file = _expanded(given, path, diagnostics)
    if file is None:
        return None
    file = Path(diagnostics.document.file).parent / file
    document, problems = load(file)
    if not document.text and problems:
        name = str(file) if len(str(file)) <= 200 else f"{str(file)[:197]}..."
        diagnostics.add(path, f"{name}: {problems[0].message}")
        return None
    inner = Diagnostics(document, problems)
    located = None
    if document.data is not None:
        located = parse_constraint_set(document.data, (), inner, published=True, origin=str(file))
    elif not problems:
        diagnostics.add(path, f"{file}: empty, expected a constraint set")
    diagnostics.extend(inner.problems)
    if located is None or problems:
        return None
    return ConstraintItem(located.set, diagnostics.document.place(path), located.places)


def _parameters(given: Any, diagnostics: Diagnostics) -> dict[str, Prior]:
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        diagnostics.add(("parameters",), f"expected parameters with values or priors, got {show(given)}")
        return {}
    priors = {name: read_prior(value, ("parameters", name), diagnostics) for name, value in given.items()}
    return {name: prior for name, prior in priors.items() if prior is not None}


def read_prior(given: Any, path: KeyPath, diagnostics: Diagnostics) -> Prior | None:
    """Read a number, which fixes the parameter, or `{prior: log, lower: 1, upper: 50}`."""
    if not isinstance(given, Mapping):
        if given is None or isinstance(given, list):
            wanted = "a number, or a prior such as {prior: uniform, lower: 0, upper: 1}"
            diagnostics.add(path, f"expected {wanted}, got {show(given)}")
            return None
        value = _value(given, float, path, diagnostics)
        if value is not None and abs(value) > LARGEST:
            diagnostics.add(path, f"beyond {LARGEST:g}: its square is too large for a number")
            return None
        return None if value is None else Fixed(value)
    if "prior" not in given:
        diagnostics.add((*path, "prior"), f"missing, expected one of {', '.join(PRIORS)}")
        return None
    kind = given["prior"]
    if not isinstance(kind, str) or kind not in PRIORS:
        hint = closest(kind, PRIORS) if isinstance(kind, str) else ""
        diagnostics.add((*path, "prior"), f"unknown prior {show(kind)}, expected one of {', '.join(PRIORS)}{hint}")
        return None
    words, complete = read_keys(given, {"prior": Key(str), **keys_of(PRIORS[kind])}, path, diagnostics)
    if not complete:
        return None
    del words["prior"]
    try:
        prior = PRIORS[kind](**words)
    except ValueError as error:
        diagnostics.add(place_of(str(error).partition(":")[2], words, path), str(error))
        return None
    beyond = [word for word, value in words.items() if abs(value) > LARGEST]
    for word in beyond:
        diagnostics.add((*path, word), f"beyond {LARGEST:g}: its square is too large for a number")
    return None if beyond else prior


def _expanded(text: str, path: KeyPath, diagnostics: Diagnostics) -> Path | None:
    """Return a path with ~ replaced by a home directory; None with a problem if there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        diagnostics.add(path, f"nobody's home directory is known as {Path(text).parts[0]!r}")
        return None
