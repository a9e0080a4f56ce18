"""What the kernel of the kind `search` reads: records and signals of one search or of many, as arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from terranova import CLsLimit
from terranova.plugins.higgs_limits.search_records import SECOND, SearchRecord
from terranova.plugins.higgs_limits.search_signals import Products, packed
from terranova.types import Floats, Ints

NO_SECOND, WIDTH, RELATIVE_WIDTH, LIGHTER_MASS = 0, 1, 2, 3
"""What the second axis of a record is."""

FIRST_SIGNAL, SIGNALS, FIRST_MASS, MASSES, FIRST_OTHER, OTHERS = range(6)
FIRST_TABLE, ROW, FIRST_ACCEPTANCE, ACCEPTANCES, SECOND_AXIS, HAS_EXPECTED, PULLS = range(6, 13)
"""Columns of `Program.ints`."""
LOW, HIGH, RESOLUTION, LARGEST_WIDTH, Z = range(5)
"""Columns of `Program.reals`."""

_LOGS = np.linspace(math.log(0.05), math.log(50.0), 600)
"""ln(observed / expected limit) at which the measurement that follows from both is tabulated."""


class Signal(NamedTuple):
    """A state that a search may have seen, as columns of the observables.

    Attributes:
        mass, width, lighter: columns; width and lighter are -1 where they are not given.
        rate: products of columns, each with a number as its factor, which are added.
    """

    mass: int
    width: int
    lighter: int
    rate: Products


class Search(NamedTuple):
    """One search: its record, its signals, and the masses in GeV between which it is applied."""

    found: SearchRecord
    signals: tuple[Signal, ...]
    low: float
    high: float


class Program(NamedTuple):
    """Searches as arrays, one after the other.

    Attributes:
        ints, reals: (searches, 13) and (searches, 5): where the parts of each begin, how many they are, and so on.
        states: (signals, 3) columns of mass, width and mass of the lighter state, -1 for none.
        products, factors, parts, columns: the rates, see `search_kernels.rate_of`.
        masses, others: axes; an axis of one value stands for none.
        tables: observed limits of a search, row by row, then expected ones; observed ones twice without them.
        accepted_at, acceptance: masses and factors.
        logs, pulls: (k,) and (levels of confidence, k): ln of observed over expected limit, and the measurement
            over its standard deviation.
    """

    ints: Ints
    reals: Floats
    states: Ints
    products: Ints
    factors: Floats
    parts: Ints
    columns: Ints
    masses: Floats
    others: Floats
    tables: Floats
    accepted_at: Floats
    acceptance: Floats
    logs: Floats
    pulls: Floats


def program(searches: Sequence[Search]) -> Program:
    """Return searches whose signals read the same columns as arrays."""
    ints = np.zeros((len(searches), 13), dtype=np.int64)
    reals = np.empty((len(searches), 5))
    signals = [signal for search in searches for signal in search.signals]
    masses, others, tables, acceptances = [], [], [], []
    levels = sorted({search.found.confidence for search in searches})
    ends = dict.fromkeys((FIRST_SIGNAL, FIRST_MASS, FIRST_OTHER, FIRST_TABLE, FIRST_ACCEPTANCE), 0)
    for search, row, real in zip(searches, ints, reals, strict=True):
        found = search.found
        table = _tables(found)
        acceptance = np.empty((2, 0)) if found.acceptance is None else found.acceptance
        for first, end in ends.items():
            row[first] = end
        row[SIGNALS], row[MASSES], row[OTHERS] = len(search.signals), len(found.masses), len(found.others)
        row[ROW], row[ACCEPTANCES] = table.shape[2], acceptance.shape[1]
        row[SECOND_AXIS] = 1 + SECOND.index(found.second) if found.second else NO_SECOND
        row[HAS_EXPECTED], row[PULLS] = found.expected is not None, levels.index(found.confidence)
        z = NormalDist().inv_cdf(found.confidence) if found.expected is None else _measured(found.confidence)[0]
        real[:] = search.low, search.high, found.mass_resolution, found.largest_width, z
        masses.append(found.masses)
        others.append(found.others)
        tables.append(table.ravel())
        acceptances.append(acceptance)
        for first, size in (
            (FIRST_SIGNAL, row[SIGNALS]),
            (FIRST_MASS, row[MASSES]),
            (FIRST_OTHER, row[OTHERS]),
            (FIRST_TABLE, table.size),
            (FIRST_ACCEPTANCE, row[ACCEPTANCES]),
        ):
            ends[first] += int(size)
    accepted = np.concatenate(acceptances, axis=1)
    return Program(
        ints,
        reals,
        np.array([[signal.mass, signal.width, signal.lighter] for signal in signals]),
        *packed([signal.rate for signal in signals]),
        np.concatenate(masses),
        np.concatenate(others),
        np.concatenate(tables),
        np.ascontiguousarray(accepted[0]),
        np.ascontiguousarray(accepted[1]),
        _LOGS,
        np.array([_measured(level)[1] for level in levels]),
    )


def _tables(found: SearchRecord) -> Floats:
    """Return observed and expected limits (2, masses, columns), with two columns at least: a cell needs them."""
    expected = found.observed if found.expected is None else found.expected
    shape = (len(found.masses), -1)
    tables = np.stack([found.observed.reshape(shape), expected.reshape(shape)])
    return np.asarray(tables if found.second else np.concatenate([tables, tables], axis=2))


@cache
def _measured(confidence: float) -> tuple[float, Floats]:
    """Return z = expected limit / sigma, and m / sigma at `_LOGS`: m +- sigma is the measurement of `CLsLimit`.

    The table is linear between entries, at 1e-4 of a sigma.
    """
    pulls = []
    for log in _LOGS:
        m, sigma = CLsLimit(
            name="m",
            observables=("m",),
            source="theory: arXiv:1007.1727",
            observed=math.exp(log),
            expected=1.0,
            cl=confidence,
        ).measurement
        pulls.append(m / sigma)
    return 1.0 / sigma, np.array(pulls)
