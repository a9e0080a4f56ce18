"""Reads what a scan has beside its problem: sampler, budget, seed, output, parallel and store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from terranova.config.prior_reading import read_value
from terranova.config.problem import PROBLEM_KEYS
from terranova.config.problem_reading import (
    LocatedProblem,
    read_name_and_options,
    read_problem,
)
from terranova.config.scan import SCAN_KEYS, Budget, Parallel, SamplerChoice, Storage
from terranova.parsing.constraint_file import ConstraintKinds
from terranova.parsing.diagnostics import Diagnostics, expanded
from terranova.parsing.keys import Key, keys_of, read_keys, show
from terranova.parsing.strict_yaml import KeyPath
from terranova.system.amounts import bytes_of, seconds_of

Seed = Annotated[int, Field(ge=0, lt=2**63)]

Islands = Annotated[int, Field(ge=1, le=1_000_000)]
"""Each has a random stream and a sampler of its own: more would not fit into memory."""


@dataclass
class ScanParts:
    """The parts of a scan's document; None where one could not be read.

    A sampler without a name is the one that plugins prefer.
    """

    problem: LocatedProblem
    sampler: SamplerChoice | None = None
    budget: Budget | None = None
    seed: int = 1
    output: Path | None = None
    parallel: Parallel | None = field(default_factory=Parallel)
    store: Storage | None = field(default_factory=Storage)


EACH_ISLAND = 10_000
"""Evaluations that an island should have, where the configuration leaves the number of islands open."""

FEWEST_ISLANDS = 4

_KEYS = {
    **dict.fromkeys(SCAN_KEYS, Key(Any)),
    **PROBLEM_KEYS,
    "budget": Key(Any, True, "an end of the scan: evaluations, wall or valid"),
}


def read_scan(
    diagnostics: Diagnostics, kinds: Callable[[], ConstraintKinds], islands: int | None = None
) -> ScanParts | None:
    """Read the document of a scan; None if it is no mapping.

    Args:
        diagnostics: of the document; receives the problems.
        kinds: returns the kinds of constraints that can be named.
        islands: their number where the document names none; see `default_islands`.
    """
    data = diagnostics.document.data
    given = {} if data is None else data
    read_keys(given, _KEYS, (), diagnostics)
    if not isinstance(given, Mapping):
        return None
    parts = ScanParts(read_problem(given, (), diagnostics, kinds))
    if "budget" in given:
        parts.budget = _budget(given["budget"], diagnostics)
    islands = islands or default_islands(parts.budget)
    parts.sampler = read_sampler(given.get("sampler", {}), ("sampler",), diagnostics, islands)
    if "seed" in given:
        parts.seed = read_seed(given["seed"], diagnostics)
    if "output" in given:
        parts.output = read_output(given["output"], diagnostics)
    if "parallel" in given:
        parts.parallel = read_parallel(given["parallel"], diagnostics)
    if "store" in given:
        parts.store = _storage(given["store"], diagnostics)
    return parts


def read_seed(given: Any, diagnostics: Diagnostics) -> int:
    """Read `seed:`; 0 after a problem."""
    return read_value(given, Seed, ("seed",), diagnostics) or 0


def read_sampler(given: Any, path: KeyPath, diagnostics: Diagnostics, islands: int) -> SamplerChoice | None:
    """Read which sampler; its name is "" where none is given. None after a problem."""
    unnamed = isinstance(given, Mapping) and "name" not in given
    name, options = ("", dict(given)) if unnamed else read_name_and_options(given, path, "sampler", diagnostics)
    if "islands" in options:
        islands = read_value(options.pop("islands"), Islands, (*path, "islands"), diagnostics) or islands
    return SamplerChoice(name, islands, options) if name or unnamed else None


def default_islands(budget: Budget | None) -> int:
    """Return how many islands a scan has that names no number: each must get somewhere with its share."""
    if budget is None or budget.evaluations is None:
        return SamplerChoice.islands
    return int(np.clip(budget.evaluations // EACH_ISLAND, FEWEST_ISLANDS, SamplerChoice.islands))


def read_parallel(given: Any, diagnostics: Diagnostics) -> Parallel:
    """Read `parallel:`; what is wrong keeps its default."""
    keys, _ = _with_amounts(
        given, Parallel, {"timeout": seconds_of, "patience": seconds_of, "memory": bytes_of}, diagnostics
    )
    return Parallel(**keys)


def _with_amounts(
    given: Any, cls: type, amounts: Mapping[str, Callable[[float | str], float]], diagnostics: Diagnostics
) -> tuple[dict[str, Any], bool]:
    """Return the keys that are right, some of them amounts with a unit, and whether all are.

    The keys are those of a dataclass, which is called as the document's key.
    """
    path = (cls.__name__.lower(),)
    known = {**keys_of(cls), **{name: Key(float | str | None) for name in amounts}}
    keys, complete = read_keys(given, known, path, diagnostics)
    for name, amount_of in amounts.items():
        if keys.get(name) is None:
            keys.pop(name, None)
            continue
        try:
            keys[name] = amount_of(keys[name])
        except ValueError as error:
            diagnostics.add((*path, name), str(error))
            del keys[name]
            complete = False
    return keys, complete


def _budget(given: Any, diagnostics: Diagnostics) -> Budget | None:
    path = ("budget",)
    keys, complete = _with_amounts(given, Budget, {"wall": seconds_of}, diagnostics)
    if not complete:
        return None
    budget = Budget(**keys)
    if budget == Budget():
        if diagnostics.readable(path):
            diagnostics.add(path, "expected at least one of evaluations, wall and valid: a scan needs an end")
        return None
    return budget


def read_output(given: Any, diagnostics: Diagnostics) -> Path | None:
    """Read `output:`, a directory relative to the current folder, not to the file: it is where results appear."""
    text = read_value(given, str | None, ("output",), diagnostics)
    if text is None:
        return None
    if not text.strip():
        diagnostics.add(("output",), "empty, expected a directory")
        return None
    return expanded(text, ("output",), diagnostics)


def _storage(given: Any, diagnostics: Diagnostics) -> Storage | None:
    keys, _ = read_keys(given, keys_of(Storage), ("store",), diagnostics)
    storage = Storage(**keys)
    if isinstance(storage.observables, str) and storage.observables not in ("all", "constrained"):
        diagnostics.add(
            ("store", "observables"),
            f"expected all, constrained or a list of names, got {show(storage.observables)}",
        )
        return None
    return storage
