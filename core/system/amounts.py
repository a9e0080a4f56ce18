"""Amounts with a unit: "2 GB" and the number of bytes, "1h30m" and the number of seconds."""

from __future__ import annotations

import math
import re

_UNITS = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def bytes_of(given: float | str) -> int:
    """Return an amount in bytes: from a number, or from text such as "500 MB", "2GB", "1.5 GiB".

    Raises:
        ValueError: it is not an amount, or not a positive and finite one; the message is a sentence.
    """
    number: float = math.nan
    if isinstance(given, str):
        match = _SIZE.fullmatch(given.strip())
        units = {**_UNITS, **_BINARY}
        if match and match[2] in units:
            number = float(match[1]) * units[match[2]]
    elif not isinstance(given, bool):
        number = float(given)
    if math.isnan(number):
        raise ValueError(f"expected bytes, or an amount such as 500 MB, 2 GB or 1.5 GiB, got {given!r}")
    if not 1.0 <= number < 2**62:
        raise ValueError(f"must be a positive amount, got {given!r}")
    return int(number)


def size_text(size: float) -> str:
    """Return an amount for people: "2 GB"."""
    for unit in ("TB", "GB", "MB", "kB"):
        number = size / _UNITS[unit]
        if number >= 0.9995:  # what rounds to 1000 of a unit is 1 of the next
            return f"{number:.3g} {unit}" if number < 999.5 else f"{number:.0f} {unit}"
    return f"{size:.0f} B"


_SECONDS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0}
_NUMBER = r"(\d+(?:\.\d+)?)"
_DURATION = re.compile("".join(rf"(?:{_NUMBER}{unit}\s*)?" for unit in _SECONDS))


def seconds_of(given: float | str) -> float:
    """Return a duration in seconds: from a number of seconds, or from "90s", "10m", "2h", "1d", "1h30m".

    Raises:
        ValueError: it is not a duration, or not a positive and finite one; the message is a sentence.
    """
    seconds = given
    if isinstance(given, str) and re.fullmatch(_NUMBER, given.strip()):
        seconds = float(given)
    elif isinstance(given, str):
        match = _DURATION.fullmatch(given.strip())
        if not match or not any(match.groups()):
            raise ValueError(f"expected seconds, or a duration such as 90s, 10m, 2h or 1h30m, got {given!r}")
        parts = zip(match.groups(), _SECONDS.values(), strict=True)
        seconds = sum(float(number) * unit for number, unit in parts if number)
    if not 0.0 < float(seconds) < math.inf:
        raise ValueError(f"must be a positive duration, got {given!r}")
    return float(seconds)
