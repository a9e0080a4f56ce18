"""Numbers and sources as text for people."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_ARXIV = re.compile(r"arxiv:\s*([a-z\-]+(?:\.[A-Z]{2})?/\d{7}|\d{4}\.\d{4,5})", re.IGNORECASE)
_DOI = re.compile(r"doi:\s*(10\.\d{4,9}/[^\s,;]+)", re.IGNORECASE)


def number(value: float | None, digits: int = 3) -> str:
    """A number in few digits: 1,234,567; 0.0123; 4.5 × 10⁻⁸; a dash when there is none."""
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    rounded = float(f"{value:.{digits}g}")
    if 1e-4 <= abs(rounded) < 1e7:
        text = f"{rounded:,.12g}"
    else:
        mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
        shown = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        text = f"{shown} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return text.replace("-", "−")


def percent(value: float | None) -> str:
    """A share as a percentage."""
    if value is None or math.isnan(value):
        return "–"
    if value in (0.0, 1.0):
        return f"{100 * value:.0f} %"
    if 0.9995 <= value < 1.0:  # "100 %" would say all of them
        return "> 99.9 %"
    return f"{number(100 * value)} %"


def duration(seconds: float | None) -> str:
    """A time span: 4.2 s, 2 min 05 s, 3 h 10 min."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(n: int, what: str, many: str = "") -> str:
    """A number with its noun: 1 point, 2 points, no point."""
    if n == 1:
        return f"1 {what}"
    return f"{number(n) if n else 'no'} {many or what + 's'}"


@dataclass(frozen=True)
class Citation:
    """A source with the address it can be found at ("" when unknown), and who asks for it."""

    text: str
    address: str
    wanted_by: tuple[str, ...]


def address_of(source: str) -> str:
    """The web address of the first arXiv number or DOI in a text, "" when there is none."""
    if match := _ARXIV.search(source):
        return f"https://arxiv.org/abs/{match[1]}"
    if match := _DOI.search(source):
        return f"https://doi.org/{match[1].rstrip('.')}"
    return ""


def collect(sources: list[tuple[str, str]]) -> list[Citation]:
    """Join equal sources of (text, who asks for it) pairs, in order of appearance."""
    wanted: dict[str, list[str]] = {}
    for text, who in sources:
        if text.strip():
            asking = wanted.setdefault(text.strip(), [])
            if who not in asking:
                asking.append(who)
    return [Citation(text, address_of(text), tuple(who)) for text, who in wanted.items()]
