"""The loop over points of the kind `search`, compiled: rates, neighbours, limits in between, and what decides."""

from __future__ import annotations

import math

from terranova.plugins._jit import kernel
from terranova.plugins.higgs_limits.interpolation_kernels import locate, log_cls
from terranova.types import Floats, Ints

NO_SECOND, WIDTH, RELATIVE_WIDTH, LIGHTER_MASS = 0, 1, 2, 3
"""What the second axis of a record is."""


@kernel
def interpolated(table: Floats, k: int, part: float, j: int, across: float) -> float:
    """Return a value of a table (m, c), linear within the cell that begins at [k, j]; NaN if an entry is missing.

    An entry whose weight is zero is not asked for, so that the edge of a region belongs to it.
    """
    value = 0.0
    for dk in range(2):
        along = part if dk else 1.0 - part
        if along == 0.0:
            continue
        for dj in range(2):
            weight = along * (across if dj else 1.0 - across)
            if weight != 0.0:
                value += weight * table[k + dk, j + dj]
    return value


@kernel
def rates(values: Floats, products: Ints, factors: Floats, parts: Ints, columns: Ints, rate: Floats) -> None:
    """Fill rate (s,) of the signals of one point: products[i] to products[i + 1] are the products of signal i."""
    for i in range(len(rate)):
        total = 0.0
        for p in range(products[i], products[i + 1]):
            product = factors[p]
            for q in range(parts[p], parts[p + 1]):
                product *= values[columns[q]]
            total += product
        rate[i] = abs(total)  # a coupling may be negative


@kernel
def decide(
    values: Floats,
    states: Ints,
    products: Ints,
    factors: Floats,
    parts: Ints,
    columns: Ints,
    masses: Floats,
    others: Floats,
    tables: Floats,
    acceptance: Floats,
    second: int,
    low: float,
    high: float,
    resolution: float,
    largest_width: float,
    ratios: Floats,
    decisive: Floats,
) -> None:
    """Rates over limits of all signals, and those of the signal that decides.

    Args:
        values: (n, observables).
        states: (s, 3) columns of mass, width and mass of the lighter state, -1 for none.
        products, factors, parts, columns: the rates, see `rates`.
        masses, others: (m,) and (c,) axes of the record; others is not read without a second axis.
        tables: (2, m, c) observed and expected limits.
        acceptance: (2, a) masses and factors.
        second: what the second axis is.
        low, high: masses between which it is applied, within the axis.
        resolution, largest_width: of the record.
        ratios: (n, s, 2) is filled with observed and expected ratio, 0 where the limit does not apply.
        decisive: (n, 2) is filled with those of the signal with the largest expected ratio.
    """
    n, count = len(values), len(states)
    scratch = decisive[0].repeat(count)  # (2 count,): rates, and rates with those of neighbours
    rate, total = scratch[:count], scratch[count:]
    last = len(masses) - 1
    for row in range(n):
        v = values[row]
        rates(v, products, factors, parts, columns, rate)
        decisive[row, 0], decisive[row, 1] = 0.0, 0.0
        for i in range(count):
            total[i] = rate[i]
        if resolution > 0.0:
            for i in range(count):
                for j in range(i + 1, count):
                    m_i, m_j = v[states[i, 0]], v[states[j, 0]]
                    near = abs(m_i - m_j) <= 0.5 * resolution * (m_i + m_j)
                    if near and second == LIGHTER_MASS:
                        l_i, l_j = v[states[i, 2]], v[states[j, 2]]
                        near = abs(l_i - l_j) <= 0.5 * resolution * (l_i + l_j)
                    if near:
                        total[i] += rate[j]
                        total[j] += rate[i]
        for i in range(count):
            ratios[row, i, 0], ratios[row, i, 1] = 0.0, 0.0
            mass = v[states[i, 0]]
            if total[i] == 0.0 or mass < low or mass > high:
                continue
            width = v[states[i, 1]] if states[i, 1] >= 0 else 0.0
            if width > largest_width * mass:
                continue
            j, across = 0, 0.0
            if second != NO_SECOND:
                other = v[states[i, 2]] if second == LIGHTER_MASS else width
                if second == RELATIVE_WIDTH:
                    other /= mass
                if second != LIGHTER_MASS:
                    other = max(other, others[0])  # narrower is as narrow
                if other < others[0] or other > others[len(others) - 1]:
                    continue
                j, across = locate(others, 0, len(others), other)
            k, part = locate(masses, 0, last + 1, mass)
            observed = interpolated(tables[0], k, part, j, across)
            expected = interpolated(tables[1], k, part, j, across)
            if math.isnan(observed) or math.isnan(expected):
                continue
            signal = total[i]
            if acceptance.shape[1] > 0:
                a, share = locate(acceptance[0], 0, acceptance.shape[1], mass)
                signal *= (1.0 - share) * acceptance[1, a] + share * acceptance[
                    1, min(a + 1, acceptance.shape[1] - 1)
                ]
            ratios[row, i, 0], ratios[row, i, 1] = signal / observed, signal / expected
            if signal / expected > decisive[row, 1]:
                decisive[row, 0], decisive[row, 1] = signal / observed, signal / expected


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
        products, factors, parts, columns: the rates, see `rates`: two of each signal.
        masses: (p,) of the planes.
        axes: (p, 2, k) both rates.
        tables: (p, 2, k, k) observed and expected test statistic.
        resolution: of the masses.
        decisive: (n, 2) is filled with ln CLs and the observed statistic of the signal with the largest expected
            one; 0 and 0 where there is none within the masses.
    """
    n, count, size = len(values), len(states), axes.shape[2]
    scratch = decisive[0].repeat(2 * count)
    rate, total = scratch[: 2 * count], scratch[2 * count :]
    for row in range(n):
        v = values[row]
        rates(v, products, factors, parts, columns, rate)
        for i in range(2 * count):
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
                    k, part = locate(axes[p + step, 0], 0, size, total[2 * i])
                    j, across = locate(axes[p + step, 1], 0, size, total[2 * i + 1])
                    q_observed += weight * interpolated(tables[p + step, 0], k, part, j, across)
                    q_expected += weight * interpolated(tables[p + step, 1], k, part, j, across)
            if q_expected > largest:
                largest, observed = q_expected, q_observed
        if largest > 0.0:
            decisive[row, 0], decisive[row, 1] = log_cls(largest, observed), observed
