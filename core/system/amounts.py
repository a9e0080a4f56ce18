"""Amounts with a unit: "2 GB" and the number of bytes, "1h30m" and the number of seconds."""

from __future__ import annotations

import math
import re

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BINARY = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_BYTES = {
    "": 1,
    **{unit.lower(): size for unit, size in _UNITS.items()},
    **{letter.lower() + ending: size for letter, size in _BINARY.items() for ending in ("", "ib")},
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)")


def bytes_of(given: float | str) -> int:
    """Return an amount in bytes: from a number, or from text such as "500 MB", "2GB", "1.5 GiB", "2G".

    A letter alone means what Slurm means by it, a binary unit: 2G is 2 GiB. Capitals do not matter.

    Raises:
        ValueError: it is not an amount, or not a positive and finite one; the message is a sentence.
    """
    number: float = math.nan
    if isinstance(given, str):
        match = _SIZE.fullmatch(given.strip())
        if match and match[2].lower() in _BYTES:
            number = float(match[1]) * _BYTES[match[2].lower()]
    elif not isinstance(given, bool):
        number = float(given)
    if math.isnan(number):
        raise ValueError(f"expected bytes, or an amount such as 500 MB, 2 GB, 1.5 GiB or 2G, got {given!r}")
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


_SECONDS = {
    "d|days?": 86400.0,
    "h|hrs?|hours?": 3600.0,
    "m|mins?|minutes?": 60.0,
    "s|secs?|seconds?": 1.0,
}
_NUMBER = r"(\d+(?:\.\d+)?)"
_DURATION = re.compile("".join(rf"(?:{_NUMBER}\s*(?:{unit})(?![a-z])\s*)?" for unit in _SECONDS), re.IGNORECASE)
_SLURM = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d\d))?(?::(\d\d))?")


def seconds_of(given: float | str) -> float:
    """Return a duration in seconds: from a number of seconds, or from text.

    "90s", "10m", "2h", "1d", "1h30m", "2 days" are read, and what Slurm writes: "minutes:seconds",
    "hours:minutes:seconds", "days-hours", "days-hours:minutes", "days-hours:minutes:seconds". Only a number alone
    is seconds, where Slurm takes it for minutes.

    Raises:
        ValueError: it is not a duration, or not a positive and finite one; the message is a sentence.
    """
    seconds = _seconds_of_text(given.strip()) if isinstance(given, str) else float(given)
    if seconds is None:
        raise ValueError(
            f"expected seconds, or a duration such as 90s, 10m, 2h, 1h30m, 1:30:00 or 2-12:00:00, got {given!r}"
        )
    if not 0.0 < seconds < math.inf:
        raise ValueError(f"must be a positive duration, got {given!r}")
    return seconds


def _seconds_of_text(text: str) -> float | None:
    """Return the seconds that a text means, None if it means none."""
    if re.fullmatch(_NUMBER, text):
        return float(text)
    if match := _SLURM.fullmatch(text):
        days, *parts = match.groups()
        numbers = [int(part) for part in parts if part is not None]
        if any(number >= 60 for number in numbers[1:]) or (days is not None and numbers[0] >= 24):
            return None
        if days is None and len(numbers) == 2:
            numbers = [0, *numbers]  # minutes and seconds; after days, hours and minutes
        units = (3600.0, 60.0, 1.0)
        return float(days or 0) * 86400.0 + sum(n * unit for n, unit in zip(numbers, units, strict=False))
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    amounts = zip(match.groups(), _SECONDS.values(), strict=True)
    return sum(float(number) * unit for number, unit in amounts if number)
