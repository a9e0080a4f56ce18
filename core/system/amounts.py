"""Amounts of memory and disk: "2 GB" and the number of bytes."""

from __future__ import annotations

import math
import re

_UNITS = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def bytes_of(given: float | str) -> int:
    """Return an amount in bytes: from a number, or from words such as "500 MB", "2GB", "1.5 GiB".

    Raises:
        ValueError: it is not an amount, or not a positive and finite one; the message is a sentence.
    """
    number: float = math.nan
    if isinstance(given, str):
        found = _SIZE.fullmatch(given.strip())
        units = {**_UNITS, **_BINARY}
        if found and found[2] in units:
            number = float(found[1]) * units[found[2]]
    elif not isinstance(given, bool):
        number = float(given)
    if math.isnan(number):
        raise ValueError(f"expected bytes, or an amount such as 500 MB, 2 GB or 1.5 GiB, got {given!r}")
    if not 1.0 <= number < 2**62:
        raise ValueError(f"must be a positive amount, got {given!r}")
    return int(number)


def size_words(size: float) -> str:
    """Return an amount for people: "2 GB"."""
    for unit in ("TB", "GB", "MB", "kB"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.3g} {unit}"
    return f"{size:.0f} B"
