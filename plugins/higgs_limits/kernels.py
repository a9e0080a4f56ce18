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
from terranova.plugins.higgs_limits.program import MODEL_LIKE, MUONS_AS_TAUS, TOP_DECAYS, Program
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
def _polynomial(p: Program, first: int, last: int, mass: float, row: Floats) -> float:
    """Return a sum of monomials of an acceptance."""
    total = 0.0
    for m in range(first, last):
        value = clamped(p.table_x, p.table_y, p.first_point, p.monomial_table[m], mass)
        for k in range(p.first_power[m], p.first_power[m + 1]):
            value *= row[p.power_row[k]] ** p.power[k]
        total += value
    return total


@kernel
def _accept(p: Program, which: int, mass: float, row: Floats) -> float:
    """Return an acceptance."""
    parts = p.acceptance_parts[which]
    above = _polynomial(p, parts[0], parts[1], mass, row)
    if parts[3] > parts[2] and above > 0.0:
        return above / _polynomial(p, parts[2], parts[3], mass, row)
    return above


@kernel
def _rate(p: Program, a: int, summed: bool, row: Floats, rates: Floats) -> None:
    """Write the rate of an assignment; of a likelihood both rates and their sum."""
    total, product = 0.0, 1.0
    rates[a, 1] = rates[a, 2] = 0.0
    for k, f in enumerate(range(p.first_factor[a], p.first_factor[a + 1])):
        factor = 0.0
        for t in range(p.first_term[f], p.first_term[f + 1]):
            term = p.term_coefficient[t] * row[p.term_rows[t, 0]] * row[p.term_rows[t, 1]]
            if p.term_acceptance[t] >= 0:
                term *= _accept(p, p.term_acceptance[t], row[p.mass[p.who[a, 0]]], row)
            factor += term
        product *= factor
        if summed:
            rates[a, 1 + k] = factor
            total += factor
    rates[a, 0] = total if summed else product


@kernel
def _fulfils(p: Program, check: int, bits: int, row: Floats) -> bool:
    """True if the particles of a cluster are what a limit assumes."""
    kind, begin, end = p.check_kind[check], p.first_item[check], p.first_item[check + 1]
    count = len(p.mass)
    if kind == MODEL_LIKE:
        mass, members = 0.0, 0
        for i in range(count):
            if bits >> i & 1:
                mass += row[p.mass[i]]
                members += 1
        mass /= members
        total, reference = 0.0, 0.0
        for item in range(begin, end):
            if p.item_table[item] >= 0:
                reference += inside(p.table_x, p.table_y, p.first_point, p.item_table[item], mass)
            total += _item(p, item, bits, row)
        if not (total > 0.0 and reference > 0.0):
            return False
        strength = total / reference
        item = begin
        while item < end:
            expected = inside(p.table_x, p.table_y, p.first_point, p.item_table[item], mass)
            rate = _item(p, item, bits, row)
            item += 1
            while item < end and p.item_table[item] < 0:
                rate += _item(p, item, bits, row)
                item += 1
            if expected > 0.0:
                deviation = expected / reference * abs(rate / expected - strength) / strength
                if not deviation < MODEL_LIKENESS:
                    return False
        return True
    if kind == TOP_DECAYS:
        everything = (1 << count) - 1
        others = -1.0 if p.check_value[check] < 0.0 else row[int(p.check_value[check])] - 1.0
        if p.check_value[check] < 0.0:
            others = 0.0
            for item in range(begin, end):
                others -= _item(p, item, everything, row)
        for item in range(begin, end):
            if p.item_table[item] > 0:
                others += _item(p, item, bits, row)
        return abs(others) < TOP_CONSISTENCY
    for i in range(count):
        if not bits >> i & 1:
            continue
        mass = row[p.mass[i]]
        if kind == MUONS_AS_TAUS:
            if mass <= 2.0 * M_TAU:
                return False
            ratio = row[p.item_rows[begin, i, 0]] / row[p.item_rows[begin, i, 1]]
            velocity = math.sqrt(1.0 - (2.0 * M_TAU / mass) ** 2)
            expected = (M_MU / M_TAU) ** 2 / velocity ** p.check_value[check]
            if not abs(ratio / expected - 1.0) < MUON_TAU_DEVIATION:
                return False
        else:
            gluons = inside(p.table_x, p.table_y, p.first_point, p.item_table[begin], mass)
            tops = inside(p.table_x, p.table_y, p.first_point, p.item_table[begin + 1], mass)
            if p.item_rows[begin + 1, i, 1] >= 0:
                coupling = abs(row[p.item_rows[begin + 1, i, 1]])
            else:
                coupling = math.sqrt(row[p.item_rows[begin + 1, i, 0]] / tops)
            if not abs(coupling - math.sqrt(row[p.item_rows[begin, i, 0]] / gluons)) < TOP_DOMINANCE:
                return False
    return True


@kernel
def _item(p: Program, item: int, bits: int, row: Floats) -> float:
    """Return the sum over the particles of a cluster of a product of two quantities."""
    total = 0.0
    for i in range(len(p.mass)):
        a, b = p.item_rows[item, i, 0], p.item_rows[item, i, 1]
        if bits >> i & 1 and a >= 0:
            total += row[a] * (row[b] if b >= 0 else 1.0)
    return total


@kernel
def _close(p: Program, bits: int, relative: float, absolute: float, row: Floats) -> bool:
    """True if particles lie within the resolution: largest - smallest mass <= mean x relative + absolute."""
    low, high, total, members = math.inf, -math.inf, 0.0, 0
    for i in range(len(p.mass)):
        if bits >> i & 1:
            mass = row[p.mass[i]]
            low, high = min(low, mass), max(high, mass)
            total += mass
            members += 1
    return members == 1 or high - low <= total / members * relative + absolute


@kernel
def _clusters(p: Program, limit: int, role: int, bits: int, row: Floats, found: Ints) -> int:
    """Write the largest sets of particles that lie within the resolution and are what the limit assumes.

    Args:
        p: the program.
        limit, role: of which.
        bits: the candidates.
        row: of the point.
        found: (2 ** P,) written: bits of each cluster.

    Returns:
        how many.
    """
    relative, absolute = p.resolution[limit, role, 0], p.resolution[limit, role, 1]
    first, last = p.first_check[3 * limit + role], p.first_check[3 * limit + role + 1]
    count = len(p.mass)
    apart = True
    for i in range(count):
        for j in range(i):
            if bits >> i & 1 and bits >> j & 1:
                one, other = row[p.mass[i]], row[p.mass[j]]
                apart = apart and abs(one - other) > max(one, other) * relative + absolute
    number = 0
    subset = bits
    while subset > 0:  # every subset of the candidates, or only those of one particle where no two are close
        if not apart or subset & (subset - 1) == 0:
            valid = _close(p, subset, relative, absolute, row)
            for check in range(first, last):
                valid = valid and _fulfils(p, check, subset, row)
            if valid:
                found[number] = subset
                number += 1
        subset = (subset - 1) & bits
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
def _candidates(p: Program, limit: int, row: Floats, rates: Floats, bits: Ints) -> bool:
    """Write the rates of a limit's assignments, and the particles of each role; False if a role has none.

    Args:
        p: the program.
        limit: which.
        row: of the point.
        rates: (A, 3) written.
        bits: (6,) written: of each role the particles; the others are scratch.
    """
    roles = p.roles[limit]
    for role in range(roles):
        bits[role] = 0
        for i in range(len(p.mass)):
            mass = row[p.mass[i]]
            if (
                p.allowed[limit, role] >> i & 1
                and p.mass_range[limit, role, 0] <= mass <= p.mass_range[limit, role, 1]
            ):
                bits[role] |= 1 << i
        if bits[role] == 0:
            return False
    bits[3:] = 0
    for a in range(p.first_assignment[limit], p.first_assignment[limit + 1]):
        rates[a, 0] = 0.0
        possible = True
        for role in range(roles):
            possible = possible and bits[role] >> p.who[a, role] & 1 == 1
        if possible:
            _rate(p, a, p.likelihood[limit] == 1, row, rates)
            if rates[a, 0] > 0.0:
                for role in range(roles):
                    bits[3 + role] |= 1 << p.who[a, role]
    for role in range(roles):
        bits[role] = bits[3 + role]
    for i in range(len(p.mass)):
        if not bits[0] >> i & 1:
            continue
        mass = row[p.mass[i]]
        keep = True
        if p.width_mode[limit] > 0:
            width = row[p.width[i]]
            if p.width_mode[limit] == 2:
                width /= mass
            keep = p.width_range[limit, 0] <= width <= p.width_range[limit, 1]
        if p.norm[limit] >= 0:
            keep = keep and inside(p.table_x, p.table_y, p.first_point, p.norm[limit], mass) > 0.0
        if not keep:
            bits[0] &= ~(1 << i)
    return bits[0] != 0


@kernel
def _combine(p: Program, limit: int, clusters: Ints, row: Floats, rates: Floats, mean: Floats) -> None:
    """Write the rates of clusters to mean[:3], rate-weighted masses to mean[3:6], and the width to mean[6]."""
    mean[:] = 0.0
    roles = p.roles[limit]
    for a in range(p.first_assignment[limit], p.first_assignment[limit + 1]):
        within = True
        for role in range(roles):
            within = within and clusters[role] >> p.who[a, role] & 1 == 1
        if within:
            for k in range(3):
                mean[k] += rates[a, k]
            for role in range(roles):
                mean[3 + role] += rates[a, 0] * row[p.mass[p.who[a, role]]]
            if p.width_mode[limit] > 0:
                mean[6] += rates[a, 0] * row[p.width[p.who[a, 0]]]
    if mean[0] > 0.0:
        for k in range(3, 7):
            mean[k] /= mean[0]


@kernel
def _apart(p: Program, limit: int, mean: Floats) -> bool:
    """True if a limit on equal masses meets masses that differ by more than the sum of their resolutions."""
    if p.equal[limit] == 0:
        return False
    one = p.equal[limit] - 1
    low, high = mean[3 + one], mean[4 + one]
    a, b = one, one + 1
    if low > high:
        low, high, a, b = high, low, b, a
    reach = low + p.resolution[limit, a, 0] * low + p.resolution[limit, a, 1]
    return reach < high - p.resolution[limit, b, 0] * high - p.resolution[limit, b, 1]


@kernel
def _scale(p: Program, limit: int, mass: float, x: float, y: float, observed: bool) -> float:
    """Return the factor on the rates at which CLs is 0.05, the one nearest to 1.

    CLs falls with the rates, at least around 1: Illinois' variant of the false position in the logarithm of CLs.
    """
    low, high = 1.0, 1.0
    above = _excess(p, limit, mass, x, y, 1.0, observed)
    below = above
    while above < 0.0 and high < 2.0 * LARGEST_SCALE:
        low, below = high, above
        high *= 2.0
        above = _excess(p, limit, mass, x, y, high, observed)
    while below >= 0.0 and low > 1e-12:
        high, above = low, below
        low *= 0.5
        below = _excess(p, limit, mass, x, y, low, observed)
    last = 0
    for _ in range(200):
        if high - low <= 1e-13 * high or above == 0.0:
            break
        middle = (low * above - high * below) / (above - below)
        if not low < middle < high:
            middle = 0.5 * (low + high)
        value = _excess(p, limit, mass, x, y, middle, observed)
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
def _excess(p: Program, limit: int, mass: float, x: float, y: float, scale: float, observed: bool) -> float:
    """Return something that is negative where scaled rates are allowed and grows with the scale."""
    q_expected = in_slices(p, limit, p.slice_expected, mass, scale * x, scale * y)
    if not observed:
        return q_expected - EXPECTED_Q
    return log_cls_excess(q_expected, in_slices(p, limit, p.slice_observed, mass, scale * x, scale * y))


@kernel
def _ratio(p: Program, limit: int, mean: Floats, observed: bool) -> float:
    """Return the rate of clusters over the expected or the observed limit; 0 where a likelihood says nothing."""
    if p.likelihood[limit] == 1:
        for which in (False, True):
            if _excess(p, limit, mean[3], mean[1], mean[2], LARGEST_SCALE, which) < 0.0:
                return 0.0
        return 1.0 / _scale(p, limit, mean[3], mean[1], mean[2], observed)
    rate = mean[0]
    if p.norm[limit] >= 0:
        reference = inside(p.table_x, p.table_y, p.first_point, p.norm[limit], mean[3])
        if not reference > 0.0:
            return 0.0
        rate /= reference
    x, y, z = mean[3], mean[4], mean[5]
    if p.width_mode[limit] == 1:
        y = mean[6]
    elif p.width_mode[limit] == 2:
        y = mean[6] / mean[3]
    return rate / on_grid(p, limit, p.observed if observed else p.expected, x, y, z)


@kernel
def decide(
    p: Program, values: Floats, chosen: Ints, expected: Floats, observed: Floats, contributing: Ints
) -> None:
    """Write which limit decides for each particle at each point, and by how much.

    Args:
        p: the program.
        values: (n, observables read).
        chosen: (n, P) written: number of the limit, -1 if there is none.
        expected, observed: (n, P) written: rate over the expected and the observed limit; 0 if there is none.
        contributing: (n, P, 3) written: bits of the particles in each role.
    """
    count, reads = len(p.mass), values.shape[1]
    row = np.empty(reads + len(p.constants))
    row[reads:] = p.constants
    rates = np.zeros((len(p.who), 3))
    found = np.zeros((3, 1 << count), dtype=np.int64)
    number = np.ones(3, dtype=np.int64)
    bits, clusters = np.zeros(6, dtype=np.int64), np.zeros(3, dtype=np.int64)
    mean = np.zeros(7)
    for n in range(len(values)):
        row[:reads] = values[n]
        for i in range(count):
            chosen[n, i] = -1
            expected[n, i] = observed[n, i] = 0.0
            for role in range(3):
                contributing[n, i, role] = 0
        for limit in range(len(p.roles)):
            if not _candidates(p, limit, row, rates, bits):
                continue
            for role in range(p.roles[limit]):
                number[role] = _clusters(p, limit, role, bits[role], row, found[role])
            for role in range(p.roles[limit], 3):
                number[role], found[role, 0] = 1, 0
            for k in range(number[0] * number[1] * number[2]):
                clusters[0] = found[0, k // (number[1] * number[2])]
                clusters[1] = found[1, k // number[2] % number[1]]
                clusters[2] = found[2, k % number[2]]
                _combine(p, limit, clusters, row, rates, mean)
                if not mean[0] > 0.0 or _apart(p, limit, mean):
                    continue
                ratio = _ratio(p, limit, mean, False)
                seen = -1.0
                for i in range(count):
                    takes_part = (clusters[0] | clusters[1] | clusters[2]) >> i & 1
                    if takes_part and ratio > LEAST_RATIO and ratio > expected[n, i]:
                        if seen < 0.0:
                            seen = _ratio(p, limit, mean, True)
                        chosen[n, i], expected[n, i], observed[n, i] = limit, ratio, seen
                        for role in range(3):
                            contributing[n, i, role] = clusters[role]
