"""The constraint kind `search`: a published limit, observed and expected, against one mass or two coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from terranova import Judgement, KeyProblem, Panel
from terranova.plugins.higgs_limits import search_program
from terranova.plugins.higgs_limits.recorded import RecordedSearch
from terranova.plugins.higgs_limits.search_records import SearchRecord, read_table
from terranova.plugins.higgs_limits.search_signals import Columns, is_rate
from terranova.types import Floats


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
        signals = tuple(self.signal(name, found, columns) for name in self.signals)
        low, high = max(between[0], float(found.masses[0])), min(between[1], float(found.masses[-1]))
        search = search_program.Search(found, signals, low, high)
        return search, search_program.program([search])

    def signal(self, name: str, found: SearchRecord, columns: Columns) -> search_program.Signal:
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
        return search_program.Signal(mass, width, lighter, rate)

    @classmethod
    def panel(cls, constraints: Sequence[Self]) -> Panel | None:
        return _SearchPanel(constraints) if cls is Search else None

    def ratios(self, values: Floats) -> tuple[Floats, Floats]:
        """Return rate over observed and over expected limit (n, signals); 0 where the limit does not apply.

        Args:
            values: (n, len(observables)).
        """
        ratios = np.empty((len(values), len(self.signals), 2))
        _decided(np.ascontiguousarray(values, dtype=float), self.made.program[1], ratios)
        return ratios[:, :, 0], ratios[:, :, 1]

    def margin(self, values: Floats) -> Floats:
        return np.asarray((self._decide(values)[:, 0] - 1.0) / self.scale)

    def loglike(self, values: Floats) -> Floats:
        """Return half of minus the statistic for upper limits (n,), 0 at and below the signal that was measured.

        G. Cowan et al., arXiv:1007.1727, equation 16, with the signal measured from observed and expected limit.
        """
        return self._decide(values)[:, 2].copy()

    def judge(self, values: Floats) -> Judgement:
        decisive = self._decide(values)
        return Judgement((decisive[:, 0] - 1.0) / self.scale, decisive[:, 2].copy())

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

    def _decide(self, values: Floats) -> Floats:
        """Return observed and expected ratio of the signal with the largest expected one, and ln L (n, 3)."""
        return self.answer(values, lambda given: _decided(given, self.made.program[1])[0])


class _SearchPanel(Panel):
    """Several searches whose programmes are one: the kernel is called once."""

    def __init__(self, searches: Sequence[Search]) -> None:
        columns = Columns()
        parts = []
        for one in searches:
            alone: search_program.Search = one.made.program[0]
            signals = tuple(one.signal(name, one.found, columns) for name in one.signals)
            parts.append(alone._replace(signals=signals))
        self.observables = columns.names
        self._program = search_program.program(parts)
        self._scales = np.array([one.scale for one in searches])

    def judge(self, values: Floats) -> tuple[Floats, Floats]:
        decisive = _decided(np.ascontiguousarray(values, dtype=float), self._program)
        return (decisive[:, :, 0].T - 1.0) / self._scales, decisive[:, :, 2].T


def _decided(values: Floats, program: search_program.Program, ratios: Floats | None = None) -> Floats:
    """Return both ratios of what decides and ln L (searches, n, 3) of values (n, columns); see `search_kernels`."""
    from terranova.plugins.higgs_limits.search_kernels import decide  # numba takes a second to load

    most = int(program.ints[:, search_program.SIGNALS].max())
    decisive = np.empty((len(program.ints), len(values), 3))
    if len(values):
        decide(
            values,
            program,
            np.empty(most),
            np.empty(most),
            np.empty((1, most, 2)) if ratios is None else ratios,
            decisive,
        )
    return decisive
