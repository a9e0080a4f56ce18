"""Records as JSON and arrays: what comes back is what was put in, and what a file says makes nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from terranova.store.packed import pack, unpack
from terranova.types import Array, Floats, Ints


@dataclass(frozen=True)
class Part:
    """Something within something."""

    name: str
    values: Floats


@dataclass
class Whole:
    """One field of each kind."""

    kind: Literal["a", "b"]
    ends: tuple[float | None, float]
    parts: tuple[Part, ...]
    numbers: Ints
    at: Path
    left: Part | None = None
    spent: Mapping[str, int] = field(default_factory=dict)
    converged: bool = True
    lines: list[str] = field(default_factory=list)


def _there_and_back(kind: Any, value: Any) -> Any:
    arrays: dict[str, Array] = {}
    content = json.loads(json.dumps(pack(value, arrays), allow_nan=False))
    return unpack(kind, content, arrays)


def test_every_kind_of_field_comes_back() -> None:
    values = np.array([1.0 / 3.0, np.nan, -np.inf])
    whole = Whole(
        "b",
        (None, math.inf),
        (Part("é", values), Part("", np.empty((0, 3)))),
        np.arange(4),
        Path("a/b"),
        spent={"best fit": 3, "array": 4},
        converged=False,
        lines=["x", "y"],
    )
    back = _there_and_back(Whole, whole)
    assert (back.kind, back.ends, back.at, back.left) == ("b", (None, math.inf), Path("a/b"), None)
    assert (back.spent, back.converged, back.lines) == (whole.spent, False, ["x", "y"])
    assert [part.name for part in back.parts] == ["é", ""]
    np.testing.assert_array_equal(back.parts[0].values, values)
    assert back.parts[1].values.shape == (0, 3)
    np.testing.assert_array_equal(back.numbers, np.arange(4))


def test_numbers_keep_every_bit() -> None:
    numbers = [0.1, 1e-320, 2.0**53 + 2.0, -0.0, math.nan, -math.inf]
    back = _there_and_back(list[float], numbers)
    assert [x.hex() if math.isfinite(x) else str(x) for x in back] == [
        x.hex() if math.isfinite(x) else str(x) for x in numbers
    ]
    assert _there_and_back(int, 2**100) == 2**100


def test_fields_that_are_missing_take_their_defaults_and_others_are_left_out() -> None:
    arrays = {"n": np.arange(2)}
    content = {"kind": "a", "ends": [0, 1], "parts": [], "numbers": {"array": "n"}, "at": ".", "newer": 1}
    assert unpack(Whole, content, arrays).left is None


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (Whole, {"kind": "a"}),
        (Whole, []),
        (Part, {"name": "x", "values": {"array": "not there"}}),
        (Part, {"name": 3, "values": {"array": "n"}}),
        (Literal["a", "b"], "c"),
        (tuple[int, int], [1]),
        (None, 3),
        (bool, "yes"),
        (float, "number"),
    ],
)
def test_what_is_something_else_is_refused(kind: Any, content: Any) -> None:
    with pytest.raises(ValueError, match="it holds no"):
        unpack(kind, content, {"n": np.arange(2)})


@pytest.mark.parametrize("value", [object(), {1, 2}, np.array([object()])])
def test_objects_are_not_packed(value: Any) -> None:
    with pytest.raises(TypeError):
        pack(value, {})


def test_what_is_packed_does_not_change_with_its_source() -> None:
    values, arrays = np.zeros(2), dict[str, Array]()
    pack(values, arrays, "v")
    values[0] = 1.0
    assert arrays["v"].tolist() == [0.0, 0.0]
