"""The compiled loop over points: rates, clusters, limits, and which limit decides for each particle.

Rules are those of HiggsTools (arXiv:2210.09332, section 3) for masses without theory errors. All sums run over the
particles and channels in their order, so that a point has the same bits alone and in any batch.
"""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel
from terranova.plugins.higgs_limits.interpolation_kernels import (
    clamped,
    in_slices,
    inside,
    log_cls_excess,
    on_grid,
)
from terranova.plugins.higgs_limits.program import (
    ACCEPTANCE_PARTS,
    ALLOWED,
    ASSIGNMENTS,
    CHECK_KIND,
    CHECK_VALUE,
    CONSTANT_COUNT,
    CONSTANTS,
    EQUAL,
    EXPECTED,
    FIRST_ASSIGNMENT,
    FIRST_CHECK,
    FIRST_FACTOR,
    FIRST_ITEM,
    FIRST_POWER,
    FIRST_TERM,
    ITEM_ROWS,
    ITEM_TABLE,
    LIKELIHOOD,
    LIMITS,
    MASS,
    MASS_RANGE,
    MODEL_LIKE,
    MONOMIAL_TABLE,
    MUONS_AS_TAUS,
    NORM,
    OBSERVED,
    PARTICLES,
    POWER,
    POWER_ROW,
    RESOLUTION,
    ROLES,
    SLICE_EXPECTED,
    SLICE_OBSERVED,
    SMALLEST,
    TERM_ACCEPTANCE,
    TERM_COEFFICIENT,
    TERM_ROWS,
    TOP_DECAYS,
    WHO,
    WIDTH,
    WIDTH_MODE,
    WIDTH_RANGE,
)
from terranova.types import Floats, Ints

LEAST_RATIO = 1e-4
"""Limits with a smaller expected ratio decide nothing: `minExpRatio` of HiggsTools."""

LARGEST_SCALE = 1e3
"""A likelihood that allows so many times the rate decides nothing either, as in HiggsTools."""

MODEL_LIKENESS = 0.02
TOP_CONSISTENCY = 0.02
MUON_TAU_DEVIATION = 0.055
TOP_DOMINANCE = 0.05
"""How far what a limit assumes may be missed, in HiggsTools."""

EXPECTED_Q = 3.841458820694124
"""q at which the expected CLs is 0.05."""

M_MU, M_TAU = 0.1056583755, 1.77693
"""Masses in GeV: PDG 2024, doi:10.1103/PhysRevD.110.030001."""


@kernel
def _polynomial(ints: Ints, reals: Floats, first: int, last: int, mass: float, row: Floats) -> float:
    """Return a sum of monomials of an acceptance."""
    total = 0.0
    for m in range(first, last):
        value = clamped(ints, reals, ints[ints[MONOMIAL_TABLE] + m], mass)
        for k in range(ints[ints[FIRST_POWER] + m], ints[ints[FIRST_POWER] + m + 1]):
            value *= row[ints[ints[POWER_ROW] + k]] ** ints[ints[POWER] + k]
        total += value
    return total


@kernel
def _accept(ints: Ints, reals: Floats, which: int, mass: float, row: Floats) -> float:
    """Return an acceptance."""
    part = ints[ACCEPTANCE_PARTS] + 4 * which
    above = _polynomial(ints, reals, ints[part], ints[part + 1], mass, row)
    if ints[part + 3] > ints[part + 2] and above > 0.0:
        return above / _polynomial(ints, reals, ints[part + 2], ints[part + 3], mass, row)
    return above


@kernel
def _rate(ints: Ints, reals: Floats, a: int, summed: bool, row: Floats, rates: Floats) -> None:
    """Write the rate of an assignment; of a likelihood both rates and their sum."""
    total, product = 0.0, 1.0
    rates[a, 1] = rates[a, 2] = 0.0
    for k, f in enumerate(range(ints[ints[FIRST_FACTOR] + a], ints[ints[FIRST_FACTOR] + a + 1])):
        factor = 0.0
        for t in range(ints[ints[FIRST_TERM] + f], ints[ints[FIRST_TERM] + f + 1]):
            term = (
                reals[ints[TERM_COEFFICIENT] + t]
                * row[ints[ints[TERM_ROWS] + 2 * t]]
                * row[ints[ints[TERM_ROWS] + 2 * t + 1]]
            )
            if ints[ints[TERM_ACCEPTANCE] + t] >= 0:
                term *= _accept(
                    ints,
                    reals,
                    ints[ints[TERM_ACCEPTANCE] + t],
                    row[ints[ints[WHO] + 3 * a]],
                    row,
                )
            factor += term
        product *= factor
        if product == 0.0 and not summed:
            break
        if summed:
            rates[a, 1 + k] = factor
            total += factor
    rates[a, 0] = total if summed else product


@kernel
def _fulfils(ints: Ints, reals: Floats, check: int, bits: int, row: Floats) -> bool:
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


@kernel
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


@kernel
def _close(ints: Ints, reals: Floats, bits: int, relative: float, absolute: float, row: Floats) -> bool:
    """True if particles lie within the resolution: largest - smallest mass <= mean x relative + absolute."""
    low, high, total, members = math.inf, -math.inf, 0.0, 0
    for i in range(ints[PARTICLES]):
        if bits >> i & 1:
            mass = row[i]
            low, high = min(low, mass), max(high, mass)
            total += mass
            members += 1
    return members == 1 or high - low <= total / members * relative + absolute


@kernel
def _clusters(ints: Ints, reals: Floats, limit: int, role: int, bits: int, row: Floats, found: Ints) -> int:
    """Write the largest sets of particles that lie within the resolution and are what the limit assumes.

    Args:
        ints, reals: the program.
        limit, role: of which.
        bits: the candidates.
        row: of the point.
        found: (2 ** P,) written: bits of each cluster.

    Returns:
        how many.
    """
    at = ints[RESOLUTION] + 6 * limit + 2 * role
    relative, absolute = reals[at], reals[at + 1]
    if ints[ints[FIRST_CHECK] + 3 * limit + role] < ints[ints[FIRST_CHECK] + 3 * limit + role + 1]:
        return _all_subsets(ints, reals, limit, role, bits, row, found)
    if bits & (bits - 1) == 0:
        found[0] = bits
        return 1
    number = 0
    for i in range(ints[PARTICLES]):
        if not bits >> i & 1:
            continue
        low, window = row[i], 0
        for j in range(ints[PARTICLES]):
            high = row[j]
            if bits >> j & 1 and high >= low and high - low <= high * relative + absolute:
                if high - low > low * relative + absolute:  # whether they are one depends on the mean mass
                    return _all_subsets(ints, reals, limit, role, bits, row, found)
                window |= 1 << j
        known = False
        for k in range(number):
            known = known or found[k] == window
        if not known:
            found[number] = window
            number += 1
    return _largest(found, number)


@kernel
def _all_subsets(ints: Ints, reals: Floats, limit: int, role: int, bits: int, row: Floats, found: Ints) -> int:
    """As `_clusters`, by looking at every subset of the candidates."""
    at = ints[RESOLUTION] + 6 * limit + 2 * role
    check = ints[FIRST_CHECK] + 3 * limit + role
    number = 0
    subset = bits
    while subset > 0:
        valid = _close(ints, reals, subset, reals[at], reals[at + 1], row)
        for which in range(ints[check], ints[check + 1]):
            valid = valid and _fulfils(ints, reals, which, subset, row)
        if valid:
            found[number] = subset
            number += 1
        subset = (subset - 1) & bits
    return _largest(found, number)


@kernel
def _largest(found: Ints, number: int) -> int:
    """Move the sets that are within no other to the front; return how many they are. No two are the same."""
    largest = 0
    for k in range(number):
        contained = False
        for other in range(number):
            contained = contained or (other != k and found[other] & found[k] == found[k])
        if not contained:
            found[largest], found[k] = found[k], found[largest]
            largest += 1
    return largest


@kernel
def _candidates(
    ints: Ints, reals: Floats, limit: int, row: Floats, rates: Floats, active: Ints, bits: Ints
) -> bool:
    """Write the rates of a limit's assignments, and the particles of each role; False if a role has none.

    Args:
        ints, reals: the program.
        limit: which.
        row: of the point.
        rates: (A, 3) written.
        active: (A + 1,) written: how many assignments have a rate, and which.
        bits: (6,) written: of each role the particles; the others are scratch.
    """
    roles = ints[ints[ROLES] + limit]
    bits[:] = 0
    for role in range(roles):
        for i in range(ints[PARTICLES]):
            mass = row[i]
            if (
                ints[ints[ALLOWED] + 3 * limit + role] >> i & 1
                and reals[ints[MASS_RANGE] + 6 * limit + 2 * role]
                <= mass
                <= reals[ints[MASS_RANGE] + 6 * limit + 2 * role + 1]
            ):
                bits[role] |= 1 << i
        if bits[role] == 0:
            return False
    active[0] = 0
    for a in range(ints[ints[FIRST_ASSIGNMENT] + limit], ints[ints[FIRST_ASSIGNMENT] + limit + 1]):
        possible = True
        for role in range(roles):
            possible = possible and bits[role] >> ints[ints[WHO] + 3 * a + role] & 1 == 1
        if possible:
            _rate(ints, reals, a, ints[ints[LIKELIHOOD] + limit] == 1, row, rates)
            if rates[a, 0] > 0.0:
                active[0] += 1
                active[active[0]] = a
                for role in range(roles):
                    bits[3 + role] |= 1 << ints[ints[WHO] + 3 * a + role]
    for role in range(roles):
        bits[role] = bits[3 + role]
    for i in range(ints[PARTICLES]):
        if not bits[0] >> i & 1:
            continue
        mass = row[i]
        keep = True
        if ints[ints[WIDTH_MODE] + limit] > 0:
            width = row[ints[PARTICLES] + i]
            if ints[ints[WIDTH_MODE] + limit] == 2:
                width /= mass
            keep = reals[ints[WIDTH_RANGE] + 2 * limit] <= width <= reals[ints[WIDTH_RANGE] + 2 * limit + 1]
        if ints[ints[NORM] + limit] >= 0:
            keep = keep and inside(ints, reals, ints[ints[NORM] + limit], mass) > 0.0
        if not keep:
            bits[0] &= ~(1 << i)
    return bool(bits[0] != 0)


@kernel
def _combine(
    ints: Ints, reals: Floats, limit: int, clusters: Ints, row: Floats, rates: Floats, active: Ints, mean: Floats
) -> None:
    """Write the rates of clusters to mean[:3], rate-weighted masses to mean[3:6], and the width to mean[6]."""
    mean[:] = 0.0
    roles = ints[ints[ROLES] + limit]
    for a in active[1 : active[0] + 1]:
        within = True
        for role in range(roles):
            within = within and clusters[role] >> ints[ints[WHO] + 3 * a + role] & 1 == 1
        if within:
            for k in range(3):
                mean[k] += rates[a, k]
            for role in range(roles):
                mean[3 + role] += rates[a, 0] * row[ints[ints[WHO] + 3 * a + role]]
            if ints[ints[WIDTH_MODE] + limit] > 0:
                mean[6] += rates[a, 0] * row[ints[PARTICLES] + ints[ints[WHO] + 3 * a]]
    if mean[0] > 0.0:
        for k in range(3, 7):
            mean[k] /= mean[0]


@kernel
def _apart(ints: Ints, reals: Floats, limit: int, mean: Floats) -> bool:
    """True if a limit on equal masses meets masses that differ by more than the sum of their resolutions."""
    if ints[ints[EQUAL] + limit] == 0:
        return False
    one = ints[ints[EQUAL] + limit] - 1
    low, high = mean[3 + one], mean[4 + one]
    a, b = one, one + 1
    if low > high:
        low, high, a, b = high, low, b, a
    reach = (
        low + reals[ints[RESOLUTION] + 6 * limit + 2 * a] * low + reals[ints[RESOLUTION] + 6 * limit + 2 * a + 1]
    )
    return bool(
        reach
        < high
        - reals[ints[RESOLUTION] + 6 * limit + 2 * b] * high
        - reals[ints[RESOLUTION] + 6 * limit + 2 * b + 1]
    )


@kernel
def _scale(ints: Ints, reals: Floats, limit: int, mass: float, x: float, y: float, observed: bool) -> float:
    """Return the factor on the rates at which CLs is 0.05, the one nearest to 1.

    CLs falls with the rates, at least around 1: Illinois' variant of the false position in the logarithm of CLs.
    """
    low, high = 1.0, 1.0
    above = _excess(ints, reals, limit, mass, x, y, 1.0, observed)
    below = above
    while above < 0.0 and high < 2.0 * LARGEST_SCALE:
        low, below = high, above
        high *= 2.0
        above = _excess(ints, reals, limit, mass, x, y, high, observed)
    while below >= 0.0 and low > 1e-12:
        high, above = low, below
        low *= 0.5
        below = _excess(ints, reals, limit, mass, x, y, low, observed)
    last = 0
    for _ in range(200):
        if high - low <= 1e-13 * high or above == 0.0:
            break
        middle = (low * above - high * below) / (above - below)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        value = _excess(ints, reals, limit, mass, x, y, middle, observed)
        if value < 0.0:
            low, below = middle, value
            above = 0.5 * above if last == -1 else above
            last = -1
        else:
            high, above = middle, value
            below = 0.5 * below if last == 1 else below
            last = 1
    return high


@kernel
def _excess(
    ints: Ints, reals: Floats, limit: int, mass: float, x: float, y: float, scale: float, observed: bool
) -> float:
    """Return something that is negative where scaled rates are allowed and grows with the scale."""
    q_expected = in_slices(ints, reals, limit, SLICE_EXPECTED, mass, scale * x, scale * y)
    if not observed:
        return q_expected - EXPECTED_Q
    return log_cls_excess(q_expected, in_slices(ints, reals, limit, SLICE_OBSERVED, mass, scale * x, scale * y))


@kernel
def _ratio(ints: Ints, reals: Floats, limit: int, mean: Floats, observed: bool, least: float) -> float:
    """Return the rate of clusters over the expected or the observed limit; 0 where a likelihood says nothing.

    An expected ratio of a likelihood that is not above `least` decides nothing, and may be returned as 0.
    """
    if ints[ints[LIKELIHOOD] + limit] == 1:
        reach = min(LARGEST_SCALE, 1.0 / least) if least > 0.0 else LARGEST_SCALE
        if _excess(ints, reals, limit, mean[3], mean[1], mean[2], reach, False) < 0.0:
            return 0.0
        if _excess(ints, reals, limit, mean[3], mean[1], mean[2], LARGEST_SCALE, True) < 0.0:
            return 0.0
        return 1.0 / _scale(ints, reals, limit, mean[3], mean[1], mean[2], observed)
    rate = mean[0]
    if ints[ints[NORM] + limit] >= 0:
        reference = inside(ints, reals, ints[ints[NORM] + limit], mean[3])
        if not reference > 0.0:
            return 0.0
        rate /= reference
    x, y, z = mean[3], mean[4], mean[5]
    if ints[ints[WIDTH_MODE] + limit] == 1:
        y = mean[6]
    elif ints[ints[WIDTH_MODE] + limit] == 2:
        y = mean[6] / mean[3]
    return float(rate / on_grid(ints, reals, limit, OBSERVED if observed else EXPECTED, x, y, z))


@kernel
def decide(
    ints: Ints, reals: Floats, values: Floats, chosen: Ints, expected: Floats, observed: Floats, contributing: Ints
) -> None:
    """Write which limit decides for each particle at each point, and by how much.

    Args:
        ints, reals: the program.
        values: (n, observables read).
        chosen: (n, P) written: number of the limit, -1 if there is none.
        expected, observed: (n, P) written: rate over the expected and the observed limit; 0 if there is none.
        contributing: (n, P, 3) written: bits of the particles in each role.
    """
    count, reads = ints[PARTICLES], values.shape[1]
    row = np.zeros(2 * count + reads + ints[CONSTANT_COUNT])
    row[2 * count + reads :] = reals[ints[CONSTANTS] : ints[CONSTANTS] + ints[CONSTANT_COUNT]]
    rates = np.zeros((ints[ASSIGNMENTS], 3))
    active = np.zeros(ints[ASSIGNMENTS] + 1, dtype=np.int64)
    found = np.zeros((3, 1 << count), dtype=np.int64)
    number = np.ones(3, dtype=np.int64)
    bits, clusters = np.zeros(6, dtype=np.int64), np.zeros(3, dtype=np.int64)
    mean = np.zeros(7)
    for n in range(len(values)):
        row[2 * count : 2 * count + reads] = values[n]
        for i in range(count):
            row[i] = row[ints[ints[MASS] + i]]
            if ints[ints[WIDTH] + i] >= 0:
                row[count + i] = row[ints[ints[WIDTH] + i]]
            chosen[n, i] = -1
            expected[n, i] = observed[n, i] = 0.0
            for role in range(3):
                contributing[n, i, role] = 0
        for limit in range(ints[LIMITS]):
            if not _candidates(ints, reals, limit, row, rates, active, bits):
                continue
            if reals[ints[SMALLEST] + limit] > 0.0:  # whatever the clusters are, they cannot be more sensitive
                total, least = 0.0, math.inf
                for a in active[1 : active[0] + 1]:
                    total += rates[a, 0]
                for i in range(count):
                    if (bits[0] | bits[1] | bits[2]) >> i & 1:
                        least = min(least, expected[n, i])
                if total <= max(least, LEAST_RATIO) * reals[ints[SMALLEST] + limit]:
                    continue
            for role in range(ints[ints[ROLES] + limit]):
                number[role] = _clusters(ints, reals, limit, role, bits[role], row, found[role])
            for role in range(ints[ints[ROLES] + limit], 3):
                number[role], found[role, 0] = 1, 0
            for k in range(number[0] * number[1] * number[2]):
                clusters[0] = found[0, k // (number[1] * number[2])]
                clusters[1] = found[1, k // number[2] % number[1]]
                clusters[2] = found[2, k % number[2]]
                _combine(ints, reals, limit, clusters, row, rates, active, mean)
                if not mean[0] > 0.0 or _apart(ints, reals, limit, mean):
                    continue
                least = math.inf
                for i in range(count):
                    if (clusters[0] | clusters[1] | clusters[2]) >> i & 1:
                        least = min(least, expected[n, i])
                ratio = _ratio(ints, reals, limit, mean, False, least)
                seen = -1.0
                for i in range(count):
                    takes_part = (clusters[0] | clusters[1] | clusters[2]) >> i & 1
                    if takes_part and ratio > LEAST_RATIO and ratio > expected[n, i]:
                        if seen < 0.0:
                            seen = _ratio(ints, reals, limit, mean, True, 0.0)
                        chosen[n, i], expected[n, i], observed[n, i] = limit, ratio, seen
                        for role in range(3):
                            contributing[n, i, role] = clusters[role]
