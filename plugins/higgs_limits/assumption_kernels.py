"""Compiled checks of what analyses assume of the particles that they see as one."""

from __future__ import annotations

import math

from terranova.plugins._jit import lean_kernel
from terranova.plugins.higgs_limits.interpolation_kernels import inside
from terranova.plugins.higgs_limits.program import (
    CHECK_KIND,
    CHECK_VALUE,
    FIRST_ITEM,
    ITEM_ROWS,
    ITEM_TABLE,
    MODEL_LIKE,
    MUONS_AS_TAUS,
    PARTICLES,
    TOP_DECAYS,
)
from terranova.types import Floats, Ints

MODEL_LIKENESS = 0.02
TOP_CONSISTENCY = 0.02
MUON_TAU_DEVIATION = 0.055
TOP_DOMINANCE = 0.05
"""How far what a limit assumes may be missed, in HiggsTools."""

M_MU, M_TAU = 0.1056583755, 1.77693
"""Masses in GeV: PDG 2024, doi:10.1103/PhysRevD.110.030001."""


@lean_kernel
def _item(ints: Ints, reals: Floats, item: int, bits: int, row: Floats) -> float:
    """Return the sum over the particles of a cluster of a product of two quantities."""
    total = 0.0
    for i in range(ints[PARTICLES]):
        a, b = (
            ints[ints[ITEM_ROWS] + 2 * ints[PARTICLES] * item + 2 * i],
            ints[ints[ITEM_ROWS] + 2 * ints[PARTICLES] * item + 2 * i + 1],
        )
        if bits >> i & 1 and a >= 0:
            total += row[a] * (row[b] if b >= 0 else 1.0)
    return total


@lean_kernel
def fulfils(ints: Ints, reals: Floats, check: int, bits: int, row: Floats) -> bool:
    """True if the particles of a cluster are what a limit assumes."""
    kind, begin, end = (
        ints[ints[CHECK_KIND] + check],
        ints[ints[FIRST_ITEM] + check],
        ints[ints[FIRST_ITEM] + check + 1],
    )
    count = ints[PARTICLES]
    if kind == MODEL_LIKE:
        mass, members = 0.0, 0
        for i in range(count):
            if bits >> i & 1:
                mass += row[i]
                members += 1
        mass /= members
        total, reference = 0.0, 0.0
        for item in range(begin, end):
            if ints[ints[ITEM_TABLE] + item] >= 0:
                reference += inside(ints, reals, ints[ints[ITEM_TABLE] + item], mass)
            total += _item(ints, reals, item, bits, row)
        if not (total > 0.0 and reference > 0.0):
            return False
        strength = total / reference
        item = begin
        while item < end:
            expected = inside(ints, reals, ints[ints[ITEM_TABLE] + item], mass)
            rate = _item(ints, reals, item, bits, row)
            item += 1
            while item < end and ints[ints[ITEM_TABLE] + item] < 0:
                rate += _item(ints, reals, item, bits, row)
                item += 1
            if expected > 0.0:
                deviation = expected / reference * abs(rate / expected - strength) / strength
                if not deviation < MODEL_LIKENESS:
                    return False
        return True
    if kind == TOP_DECAYS:
        everything = (1 << count) - 1
        others = (
            -1.0 if reals[ints[CHECK_VALUE] + check] < 0.0 else row[int(reals[ints[CHECK_VALUE] + check])] - 1.0
        )
        if reals[ints[CHECK_VALUE] + check] < 0.0:
            others = 0.0
            for item in range(begin, end):
                others -= _item(ints, reals, item, everything, row)
        for item in range(begin, end):
            if ints[ints[ITEM_TABLE] + item] > 0:
                others += _item(ints, reals, item, bits, row)
        return bool(abs(others) < TOP_CONSISTENCY)
    for i in range(count):
        if not bits >> i & 1:
            continue
        mass = row[i]
        if kind == MUONS_AS_TAUS:
            if mass <= 2.0 * M_TAU:
                return False
            ratio = (
                row[ints[ints[ITEM_ROWS] + 2 * ints[PARTICLES] * begin + 2 * i]]
                / row[ints[ints[ITEM_ROWS] + 2 * ints[PARTICLES] * begin + 2 * i + 1]]
            )
            velocity = math.sqrt(1.0 - (2.0 * M_TAU / mass) ** 2)
            expected = (M_MU / M_TAU) ** 2 / velocity ** reals[ints[CHECK_VALUE] + check]
            if not abs(ratio / expected - 1.0) < MUON_TAU_DEVIATION:
                return False
        else:
            gluons = inside(ints, reals, ints[ints[ITEM_TABLE] + begin], mass)
            tops = inside(ints, reals, ints[ints[ITEM_TABLE] + begin + 1], mass)
            if ints[ints[ITEM_ROWS] + 2 * ints[PARTICLES] * (begin + 1) + 2 * i + 1] >= 0:
                coupling = abs(row[ints[ints[ITEM_ROWS] + 2 * ints[PARTICLES] * (begin + 1) + 2 * i + 1]])
            else:
                coupling = math.sqrt(row[ints[ints[ITEM_ROWS] + 2 * ints[PARTICLES] * (begin + 1) + 2 * i]] / tops)
            if (
                not abs(
                    coupling - math.sqrt(row[ints[ints[ITEM_ROWS] + 2 * ints[PARTICLES] * begin + 2 * i]] / gluons)
                )
                < TOP_DOMINANCE
            ):
                return False
    return True
