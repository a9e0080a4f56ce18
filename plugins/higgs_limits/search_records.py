"""Records of direct searches: published limits against one mass, or against a mass and a second coordinate.

A record is a JSON file with the numbers of one published table:

    {"title": "what was searched", "experiment": "ATLAS", "energy": 13, "luminosity": 139,
     "arxiv": "2102.10076", "doi": "10.1007/...", "journal": "...", "date": "2021-02-19",
     "table": "figure or table", "hepdata": "DOI of the table, or not found",
     "confirmed": "what of all this was looked up again, and agrees",
     "quantity": "what is limited", "unit": "pb", "confidence": 0.95, "mass_resolution": 0.1,
     "axes": [{"quantity": "mass", "unit": "GeV", "values": [200, 300, 400]}],
     "observed": [1.2, 0.8, 0.5], "expected": [1.0, 0.7, 0.5]}

With two axes `observed` and `expected` have a row for each entry of the first axis, and null where nothing was
published. Between entries limits are interpolated linearly; beyond the axes nothing is known.

A record of a likelihood of two rates has, in place of axes and limits, `planes`: {mass, rates: [[...], [...]],
observed, expected} for each of several masses, with a row for each first rate.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from terranova.types import Floats

T = TypeVar("T")

UNITS = {"pb": 1.0, "fb": 1e-3, "1": 1.0}
"""Factor to pb; "1" for a branching ratio or a coupling."""
SECOND = ("width", "relative_width", "lighter_mass")
"""What a second axis may be: total width in GeV, the same over the mass, or the mass of the decay product."""
TEXTS = ("title", "experiment", "doi", "table", "hepdata", "quantity", "unit", "date")


@dataclass(frozen=True)
class RecordHead:
    """What every record says.

    Attributes:
        title: what was searched, with experiment and luminosity.
        citation: arXiv number or DOI, and the table.
        unit: of the numbers in the file: "pb", "fb" or "1".
        confidence: level of the limits.
        mass_resolution: states whose masses differ by less than this part of the mass are one signal.
    """

    title: str
    citation: str
    unit: str
    confidence: float
    mass_resolution: float


@dataclass(frozen=True)
class SearchRecord(RecordHead):
    """One published table.

    Attributes:
        largest_width: Gamma/m above which a limit on a narrow resonance is not applied; infinite without one.
        masses: (m,) GeV, increasing.
        second: quantity of the second axis, "" without one.
        others: (k,) its values, increasing; of a relative width as a part of the mass.
        observed: (m,) or (m, k) in pb, or without a unit; NaN where nothing was published.
        expected: the same without signal; None where it was not found.
        acceptance: (2, a) masses and factors by which a prediction is multiplied first: of fiducial limits.
    """

    largest_width: float
    masses: Floats
    second: str
    others: Floats
    observed: Floats
    expected: Floats | None
    acceptance: Floats | None


@dataclass(frozen=True)
class PlanesRecord(RecordHead):
    """One published likelihood of two rates.

    Attributes:
        masses: (p,) GeV, increasing.
        rates: (p, 2, k) in pb, or without a unit; increasing from 0.
        statistic: (p, 2, k, k) observed and expected, not negative, 0 for rates of zero.
    """

    masses: Floats
    rates: Floats
    statistic: Floats


def read_table(content: bytes, file: str) -> SearchRecord:
    """Read a record of a table.

    Args:
        content: of the file.
        file: its name, for messages.

    Raises:
        ValueError: it is not a record; says the file, the key and what was expected.
    """
    return _read(content, file, _table_record)


def read_planes(content: bytes, file: str) -> PlanesRecord:
    """Read a record of a likelihood; see `read_table`."""
    return _read(content, file, _planes_record)


def _read(content: bytes, file: str, record: Callable[[dict[str, Any]], T]) -> T:
    try:
        given = json.loads(content)
    except ValueError as error:
        raise ValueError(f"record {file}: not JSON: {error}") from error
    try:
        if not isinstance(given, dict):
            raise _Wrong("expected keys with values")
        return record(given)
    except _Wrong as error:
        raise ValueError(f"record {file}: {error}") from None


class _Wrong(Exception):
    """What is wrong within a record."""


def _head(given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of `RecordHead`."""
    for key in TEXTS:
        if not isinstance(given.get(key), str) or not given[key]:
            raise _Wrong(f"{key}: expected text, got {given.get(key)!r}")
    if given["unit"] not in UNITS:
        raise _Wrong(f"unit: expected {', '.join(UNITS)}, got {given['unit']!r}")
    arxiv = f"arXiv:{given['arxiv']}, " if given.get("arxiv") else ""
    return {
        "title": f"{given['experiment']}, {given.get('luminosity')}/fb: {given['title']}",
        "citation": f"{arxiv}doi:{given['doi']}, {given['table']}",
        "unit": given["unit"],
        "confidence": _number(given, "confidence", 0.5, 1.0),
        "mass_resolution": _number(given, "mass_resolution", 0.0, 1.0),
    }


def _planes_record(given: dict[str, Any]) -> PlanesRecord:
    head = _head(given)
    try:
        planes = given["planes"]
        masses = np.array([plane["mass"] for plane in planes], dtype=float)
        rates = np.array([plane["rates"] for plane in planes], dtype=float) * UNITS[given["unit"]]
        statistic = np.array([[plane["observed"], plane["expected"]] for plane in planes], dtype=float)
    except (KeyError, TypeError, ValueError) as error:
        raise _Wrong(f"planes: expected mass, rates, observed, expected: {error}") from error
    size = rates.shape[-1]
    if rates.shape != (len(masses), 2, size) or statistic.shape != (len(masses), 2, size, size) or len(masses) < 2:
        raise _Wrong("planes: expected two at least, all with as many rates and entries")
    if not (np.diff(masses) > 0).all() or not (np.diff(rates, axis=2) > 0).all():
        raise _Wrong("planes: masses and rates must increase")
    at_zero = statistic[:, :, 0, 0].any() or rates[:, :, 0].any()
    if not (statistic >= 0.0).all() or not np.isfinite(statistic).all() or at_zero:
        raise _Wrong("planes: q must not be negative, and 0 for rates of zero, the first ones")
    return PlanesRecord(**head, masses=masses, rates=rates, statistic=statistic)


def _table_record(given: dict[str, Any]) -> SearchRecord:
    head = _head(given)
    factor = UNITS[given["unit"]]
    width = _number(given, "largest_width", 0.0, math.inf) if "largest_width" in given else math.inf
    axes = given.get("axes")
    if not isinstance(axes, list) or len(axes) not in (1, 2):
        raise _Wrong("axes: expected a list of one axis or two")
    masses = _axis(axes[0], "axes.0", ("mass",), {"GeV": 1.0})
    second, others = "", np.empty(0)
    if len(axes) == 2:
        others = _axis(axes[1], "axes.1", SECOND, {"GeV": 1.0, "1": 1.0, "per cent": 0.01})
        second = axes[1]["quantity"]
        if (axes[1]["unit"] == "GeV") == (second == "relative_width"):
            raise _Wrong(f"axes.1.unit: {axes[1]['unit']!r} is none of {second}")
    shape = (len(masses), len(others)) if second else (len(masses),)
    observed = _table(given, "observed", shape) * factor
    expected = _table(given, "expected", shape) * factor if "expected" in given else None
    if expected is not None and not np.array_equal(np.isnan(expected), np.isnan(observed)):
        raise _Wrong("expected: null in other places than in observed")
    acceptance = None
    if "acceptance" in given:
        try:
            acceptance = np.array([given["acceptance"]["mass"], given["acceptance"]["factor"]], dtype=float)
        except (KeyError, TypeError, ValueError):
            raise _Wrong("acceptance: expected mass and factor, two lists of numbers of one length") from None
        if acceptance.ndim != 2 or not (np.diff(acceptance[0]) > 0).all() or not (acceptance[1] > 0).all():
            raise _Wrong("acceptance: expected increasing masses and positive factors")
    return SearchRecord(
        **head,
        largest_width=width,
        masses=masses,
        second=second,
        others=others,
        observed=observed,
        expected=expected,
        acceptance=acceptance,
    )


def _number(given: dict[str, Any], key: str, low: float, high: float) -> float:
    value = given.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value < high:
        raise _Wrong(f"{key}: expected a number from {low:g} to {high:g}, got {value!r}")
    return float(value)


def _axis(given: Any, place: str, quantities: tuple[str, ...], units: dict[str, float]) -> Floats:
    if not isinstance(given, dict) or given.get("quantity") not in quantities:
        raise _Wrong(f"{place}.quantity: expected {' or '.join(quantities)}")
    if given.get("unit") not in units:
        raise _Wrong(f"{place}.unit: expected {' or '.join(units)}, got {given.get('unit')!r}")
    values = _array(given.get("values"), f"{place}.values")
    if values.ndim != 1 or len(values) < 2 or not np.isfinite(values).all() or not (np.diff(values) > 0).all():
        raise _Wrong(f"{place}.values: expected at least two increasing numbers")
    return values * units[given["unit"]]


def _table(given: dict[str, Any], key: str, shape: tuple[int, ...]) -> Floats:
    table = _array(given.get(key), key)
    if table.shape != shape:
        raise _Wrong(f"{key}: expected {' x '.join(map(str, shape))} numbers, got {table.shape}")
    known = table[~np.isnan(table)]
    if not len(known) or not (known > 0).all() or not np.isfinite(known).all():
        raise _Wrong(f"{key}: expected positive numbers, or null")
    return table


def _array(given: Any, place: str) -> Floats:
    try:
        return np.array(given, dtype=float)  # null becomes NaN
    except (TypeError, ValueError):
        raise _Wrong(f"{place}: expected a list of numbers") from None
