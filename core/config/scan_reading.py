"""From the words of a configuration to typed parts: everything that can be checked without any plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from terranova.config.problem import ConstraintItem, _constraints, _expanded, _name_and_options, _parameters, _value
from terranova.config.scan import WORDS, Budget, ModelChoice, Parallel, SamplerChoice, Storage
from terranova.interfaces.priors import Prior
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import Key, keys_of, read_keys, show
from terranova.system.amounts import bytes_of, seconds_of

Seed = Annotated[int, Field(ge=0, lt=2**63)]

Islands = Annotated[int, Field(ge=1, le=1_000_000)]
"""Each has a random stream and a sampler of its own: more would not fit into memory."""


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


def read_draft(diagnostics: Diagnostics, islands: int | None = None) -> Draft:
    """Read the parts of the report's document; problems go to the report.

    `islands` is their number where the document names none; see `default_islands`.
    """
    draft = Draft()
    words = {word: Key(Any, word in _REQUIRED, _REQUIRED.get(word, "")) for word in WORDS}
    data = diagnostics.document.data
    read_keys({} if data is None else data, words, (), diagnostics)
    if not isinstance(data, Mapping):
        return draft
    if "model" in data:
        name, options = _name_and_options(data["model"], ("model",), diagnostics)
        draft.model = ModelChoice(name, options) if name else None
    if "constraints" in data:
        draft.constraints = _constraints(data["constraints"], diagnostics)
    if "parameters" in data:
        draft.parameters = _parameters(data["parameters"], diagnostics)
    if "budget" in data:
        draft.budget = _budget(data["budget"], diagnostics)
    draft.sampler = _sampler(data.get("sampler", {}), diagnostics, islands or default_islands(draft.budget))
    if "seed" in data:
        draft.seed = _value(data["seed"], Seed, ("seed",), diagnostics) or 0
    if "output" in data:
        draft.output = _output(data["output"], diagnostics)
    if "parallel" in data:
        draft.parallel = _parallel(data["parallel"], diagnostics)
    if "store" in data:
        draft.store = _storage(data["store"], diagnostics)
    return draft


def _sampler(given: Any, diagnostics: Diagnostics, islands: int) -> SamplerChoice | None:
    """Read which sampler; its name is "" where none is given. None after a problem."""
    unnamed = isinstance(given, Mapping) and "name" not in given
    name, options = ("", dict(given)) if unnamed else _name_and_options(given, ("sampler",), diagnostics)
    if "islands" in options:
        islands = _value(options.pop("islands"), Islands, ("sampler", "islands"), diagnostics) or islands
    return SamplerChoice(name, islands, options) if name or unnamed else None


def default_islands(budget: Budget | None) -> int:
    """Return how many islands a scan has that names no number: each must get somewhere with its share."""
    if budget is None or budget.evaluations is None:
        return SamplerChoice.islands
    return int(np.clip(budget.evaluations // EACH_ISLAND, FEWEST_ISLANDS, SamplerChoice.islands))


def _parallel(given: Any, diagnostics: Diagnostics) -> Parallel:
    words, _ = _with_amounts(
        given, Parallel, {"timeout": seconds_of, "patience": seconds_of, "memory": bytes_of}, diagnostics
    )
    return Parallel(**words)


def _with_amounts(
    given: Any, cls: type, amounts: Mapping[str, Callable[[float | str], float]], diagnostics: Diagnostics
) -> tuple[dict[str, Any], bool]:
    """Return the words that are right, some of them amounts with a unit, and whether all are.

    The words are those of a dataclass, which is called as the document's key.
    """
    path = (cls.__name__.lower(),)
    known = {**keys_of(cls), **{name: Key(float | str | None) for name in amounts}}
    words, complete = read_keys(given, known, path, diagnostics)
    for name, amount_of in amounts.items():
        if words.get(name) is None:
            words.pop(name, None)
            continue
        try:
            words[name] = amount_of(words[name])
        except ValueError as error:
            diagnostics.add((*path, name), str(error))
            del words[name]
            complete = False
    return words, complete


def _budget(given: Any, diagnostics: Diagnostics) -> Budget | None:
    path = ("budget",)
    words, complete = _with_amounts(given, Budget, {"wall": seconds_of}, diagnostics)
    if not complete:
        return None
    budget = Budget(**words)
    if budget == Budget():
        if diagnostics.readable(path):
            diagnostics.add(path, "expected at least one of evaluations, wall and valid: a scan needs an end")
        return None
    return budget


def _output(given: Any, diagnostics: Diagnostics) -> Path | None:
    text = _value(given, str | None, ("output",), diagnostics)
    if text is None:
        return None
    if not text.strip():
        diagnostics.add(("output",), "empty, expected a directory")
        return None
    return _expanded(text, ("output",), diagnostics)


def _storage(given: Any, diagnostics: Diagnostics) -> Storage | None:
    words, _ = read_keys(given, keys_of(Storage), ("store",), diagnostics)
    storage = Storage(**words)
    if isinstance(storage.observables, str) and storage.observables not in ("all", "constrained"):
        diagnostics.add(
            ("store", "observables"),
            f"expected all, constrained or a list of names, got {show(storage.observables)}",
        )
        return None
    return storage
