"""Compiled clusters: the particles that an analysis cannot tell apart."""

from __future__ import annotations

import math

from terranova.plugins._jit import lean_kernel
from terranova.plugins.higgs_limits.assumption_kernels import fulfils
from terranova.plugins.higgs_limits.program import (
    CLOSE,
    CLOSENESS,
    FIRST_CHECK,
    PARTICLES,
    RESOLUTION,
    RESOLUTIONS,
)
from terranova.types import Floats, Ints


@lean_kernel
def write_windows(ints: Ints, reals: Floats, row: Floats, windows: Ints, paired: Ints) -> None:
    """Write, for each resolution of any limit, which particles are seen as one with a particle.

    Args:
        ints, reals: the program.
        row: of the point.
        windows: (resolutions, P, 3) written: bits of the particles from this mass on that are within the resolution
            at their mass; of those for which it depends on the mean mass whether they are; and of those that are
            within the resolution at the mean of the two.
        paired: (resolutions, 2) written: bits of the particles that are not alone; and of those that are within the
            resolution of some other only if the mean mass is large enough.
    """
    count = ints[PARTICLES]
    for d in range(ints[RESOLUTIONS]):
        relative, absolute = reals[ints[CLOSE] + 2 * d], reals[ints[CLOSE] + 2 * d + 1]
        together, doubt = 0, 0
        for i in range(count):
            low, window, doubtful, pair = row[i], 0, 0, 0
            reach = low * relative + absolute
            for j in range(count):
                distance = row[j] - low
                near = (distance >= 0.0) & (distance <= row[j] * relative + absolute)
                window |= int(near) << j
                doubtful |= int(near & (distance > reach)) << j
                pair |= int((distance >= 0.0) & (distance <= (low + row[j]) / 2 * relative + absolute)) << j
            windows[d, i, 0], windows[d, i, 1], windows[d, i, 2] = window, doubtful, pair
            others = window & ~(1 << i)
            together |= others | int(others != 0) << i
            doubt |= doubtful
        paired[d, 0], paired[d, 1] = together, doubt


@lean_kernel
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


@lean_kernel
def windows_of(count: int, d: int, bits: int, windows: Ints, kept: Ints) -> int:
    """Write the largest sets of some particles that are one; return how many they are.

    They are two particles, or there are no doubtful ones among them.
    """
    rest, number = bits & (bits - 1), 0
    which = 2 if rest & (rest - 1) == 0 else 0
    for i in range(count):
        window, contained = windows[d, i, which] & bits, bits >> i & 1 == 0
        for j in range(count):
            its = windows[d, j, which] & bits
            other = bits >> j & 1 == 1 and j != i and its & window == window
            contained = contained or (other and (its != window or j < i))
        if not contained:
            kept[number] = window
            number += 1
    return number


@lean_kernel
def clusters(
    ints: Ints, reals: Floats, limit: int, role: int, bits: int, row: Floats, windows: Ints, found: Ints
) -> int:
    """Write the largest sets of particles that lie within the resolution and are what the limit assumes.

    Args:
        ints, reals: the program.
        limit, role: of which.
        bits: the candidates.
        row: of the point.
        windows: of `write_windows`.
        found: (2 ** P,) written: bits of each cluster.

    Returns:
        how many.
    """
    if ints[ints[FIRST_CHECK] + 3 * limit + role] < ints[ints[FIRST_CHECK] + 3 * limit + role + 1]:
        return _all_subsets(ints, reals, limit, role, bits, row, found)
    if bits & (bits - 1) == 0:
        found[0] = bits
        return 1
    d = ints[ints[CLOSENESS] + 3 * limit + role]
    rest = bits & (bits - 1)
    if rest & (rest - 1) == 0:
        return windows_of(ints[PARTICLES], d, bits, windows, found)
    number, several = 0, False
    for i in range(ints[PARTICLES]):
        if not bits >> i & 1:
            continue
        if windows[d, i, 1] & bits:  # whether they are one depends on the mean mass
            return _all_subsets(ints, reals, limit, role, bits, row, found)
        window = windows[d, i, 0] & bits
        several = several or window & (window - 1) != 0
        known = False
        for k in range(number):
            known = known or found[k] == window
        if not known:
            found[number] = window
            number += 1
    return _largest(found, number) if several else number


@lean_kernel
def _all_subsets(ints: Ints, reals: Floats, limit: int, role: int, bits: int, row: Floats, found: Ints) -> int:
    """As `clusters`, by looking at every subset of the candidates."""
    at = ints[RESOLUTION] + 6 * limit + 2 * role
    check = ints[FIRST_CHECK] + 3 * limit + role
    number = 0
    subset = bits
    while subset > 0:
        valid = _close(ints, reals, subset, reals[at], reals[at + 1], row)
        for which in range(ints[check], ints[check + 1]):
            valid = valid and fulfils(ints, reals, which, subset, row)
        if valid:
            found[number] = subset
            number += 1
        subset = (subset - 1) & bits
    return _largest(found, number)


@lean_kernel
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
