"""Units as products of powers of symbols: enough to notice that a mass and a number were added."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

_FACTOR = re.compile(r"(?P<symbol>[A-Za-zµ%°]+)(?:\^?(?P<power>[+-]?\d+))?")
_ANGLES = ("rad",)


@dataclass(frozen=True)
class Unit:
    """A product of powers of symbols.

    Attributes:
        powers: symbol -> exponent, none of them zero.
        literal: of a number that stands in an expression, in whatever unit is asked of it: 10 in "mA - 10".
    """

    powers: Mapping[str, Fraction] = field(default_factory=dict)
    literal: bool = field(default=False, compare=False)
    ONE: ClassVar[Unit]

    @classmethod
    def number(cls, value: float) -> Unit:
        """Return the unit of a number that stands in an expression."""
        return cls(literal=True)

    @property
    def plain(self) -> bool:
        """True for a pure number."""
        return not self.powers

    def __mul__(self, other: Unit) -> Unit:
        powers = dict(self.powers)
        for symbol, power in other.powers.items():
            powers[symbol] = powers.get(symbol, Fraction(0)) + power
        return Unit({s: p for s, p in powers.items() if p}, literal=self.literal and other.literal)

    def __pow__(self, exponent: float) -> Unit:
        factor = Fraction(exponent).limit_denominator(1000)
        return Unit({s: p * factor for s, p in self.powers.items() if p * factor}, literal=self.literal)

    def __truediv__(self, other: Unit) -> Unit:
        return self * other**-1

    def __str__(self) -> str:
        parts = [s if p == 1 else f"{s}^{p}" for s, p in self.powers.items() if p > 0]
        under = [s if p == -1 else f"{s}^{-p}" for s, p in self.powers.items() if p < 0]
        if not parts and len(under) == 1 and under:
            (symbol, power), *_ = self.powers.items()
            return f"{symbol}^{power}"
        above = " ".join(parts) or "1"
        return above if not under else f"{above}/{'/'.join(under)}"


Unit.ONE = Unit()


def dimension_of(text: str) -> Unit:
    """Return what a unit's text says: "GeV^2", "cm^3/s", "ps^-1", "e cm". Radians are numbers.

    What cannot be taken apart, such as "1e-4", is a symbol of its own.
    """
    if text.strip() in ("1", "", *_ANGLES):
        return Unit.ONE
    found = Unit.ONE
    for i, part in enumerate(text.split("/")):
        for factor in part.replace("*", " ").split():
            match = _FACTOR.fullmatch(factor)
            if match is None and factor != "1":
                return Unit({text: Fraction(1)})
            if match is not None:
                unit = Unit({match["symbol"]: Fraction(int(match["power"] or 1))})
                found = found / unit if i else found * unit
    return found
