"""The loop over points and searches of many constraints of the kind `search` at once, compiled."""

from __future__ import annotations

import math

from terranova.plugins._jit import kernel, lean_kernel
from terranova.plugins.higgs_limits.interpolation_kernels import locate
from terranova.plugins.higgs_limits.search_kernels import LIGHTER_MASS, NO_SECOND, RELATIVE_WIDTH
from terranova.types import Floats, Ints

HEAD = 13
"""Whole numbers that stand before each search: see `decide_all`."""

NUMBERS = 6
"""Other numbers: low and high mass between which it is applied, resolution, largest width, scale of the violation,
and z, the expected limit in errors of the measured signal."""


@lean_kernel
def _entry(reals: Floats, start: int, columns: int, k: int, part: float, j: int, across: float) -> float:
    """As `search_kernels.interpolated`, for a table whose rows stand one after the other from `start` on."""
    value = 0.0
    for dk in range(2):
        along = part if dk else 1.0 - part
        if along == 0.0:
            continue
        for dj in range(2):
            weight = along * (across if dj else 1.0 - across)
            if weight != 0.0:
                value += weight * reals[start + (k + dk) * columns + j + dj]
    return value


@lean_kernel
def _loglike(observed: float, expected: float, z: float, reals: Floats, axis: int, length: int) -> float:
    """As `Search.loglike_of_ratios`; without a table of measured signals, half a Gaussian around zero."""
    if length == 0:
        pull = z * observed
        return -0.5 * (pull * pull)
    if not expected > 0.0:
        return 0.0
    k, share = locate(reals, axis, length, math.log(expected) - math.log(observed))
    pulls = axis + length + k
    measured = reals[pulls] if share == 0.0 else (1.0 - share) * reals[pulls] + share * reals[pulls + 1]
    signal = z * expected
    # An excess is no evidence for this signal: tables of one search share events, and none knows of the others.
    above = max(signal - max(measured, 0.0), 0.0)
    return float(-0.5 * above * (above - 2.0 * min(measured, 0.0)))


@kernel
def judge_all(
    values: Floats,
    heads: Ints,
    numbers: Floats,
    states: Ints,
    products: Ints,
    factors: Floats,
    parts: Ints,
    columns: Ints,
    reals: Floats,
    scratch: Floats,
    margins: Floats,
    terms: Floats,
) -> None:
    """Margin and log-likelihood by each of S searches, of the signal that decides as in `search_kernels.decide`.

    Args:
        values: (n, observables).
        heads: (S, HEAD) of each search: first signal and number of signals; start and number of masses; start and
            number of values of the second axis; start of the tables and their columns; start and number of
            acceptances; what the second axis is; start and number of ln(expected / observed) limit against which
            the measured signal stands.
        numbers: (S, NUMBERS).
        states, products, factors, parts, columns: of the signals of all searches, see `search_kernels`.
        reals: axes, tables and acceptances, one after the other.
        scratch: (2, most signals of a search), overwritten.
        margins, terms: (n, S), filled.
    """
    rate, total = scratch[0], scratch[1]
    for s in range(len(heads)):
        first, count = heads[s, 0], heads[s, 1]
        axis, length = heads[s, 2], heads[s, 3]
        across_axis, across_length = heads[s, 4], heads[s, 5]
        observed_table, width_of_table = heads[s, 6], heads[s, 7]
        expected_table = observed_table + length * width_of_table
        factor_axis, factor_length, second = heads[s, 8], heads[s, 9], heads[s, 10]
        low, high, resolution, largest_width = numbers[s, 0], numbers[s, 1], numbers[s, 2], numbers[s, 3]
        scale, z, pulls_axis, pulls_length = numbers[s, 4], numbers[s, 5], heads[s, 11], heads[s, 12]
        for row in range(len(values)):
            v = values[row]
            of_observed, of_expected = 0.0, 0.0
            for i in range(count):
                added = 0.0
                for p in range(products[first + i], products[first + i + 1]):
                    product = factors[p]
                    for q in range(parts[p], parts[p + 1]):
                        product *= v[columns[q]]
                    added += product
                rate[i] = abs(added)  # a coupling may be negative
                total[i] = rate[i]
            if resolution > 0.0:
                for i in range(count):
                    for j in range(i + 1, count):
                        m_i, m_j = v[states[first + i, 0]], v[states[first + j, 0]]
                        near = abs(m_i - m_j) <= 0.5 * resolution * (m_i + m_j)
                        if near and second == LIGHTER_MASS:
                            l_i, l_j = v[states[first + i, 2]], v[states[first + j, 2]]
                            near = abs(l_i - l_j) <= 0.5 * resolution * (l_i + l_j)
                        if near:
                            total[i] += rate[j]
                            total[j] += rate[i]
            for i in range(count):
                mass = v[states[first + i, 0]]
                if total[i] == 0.0 or not low <= mass <= high:
                    continue
                width = v[states[first + i, 1]] if states[first + i, 1] >= 0 else 0.0
                if width > largest_width * mass:
                    continue
                j, across = 0, 0.0
                if second != NO_SECOND:
                    other = v[states[first + i, 2]] if second == LIGHTER_MASS else width
                    if second == RELATIVE_WIDTH:
                        other /= mass
                    if second != LIGHTER_MASS:
                        other = max(other, reals[across_axis])  # narrower is as narrow
                    if not reals[across_axis] <= other <= reals[across_axis + across_length - 1]:
                        continue
                    j, across = locate(reals, across_axis, across_length, other)
                k, part = locate(reals, axis, length, mass)
                observed = _entry(reals, observed_table, width_of_table, k, part, j, across)
                expected = _entry(reals, expected_table, width_of_table, k, part, j, across)
                if math.isnan(observed) or math.isnan(expected):
                    continue
                signal = total[i]
                if factor_length > 0:
                    a, share = locate(reals, factor_axis, factor_length, mass)
                    start = factor_axis + factor_length
                    signal *= (1.0 - share) * reals[start + a] + share * reals[
                        start + min(a + 1, factor_length - 1)
                    ]
                if signal / expected > of_expected:
                    of_observed, of_expected = signal / observed, signal / expected
            margins[row, s] = (of_observed - 1.0) / scale
            terms[row, s] = _loglike(of_observed, of_expected, z, reals, pulls_axis, pulls_length)
