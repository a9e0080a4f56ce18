"""What plugins return becomes an array of floats, or is refused with words about it."""

from __future__ import annotations

from array import array
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
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
        (np.array([1, 2], dtype=np.float32), [1.0, 2.0]),
        ([None, 1.5], [np.nan, 1.5]),
        ([Decimal("0.5"), Fraction(1, 4)], [0.5, 0.25]),
        (np.array([1.5], dtype=np.float16), [1.5]),
        (np.array([np.longdouble("1e400") if np.finfo(np.longdouble).max > 1e308 else np.inf]), [np.inf]),
        ([2**70], [2.0**70]),
        (memoryview(array("d", [1.0, 2.0])), [1.0, 2.0]),
        (np.ma.masked, np.nan),
        ([np.ma.array([1.0, 2.0], mask=[True, False])], [[np.nan, 2.0]]),
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
        (True, "is true or false: return numbers, such as 1.0 and 0.0"),
        ([True, False], "is true or false"),
        (np.array([1.0, True], dtype=object), "is true or false"),
        (np.array([1.0, np.bool_(True)], dtype=object), "is true or false"),
        (np.ma.array([True], mask=[False]), "is true or false"),
        (np.zeros(2, dtype=[("p", float)]), "is not an array of numbers: it holds records"),
        (np.array([None, "1.0"], dtype=object), "is not an array of numbers: it holds text"),
        (np.array([1.0, np.str_("2")], dtype=object), "is not an array of numbers: it holds text"),
        (np.array([1.0, 2j], dtype=object), "is complex"),
        (np.array([np.datetime64("2024-01-01")], dtype=object), "is not an array of numbers: it holds dates"),
        ([datetime(2024, 1, 1)], "is not an array of numbers"),
        ([10**400], "is not an array of numbers: int too large"),
        (b"12", "is not an array of numbers: it holds text"),
        (bytearray(b"12"), "is not an array of numbers: it holds bytes"),
        (memoryview(b"12"), "is not an array of numbers: it holds bytes"),
    ],
)
def test_what_holds_no_numbers_is_refused(values: Any, words: str) -> None:
    with pytest.raises(ContractError, match=f"^observable 'm_h' {words}"):
        real(values, "observable 'm_h'")
