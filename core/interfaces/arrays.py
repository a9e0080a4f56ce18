"""Arrays as plugins return them, checked and made into arrays of floats."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from terranova.errors import ContractError
from terranova.types import Floats


def real(values: ArrayLike, what: str) -> Floats:
    """Return values as an array of floats.

    Raises:
        ContractError: they are complex, or no numbers at all; the message begins with `what`.
    """
    try:
        kind = np.asarray(values).dtype.kind
        if kind == "c":
            raise ContractError(f"{what} is complex: return real numbers, and NaN where there is none")
        if kind in "USMm":
            raise ContractError(
                f"{what} is not an array of numbers: it holds {'text' if kind in 'US' else 'dates'}"
            )
        if isinstance(values, np.ma.MaskedArray):
            return np.asarray(np.ma.filled(values.astype(float), np.nan))  # masked means unknown
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ContractError(f"{what} is not an array of numbers: {error}") from error
