"""The signals of the kinds `search` and `search-planes`: rates as sums of products of observables and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from terranova.types import Floats, Ints

Products = tuple[tuple[float, tuple[int, ...]], ...]
"""A rate: products of columns, each with a number as its factor, which are added."""


class Packed(NamedTuple):
    """Rates as the kernels take them: products[i] to products[i + 1] are those of rate i, and so on.

    Attributes:
        products: (rates + 1,)
        factors: (products,)
        parts: (products + 1,)
        columns: (all parts,)
    """

    products: Ints
    factors: Floats
    parts: Ints
    columns: Ints


class Columns:
    """The observables that signals read, in the order in which they are first named, with their units."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self.units: dict[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The observables."""
        return tuple(self._numbers)

    def number(self, observable: str, unit: str) -> int:
        """Return the column of an observable.

        Raises:
            ValueError: it is also used in another unit.
        """
        if self.units.setdefault(observable, unit) != unit:
            raise ValueError(f"{observable} is used in {unit} and in {self.units[observable]}")
        return self._numbers.setdefault(observable, len(self._numbers))

    def rate(self, given: Sequence[Sequence[Any]], in_pb: bool) -> Products:
        """Return a rate; of a cross section the first observable of each product is in pb."""
        rate = []
        for product in given:
            factor = math.prod(float(part) for part in product if not isinstance(part, str))
            parts = [part for part in product if isinstance(part, str)]
            units = ["pb" if in_pb and not i else "1" for i in range(len(parts))]
            rate.append((factor, tuple(map(self.number, parts, units))))
        return tuple(rate)


def packed(rates: Sequence[Products]) -> Packed:
    """Return rates as arrays."""
    products = [product for rate in rates for product in rate]
    return Packed(
        np.cumsum([0, *map(len, rates)]),
        np.array([factor for factor, _ in products]),
        np.cumsum([0, *(len(columns) for _, columns in products)]),
        np.array([column for _, columns in products for column in columns], dtype=np.int64),
    )


def is_rate(given: Any) -> bool:
    """True for a list of products, each with an observable or a number at least."""
    if not _is_list(given):
        return False
    for product in given:
        if not _is_list(product):
            return False
        if not all(isinstance(part, (str, int, float)) and not isinstance(part, bool) for part in product):
            return False
    return True


def _is_list(given: Any) -> bool:
    return isinstance(given, Sequence) and not isinstance(given, (str, Mapping)) and len(given) > 0
