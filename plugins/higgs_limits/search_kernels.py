"""The loop over points of the kind `search`, compiled: rates, neighbours, limits in between, and what decides."""

from __future__ import annotations

import math

from terranova.plugins._jit import kernel, lean_kernel
from terranova.plugins.higgs_limits.interpolation_kernels import locate, log_cls
from terranova.plugins.higgs_limits.search_program import (
    ACCEPTANCES,
    FIRST_ACCEPTANCE,
    FIRST_MASS,
    FIRST_OTHER,
    FIRST_SIGNAL,
    FIRST_TABLE,
    HAS_EXPECTED,
    HIGH,
    LARGEST_WIDTH,
    LIGHTER_MASS,
    LOW,
    MASSES,
    NO_SECOND,
    OTHERS,
    PULLS,
    RELATIVE_WIDTH,
    RESOLUTION,
    ROW,
    SECOND_AXIS,
    SIGNALS,
    Program,
    Z,
)
from terranova.types import Floats, Ints

BLOCK = 32
"""Points that all searches are asked of before the next ones: their values stay in the cache."""


@lean_kernel
def interpolated(table: Floats, at: int, row: int, part: float, across: float) -> float:
    """Return a value of a flat table, linear within the cell that begins at an entry; NaN if an entry is missing.

    An entry whose weight is zero is not asked for, so that the edge of a region belongs to it.

    Args:
        table: rows one after the other.
        at: entry where the cell begins.
        row: entries of a row.
        part, across: place within the cell, along the rows and within them.
    """
    value = 0.0
    for dk in range(2):
        along = part if dk else 1.0 - part
        if along == 0.0:
            continue
        for dj in range(2):
            weight = along * (across if dj else 1.0 - across)
            if weight != 0.0:
                value += weight * table[at + dk * row + dj]
    return value


@lean_kernel
def rate_of(values: Floats, products: Ints, factors: Floats, parts: Ints, columns: Ints, i: int) -> float:
    """Return rate i: its products are products[i] to products[i + 1], their columns parts[p] to parts[p + 1]."""
    total = 0.0
    for p in range(products[i], products[i + 1]):
        product = factors[p]
        for q in range(parts[p], parts[p + 1]):
            product *= values[columns[q]]
        total += product
    return abs(total)  # a coupling may be negative


@lean_kernel
def weigh(
    values: Floats,
    start: int,
    stop: int,
    search: int,
    p: Program,
    rate: Floats,
    total: Floats,
    ratios: Floats,
    decisive: Floats,
) -> None:
    """Ask one search of rows start to stop of the points.

    Rows are the inner loop, because a call that hands over all arrays of a programme costs as much as a row.

    Args:
        values: (n, columns).
        search: row of the programme.
        p: the programme.
        rate, total: (signals,) at least, are overwritten.
        ratios: (n, signals, 2) is filled with observed and expected ratio of each, 0 where the limit does not
            apply; if it is (1, signals, 2) they are overwritten by those of the next row.
        decisive: (searches, n, 3) is filled with both ratios of the signal that decides, and ln L.
    """
    first, count = p.ints[search, FIRST_SIGNAL], p.ints[search, SIGNALS]
    low, high = p.reals[search, LOW], p.reals[search, HIGH]
    half, second = 0.5 * p.reals[search, RESOLUTION], p.ints[search, SECOND_AXIS]
    largest_width, z = p.reals[search, LARGEST_WIDTH], p.reals[search, Z]
    masses, n_masses = p.ints[search, FIRST_MASS], p.ints[search, MASSES]
    others, n_others = p.ints[search, FIRST_OTHER], p.ints[search, OTHERS]
    table, length = p.ints[search, FIRST_TABLE], p.ints[search, ROW]
    accepted, n_accepted = p.ints[search, FIRST_ACCEPTANCE], p.ints[search, ACCEPTANCES]
    has_expected, pulls = p.ints[search, HAS_EXPECTED], p.pulls[p.ints[search, PULLS]]
    for row in range(start, stop):
        v, here = values[row], row % len(ratios)
        best_observed, best_expected = 0.0, 0.0
        inside = False
        for i in range(count):
            ratios[here, i, 0], ratios[here, i, 1] = 0.0, 0.0
            mass = v[p.states[first + i, 0]]
            inside |= low <= mass <= high
        decisive[search, row, 0], decisive[search, row, 1], decisive[search, row, 2] = 0.0, 0.0, 0.0
        if not inside:
            continue
        for i in range(count):
            whole = 0.0
            for q in range(p.products[first + i], p.products[first + i + 1]):
                product = p.factors[q]
                for part in range(p.parts[q], p.parts[q + 1]):
                    product *= v[p.columns[part]]
                whole += product
            rate[i] = abs(whole)  # a coupling may be negative
            total[i] = rate[i]
        if half > 0.0:
            for i in range(count):
                for j in range(i + 1, count):
                    m_i, m_j = v[p.states[first + i, 0]], v[p.states[first + j, 0]]
                    near = abs(m_i - m_j) <= half * (m_i + m_j)
                    if near and second == LIGHTER_MASS:
                        l_i, l_j = v[p.states[first + i, 2]], v[p.states[first + j, 2]]
                        near = abs(l_i - l_j) <= half * (l_i + l_j)
                    if near:
                        total[i] += rate[j]
                        total[j] += rate[i]
        for i in range(count):
            mass = v[p.states[first + i, 0]]
            if total[i] == 0.0 or mass < low or mass > high:
                continue
            width = v[p.states[first + i, 1]] if p.states[first + i, 1] >= 0 else 0.0
            if width > largest_width * mass:
                continue
            j, across = 0, 0.0
            if second != NO_SECOND:
                other = v[p.states[first + i, 2]] if second == LIGHTER_MASS else width
                if second == RELATIVE_WIDTH:
                    other /= mass
                if second != LIGHTER_MASS:
                    other = max(other, p.others[others])  # narrower is as narrow
                if other < p.others[others] or other > p.others[others + n_others - 1]:
                    continue
                j, across = locate(p.others, others, n_others, other)
            k, along = locate(p.masses, masses, n_masses, mass)
            at = table + k * length + j
            observed = interpolated(p.tables, at, length, along, across)
            expected = interpolated(p.tables, at + n_masses * length, length, along, across)
            if math.isnan(observed) or math.isnan(expected):
                continue
            signal = total[i]
            if n_accepted > 0:
                a, share = locate(p.accepted_at, accepted, n_accepted, mass)
                next_one = accepted + min(a + 1, n_accepted - 1)
                signal *= (1.0 - share) * p.acceptance[accepted + a] + share * p.acceptance[next_one]
            ratios[here, i, 0], ratios[here, i, 1] = signal / observed, signal / expected
            if signal / expected > best_expected:
                best_observed, best_expected = signal / observed, signal / expected
        decisive[search, row, 0], decisive[search, row, 1] = best_observed, best_expected
        if not has_expected:
            decisive[search, row, 2] = -0.5 * (z * best_observed) ** 2
        elif best_expected > 0.0:
            k, share = locate(p.logs, 0, len(p.logs), math.log(best_expected / best_observed))
            measured = (1.0 - share) * pulls[k] + share * pulls[k + 1]  # in standard deviations
            # An excess is no evidence for this signal: tables of one search share events, and none knows of the
            # others.
            above = max(z * best_expected - max(measured, 0.0), 0.0)
            decisive[search, row, 2] = -0.5 * above * (above - 2.0 * min(measured, 0.0))


@lean_kernel
def decide(values: Floats, p: Program, rate: Floats, total: Floats, ratios: Floats, decisive: Floats) -> None:
    """Ask all searches of a programme of points (n, columns); the other arguments are those of `weigh`."""
    for start in range(0, len(values), BLOCK):
        for search in range(len(p.ints)):
            weigh(values, start, min(start + BLOCK, len(values)), search, p, rate, total, ratios, decisive)


@kernel
def decide_planes(
    values: Floats,
    states: Ints,
    products: Ints,
    factors: Floats,
    parts: Ints,
    columns: Ints,
    masses: Floats,
    axes: Floats,
    tables: Floats,
    resolution: float,
    decisive: Floats,
) -> None:
    """CLs of two rates in planes of several masses, of the signal that decides.

    Args:
        values: (n, observables).
        states: (s,) columns of the masses.
        products, factors, parts, columns: the rates, see `rate_of`: two of each signal.
        masses: (p,) of the planes.
        axes: (p, 2, k) both rates.
        tables: (p, 2, k * k) observed and expected test statistic.
        resolution: of the masses.
        decisive: (n, 2) is filled with ln CLs and the observed statistic of the signal with the largest expected
            one; 0 and 0 where there is none within the masses.
    """
    n, count, size = len(values), len(states), axes.shape[2]
    scratch = decisive[0].repeat(2 * count)
    rate, total = scratch[: 2 * count], scratch[2 * count :]
    for row in range(n):
        v = values[row]
        for i in range(2 * count):
            rate[i] = rate_of(v, products, factors, parts, columns, i)
            total[i] = rate[i]
        for i in range(count):
            for j in range(i + 1, count):
                m_i, m_j = v[states[i]], v[states[j]]
                if abs(m_i - m_j) <= 0.5 * resolution * (m_i + m_j):
                    for k in range(2):
                        total[2 * i + k] += rate[2 * j + k]
                        total[2 * j + k] += rate[2 * i + k]
        decisive[row, 0], decisive[row, 1] = 0.0, 0.0
        largest, observed = 0.0, 0.0
        for i in range(count):
            mass = v[states[i]]
            if mass < masses[0] or mass > masses[len(masses) - 1]:
                continue
            p, share = locate(masses, 0, len(masses), mass)
            q_observed, q_expected = 0.0, 0.0
            for step in range(2):
                weight = share if step else 1.0 - share
                if weight > 0.0:
                    plane = tables[p + step]
                    k, part = locate(axes[p + step, 0], 0, size, total[2 * i])
                    j, across = locate(axes[p + step, 1], 0, size, total[2 * i + 1])
                    q_observed += weight * interpolated(plane[0], k * size + j, size, part, across)
                    q_expected += weight * interpolated(plane[1], k * size + j, size, part, across)
            if q_expected > largest:
                largest, observed = q_expected, q_observed
        if largest > 0.0:
            decisive[row, 0], decisive[row, 1] = log_cls(largest, observed), observed
