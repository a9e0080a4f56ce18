"""What plugins return becomes an array of floats, or is refused with words about it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from terranova.errors import ContractError
from terranova.interfaces.arrays import real


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (1, 1.0),
        ([1, 2], [1.0, 2.0]),
        ([True, False], [1.0, 0.0]),
        (np.array([1, 2], dtype=np.float32), [1.0, 2.0]),
        ([None, 1.5], [np.nan, 1.5]),
        (np.ma.masked_array([1, 2, 3], mask=[False, True, False]), [1.0, np.nan, 3.0]),
        ([], []),
    ],
)
def test_numbers_of_all_kinds_become_floats(values: Any, expected: Any) -> None:
    found = real(values, "it")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1j], "is complex: return real numbers"),
        (["1.0"], "is not an array of numbers: it holds text"),
        (np.array([b"x"]), "is not an array of numbers: it holds text"),
        (np.array(["2024-01-01"], dtype="M8[D]"), "is not an array of numbers: it holds dates"),
        (np.array([1], dtype="m8[s]"), "is not an array of numbers: it holds dates"),
        ([[1, 2], [3]], "is not an array of numbers"),
        ([object()], "is not an array of numbers"),
    ],
)
def test_what_holds_no_numbers_is_refused(values: Any, words: str) -> None:
    with pytest.raises(ContractError, match=f"^observable 'm_h' {words}"):
        real(values, "observable 'm_h'")
