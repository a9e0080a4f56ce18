"""A source of configuration: a YAML file, or the same keys from Python, with some of them replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from terranova.errors import Diagnostic
from terranova.interfaces.constraint import Constraint
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.continuous_priors import frozen_words
from terranova.interfaces.joint_priors import JointPrior
from terranova.interfaces.parameters import Parameter
from terranova.interfaces.priors import Prior
from terranova.parsing.constraint_file import constraint_keys, set_keys
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.keys import show
from terranova.parsing.strict_yaml import MAX_DEPTH, Document, KeyPath, is_text, load


def read_source(
    source: str | Path | Mapping[str, Any], keys: Mapping[str, Any], *, merged: Sequence[str] = ()
) -> Diagnostics:
    """Read a file, or its content as a mapping, with some of its top-level keys replaced.

    Args:
        source: path of a YAML file, or its content.
        keys: top-level keys that replace those of the source; None counts as not given.
        merged: keys of which `keys` replace only what they name.

    Returns:
        the document, with the problems found so far.

    Raises:
        ConfigError: nothing of the source can be read.
    """
    document, problems = _from_mapping(source) if isinstance(source, Mapping) else load(source)
    diagnostics = Diagnostics(document, problems)
    if document.data is None and problems:
        diagnostics.raise_if_any()
    diagnostics.document = _override(document, keys, diagnostics, merged)
    return diagnostics


def _from_mapping(source: Mapping[str, Any]) -> tuple[Document, list[Diagnostic]]:
    diagnostics = Diagnostics(Document(None))
    data = plain(source, (), diagnostics)
    return Document(data), diagnostics.problems


def _override(
    document: Document, keys: Mapping[str, Any], diagnostics: Diagnostics, merged: Sequence[str]
) -> Document:
    """Put the overriding keys into a document's data."""
    given = {key: value for key, value in keys.items() if value is not None}
    if not given or not isinstance(document.data, Mapping | None):
        return document
    data = dict(document.data or {})
    foreign: set[KeyPath] = set()
    nowhere = Diagnostics(Document(None))
    for key, value in given.items():
        new = plain(value, (key,), nowhere)
        if key in merged and isinstance(new, Mapping) and isinstance(data.get(key), Mapping):
            data[key] = {**data[key], **new}
            foreign.update((key, inner) for inner in new)
        else:
            data[key] = new
            foreign.add((key,))
    diagnostics.extend(nowhere.problems)
    return document.with_data(data, frozenset(foreign))


def plain(value: Any, path: KeyPath, diagnostics: Diagnostics) -> Any:
    """Return what a file could have said, for a value given in Python: lists for tuples, floats for numpy's.

    Constraints, constraint sets, priors, parameters and frozen distributions of scipy become their keys. Anything
    else is a problem.
    """
    if len(path) > MAX_DEPTH:
        diagnostics.add(path[:2], f"nested more than {MAX_DEPTH} deep")
        return None
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, Path)):
        text = str(value)
        if not is_text(text):
            diagnostics.add(path, "holds a control character")
            return None
        return text
    try:
        if isinstance(value, Constraint):
            return constraint_keys(value)
        if isinstance(value, ConstraintSet):
            return set_keys(value)
    except ValueError as error:
        diagnostics.add(path, str(error))
        return None
    if isinstance(value, Prior | JointPrior):
        return plain(value.to_dict(), path, diagnostics)
    if isinstance(value, Parameter):
        return plain({**value.prior.to_dict(), "unit": value.unit}, path, diagnostics)
    if (words := frozen_words(value)) is not None:
        return plain(words, path, diagnostics)
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        for key in wrong:
            diagnostics.add(path, f"a key must be a word, got {show(key)}")
        return {key: plain(inner, (*path, key), diagnostics) for key, inner in value.items() if key not in wrong}
    if isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, (bytes, bytearray)):
        return [plain(inner, (*path, i), diagnostics) for i, inner in enumerate(value)]
    diagnostics.add(path, f"expected numbers, text, lists or keys with values, got {show(value)}")
    return None
