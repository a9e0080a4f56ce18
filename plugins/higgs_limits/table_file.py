"""Reads tables of numbers: those of HiggsBounds-5, and reference rates.

A table of HiggsBounds-5 (arXiv:2006.06007) has rows of mass, observed and expected limit. What they are limits on,
and in which unit, stands in the source of that program and not in the file: the entry has to say it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terranova.errors import did_you_mean
from terranova.plugins.higgs_limits import names
from terranova.plugins.higgs_limits.json_reading import Unusable
from terranova.plugins.higgs_limits.limits import Channel, Channels, Grid, Limit, Role
from terranova.types import Floats

UNITS = {"pb": 1.0, "fb": 1e-3, "1": 1.0}
"""Factor to pb; "1" for a limit on a branching ratio."""

_KEYS: Mapping[str, type] = {
    "file": str,
    "channels": list,
    "reference": str,
    "unit": str,
    "collider": str,
    "experiment": str,
    "luminosity": float,
    "mass_resolution": dict,
    "particles": list,
}
_REQUIRED = ("file", "channels", "reference")


def table_problems(tables: Any, particles: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the place and the message of what is wrong with the key `tables` of an entry."""
    for i, given in enumerate(tables):
        here = ("tables", i)
        for key in _REQUIRED:
            if key not in given:
                yield (*here, key), "missing"
        for key, value in given.items():
            place = (*here, key)
            if key not in _KEYS:
                yield place, f"unknown key{did_you_mean(key, _KEYS)}"
            elif not _is_of(_KEYS[key], value):
                yield place, f"expected {_WORDS[_KEYS[key]]}, got {value!r}"
            elif key == "unit" and value not in UNITS:
                yield place, f"expected {', '.join(UNITS)}, got {value!r}"
            elif key == "collider" and value not in names.COLLIDERS:
                yield place, f"expected {', '.join(names.COLLIDERS)}, got {value!r}"
            elif key == "channels":
                yield from _channel_problems(value, place)
            elif key == "mass_resolution":
                if set(value) - {"relative", "absolute"} or not all(_is_share(v) for v in value.values()):
                    yield place, "expected relative and absolute, numbers of at least 0"
            elif key == "particles":
                for other in value:
                    if other not in particles:
                        yield place, f"there is no particle {other!r}{did_you_mean(str(other), particles)}"


_WORDS = {str: "text", list: "a list", float: "a number", dict: "keys with values"}


def _is_of(kind: type, value: Any) -> bool:
    return isinstance(value, (int, float) if kind is float else kind)


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0.0 <= value < math.inf


def _channel_problems(
    value: list[Any], place: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if not value:
        yield place, "expected a list of [production, decay]"
    for j, channel in enumerate(value):
        if not isinstance(channel, list) or len(channel) != 2:
            yield (*place, j), f"expected [production, decay], got {channel!r}"
            continue
        for word, known in zip(channel, (names.ALL_PRODUCTIONS, names.ALL_DECAYS), strict=True):
            if word not in known:
                yield (*place, j), f"{word!r} is not known{did_you_mean(str(word), known)}"


def read_table(directory: Path, given: Mapping[str, Any]) -> Limit:
    """Return the limit of a table of HiggsBounds-5.

    The resolution of the mass is zero where `mass_resolution` does not say it: no states are then clustered.

    Raises:
        Unusable: the file cannot be read, or is no such table.
    """
    rows = _rows(directory / given["file"])
    if len(rows[0]) != 3:
        raise Unusable(f"expected three columns, mass, observed and expected limit, got {len(rows[0])}")
    mass, observed, expected = np.array(rows).T
    if len(mass) > 1 and not (np.diff(mass) > 0).all():
        raise Unusable("expected increasing masses in the first column")
    if mass[0] < 0 or (observed <= 0).any() or (expected <= 0).any():
        raise Unusable("expected masses of at least zero and limits above zero")
    factor = UNITS[given.get("unit", "pb")]
    resolution = given.get("mass_resolution", {})
    grid = Grid((tuple(mass.tolist()),), tuple((factor * expected).tolist()), tuple((factor * observed).tolist()))
    relative, absolute = (float(resolution.get(key, 0.0)) for key in ("relative", "absolute"))
    role = Role(float(mass[0]), float(mass[-1]), relative, absolute)
    return Limit(
        file=given["file"],
        limit_class="table of HiggsBounds-5",
        number=0,
        reference=given["reference"],
        cite_key="",
        collider=given.get("collider", names.DEFAULT_COLLIDER),
        experiment=given.get("experiment", "experiment not given"),
        luminosity=float(given.get("luminosity", 0.0)),
        processes=(Channels(tuple((production, decay) for production, decay in given["channels"])),),
        roles=(role,),
        numbers=grid,
        only=tuple(given.get("particles", ())),
    )


def _rows(file: Path) -> list[list[float]]:
    """Return the numbers of a text file, row by row; Fortran's exponents are understood."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise Unusable(error.strerror or str(error)) from error
    rows: list[list[float]] = []
    for i, line in enumerate(text.splitlines(), 1):
        content = line.partition("#")[0].partition("!")[0].replace(",", " ")
        if not content.strip():
            continue
        try:
            row = [float(word.lower().replace("d", "e")) for word in content.split()]
        except ValueError:
            raise Unusable(f"line {i}: expected numbers, got {line.strip()[:40]!r}") from None
        if not all(map(math.isfinite, row)) or (rows and len(row) != len(rows[0])):
            raise Unusable(f"line {i}: expected {len(rows[0]) if rows else 'some'} finite numbers")
        rows.append(row)
    if not rows:
        raise Unusable("holds no numbers")
    return rows


@dataclass(frozen=True)
class Reference:
    """Rates of a reference model against the mass.

    Attributes:
        masses: (n,) increasing.
        columns: name -> values (n,).
    """

    masses: Floats
    columns: Mapping[str, Floats]

    def rate(self, collider: str, channel: Channel) -> Floats | None:
        """Return the rate of a channel at the masses, None if there is no column for a part of it."""
        production, decay = channel
        parts = names.COMBINED.get(production, (production,))
        total = np.zeros_like(self.masses)
        for part in parts if production != "none" else ():
            values = self._production(collider, part)
            if values is None:
                return None
            total = total + values
        if production == "none":
            total = np.ones_like(self.masses)
        if decay == "none":
            return total
        return total * self.columns[decay] if decay in self.columns else None

    def _production(self, collider: str, production: str) -> Floats | None:
        plain = production in names.TOP_DECAYS or collider == names.DEFAULT_COLLIDER
        for name in (f"{collider}:{production}", *((production,) if plain else ())):
            if name in self.columns:
                return self.columns[name]
        return None


def read_reference(file: Path) -> Reference:
    """Return the rates of a reference model from a text file.

    Its first line names the columns: `mass` first, then productions (in pb, at 13 TeV unless they are written as
    `LHC8:ggH`) and decays (branching ratios).

    Raises:
        Unusable: it is not such a file.
    """
    try:
        head, _, body = file.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(getattr(error, "strerror", None) or str(error)) from error
    columns = head.lstrip("# ").replace(",", " ").split()
    known = (*names.ALL_PRODUCTIONS, *names.ALL_DECAYS)
    for i, column in enumerate(columns):
        collider, _, production = column.rpartition(":")
        if (column == "mass") != (i == 0) or (
            i and (production not in known or collider not in ("", *names.COLLIDERS))
        ):
            raise Unusable(
                f"column {i + 1} of the first line: {column!r}, expected mass, then productions and decays"
            )
    values = []
    for i, line in enumerate(body.splitlines(), 2):
        try:
            row = [float(word) for word in line.replace(",", " ").split()]
        except ValueError:
            raise Unusable(f"line {i}: expected numbers, got {line.strip()[:40]!r}") from None
        if row and len(row) != len(columns):
            raise Unusable(f"line {i}: expected {len(columns)} numbers, got {len(row)}")
        if row:
            values.append(row)
    table = np.array(values).reshape(-1, len(columns))
    if len(table) < 2 or not (np.diff(table[:, 0]) > 0).all() or not np.isfinite(table).all() or (table < 0).any():
        raise Unusable("expected two rows at least, increasing masses, and numbers of at least zero")
    return Reference(table[:, 0], {name: table[:, i] for i, name in enumerate(columns)})
