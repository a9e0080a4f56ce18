"""Limits and the particles of a model, laid out as arrays for the compiled loop over points.

Every quantity is an index into the row of a point: masses and widths of the particles, observables,
constants. The rate of an
assignment of particles to the roles of a process is a product of factors, each of which is a sum of terms
coefficient x row[a] x row[b] x acceptance; for a likelihood the factors are the rates themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from terranova.plugins.higgs_limits.limits import Acceptance, Monomial
from terranova.plugins.higgs_limits.mapping import Quantity, Sector
from terranova.types import Floats, Ints

BITS = 12
"""Most particles: an assignment is three times so many bits."""

BINS = 32
"""Into so many parts the masses of a limit are divided to find its smallest number near a mass."""

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
    AXIS,
    AXIS_SCALE,
    GRID_START,
    FIRST_SLICE,
    AXIS_VALUES,
    EXPECTED,
    OBSERVED,
    SLICE_MASS,
    SLICE_AXIS,
    SLICE_AXIS_SCALE,
    SLICE_START,
    GUIDE,
    SLICE_EXPECTED,
    SLICE_OBSERVED,
    ORDER,
    CLOSENESS,
    CLOSE,
    DENSE,
    BIN,
    FLOOR,
    LOWEST,
    WHO,
    NEEDED,
    RATE,
    RATE_MASS,
    SUMMED,
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
    SIMPLE_GRIDS,
    GRIDS,
    SIMPLE_LIKELIHOODS,
    RATES,
    RESOLUTIONS,
    MOST_ASSIGNMENTS,
    CONSTANT_COUNT,
) = range(68)
"""Where, in the array of whole numbers, the beginning of a part stands; the last nine are numbers of entries.

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
    axis: (L, 3, 3) of each axis where it begins in `axis_values`, its length, and where it begins in `guide`; a
        length of 1 for axes that there are not.
    axis_scale: (L, 3) buckets of the guide a unit of the axis.
    grid_start: (L,) into `expected` and `observed`.
    first_slice: (L + 1,) into `slice_mass`.
    axis_values: of all axes.
    expected, observed: of all grids.
    slice_mass: (S,) in GeV.
    slice_axis, slice_axis_scale: (S, 2, 3) and (S, 2), as `axis` and `axis_scale`.
    slice_start: (S,) into `slice_expected` and `slice_observed`.
    guide: of each axis, in which of its intervals the buckets begin into which it is divided evenly.
    slice_expected, slice_observed: of all slices.
    order: (L,) limits in the order in which they are looked at: grids, and then likelihoods; of both first those on
        a single resonance of which nothing is assumed, called simple.
    closeness: (L, 3) into `close`.
    close: (D, 2) resolutions, relative, and absolute in GeV, each once.
    dense: (L, P) in that order, number of the rate of each particle; if it has none, the number of rates, which
        stands for 0.
    bin: (L, 2) in that order, where the first of BINS even parts of the first axis begins, and how many there are
        in a unit of it.
    floor: (L, 2, BINS) in that order, the smallest expected limit in each of them, and at all masses that a cluster
        with a particle in it can have; 0 where it is none on a rate.
    lowest: (2 ** P,) the lowest bit of a number that is set.
    who: (A, 3) particle of each role, -1 for none.
    needed: (A,) the same as bits: of a role those from 12 times its number on.
    rate: (A,) number of the rate; assignments of several limits share it.
    rate_mass: (R,) the particle at whose mass its acceptances are taken.
    summed: (R,) 1 for the rates of a likelihood.
    first_factor: (R + 1,) into `first_term`.
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
    "axis",
    "axis_scale",
    "grid_start",
    "first_slice",
    "axis_values",
    "expected",
    "observed",
    "slice_mass",
    "slice_axis",
    "slice_axis_scale",
    "slice_start",
    "guide",
    "slice_expected",
    "slice_observed",
    "order",
    "closeness",
    "close",
    "dense",
    "bin",
    "floor",
    "lowest",
    "who",
    "needed",
    "rate",
    "rate_mass",
    "summed",
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
        "close",
        "bin",
        "floor",
        "axis_scale",
        "slice_axis_scale",
        "axis_values",
        "expected",
        "observed",
        "slice_mass",
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
        if quantity not in self.constants:
            self.constants.append(quantity)
        return self.one + self.constants.index(quantity)


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
        self.simple: list[bool] = []
        self._alone: list[tuple[int, int]] = []
        self._floors: list[tuple[float, float, list[list[float]]]] = []
        self._rates: dict[object, int] = {}
        self._axes: dict[tuple[float, ...], tuple[tuple[int, int, int], float]] = {}
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

    def axis(self, values: Sequence[float]) -> tuple[tuple[int, int, int], float]:
        """Add an axis, if it is none that was there before; return its record and its scale.

        Its guide finds an interval almost without searching.
        """
        key = tuple(values)
        if key not in self._axes:
            self._axes[key] = self._new_axis(values)
        return self._axes[key]

    def _new_axis(self, values: Sequence[float]) -> tuple[tuple[int, int, int], float]:
        x = np.array(values, dtype=float)
        buckets, scale = max(1, 2 * (len(x) - 1)), 0.0
        if len(x) > 1:
            scale = buckets / (x[-1] - x[0])
        edges = np.linspace(x[0], x[-1], buckets + 1)
        first = np.clip(np.searchsorted(x, edges, side="right") - 1, 0, max(0, len(x) - 2))
        record = (self.extend("axis_values", values), len(x), self.extend("guide", first.tolist()))
        return record, float(scale)

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

    def assignment(self, who: Sequence[int], factors: Factors, summed: bool) -> None:
        """Add an assignment of particles to roles, and its rate, if it is none that was there before.

        Args:
            who: particle of each role.
            factors: of the rate.
            summed: for a likelihood, whose factors are the rates.
        """
        key = (who[0], summed, tuple(map(tuple, factors)))
        if key not in self._rates:
            self._rates[key] = len(self._rates)
            for terms in factors:
                for term in terms:
                    self.add(
                        term_rows=(term.a, self.rows.one if term.b < 0 else term.b),
                        term_coefficient=term.coefficient,
                        term_acceptance=term.acceptance,
                    )
                self.add(first_term=self.length("term_rows"))
            self.add(rate_mass=who[0], summed=int(summed), first_factor=self.length("first_term") - 1)
        needed = sum(1 << (BITS * role + i) for role, i in enumerate(who))
        self.add(who=[*who, *[-1] * (3 - len(who))], needed=needed, rate=self._rates[key])
        self._alone.append((who[0], self._rates[key]))

    def closeness(self, relative: float, absolute: float) -> int:
        """Return the number of a resolution, after adding it if it is none that was there before."""
        given = self._lists["close"]
        if (relative, absolute) not in given:
            given.append((relative, absolute))
        return given.index((relative, absolute))

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

    def floors(self, axis: Sequence[float], expected: Sequence[float], relative: float, absolute: float) -> None:
        """Note the smallest limits of parts of the first axis of the limit that is being written.

        Args:
            axis: its first axis.
            expected: limits, row by row; none if they are not on a rate.
            relative, absolute: resolution of that mass.
        """
        x, floors = np.array(axis, dtype=float), np.zeros((2, BINS))
        scale = BINS / (x[-1] - x[0]) if len(x) > 1 else 0.0
        if len(expected):
            lowest = np.array(expected, dtype=float).reshape(len(x), -1).min(axis=1)
            edges = np.linspace(x[0], x[-1], BINS + 1)
            below = edges[:-1] * (1.0 - relative) - absolute
            above = (edges[1:] + absolute) / (1.0 - relative) if relative < 1.0 else np.full(BINS, np.inf)
            for row, starts, ends in ((0, edges[:-1], edges[1:]), (1, below, above)):
                for k in range(BINS):  # with the points around it, and one more on either side if it ends at one
                    first = max(0, int(np.searchsorted(x, starts[k], side="left")) - 1)
                    last = int(np.searchsorted(x, ends[k], side="right"))
                    floors[row, k] = lowest[first : last + 1].min()
        self._floors.append((float(x[0]), float(scale), floors.tolist()))

    def _bins(self, limit: int) -> dict[str, object]:
        start, scale, floors = self._floors[limit]
        return {"bin": (start, scale), "floor": floors}

    def finish(self) -> Program:
        """Return the program."""
        self._lists["constants"] = list(self.rows.constants)
        self._lists["mass"], self._lists["width"] = list(self._mass), list(self._width)
        header = len(_PARTS)
        # What costs most comes last, when most of it cannot be more sensitive any more.
        kind, least = np.array(self._lists["likelihood"]), np.array(self._lists["smallest"])
        order = np.lexsort((least, ~np.array(self.simple, dtype=bool), kind)).tolist()
        first = np.array(self._lists["first_assignment"], dtype=float).astype(int).tolist()
        most = max((b - a for a, b in pairwise(first)), default=0)
        self._lists["order"] = list(order)
        for limit in order:
            rates = dict(self._alone[first[limit] : first[limit + 1]])
            self.add(dense=[rates.get(i, len(self._rates)) for i in range(self.count)], **self._bins(limit))
        self._lists["lowest"] = [0, *((k & -k).bit_length() - 1 for k in range(1, 1 << self.count))]
        grids, simple_grids = int((kind == 0).sum()), int((np.array(self.simple, dtype=bool) & (kind == 0)).sum())
        counts = [
            self.count,
            len(order),
            simple_grids,
            grids,
            sum(self.simple) - simple_grids,
            len(self._rates),
            self.length("close"),
            most,
            self.length("constants"),
        ]
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
