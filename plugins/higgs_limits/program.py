"""Limits and the particles of a model, laid out as arrays for the compiled loop over points.

Every quantity is an index into the row of a point: the observables that are read, then constants. The rate of an
assignment of particles to the roles of a process is a product of factors, each of which is a sum of terms
coefficient x row[a] x row[b] x acceptance; for a likelihood the factors are the rates themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_type_hints

import numpy as np

from terranova.plugins.higgs_limits.limits import Acceptance, Monomial
from terranova.plugins.higgs_limits.mapping import Quantity, Sector
from terranova.types import Floats, Ints

MODEL_LIKE, TOP_DECAYS, MUONS_AS_TAUS, TOP_DOMINATED = range(4)
"""Assumptions that are checked point by point; a CP character is known beforehand."""


class Program(NamedTuple):
    """What the compiled loop reads; P particles, L limits of at most three roles.

    Attributes:
        constants: values of the row behind the observables; the first one is 1.
        mass, width: (P,) indices into the row; -1 for a width that nobody says.
        likelihood: (L,) 1 for a likelihood.
        roles: (L,) number of roles.
        width_mode: (L,) 0 without a width, 1 in GeV, 2 relative to the mass.
        width_range: (L, 2) where it is applied.
        equal: (L,) 1 + the first of two roles that must have one mass; 0 for none.
        norm: (L,) the table of the reference rate; -1 for none.
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

    constants: Floats
    mass: Ints
    width: Ints
    likelihood: Ints
    roles: Ints
    width_mode: Ints
    width_range: Floats
    equal: Ints
    norm: Ints
    mass_range: Floats
    resolution: Floats
    allowed: Ints
    first_assignment: Ints
    first_check: Ints
    axis_start: Ints
    axis_length: Ints
    grid_start: Ints
    first_slice: Ints
    axis_values: Floats
    expected: Floats
    observed: Floats
    slice_mass: Floats
    slice_axis_start: Ints
    slice_axis_length: Ints
    slice_start: Ints
    rate_values: Floats
    slice_expected: Floats
    slice_observed: Floats
    who: Ints
    first_factor: Ints
    first_term: Ints
    term_rows: Ints
    term_coefficient: Floats
    term_acceptance: Ints
    acceptance_parts: Ints
    monomial_table: Ints
    first_power: Ints
    power_row: Ints
    power: Ints
    check_kind: Ints
    check_value: Floats
    first_item: Ints
    item_rows: Ints
    item_table: Ints
    first_point: Ints
    table_x: Floats
    table_y: Floats


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
        constants: behind them; the first one is 1.
    """

    observables: tuple[str, ...]
    constants: list[float] = field(default_factory=lambda: [1.0])

    @classmethod
    def of(cls, sector: Sector) -> Rows:
        """Return the rows of a sector."""
        return cls(tuple(sector.units()))

    @property
    def one(self) -> int:
        """Where the number 1 stands."""
        return len(self.observables)

    def index(self, quantity: Quantity) -> int:
        """Return where a quantity stands."""
        if isinstance(quantity, str):
            return self.observables.index(quantity)
        self.constants.append(quantity)
        return len(self.observables) + len(self.constants) - 1


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
        self._lists: dict[str, list[object]] = {name: [] for name in Program._fields}
        for name in Program._fields:
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
        shapes = {
            **dict.fromkeys(("width_range", "slice_axis_start", "slice_axis_length", "term_rows"), (-1, 2)),
            **dict.fromkeys(("mass_range", "resolution"), (-1, 3, 2)),
            **dict.fromkeys(("allowed", "axis_start", "axis_length", "who"), (-1, 3)),
            "acceptance_parts": (-1, 4),
            "item_rows": (-1, self.count, 2),
        }
        kinds = {name: float if hint == Floats else np.int64 for name, hint in get_type_hints(Program).items()}
        return Program(
            *(
                np.array(values, dtype=kinds[name]).reshape(shapes.get(name, (-1,)))
                for name, values in self._lists.items()
            )
        )
