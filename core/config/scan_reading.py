"""From the words of a configuration to typed parts: everything that can be checked without any plugin."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from terranova.config.scan import WORDS, Budget, ModelChoice, Parallel, SamplerChoice, Storage
from terranova.diagnostics import Diagnostic
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet, PartOfSet
from terranova.interfaces.model import LARGEST
from terranova.interfaces.parameters import PRIORS, Fixed, Prior
from terranova.parsing.constraint_file import constraint_words, parse_constraint, parse_constraint_set, set_words
from terranova.parsing.keys import Report, Word, closest, convert, guilty, read_words, show, words_of
from terranova.parsing.strict_yaml import MAX_DEPTH, Document, KeyPath, Place, examine, is_text
from terranova.system.amounts import bytes_of

Seed = Annotated[int, Field(ge=0, lt=2**63)]

Islands = Annotated[int, Field(ge=1, le=1_000_000)]
"""Each has a random stream and a sampler of its own: more would not fit into memory."""


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


@dataclass
class Draft:
    """The parts of a configuration that could be read; None where that failed.

    A sampler without a name is the one that plugins prefer.
    """

    model: ModelChoice | None = None
    constraints: list[ConstraintItem] = field(default_factory=list)
    parameters: dict[str, Prior] = field(default_factory=dict)
    sampler: SamplerChoice | None = None
    budget: Budget | None = None
    seed: int = 1
    output: Path | None = None
    parallel: Parallel | None = field(default_factory=Parallel)
    store: Storage | None = field(default_factory=Storage)


EACH_ISLAND = 10_000
"""Evaluations that an island should have, where the configuration leaves the number of islands open."""

FEWEST_ISLANDS = 4

_REQUIRED = {
    "model": "the name of a model",
    "constraints": "a list of constraint sets",
    "budget": "an end of the scan: evaluations, wall or valid",
}


def read_draft(report: Report, islands: int | None = None) -> Draft:
    """Read the parts of the report's document; problems go to the report.

    `islands` is their number where the document names none; see `default_islands`.
    """
    draft = Draft()
    words = {word: Word(Any, word in _REQUIRED, _REQUIRED.get(word, "")) for word in WORDS}
    data = report.document.data
    read_words({} if data is None else data, words, (), report)
    if not isinstance(data, Mapping):
        return draft
    if "model" in data:
        name, options = _name_and_options(data["model"], ("model",), report)
        draft.model = ModelChoice(name, options) if name else None
    if "constraints" in data:
        draft.constraints = _constraints(data["constraints"], report)
    if "parameters" in data:
        draft.parameters = _parameters(data["parameters"], report)
    if "budget" in data:
        draft.budget = _budget(data["budget"], report)
    draft.sampler = _sampler(data.get("sampler", {}), report, islands or default_islands(draft.budget))
    if "seed" in data:
        draft.seed = _value(data["seed"], Seed, ("seed",), report) or 0
    if "output" in data:
        draft.output = _output(data["output"], report)
    if "parallel" in data:
        draft.parallel = _parallel(data["parallel"], report)
    if "store" in data:
        draft.store = _storage(data["store"], report)
    return draft


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


def _sampler(given: Any, report: Report, islands: int) -> SamplerChoice | None:
    """Read which sampler; its name is "" where none is given. None after a problem."""
    unnamed = isinstance(given, Mapping) and "name" not in given
    name, options = ("", dict(given)) if unnamed else _name_and_options(given, ("sampler",), report)
    if "islands" in options:
        islands = _value(options.pop("islands"), Islands, ("sampler", "islands"), report) or islands
    return SamplerChoice(name, islands, options) if name or unnamed else None


def default_islands(budget: Budget | None) -> int:
    """Return how many islands a scan has that names no number: each must get somewhere with its share."""
    if budget is None or budget.evaluations is None:
        return SamplerChoice.islands
    return int(np.clip(budget.evaluations // EACH_ISLAND, FEWEST_ISLANDS, SamplerChoice.islands))


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


def _parallel(given: Any, report: Report) -> Parallel:
    words, _ = _with_amounts(
        given, Parallel, {"timeout": seconds_of, "patience": seconds_of, "memory": bytes_of}, report
    )
    return Parallel(**words)


def _with_amounts(
    given: Any, cls: type, amounts: Mapping[str, Callable[[float | str], float]], report: Report
) -> tuple[dict[str, Any], bool]:
    """Return the words that are right, some of them amounts with a unit, and whether all are.

    The words are those of a dataclass, which is called as the document's key.
    """
    path = (cls.__name__.lower(),)
    known = {**words_of(cls), **{name: Word(float | str | None) for name in amounts}}
    words, complete = read_words(given, known, path, report)
    for name, amount_of in amounts.items():
        if words.get(name) is None:
            words.pop(name, None)
            continue
        try:
            words[name] = amount_of(words[name])
        except ValueError as error:
            report.add((*path, name), str(error))
            del words[name]
            complete = False
    return words, complete


def _budget(given: Any, report: Report) -> Budget | None:
    path = ("budget",)
    words, complete = _with_amounts(given, Budget, {"wall": seconds_of}, report)
    if not complete:
        return None
    budget = Budget(**words)
    if budget == Budget():
        if report.readable(path):
            report.add(path, "expected at least one of evaluations, wall and valid: a scan needs an end")
        return None
    return budget


_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_NUMBER = r"(\d+(?:\.\d+)?)"
_DURATION = re.compile("".join(rf"(?:{_NUMBER}{unit}\s*)?" for unit in _UNITS))


def seconds_of(given: float | str) -> float:
    """Return a duration in seconds: from a number of seconds, or from "90s", "10m", "2h", "1d", "1h30m".

    Raises:
        ValueError: it is not a duration, or not a positive and finite one; the message is a sentence.
    """
    seconds = given
    if isinstance(given, str) and re.fullmatch(_NUMBER, given.strip()):
        seconds = float(given)
    elif isinstance(given, str):
        found = _DURATION.fullmatch(given.strip())
        if not found or not any(found.groups()):
            raise ValueError(f"expected seconds, or a duration such as 90s, 10m, 2h or 1h30m, got {show(given)}")
        parts = zip(found.groups(), _UNITS.values(), strict=True)
        seconds = sum(float(number) * unit for number, unit in parts if number)
    if not 0.0 < float(seconds) < math.inf:
        raise ValueError(f"must be a positive duration, got {show(given)}")
    return float(seconds)


def _output(given: Any, report: Report) -> Path | None:
    text = _value(given, str | None, ("output",), report)
    if text is None:
        return None
    if not text.strip():
        report.add(("output",), "empty, expected a directory")
        return None
    return _expanded(text, ("output",), report)


def _expanded(text: str, path: KeyPath, report: Report) -> Path | None:
    """Return a path with ~ replaced by a home directory; None with a problem if there is none."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        report.add(path, f"nobody's home directory is known as {Path(text).parts[0]!r}")
        return None


def _storage(given: Any, report: Report) -> Storage | None:
    words, _ = read_words(given, words_of(Storage), ("store",), report)
    storage = Storage(**words)
    if isinstance(storage.observables, str) and storage.observables not in ("all", "constrained"):
        report.add(
            ("store", "observables"),
            f"expected all, constrained or a list of names, got {show(storage.observables)}",
        )
        return None
    return storage


def read_source(
    source: str | Path | Mapping[str, Any], words: Mapping[str, Any], *, merged: Sequence[str] = ()
) -> Report:
    """Read a file, or its content as a mapping, with some of its top-level words replaced.

    Args:
        source: path of a YAML file, or its content.
        words: top-level keys that replace those of the source; None counts as not given.
        merged: keys of which `words` replace only what they name.

    Returns:
        the document, with the problems found so far.

    Raises:
        ConfigError: nothing of the source can be read.
    """
    document, problems = _from_mapping(source) if isinstance(source, Mapping) else examine(source)
    report = Report(document, problems)
    if document.data is None and problems:
        report.raise_if_any()
    report.document = _override(document, words, report, merged)
    return report


def _from_mapping(source: Mapping[str, Any]) -> tuple[Document, list[Diagnostic]]:
    report = Report(Document(None))
    data = plain(source, (), report)
    return Document(data), report.problems


def _override(document: Document, words: Mapping[str, Any], report: Report, merged: Sequence[str]) -> Document:
    """Put the overriding words into a document's data."""
    given = {key: value for key, value in words.items() if value is not None}
    if not given or not isinstance(document.data, Mapping | None):
        return document
    data = dict(document.data or {})
    foreign: set[KeyPath] = set()
    nowhere = Report(Document(None))
    for key, value in given.items():
        new = plain(value, (key,), nowhere)
        if key in merged and isinstance(new, Mapping) and isinstance(data.get(key), Mapping):
            data[key] = {**data[key], **new}
            foreign.update((key, inner) for inner in new)
        else:
            data[key] = new
            foreign.add((key,))
    report.extend(nowhere.problems)
    return document.with_data(data, frozenset(foreign))


def plain(value: Any, path: KeyPath, report: Report) -> Any:
    """Return what a file could have said, for a value given in Python: lists for tuples, floats for numpy's.

    Constraints and constraint sets made in Python become their words. Anything else is a problem.
    """
    if len(path) > MAX_DEPTH:
        report.add(path[:2], f"nested more than {MAX_DEPTH} deep")
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, Path)):
        text = str(value)
        if not is_text(text):
            report.add(path, "holds a control character")
            return None
        return text
    try:
        if isinstance(value, Constraint):
            return constraint_words(value)
        if isinstance(value, ConstraintSet):
            return set_words(value)
    except ValueError as error:
        report.add(path, str(error))
        return None
    if isinstance(value, Prior):
        return value.to_dict()
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        for key in wrong:
            report.add(path, f"a key must be a word, got {show(key)}")
        return {key: plain(inner, (*path, key), report) for key, inner in value.items() if key not in wrong}
    if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, (bytes, bytearray)):
        return [plain(inner, (*path, i), report) for i, inner in enumerate(value)]
    report.add(path, f"expected numbers, text, lists or keys with values, got {show(value)}")
    return None
