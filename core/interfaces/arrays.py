"""Arrays as plugins return them, checked and made into arrays of floats."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from terranova.errors import ContractError
from terranova.types import Array, Floats

_NO_NUMBERS = {
    "S": "text",
    "U": "text",
    "T": "text",
    "M": "dates",
    "m": "dates",
    "V": "records with fields",
}
"""What arrays hold that numpy would turn into floats, or nearly, by the letter of their type."""


def real(values: ArrayLike, what: str) -> Floats:
    """Return values as an array of floats.

    Integers, floats of any width, and Python's own numbers (`Decimal`, `Fraction`) are numbers. None and what is
    masked are unknown: NaN. What is too large for a float is infinite. Everything else is refused rather than
    read as a number: True is 1 to numpy, but may mean "accepted" as well as "violated".

    Raises:
        ContractError: they are complex, true or false, or no numbers at all; the message begins with `what`.
    """
    if isinstance(values, (bytearray, memoryview)):  # of bytes, numpy would make the numbers 0 to 255
        if memoryview(values).format in ("B", "b", "c"):
            raise ContractError(f"{what} is not an array of numbers: it holds bytes")
    elif isinstance(values, (list, tuple)) and any(isinstance(row, np.ma.MaskedArray) for row in values):
        values = np.ma.array(values)  # numpy alone would forget what is masked
    try:
        array = np.asarray(values)
        _refuse_kind(array.dtype.kind, what)
        if array.dtype.kind == "O":
            _refuse_elements(array, what)
        with np.errstate(over="ignore", invalid="ignore"):  # beyond the largest float: an infinity, which is seen
            if isinstance(values, np.ma.MaskedArray):
                return np.asarray(np.ma.filled(values.astype(float), np.nan))  # masked means unknown
            return np.asarray(values, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise ContractError(f"{what} is not an array of numbers: {error}") from error


def _refuse_elements(array: Array, what: str) -> None:
    """Look at Python objects one by one: float() takes True, and text that looks like a number."""
    for element in array.flat:
        if element is not None:
            _refuse_kind(_kind(element), what)


_LETTERS: dict[str, tuple[type, ...]] = {"b": (bool,), "c": (complex,), "S": (str, bytes, bytearray)}


def _kind(element: Any) -> str:
    """Letter of the type of a Python object; "O" for what float() may judge."""
    if isinstance(element, (np.generic, np.ndarray)):
        return element.dtype.kind
    for letter, types in _LETTERS.items():
        if isinstance(element, types):
            return letter
    return "O"


def _refuse_kind(kind: str, what: str) -> None:
    if kind == "c":
        raise ContractError(f"{what} is complex: return real numbers, and NaN where there is none")
    if kind == "b":
        raise ContractError(f"{what} is true or false: return numbers, such as 1.0 and 0.0")
    if kind in _NO_NUMBERS:
        raise ContractError(f"{what} is not an array of numbers: it holds {_NO_NUMBERS[kind]}")
