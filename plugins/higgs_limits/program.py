"""Limits and the particles of a model, laid out as arrays for the compiled loop over points.

Every quantity is an index into the row of a point: masses and widths of the particles, observables,
constants. The rate of an
assignment of particles to the roles of a process is a product of factors, each of which is a sum of terms
coefficient x row[a] x row[b] x acceptance; for a likelihood the factors are the rates themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from terranova.plugins.higgs_limits.limits import Acceptance, Monomial
from terranova.plugins.higgs_limits.mapping import Quantity, Sector
from terranova.types import Floats, Ints

MODEL_LIKE, TOP_DECAYS, MUONS_AS_TAUS, TOP_DOMINATED = range(4)
"""Assumptions that are checked point by point; a CP character is known beforehand."""


(
    CONSTANTS,
    MASS,
    WIDTH,
    LIKELIHOOD,
    ROLES,
    WIDTH_MODE,
    WIDTH_RANGE,
    EQUAL,
    NORM,
    SMALLEST,
    MASS_RANGE,
    RESOLUTION,
    ALLOWED,
    FIRST_ASSIGNMENT,
    FIRST_CHECK,
    AXIS_START,
    AXIS_LENGTH,
    GRID_START,
    FIRST_SLICE,
    AXIS_VALUES,
    EXPECTED,
    OBSERVED,
    SLICE_MASS,
    SLICE_AXIS_START,
    SLICE_AXIS_LENGTH,
    SLICE_START,
    RATE_VALUES,
    SLICE_EXPECTED,
    SLICE_OBSERVED,
    WHO,
    FIRST_FACTOR,
    FIRST_TERM,
    TERM_ROWS,
    TERM_COEFFICIENT,
    TERM_ACCEPTANCE,
    ACCEPTANCE_PARTS,
    MONOMIAL_TABLE,
    FIRST_POWER,
    POWER_ROW,
    POWER,
    CHECK_KIND,
    CHECK_VALUE,
    FIRST_ITEM,
    ITEM_ROWS,
    ITEM_TABLE,
    FIRST_POINT,
    TABLE_X,
    TABLE_Y,
    PARTICLES,
    LIMITS,
    ASSIGNMENTS,
    CONSTANT_COUNT,
) = range(52)
"""Where, in the array of whole numbers, the beginning of a part stands; the last four are numbers of entries.

P particles, L limits of at most three roles; parts are arrays, row by row:

    constants: values of the row behind the observables; the first one is 1.
    mass, width: (P,) indices into the row; -1 for a width that nobody says.
    likelihood: (L,) 1 for a likelihood.
    roles: (L,) number of roles.
    width_mode: (L,) 0 without a width, 1 in GeV, 2 relative to the mass.
    width_range: (L, 2) where it is applied.
    equal: (L,) 1 + the first of two roles that must have one mass; 0 for none.
    norm: (L,) the table of the reference rate; -1 for none.
    smallest: (L,) smallest expected limit; 0 where it is none on a rate.
    mass_range: (L, 3, 2) where it is applied.
    resolution: (L, 3, 2) relative, and absolute in GeV.
    allowed: (L, 3) bits of the particles that may take a role.
    first_assignment: (L + 1,) into `who`.
    first_check: (3 L + 1,) into `check_kind`.
    axis_start, axis_length: (L, 3) into `axis_values`; a length of 1 for axes that there are not.
    grid_start: (L,) into `expected` and `observed`.
    first_slice: (L + 1,) into `slice_mass`.
    axis_values, expected, observed: of all grids.
    slice_mass: (S,) in GeV.
    slice_axis_start, slice_axis_length: (S, 2) into `rate_values`.
    slice_start: (S,) into `slice_expected` and `slice_observed`.
    rate_values, slice_expected, slice_observed: of all slices.
    who: (A, 3) particle of each role, -1 for none.
    first_factor: (A + 1,) into `first_term`.
    first_term: (F + 1,) into the terms.
    term_rows: (T, 2) indices into the row.
    term_coefficient: (T,).
    term_acceptance: (T,) -1 for none.
    acceptance_parts: (X, 4) first and last monomial of numerator and denominator.
    monomial_table: (M,) its coefficient against the mass.
    first_power: (M + 1,) into `power_row`.
    power_row, power: (K,) index into the row, and to which power.
    check_kind, check_value: (C,) which assumption, and its parameter.
    first_item: (C + 1,) into the items.
    item_rows: (I, P, 2) indices into the row; those of an unknown value are -1.
    item_table: (I,) the table of a reference rate.
    first_point: (B + 1,) of each table, into `table_x` and `table_y`.
    table_x, table_y: of all tables.
"""

_PARTS = (
    "constants",
    "mass",
    "width",
    "likelihood",
    "roles",
    "width_mode",
    "width_range",
    "equal",
    "norm",
    "smallest",
    "mass_range",
    "resolution",
    "allowed",
    "first_assignment",
    "first_check",
    "axis_start",
    "axis_length",
    "grid_start",
    "first_slice",
    "axis_values",
    "expected",
    "observed",
    "slice_mass",
    "slice_axis_start",
    "slice_axis_length",
    "slice_start",
    "rate_values",
    "slice_expected",
    "slice_observed",
    "who",
    "first_factor",
    "first_term",
    "term_rows",
    "term_coefficient",
    "term_acceptance",
    "acceptance_parts",
    "monomial_table",
    "first_power",
    "power_row",
    "power",
    "check_kind",
    "check_value",
    "first_item",
    "item_rows",
    "item_table",
    "first_point",
    "table_x",
    "table_y",
)
"""The names of the parts, in the order of the positions above."""

_REAL = frozenset(
    (
        "constants",
        "smallest",
        "width_range",
        "mass_range",
        "resolution",
        "axis_values",
        "expected",
        "observed",
        "slice_mass",
        "rate_values",
        "slice_expected",
        "slice_observed",
        "term_coefficient",
        "check_value",
        "table_x",
        "table_y",
    )
)
"""Those that are in the array of real numbers."""


class Program(NamedTuple):
    """What the compiled loop reads: two arrays, because a compiled call hands over each array as seven numbers.

    The entry k of a part is `ints[ints[PART] + k]` or `reals[ints[PART] + k]`.

    Attributes:
        ints: the positions of all parts, numbers of entries, and the parts that are whole numbers.
        reals: the other parts.
    """

    ints: Ints
    reals: Floats


@dataclass(frozen=True)
class Term:
    """coefficient x row[a] x row[b] x acceptance."""

    a: int
    b: int = -1
    coefficient: float = 1.0
    acceptance: int = -1


Factors = Sequence[Sequence[Term]]
"""A product of sums of terms."""


@dataclass
class Rows:
    """Where each quantity stands in the row of a point.

    Attributes:
        observables: that are read, in order.
        before: what stands before them: masses and widths of the particles.
        constants: behind them; the first one is 1.
    """

    observables: tuple[str, ...]
    before: int
    constants: list[float] = field(default_factory=lambda: [1.0])

    @classmethod
    def of(cls, sector: Sector) -> Rows:
        """Return the rows of a sector."""
        return cls(tuple(sector.units()), 2 * len(sector.particles))

    @property
    def one(self) -> int:
        """Where the number 1 stands."""
        return self.before + len(self.observables)

    def index(self, quantity: Quantity) -> int:
        """Return where a quantity stands."""
        if isinstance(quantity, str):
            return self.before + self.observables.index(quantity)
        self.constants.append(quantity)
        return self.one + len(self.constants) - 1


class Arrays:
    """Lists that grow, limit by limit, until `finish` makes the program of them.

    Args:
        sector: the particles.
        rows: where their quantities stand.
    """

    def __init__(self, sector: Sector, rows: Rows) -> None:
        self.rows = rows
        self.count = len(sector.particles)
        self._mass = [rows.index(p.mass) for p in sector.particles]
        self._width = [-1 if p.width is None else rows.index(p.width) for p in sector.particles]
        self._lists: dict[str, list[object]] = {name: [] for name in _PARTS}
        for name in _PARTS:
            if name.startswith("first_"):
                self._lists[name].append(0)

    def add(self, **values: object) -> None:
        """Append a value to each of some arrays."""
        for name, value in values.items():
            self._lists[name].append(value)

    def length(self, name: str) -> int:
        """Return how long an array is by now."""
        return len(self._lists[name])

    def extend(self, name: str, values: Sequence[float]) -> int:
        """Append numbers to an array; return where they begin."""
        start = self.length(name)
        self._lists[name].extend(values)
        return start

    def table(self, x: Sequence[float], y: Sequence[float]) -> int:
        """Add a table of y against x; return its number."""
        self.extend("table_x", x)
        self.extend("table_y", y)
        self.add(first_point=self.length("table_x"))
        return self.length("first_point") - 2

    def acceptance(self, given: Acceptance, couplings: dict[str, int]) -> int:
        """Add an acceptance; return its number.

        Args:
            given: as in the file.
            couplings: coupling -> index into the row.
        """
        parts = [self.length("monomial_table")]
        for monomials in (given.numerator, given.denominator):
            for monomial in monomials:
                self._monomial(monomial, couplings)
            parts.append(self.length("monomial_table"))
        self.add(acceptance_parts=(parts[0], parts[1], parts[1], parts[2]))
        return self.length("acceptance_parts") - 1

    def _monomial(self, monomial: Monomial, couplings: dict[str, int]) -> None:
        for coupling, power in monomial.powers:
            self.add(power_row=couplings[coupling], power=power)
        self.add(monomial_table=self.table(monomial.masses or (0.0,), monomial.values))
        self.add(first_power=self.length("power"))

    def assignment(self, who: Sequence[int], factors: Factors) -> None:
        """Add the rate of an assignment of particles to roles."""
        for terms in factors:
            for term in terms:
                self.add(
                    term_rows=(term.a, self.rows.one if term.b < 0 else term.b),
                    term_coefficient=term.coefficient,
                    term_acceptance=term.acceptance,
                )
            self.add(first_term=self.length("term_rows"))
        self.add(who=[*who, *[-1] * (3 - len(who))], first_factor=self.length("first_term") - 1)

    def check(self, kind: int, value: float, items: Sequence[tuple[Sequence[tuple[int, int]], int]]) -> None:
        """Add an assumption to the role that is being written.

        Args:
            kind: which.
            value: its parameter.
            items: for each, two indices into the row for each particle, and the number of a table.
        """
        for rows, table in items:
            self.add(item_rows=list(rows), item_table=table)
        self.add(check_kind=kind, check_value=value, first_item=self.length("item_rows"))

    def finish(self) -> Program:
        """Return the program."""
        self._lists["constants"] = list(self.rows.constants)
        self._lists["mass"], self._lists["width"] = list(self._mass), list(self._width)
        header = len(_PARTS)
        counts = [self.count, self.length("roles"), self.length("who"), self.length("constants")]
        pieces: dict[bool, list[Floats]] = {False: [np.zeros(header + len(counts))], True: []}
        used = {False: header + len(counts), True: 0}
        for k, name in enumerate(_PARTS):
            piece = np.array(self._lists[name], dtype=float).ravel()
            real = name in _REAL
            pieces[False][0][k] = used[real]
            pieces[real].append(piece)
            used[real] += len(piece)
        pieces[False][0][header:] = counts
        return Program(np.concatenate(pieces[False]).astype(np.int64), np.concatenate(pieces[True]))
