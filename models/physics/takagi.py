"""Takagi factorisation of small complex symmetric matrices, such as Majorana mass matrices."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from terranova.models.physics._jit import jit, jit_lean_kernel, source_fingerprint
from terranova.models.physics.loops import over
from terranova.types import Array, Floats

MAX_SWEEPS = 30
"""Jacobi converges quadratically: 4x4 matrices need four to seven sweeps; the bound only stops NaN input."""

NEGLIGIBLE = 1e-17
"""An off-diagonal element is dropped when it is smaller than this fraction of both its diagonal neighbours."""


@jit
def takagi(m: Array, u: Array, values: Floats) -> None:
    """Find the unitary U with U^T M U = diag(values), values >= 0 and ascending, by cyclic Jacobi rotations.

    The plane rotation (c, -s w*; s w, c) annihilates M_pq if w has the phase of conj(M_pp M_pq* + M_qq* M_pq)
    and tan(2 theta) = -2 M_pq / (w M_pp - w* M_qq), which is then real. Every step is unitary, so that exactly
    degenerate values (pseudo-Dirac pairs) are no special case. Method: Hahn, physics/0607103, section 2.3;
    the rotation is derived here. Columns of U are determined up to a sign, which is chosen such that the
    element of largest modulus has a positive real part.

    Args:
        m: (n, n) complex symmetric, destroyed.
        u: (n, n) complex, filled.
        values: (n,) filled.
    """
    n = len(values)
    for i in range(n):
        for j in range(n):
            u[i, j] = 1.0 if i == j else 0.0
    for _ in range(MAX_SWEEPS):
        rotated = False
        for p in range(n - 1):
            for q in range(p + 1, n):
                a, b, d = m[p, p], m[p, q], m[q, q]
                size = abs(b)
                if size <= NEGLIGIBLE * min(abs(a), abs(d)) or size < 1e-290:
                    m[p, q] = m[q, p] = 0.0
                    continue
                rotated = True
                phase = over(b, size)
                # In the phase convention in which M_pq is real and positive.
                a_b, d_b = a * phase.conjugate(), d * phase.conjugate()
                direction = a_b.conjugate() + d_b
                length = abs(direction)
                w = over(direction, length) if length > 0.0 else complex(1.0, 0.0)
                gap = (w * a_b).real - (w.conjugate() * d_b).real
                # tan(2 theta) = -2 size/gap; t is the smaller root of t^2 - (gap/size) t - 1 = 0.
                half = 0.5 * gap / size
                t = -1.0 / (half + math.copysign(math.sqrt(half * half + 1.0), half))
                c = 1.0 / math.sqrt(1.0 + t * t)
                s = t * c
                sw = s * w
                sw_conj = sw.conjugate()
                m[p, p] = c * c * a - 2.0 * c * sw_conj * b + sw_conj * sw_conj * d
                m[q, q] = c * c * d + 2.0 * c * sw * b + sw * sw * a
                m[p, q] = m[q, p] = 0.0
                for k in range(n):
                    if k != p and k != q:
                        kp, kq = m[k, p], m[k, q]
                        m[k, p] = m[p, k] = c * kp - sw_conj * kq
                        m[k, q] = m[q, k] = sw * kp + c * kq
                    up, uq = u[k, p], u[k, q]
                    u[k, p] = c * up - sw_conj * uq
                    u[k, q] = sw * up + c * uq
        if not rotated:
            break
    _order(m, u, values)


@jit
def _order(m: Array, u: Array, values: Floats) -> None:
    """Make the diagonal of m real, sort it and fix the signs of the columns of u."""
    n = len(values)
    for a in range(n):
        values[a] = abs(m[a, a])
    for a in range(n):
        least = a
        for b in range(a + 1, n):
            if values[b] < values[least]:
                least = b
        if least != a:
            values[a], values[least] = values[least], values[a]
            m[a, a], m[least, least] = m[least, least], m[a, a]
            for k in range(n):
                u[k, a], u[k, least] = u[k, least], u[k, a]
        angle = -0.5 * math.atan2(m[a, a].imag, m[a, a].real)
        turn = complex(math.cos(angle), math.sin(angle))
        largest, size = 0, -1.0
        for k in range(n):
            u[k, a] *= turn
            modulus = u[k, a].real ** 2 + u[k, a].imag ** 2
            if modulus > size:
                largest, size = k, modulus
        if u[largest, a].real < 0.0:
            for k in range(n):
                u[k, a] = -u[k, a]


def _make(fingerprint: str) -> Callable[[Array, Array, Floats], None]:
    """Build the loop over matrices; the fingerprint of the sources makes stale machine code impossible."""

    @jit_lean_kernel
    def takagi_kernel(m: Array, u: Array, values: Floats) -> None:
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        for n in range(len(m)):
            takagi(m[n], u[n], values[n])

    return takagi_kernel


@cache
def _kernel() -> Callable[[Array, Array, Floats], None]:
    return _make(source_fingerprint(__name__))


def diagonalise(m: Array) -> tuple[Array, Floats]:
    """Unitary matrices (k, n, n) and values (k, n) of `takagi`, for matrices m (k, n, n), which are destroyed."""
    u, values = np.empty_like(m), np.empty(m.shape[:2])
    _kernel()(m, u, values)
    return u, values
