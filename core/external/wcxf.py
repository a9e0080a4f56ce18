"""WCxf files, read: Wilson coefficients of an effective theory, in JSON or YAML (arXiv:1712.05298).

Strict: a key twice, one that is missing or unknown, a number that is none, is an error with its place.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terranova.errors import PointFailed
from terranova.parsing.strict_yaml import MAX_BYTES, MAX_DEPTH, load_text

_KEYS = ("eft", "basis", "scale", "values", "metadata")


class WcxfError(PointFailed):
    """A file is no WCxf file, or does not say what was asked for. `reason` begins with the file."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, unphysical=False)


@dataclass(frozen=True)
class Wcxf:
    """Wilson coefficients.

    Attributes:
        eft: the effective theory, such as "WET".
        basis: in which the coefficients are given, such as "flavio".
        scale: in GeV.
        values: coefficient -> its value.
        file: where it was read, for messages.
    """

    eft: str
    basis: str
    scale: float
    values: Mapping[str, complex] = field(default_factory=dict)
    file: str = ""

    def expect(self, eft: str, basis: str) -> Wcxf:
        """Return this, or raise a `WcxfError` if it is in another theory or basis."""
        if (self.eft, self.basis) != (eft, basis):
            raise WcxfError(
                f"{self.file or 'WCxf'}: {self.eft} in basis {self.basis!r}, expected {eft} in {basis!r}"
            )
        return self


def read_wcxf(path: str | os.PathLike[str]) -> Wcxf:
    """Read a WCxf file: JSON if its name ends in .json, otherwise YAML. Messages leave out its folder.

    Raises:
        WcxfError: it cannot be read, or is not what the format says.
    """
    name = Path(path).name
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise WcxfError(f"{name}: cannot be read: {error.strerror or error}") from error
    return parse_wcxf(data, name, is_json=name.endswith(".json"))


def parse_wcxf(data: bytes | str, file: str = "", *, is_json: bool = False) -> Wcxf:
    """Read WCxf from text; `file` is what messages call it. Raises what `read_wcxf` does."""
    where = file or "WCxf"
    if len(data) > MAX_BYTES:
        raise WcxfError(f"{where}: longer than {MAX_BYTES:,} bytes")
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        content = json.loads(text, object_pairs_hook=_unique) if is_json else _yaml(text, file)
    except RecursionError as error:
        raise WcxfError(f"{where}: nested more than {MAX_DEPTH} deep") from error
    except ValueError as error:  # also what JSON and UTF-8 complain of
        raise WcxfError(f"{where}: {error}") from error
    if not isinstance(content, dict):
        raise WcxfError(f"{where}: expected the keys {', '.join(_KEYS[:4])}")
    for key in content:
        if key not in _KEYS:
            raise WcxfError(f"{where}: unknown key {str(key)[:40]!r}")
    for key in _KEYS[:4]:
        if key not in content:
            raise WcxfError(f"{where}: {key} is missing")
    for key in ("eft", "basis"):
        if not isinstance(content[key], str) or not content[key]:
            raise WcxfError(f"{where}: {key}: expected a name, got {str(content[key])[:40]!r}")
    scale = _real(content["scale"], "scale", where)
    if scale <= 0:
        raise WcxfError(f"{where}: scale: expected a positive number of GeV, got {scale:g}")
    if not isinstance(content["values"], dict):
        raise WcxfError(f"{where}: values: expected coefficients and their values")
    values = {str(name): _complex(value, str(name), where) for name, value in content["values"].items()}
    return Wcxf(content["eft"], content["basis"], scale, values, file)


def _yaml(text: str, file: str) -> Any:
    document, problems = load_text(text, file)
    if problems:
        raise ValueError(str(problems[0]).removeprefix(f"{file}:"))
    return document.data


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key, value in pairs:
        if key in mapping:
            raise ValueError(f"key {key[:40]!r} twice")
        mapping[key] = value
    return mapping


def _complex(given: Any, name: str, where: str) -> complex:
    if not isinstance(given, dict):
        return complex(_real(given, f"values: {name}", where))
    if not given or not set(given) <= {"Re", "Im"}:
        raise WcxfError(f"{where}: values: {name[:40]}: expected a number, or Re and Im")
    return complex(*(_real(given.get(part, 0.0), f"values: {name}: {part}", where) for part in ("Re", "Im")))


def _real(given: Any, what: str, where: str) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise WcxfError(f"{where}: {what[:80]}: expected a number, got {str(given)[:40]!r}")
    try:
        number = float(given)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise WcxfError(f"{where}: {what[:80]}: not a finite number")
    return number
