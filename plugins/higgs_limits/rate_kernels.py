"""Compiled rates: each product of cross sections and branching ratios that any limit asks for, once a point."""

from __future__ import annotations

from terranova.plugins._jit import lean_kernel
from terranova.plugins.higgs_limits.interpolation_kernels import clamped
from terranova.plugins.higgs_limits.program import (
    ACCEPTANCE_PARTS,
    FIRST_FACTOR,
    FIRST_POWER,
    FIRST_TERM,
    MONOMIAL_TABLE,
    POWER,
    POWER_ROW,
    RATE_MASS,
    RATES,
    SUMMED,
    TERM_ACCEPTANCE,
    TERM_COEFFICIENT,
    TERM_ROWS,
)
from terranova.types import Floats, Ints


@lean_kernel
def _polynomial(ints: Ints, reals: Floats, first: int, last: int, mass: float, row: Floats) -> float:
    """Return a sum of monomials of an acceptance."""
    total = 0.0
    for m in range(first, last):
        value = clamped(ints, reals, ints[ints[MONOMIAL_TABLE] + m], mass)
        for k in range(ints[ints[FIRST_POWER] + m], ints[ints[FIRST_POWER] + m + 1]):
            value *= row[ints[ints[POWER_ROW] + k]] ** ints[ints[POWER] + k]
        total += value
    return total


@lean_kernel
def _accept(ints: Ints, reals: Floats, which: int, mass: float, row: Floats) -> float:
    """Return an acceptance."""
    part = ints[ACCEPTANCE_PARTS] + 4 * which
    above = _polynomial(ints, reals, ints[part], ints[part + 1], mass, row)
    if ints[part + 3] > ints[part + 2] and above > 0.0:
        return above / _polynomial(ints, reals, ints[part + 2], ints[part + 3], mass, row)
    return above


@lean_kernel
def write_rates(ints: Ints, reals: Floats, row: Floats, rates: Floats) -> None:
    """Write the rates (3, R + 1) of a point; of a likelihood the sum of two, and both. The last one stays 0."""
    first_factor, first_term, term_rows = ints[FIRST_FACTOR], ints[FIRST_TERM], ints[TERM_ROWS]
    coefficient, acceptance, summed = ints[TERM_COEFFICIENT], ints[TERM_ACCEPTANCE], ints[SUMMED]
    for r in range(ints[RATES]):
        total, product = 0.0, 1.0
        rates[1, r] = rates[2, r] = 0.0
        begin = ints[first_factor + r]
        for f in range(begin, ints[first_factor + r + 1]):
            factor = 0.0
            for t in range(ints[first_term + f], ints[first_term + f + 1]):
                a, b = ints[term_rows + 2 * t], ints[term_rows + 2 * t + 1]
                term = reals[coefficient + t] * row[a] * row[b]
                if ints[acceptance + t] >= 0:
                    term *= _accept(ints, reals, ints[acceptance + t], row[ints[ints[RATE_MASS] + r]], row)
                factor += term
            product *= factor
            if ints[summed + r] == 1:
                rates[1 + f - begin, r] = factor
                total += factor
            elif product == 0.0:
                break
        rates[0, r] = total if ints[summed + r] == 1 else product
