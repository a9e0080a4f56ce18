"""The compiled loop over points: which limit decides for each particle.

Rules are those of HiggsTools (arXiv:2210.09332, section 3) for masses without theory errors. All sums run over the
particles and channels in their order, so that a point has the same bits alone and in any batch.

What many limits ask for is computed once a point: rates, and who is within which resolution of whom. A cluster that
cannot be more sensitive than what its particles have is left out before anything is interpolated; limits that cost
much come last, when most of their clusters are. Observed ratios are those of the limits that decide in the end.
"""

from __future__ import annotations

import math

import numpy as np

from terranova.plugins._jit import kernel, lean_kernel
from terranova.plugins.higgs_limits.cluster_kernels import clusters, windows_of, write_windows
from terranova.plugins.higgs_limits.interpolation_kernels import inside, on_grid
from terranova.plugins.higgs_limits.program import (
    ALLOWED,
    BIN,
    BINS,
    BITS,
    CLOSENESS,
    CONSTANT_COUNT,
    CONSTANTS,
    DENSE,
    EQUAL,
    EXPECTED,
    FIRST_ASSIGNMENT,
    FIRST_CHECK,
    FLOOR,
    GRIDS,
    LIMITS,
    LOWEST,
    MASS,
    MASS_RANGE,
    MOST_ASSIGNMENTS,
    NEEDED,
    NORM,
    ORDER,
    PARTICLES,
    RATE,
    RATES,
    RESOLUTION,
    RESOLUTIONS,
    ROLES,
    SIMPLE_GRIDS,
    SIMPLE_LIKELIHOODS,
    SMALLEST,
    WHO,
    WIDTH,
    WIDTH_MODE,
    WIDTH_RANGE,
)
from terranova.plugins.higgs_limits.rate_kernels import write_rates
from terranova.plugins.higgs_limits.ratio_kernels import rate_ratio, ratio_of
from terranova.types import Floats, Ints

LEAST_RATIO = 1e-4
"""Limits with a smaller expected ratio decide nothing: `minExpRatio` of HiggsTools."""


@lean_kernel
def _with_mass(ints: Ints, reals: Floats, limit: int, role: int, row: Floats) -> int:
    """Return the bits of the particles that may take a role, by their masses."""
    at = ints[MASS_RANGE] + 6 * limit + 2 * role
    low, high, bits = reals[at], reals[at + 1], 0
    for i in range(ints[PARTICLES]):
        mass = row[i]
        bits |= int((mass >= low) & (mass <= high)) << i
    return int(bits & ints[ints[ALLOWED] + 3 * limit + role])


@lean_kernel
def _keep(ints: Ints, reals: Floats, limit: int, bits: int, row: Floats) -> int:
    """Return those of some particles whose width, and whose reference rate, the limit knows."""
    if ints[ints[WIDTH_MODE] + limit] == 0 and ints[ints[NORM] + limit] < 0:
        return bits
    mode, norm = ints[ints[WIDTH_MODE] + limit], ints[ints[NORM] + limit]
    low, high = reals[ints[WIDTH_RANGE] + 2 * limit], reals[ints[WIDTH_RANGE] + 2 * limit + 1]
    for i in range(ints[PARTICLES]):
        if mode > 0:
            width = row[ints[PARTICLES] + i] / (row[i] if mode == 2 else 1.0)
            bits &= ~(int((width < low) | (width > high)) << i)
        if norm >= 0 and bits >> i & 1 and not inside(ints, reals, norm, row[i]) > 0.0:
            bits &= ~(1 << i)
    return bits


@lean_kernel
def _candidates(
    ints: Ints, reals: Floats, limit: int, row: Floats, rates: Floats, active: Ints, bits: Ints
) -> bool:
    """Write the assignments of a limit that have a rate, and the particles of each role; False if a role has none.

    Args:
        ints, reals: the program.
        limit: which.
        row: of the point.
        rates: of the point.
        active: (most assignments + 2,) written: how many have a rate, and which.
        bits: (3,) written: of each role the particles.
    """
    roles, have = ints[ints[ROLES] + limit], 0
    for role in range(roles):
        found = _with_mass(ints, reals, limit, role, row)
        if found == 0:
            return False
        have |= found << BITS * role
    number, used = 0, 0
    needed, which = ints[NEEDED], ints[RATE]
    for a in range(ints[ints[FIRST_ASSIGNMENT] + limit], ints[ints[FIRST_ASSIGNMENT] + limit + 1]):
        active[number + 1] = a
        takes = int((ints[needed + a] & ~have == 0) & (rates[0, ints[which + a]] > 0.0))
        number += takes
        used |= ints[needed + a] & -takes
    active[0] = number
    for role in range(3):
        bits[role] = used >> BITS * role & (1 << BITS) - 1
    bits[0] = _keep(ints, reals, limit, bits[0], row)
    return bool(bits[0] != 0)


@lean_kernel
def _total(ints: Ints, have: int, rates: Floats, active: Ints, mean: Floats) -> float:
    """Write the rates of clusters to mean[:3], and return the first; assignments may need the bits of `have`."""
    total, one, two = 0.0, 0.0, 0.0
    needed, which = ints[NEEDED], ints[RATE]
    for n in range(1, active[0] + 1):
        a = active[n]
        if ints[needed + a] & ~have == 0:
            r = ints[which + a]
            total += rates[0, r]
            one += rates[1, r]
            two += rates[2, r]
    mean[0], mean[1], mean[2] = total, one, two
    return total


@lean_kernel
def _average(ints: Ints, limit: int, have: int, row: Floats, rates: Floats, active: Ints, mean: Floats) -> None:
    """Write the rate-weighted masses of clusters to mean[3:6], and the width to mean[6]."""
    for k in range(3, 7):
        mean[k] = 0.0
    roles = ints[ints[ROLES] + limit]
    for n in range(1, active[0] + 1):
        a = active[n]
        if ints[ints[NEEDED] + a] & ~have == 0:
            rate = rates[0, ints[ints[RATE] + a]]
            for role in range(roles):
                mean[3 + role] += rate * row[ints[ints[WHO] + 3 * a + role]]
            if ints[ints[WIDTH_MODE] + limit] > 0:
                mean[6] += rate * row[ints[PARTICLES] + ints[ints[WHO] + 3 * a]]
    for k in range(3, 7):
        mean[k] /= mean[0]


@lean_kernel
def _one(ints: Ints, limit: int, roles: int, a: int, row: Floats, rates: Floats, mean: Floats) -> None:
    """As `_total` and `_average`, of a single assignment."""
    for k in range(3, 7):
        mean[k] = 0.0
    r = ints[ints[RATE] + a]
    for k in range(3):
        mean[k] = rates[k, r]
    for role in range(roles):
        mean[3 + role] = row[ints[ints[WHO] + 3 * a + role]]
    if ints[ints[WIDTH_MODE] + limit] > 0:
        mean[6] = row[ints[PARTICLES] + ints[ints[WHO] + 3 * a]]


@lean_kernel
def _all_alone(ints: Ints, limit: int, roles: int, bits: Ints, paired: Ints) -> bool:
    """True if nothing is assumed of the particles of any role, and none is within the resolution of another."""
    first, closeness = ints[FIRST_CHECK] + 3 * limit, ints[CLOSENESS] + 3 * limit
    together = ints[first + 3] - ints[first]
    for role in range(roles):
        together |= paired[ints[closeness + role], 0] & bits[role] if bits[role] & (bits[role] - 1) else 0
    return bool(together == 0)


@lean_kernel
def _apart(ints: Ints, reals: Floats, limit: int, mean: Floats) -> bool:
    """True if a limit on equal masses meets masses that differ by more than the sum of their resolutions."""
    if ints[ints[EQUAL] + limit] == 0:
        return False
    one = ints[ints[EQUAL] + limit] - 1
    low, high = mean[3 + one], mean[4 + one]
    a, b = one, one + 1
    if low > high:
        low, high, a, b = high, low, b, a
    at = ints[RESOLUTION] + 6 * limit
    reach = low + reals[at + 2 * a] * low + reals[at + 2 * a + 1]
    return bool(reach < high - reals[at + 2 * b] * high - reals[at + 2 * b + 1])


@lean_kernel
def _least(count: int, bits: int, expected: Floats) -> float:
    """Return the smallest expected ratio that some particles have so far."""
    least = math.inf
    for i in range(count):
        if bits >> i & 1:
            least = min(least, expected[i])
    return least


@lean_kernel
def _decide_for(
    count: int,
    limit: int,
    ratio: float,
    members: Ints,
    mean: Floats,
    chosen: Ints,
    expected: Floats,
    contributing: Ints,
    means: Floats,
) -> None:
    """Let a limit decide for those of a cluster's particles for which none is more sensitive.

    Of two with one ratio the first decides.
    """
    if not ratio > LEAST_RATIO:
        return
    bits = members[0] | members[1] | members[2]
    for i in range(count):
        if bits >> i & 1 and (ratio > expected[i] or (ratio == expected[i] and limit < chosen[i])):
            chosen[i], expected[i] = limit, ratio
            for role in range(3):
                contributing[i, role] = members[role]
            for k in range(7):
                means[i, k] = mean[k]


@lean_kernel
def _doubtful(count: int, d: int, bits: int, windows: Ints) -> bool:
    """True if it depends on a mean mass which of some particles are one."""
    found = 0
    for i in range(count):
        found |= windows[d, i, 1] & bits & -(bits >> i & 1)
    return found != 0


@lean_kernel
def part_of(first: int, share: float) -> int:
    """Return the position of one of BINS parts, whose first stands at `first`; beyond the ends the nearest."""
    return first + min(max(int(share), 0), BINS - 1)


@lean_kernel
def _simple(
    ints: Ints,
    reals: Floats,
    begin: int,
    end: int,
    row: Floats,
    rates: Floats,
    windows: Ints,
    paired: Ints,
    kept: Ints,
    left: Ints,
    scratch: Floats,
    chosen: Ints,
    expected: Floats,
    contributing: Ints,
    means: Floats,
) -> int:
    """Apply the limits on a single resonance that assume nothing, but for those whose clusters need more than this.

    It does what `_general` does, for all of them at once and without lists: there is one assignment a particle.

    Args:
        ints, reals: the program.
        begin, end: which of them, by their places in the order.
        row, rates, windows, paired: of the point.
        kept, scratch: (P,) and (7,) scratch.
        left: (L,) written: limits that are left over.
        chosen, expected, contributing, means: of the point, written.

    Returns:
        how many limits are left over.
    """
    count, skipped, lowest = ints[PARTICLES], 0, ints[LOWEST]
    order, mass_range, dense, bins, floor = ints[ORDER], ints[MASS_RANGE], ints[DENSE], ints[BIN], ints[FLOOR]
    closeness, modes, norms = ints[CLOSENESS], ints[WIDTH_MODE], ints[NORM]
    number, last, last_d, likely = 0, 0, -1, begin >= ints[GRIDS]
    for o in range(begin, end):
        limit = ints[order + o]
        low, high = reals[mass_range + 6 * limit], reals[mass_range + 6 * limit + 1]
        start, scale = reals[bins + 2 * o], reals[bins + 2 * o + 1]
        d, rate, bits = ints[closeness + 3 * limit], dense + count * o, 0
        together, floors, sum_together = paired[d, 0], floor + 2 * BINS * o, 0.0
        for i in range(count):
            mass, its = row[i], rates[0, ints[rate + i]]
            takes = (mass >= low) & (mass <= high) & (its > 0.0)
            # A particle that is alone needs a rate that is large enough by itself.
            least = reals[part_of(floors, (mass - start) * scale)]
            enough = its >= max(expected[i], LEAST_RATIO) * least
            alone = together >> i & 1 == 0
            sum_together += its if takes & (not alone) else 0.0
            bits |= int(takes & (enough | (not alone))) << i
        group = bits & together
        if group != 0:
            # For the others the rate of all of them is not too small.
            needs = 0
            for i in range(count):
                least = reals[part_of(floors + BINS, (row[i] - start) * scale)]
                needs |= int(sum_together >= max(expected[i], LEAST_RATIO) * least) << i
            if needs & group == 0:
                bits, group = bits & ~group, 0
        if bits == 0:
            continue
        mode = ints[modes + limit]
        if mode > 0 or ints[norms + limit] >= 0:
            bits = _keep(ints, reals, limit, bits, row)
        group = bits & together
        others = group & (group - 1)
        if paired[d, 1] & bits and others & (others - 1) and _doubtful(count, d, bits, windows):
            left[skipped] = limit
            skipped += 1
            continue
        if group != 0 and (group != last or d != last_d):
            number, last, last_d = windows_of(count, d, group, windows, kept), group, d
        rest, k = bits & ~group, 0 if group != 0 else number
        while rest != 0 or k < number:
            if rest != 0:
                i = ints[lowest + rest]
                rest &= rest - 1
                total, mean, width, least, window = (
                    rates[0, ints[rate + i]],
                    row[i],
                    row[count + i],
                    expected[i],
                    1 << i,
                )
            else:
                window = kept[k]
                k += 1
                total, mean, width, least, others = 0.0, 0.0, 0.0, math.inf, window
                while others != 0:
                    j = ints[lowest + others]
                    others &= others - 1
                    part = rates[0, ints[rate + j]]
                    total += part
                    mean += part * row[j]
                    width += part * row[count + j]
                    least = min(least, expected[j])
                mean /= total
                width /= total
                if total < max(least, LEAST_RATIO) * reals[part_of(floors, (mean - start) * scale)]:
                    continue
            if likely:
                scratch[0], scratch[1], scratch[2], scratch[3], others = total, 0.0, 0.0, mean, window
                while others != 0:
                    j = ints[lowest + others]
                    others &= others - 1
                    scratch[1] += rates[1, ints[rate + j]]
                    scratch[2] += rates[2, ints[rate + j]]
                ratio = ratio_of(ints, reals, limit, scratch, False, least)
            else:
                ratio = rate_ratio(ints, reals, limit, total, mean, width if mode > 0 else 0.0, EXPECTED)
            if not (ratio >= least and ratio > LEAST_RATIO):
                continue
            others = window
            while others != 0:
                j = ints[lowest + others]
                others &= others - 1
                if ratio > expected[j] or (ratio == expected[j] and limit < chosen[j]):
                    chosen[j], expected[j] = limit, ratio
                    contributing[j, 0], contributing[j, 1], contributing[j, 2] = window, 0, 0
                    means[j, 0], means[j, 1], means[j, 2] = total, scratch[1], scratch[2]
                    means[j, 3], means[j, 6] = mean, width
    return skipped


@lean_kernel
def _general(
    ints: Ints,
    reals: Floats,
    limit: int,
    row: Floats,
    rates: Floats,
    windows: Ints,
    paired: Ints,
    active: Ints,
    found: Ints,
    bits: Ints,
    members: Ints,
    mean: Floats,
    chosen: Ints,
    expected: Floats,
    contributing: Ints,
    means: Floats,
) -> None:
    """Apply a limit, whatever it is; arguments as in `_simple` and `_candidates`, found: (3, 2 ** P) scratch."""
    if not _candidates(ints, reals, limit, row, rates, active, bits):
        return
    count, smallest, roles = ints[PARTICLES], reals[ints[SMALLEST] + limit], ints[ints[ROLES] + limit]
    if _all_alone(ints, limit, roles, bits, paired):
        # Each cluster is one particle, so that each assignment is a combination of clusters.
        for n in range(1, active[0] + 1):
            a = active[n]
            rate = rates[0, ints[ints[RATE] + a]]
            who, least = ints[WHO] + 3 * a, math.inf
            for role in range(roles):
                least = min(least, expected[ints[who + role]])
            if rate < max(least, LEAST_RATIO) * smallest or bits[0] >> ints[who] & 1 == 0:
                continue
            if smallest > 0.0:
                y = row[ints[who + 1]] if roles > 1 else 0.0
                z = row[ints[who + 2]] if roles > 2 else 0.0
                if rate < max(least, LEAST_RATIO) * on_grid(ints, reals, limit, EXPECTED, row[ints[who]], y, z):
                    continue
            members[1] = members[2] = 0
            for role in range(roles):
                members[role] = 1 << ints[who + role]
            _one(ints, limit, roles, a, row, rates, mean)
            if _apart(ints, reals, limit, mean):
                continue
            ratio = ratio_of(ints, reals, limit, mean, False, least)
            _decide_for(count, limit, ratio, members, mean, chosen, expected, contributing, means)
        return
    if smallest > 0.0:  # whatever the clusters are, they cannot be more sensitive
        total = 0.0
        for n in range(1, active[0] + 1):
            total += rates[0, ints[ints[RATE] + active[n]]]
        if total < max(_least(count, bits[0] | bits[1] | bits[2], expected), LEAST_RATIO) * smallest:
            return
    one, two, three = clusters(ints, reals, limit, 0, bits[0], row, windows, found[0]), 1, 1
    found[1, 0] = found[2, 0] = 0
    if roles > 1:
        two = clusters(ints, reals, limit, 1, bits[1], row, windows, found[1])
    if roles > 2:
        three = clusters(ints, reals, limit, 2, bits[2], row, windows, found[2])
    for k in range(one * two * three):
        members[0], members[1] = found[0, k // (two * three)], found[1, k // three % two]
        members[2] = found[2, k % three]
        have = members[0] | members[1] << BITS | members[2] << 2 * BITS
        rate = _total(ints, have, rates, active, mean)
        if not rate > 0.0:
            continue
        least = _least(count, members[0] | members[1] | members[2], expected)
        if rate < max(least, LEAST_RATIO) * smallest:
            continue
        _average(ints, limit, have, row, rates, active, mean)
        if _apart(ints, reals, limit, mean):
            continue
        ratio = ratio_of(ints, reals, limit, mean, False, least)
        _decide_for(count, limit, ratio, members, mean, chosen, expected, contributing, means)


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
    rates = np.zeros((3, ints[RATES] + 1))
    windows = np.zeros((ints[RESOLUTIONS], count, 3), dtype=np.int64)
    paired = np.zeros((ints[RESOLUTIONS], 2), dtype=np.int64)
    active = np.zeros(ints[MOST_ASSIGNMENTS] + 2, dtype=np.int64)
    found = np.zeros((3, 1 << count), dtype=np.int64)
    bits, members = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.int64)
    kept, left = np.zeros(count, dtype=np.int64), np.zeros(ints[LIMITS], dtype=np.int64)
    mean, means = np.zeros(7), np.zeros((count, 7))
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
        write_rates(ints, reals, row, rates)
        write_windows(ints, reals, row, windows, paired)
        its = chosen[n], expected[n], contributing[n], means
        for part in range(2):
            begin, end = (ints[GRIDS], ints[LIMITS]) if part else (0, ints[GRIDS])
            simple = begin + (ints[SIMPLE_LIKELIHOODS] if part else ints[SIMPLE_GRIDS])
            skipped = _simple(ints, reals, begin, simple, row, rates, windows, paired, kept, left, mean, *its)
            for k in range(skipped + end - simple):
                limit = left[k] if k < skipped else ints[ints[ORDER] + simple + k - skipped]
                _general(ints, reals, limit, row, rates, windows, paired, active, found, bits, members, mean, *its)
        for i in range(count):
            if chosen[n, i] < 0:
                continue
            for j in range(i + 1):
                same = chosen[n, j] == chosen[n, i]
                for role in range(3):
                    same = same and contributing[n, j, role] == contributing[n, i, role]
                if same:
                    break
            if j < i:
                observed[n, i] = observed[n, j]
            else:
                observed[n, i] = ratio_of(ints, reals, chosen[n, i], means[i], True, 0.0)
