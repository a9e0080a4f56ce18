"""The constraint kind `search`: a published limit, observed and expected, against one mass or two coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from terranova import CLsLimit, Judgement, KeyProblem, Panel
from terranova.plugins.higgs_limits.recorded import RecordedSearch
from terranova.plugins.higgs_limits.search_panel import SearchPanel
from terranova.plugins.higgs_limits.search_records import SECOND, SearchRecord, read_table
from terranova.plugins.higgs_limits.search_signals import Columns, Products, is_rate, packed
from terranova.types import Floats


class _Signal(NamedTuple):
    """A state that a search may have seen, as columns of the observables.

    Attributes:
        mass, width, lighter: columns; width and lighter are -1 where they are not given.
        rate: products of columns, each with a number as its factor, which are added.
    """

    mass: int
    width: int
    lighter: int
    rate: Products


@dataclass(frozen=True, kw_only=True)
class Search(RecordedSearch[SearchRecord]):
    """A published limit on the rate of a resonance, with the one that was expected where it is known.

    Every signal has a mass and a rate in the unit of the record. States whose masses differ by less than the
    record's resolution are one: to the rate of each, those of its neighbours are added. Of all signals the one with
    the largest ratio of rate to *expected* limit decides, as in HiggsTools, arXiv:2210.09332: a state is accepted
    with a probability of 95 % however many there are. C is its rate over the *observed* limit less 1, or 0.

    ln L is that of an upper limit, with the Gaussian measurement m +- sigma that `CLsLimit` makes of both limits at
    the mass of this signal: 0 up to m, -(rate - m)^2 / 2 sigma^2 above. An excess is no evidence for a signal.
    Without an expected limit it is half a Gaussian around zero that reaches the level at the observed one. Where no
    signal lies within the axes of the record, or all are wider than a limit on narrow ones is good for, a point is
    accepted and ln L is 0.

    Attributes:
        record, digest: see `RecordedSearch`.
        signals: name -> mass, rate, and width or the mass of the lighter state where the record has such an axis.
            Each is an observable; a rate is a list of products, of which each is a list of observables and numbers.
            Of a cross section the first factor is in pb, the others have no unit.
        between: masses in GeV, the only ones at which it is applied: for two records on the same data.
    """

    between: tuple[float, float] | None = None
    kind: ClassVar[str] = "search"
    signal_keys: ClassVar[tuple[str, ...]] = ("mass", "width", "lighter", "rate")
    needed_keys: ClassVar[str] = "mass, rate"

    __hash__ = RecordedSearch.__hash__  # a dataclass that is compared by its fields would make one of them

    @classmethod
    def signal_problems(cls, here: tuple[str, str], given: Mapping[str, Any]) -> Iterator[KeyProblem]:
        for key, value in given.items():
            if key in cls.signal_keys and key != "rate" and not isinstance(value, str):
                yield KeyProblem((*here, key), f"expected an observable, got {value!r}")
        for key in ("mass", "rate"):
            if key not in given:
                yield KeyProblem((*here, key), "missing")
        if "rate" in given and not is_rate(given["rate"]):
            yield KeyProblem((*here, "rate"), "expected a list of products: [[sigma, br], [other_sigma, br]]")

    def _read(self, content: bytes) -> SearchRecord:
        return read_table(content, self.record)

    def _program(self, found: SearchRecord, columns: Columns) -> tuple[Any, ...]:
        between = self.between or (0.0, math.inf)
        if not between[0] < between[1] or between[0] >= found.masses[-1] or between[1] <= found.masses[0]:
            raise ValueError(
                f"between [{between[0]:g}, {between[1]:g}]: no part of the record, which has masses from "
                f"{found.masses[0]:g} to {found.masses[-1]:g} GeV"
            )
        return _packed([self._signal(name, found, columns) for name in self.signals], found, *between)

    def _signal(self, name: str, found: SearchRecord, columns: Columns) -> _Signal:
        """Return a signal, and note what it reads and in which unit.

        Raises:
            ValueError: it lacks what the record needs.
        """
        given = self.signals[name]
        needed = {"lighter_mass": "lighter", "width": "width", "relative_width": "width"}.get(found.second)
        if needed and needed not in given:
            raise ValueError(f"signals.{name}.{needed}: missing, the record has an axis of {found.second}")
        if "lighter" in given and found.second != "lighter_mass":
            raise ValueError(f"signals.{name}.lighter: the record has no axis of lighter_mass")
        try:
            mass = columns.number(given["mass"], "GeV")
            width, lighter = (columns.number(given[k], "GeV") if k in given else -1 for k in ("width", "lighter"))
            rate = columns.rate(given["rate"], found.unit != "1")
        except ValueError as error:
            raise ValueError(f"signals.{name}: {error}") from None
        if width < 0 and found.largest_width < math.inf:
            raise ValueError(f"signals.{name}.width: missing, the record is of states up to a width")
        return _Signal(mass, width, lighter, rate)

    def ratios(self, values: Floats) -> tuple[Floats, Floats]:
        """Return rate over observed and over expected limit (n, signals); 0 where the limit does not apply.

        Args:
            values: (n, len(observables)).
        """
        ratios = self._decide(values)[0]
        return ratios[:, :, 0], ratios[:, :, 1]

    def margin(self, values: Floats) -> Floats:
        return np.asarray((self._decisive(values)[0] - 1.0) / self.scale)

    def loglike(self, values: Floats) -> Floats:
        return self.loglike_of_ratios(*self._decisive(values))

    def judge(self, values: Floats) -> Judgement:
        observed, expected = self._decisive(values)
        return Judgement((observed - 1.0) / self.scale, self.loglike_of_ratios(observed, expected))

    @classmethod
    def panel(cls, constraints: Sequence[Self]) -> Panel | None:
        return SearchPanel(constraints) if cls is Search else None

    @property
    def measured_signal(self) -> tuple[float, Floats, Floats]:
        """z of the likelihood, and the measured signal in errors against ln(observed / expected) limit, (l,) each.

        Without an expected limit l is 0.
        """
        if self.found.expected is None:
            return NormalDist().inv_cdf(self.found.confidence), np.empty(0), np.empty(0)
        z, table = _measured(self.found.confidence)
        return z, *table

    def loglike_of_ratios(self, observed: Floats, expected: Floats) -> Floats:
        """Return half of minus the statistic for upper limits, 0 at and below the signal that was measured.

        G. Cowan et al., arXiv:1007.1727, equation 16, with the signal measured from observed and expected limit.

        Args:
            observed, expected: rates over limits of the signals that decide, of any shape.
        """
        if self.found.expected is None:
            return np.asarray(-0.5 * (NormalDist().inv_cdf(self.found.confidence) * observed) ** 2)
        z, pulls = _measured(self.found.confidence)
        with np.errstate(divide="ignore", invalid="ignore"):
            measured = np.interp(np.log(expected) - np.log(observed), *pulls)  # observed over expected limit
        signal = z * expected
        # An excess is no evidence for this signal: tables of one search share events, and none knows of the others.
        above = np.maximum(signal - np.maximum(measured, 0.0), 0.0)
        below = np.minimum(measured, 0.0)
        return np.where(expected > 0.0, -0.5 * above * (above - 2.0 * below), 0.0)

    def explain(self, point: Mapping[str, Any]) -> str:
        """Return in words which signal decides at a point, and how.

        Args:
            point: observables and parameters by name, such as a row of a table of points.
        """
        values = np.array([[float(point[name]) for name in self.observables]])
        observed, expected = (array[0] for array in self.ratios(values))
        best = int(np.argmax(expected))
        if not expected[best] > 0.0:
            return f"{self.found.title}: applies to none of {', '.join(self.signals)}"
        verdict = "excluded" if observed[best] > 1.0 else "allowed"
        return (
            f"{self.found.title}: {tuple(self.signals)[best]} {verdict}, {observed[best]:.4g} of the observed and "
            f"{expected[best]:.4g} of the expected limit; {self.found.citation}"
        )

    def _decisive(self, values: Floats) -> tuple[Floats, Floats]:
        """Return observed and expected ratio (n,) of the signal with the largest expected one."""
        decisive = self._decide(values)[1]
        return decisive[:, 0], decisive[:, 1]

    def _decide(self, values: Floats) -> tuple[Floats, Floats]:
        """Return ratios (n, signals, 2) and those that decide (n, 2), in the order of observed and expected."""
        return self.answer(values, self._decided)

    def _decided(self, values: Floats) -> tuple[Floats, Floats]:
        from terranova.plugins.higgs_limits.search_kernels import decide  # numba takes a second to load

        ratios, decisive = np.empty((len(values), len(self.signals), 2)), np.empty((len(values), 2))
        if len(values):
            arguments: tuple[Any, ...] = (values, *self.made.program, ratios, decisive)
            decide(*arguments)
        return ratios, decisive


def _packed(signals: Sequence[_Signal], found: SearchRecord, low: float, high: float) -> tuple[Any, ...]:
    """Return signals and record as `search_kernels.decide` takes them."""
    expected = found.observed if found.expected is None else found.expected
    shape = (len(found.masses), -1)
    tables = np.stack([found.observed.reshape(shape), expected.reshape(shape)])
    if not found.second:
        tables = np.concatenate([tables, tables], axis=2)  # a cell needs two columns
    return (
        np.array([[signal.mass, signal.width, signal.lighter] for signal in signals]),
        *packed([signal.rate for signal in signals]),
        found.masses,
        found.others,
        np.ascontiguousarray(tables),
        np.empty((2, 0)) if found.acceptance is None else found.acceptance,
        1 + SECOND.index(found.second) if found.second else 0,
        max(low, float(found.masses[0])),
        min(high, float(found.masses[-1])),
        found.mass_resolution,
        found.largest_width,
    )


@cache
def _measured(confidence: float) -> tuple[float, tuple[Floats, Floats]]:
    """Return z = expected limit / sigma, and m / sigma against ln(observed / expected) as a table.

    The relation is that of `CLsLimit`; the table is linear between entries, at 1e-4 of a sigma.
    """
    logs = np.linspace(math.log(0.05), math.log(50.0), 600)
    pulls = []
    for log in logs:
        m, sigma = CLsLimit(
            name="m",
            observables=("m",),
            source="theory: arXiv:1007.1727",
            observed=math.exp(log),
            expected=1.0,
            cl=confidence,
        ).measurement
        pulls.append(m / sigma)
    return 1.0 / sigma, (logs, np.array(pulls))
