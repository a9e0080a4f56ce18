"""The constraint kind `search-planes`: a published likelihood of two rates, in planes of several masses."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from terranova import Judgement, KeyProblem
from terranova.plugins.higgs_limits.recorded import RecordedSearch
from terranova.plugins.higgs_limits.search_records import PlanesRecord, read_planes
from terranova.plugins.higgs_limits.search_signals import Columns, is_rate, packed
from terranova.types import Floats


@dataclass(frozen=True, kw_only=True)
class SearchPlanes(RecordedSearch[PlanesRecord]):
    """A published likelihood of two rates, such as gluon fusion and production with b quarks, times a decay.

    The record has q, -2 ln L of the two rates less its least value between no signal and them, as observed and as
    expected without signal, in a plane for each of several masses. Between masses q is linear at equal rates. CLs
    is that of both in the asymptotic limit, equations 65 and 66 of arXiv:1007.1727. States within the resolution
    are one, and the signal with the largest expected q decides, as in `Search`.

    C = ln(1 - cl) - ln CLs where that is positive. ln L = -q/2 of the signal that decides: 0 where no less of it is
    preferred. A point none of whose signals has a mass within those of the record is accepted with ln L = 0.

    Attributes:
        record, digest: see `RecordedSearch`.
        signals: name -> mass, and `rates`: two rates as in `search`.
    """

    kind: ClassVar[str] = "search-planes"
    signal_keys: ClassVar[tuple[str, ...]] = ("mass", "rates")
    needed_keys: ClassVar[str] = "mass, rates"

    __hash__ = RecordedSearch.__hash__  # as in `Search`

    @classmethod
    def signal_problems(cls, here: tuple[str, str], given: Mapping[str, Any]) -> Iterator[KeyProblem]:
        if not isinstance(given.get("mass"), str):
            yield KeyProblem((*here, "mass"), "expected an observable")
        rates = given.get("rates")
        if not isinstance(rates, Sequence) or len(rates) != 2 or not all(map(is_rate, rates)):
            yield KeyProblem((*here, "rates"), "expected two rates, each a list of products: [[sigma, br]]")

    def _read(self, content: bytes) -> PlanesRecord:
        return read_planes(content, self.record)

    def _program(self, found: PlanesRecord, columns: Columns) -> tuple[Any, ...]:
        masses, rates = [], []
        for name, signal in self.signals.items():
            try:
                masses.append(columns.number(signal["mass"], "GeV"))
                rates += [columns.rate(rate, found.unit != "1") for rate in signal["rates"]]
            except ValueError as error:
                raise ValueError(f"signals.{name}: {error}") from None
        record = found.masses, found.rates, found.statistic, found.mass_resolution
        return (np.array(masses), *packed(rates), *record)

    def margin(self, values: Floats) -> Floats:
        return np.asarray((math.log(1.0 - self.found.confidence) - self._decide(values)[:, 0]) / self.scale)

    def loglike(self, values: Floats) -> Floats:
        return np.asarray(-0.5 * self._decide(values)[:, 1])

    def judge(self, values: Floats) -> Judgement:
        decisive = self._decided(np.ascontiguousarray(values))
        margin = (math.log(1.0 - self.found.confidence) - decisive[:, 0]) / self.scale
        return Judgement(margin, -0.5 * decisive[:, 1])

    def _decide(self, values: Floats) -> Floats:
        """Return ln CLs and q (n, 2) of the signal that decides."""
        return self.answer(values, self._decided)

    def _decided(self, values: Floats) -> Floats:
        from terranova.plugins.higgs_limits.search_kernels import decide_planes  # numba takes a second to load

        decisive = np.empty((len(values), 2))
        if len(values):
            arguments: tuple[Any, ...] = (values, *self.made.program, decisive)
            decide_planes(*arguments)
        return decisive
