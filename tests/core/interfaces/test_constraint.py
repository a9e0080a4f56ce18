"""The interface of constraints: what holds for a kind that brings only what it must."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.interfaces.constraint import Constraint, Interval, acceptance, log_margin
from terranova.types import Floats


@dataclass(frozen=True, kw_only=True)
class Between(Interval):
    """Accepts an interval."""

    low: float = -math.inf
    high: float = math.inf
    kind: ClassVar[str] = "between"

    def window(self) -> tuple[float, float]:
        return self.low, self.high

    def loglike(self, values: Floats) -> Floats:
        return np.zeros(len(values))


def _between(name: str = "m", low: float = -math.inf, high: float = math.inf, **more: float) -> Constraint:
    return Between(name=f"c_{name}", observables=(name,), source="this test", low=low, high=high, **more)  # type: ignore[arg-type]


def test_what_a_kind_need_not_say() -> None:
    one = _between()
    assert (one.hard, one.measurements, one.measured, one.in_unit, one.column) == (False, 1, (), ("m",), "C_c_m")
    assert (one.names_observables, one.paths, one.units, one.references, one.notices) == (
        False,
        (),
        {"m": "1"},
        (),
        (),
    )
    assert list(one.key_problems({}, ("m",))) == []
    assert one.describe() == "in [-inf, inf]"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"source": " "}, "needs a source"),
        ({"scale": 0.0}, "scale must be positive"),
        ({"scale": math.nan}, "scale must be positive"),
        ({"scale": 1e-200}, "too small to divide by"),
        ({"distance": "decades"}, "distance must be"),
    ],
)
def test_senseless_words_are_refused(words: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Between(**{"name": "c", "observables": ("m",), "source": "this test", **words})  # type: ignore[arg-type]


@given(st.floats(-10, 10), st.floats(0.1, 5), st.floats(0.1, 4), st.floats(-30, 30))
def test_the_violation_of_an_interval_is_the_distance_in_its_scale(
    low: float, width: float, scale: float, at: float
) -> None:
    violation = _between(low=low, high=low + width, scale=scale).violation(np.array([[at]]))[0]
    assert violation == pytest.approx(max(0.0, low - at, at - low - width) / scale)


@given(st.floats(1e-6, 1e6), st.floats(1.0, 1e3), st.floats(-1e7, 1e7))
def test_decades_are_counted_exactly_outside(low: float, ratio: float, at: float) -> None:
    high = low * ratio
    excess = float(log_margin(np.array([at]), low, high)[0])
    assert (excess > 0.0) == (at < low or at > high)
    if at > high:
        assert excess == pytest.approx(math.log10(at / high), abs=1e-9)


def test_samplers_are_told_what_all_constraints_on_an_observable_accept() -> None:
    group = [_between("m", low=0.0), _between("m", high=5.0), _between("m", low=-1.0, high=9.0), _between("free")]
    assert acceptance(group) == {"m": (0.0, 5.0)}
    assert acceptance([]) == {}
