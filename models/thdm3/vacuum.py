"""Is the electroweak minimum the deepest one? A deterministic search at tree level.

The potential is written with all twelve real fields, so that charge-breaking and CP-breaking minima are
included. SU(2) x U(1) removes four of them: phi_1 becomes (0, real) and the charged component of phi_2
real. Fields are in units of v and energies in units of v^4.

The search is a multi-start minimisation: it can only ever find a deeper minimum, never prove that there is
none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit, jit_allocating, jit_kernel, source_fingerprint
from terranova.models.thdm3.mixing import vacuum_directions
from terranova.models.thdm3.observables import COLUMN
from terranova.models.thdm3.potential import Quartics, SoftTerms
from terranova.types import Floats

N_FIELDS = 8
"""Real fields left after gauge fixing: Re phi_1^0; Re and Im phi_2^0, phi_2^+; Re, Im phi_3^0, Re, Im
phi_3^+.
"""

N_RAYS = 512
"""Directions in which the lowest point of V is computed in closed form."""

N_BEST = 16
N_SPREAD = 48
"""Descents start at the lowest points of the N_BEST best rays and of the first N_SPREAD, whatever their
depth.
"""

MAX_ITERATIONS = 200
GRADIENT_TOLERANCE = 1e-9
FIELD_LIMIT = 1e3
"""A descent that leaves this many v has left physics: V is unbounded for all purposes."""

UNBOUNDED = -1e6
"""Depth reported when V is found to be unbounded from below; also the smallest depth reported."""

SAME_DEPTH = 1e-9
"""Differences of V/v^4 below this are rounding: the electroweak minimum found again."""

LAMBDA = COLUMN["lambda1"]
MASS_TERMS = COLUMN["m11sq"]


class MassTerms(NamedTuple):
    """Diagonal mass terms m11^2, m22^2, m33^2."""

    m11: float
    m22: float
    m33: float


@jit
def _dot(a_up: complex, a_down: complex, b_up: complex, b_down: complex) -> complex:
    """(ab) = phi_a^dagger phi_b of two doublets."""
    return a_up.conjugate() * b_up + a_down.conjugate() * b_down


@jit
def potential_and_gradient(
    fields: Floats, lam: Quartics, mass: MassTerms, soft: SoftTerms, gradient: Floats
) -> tuple[float, float]:
    """V, its quadratic part V2, and its gradient; with fields in units of v, masses must be so as well.

    Args:
        fields: (8,) r1, r2, e2, c2, r3, e3, c3, d3 with phi_1 = (0, r1)/sqrt2, phi_2 = (c2, r2 + i
        e2)/sqrt2 and
            phi_3 = (c3 + i d3, r3 + i e3)/sqrt2.
        lam, mass, soft: the potential.
        gradient: (8,) filled with dV/dfields.
    """
    h = math.sqrt(0.5)
    u1, d1 = complex(0.0, 0.0), complex(h * fields[0], 0.0)
    u2, d2 = complex(h * fields[3], 0.0), complex(h * fields[1], h * fields[2])
    u3, d3 = complex(h * fields[6], h * fields[7]), complex(h * fields[4], h * fields[5])
    x1, x2, x3 = _dot(u1, d1, u1, d1).real, _dot(u2, d2, u2, d2).real, _dot(u3, d3, u3, d3).real
    z12, z13, z23 = _dot(u1, d1, u2, d2), _dot(u1, d1, u3, d3), _dot(u2, d2, u3, d3)
    z21, z31, z32 = z12.conjugate(), z13.conjugate(), z23.conjugate()
    # V depends on the doublets through x and z. a_kk and a_km are the coefficients of phi_k and phi_m in
    # dV/dphi_k^dagger.
    a11 = mass.m11 + 2.0 * lam.l1 * x1 + lam.l4 * x2 + lam.l5 * x3
    a22 = mass.m22 + 2.0 * lam.l2 * x2 + lam.l4 * x1 + lam.l6 * x3
    a33 = mass.m33 + 2.0 * lam.l3 * x3 + lam.l5 * x1 + lam.l6 * x2
    a12 = soft.m12 + lam.l7 * z21 + lam.l10 * z13 + lam.l11 * z32
    a13 = soft.m13 + lam.l8 * z31 + lam.l10 * z12 + lam.l12 * z23
    a23 = soft.m23 + lam.l9 * z32 + lam.l11 * z21 + lam.l12 * z13
    a21, a31, a32 = a12.conjugate(), a13.conjugate(), a23.conjugate()
    quadratic = mass.m11 * x1 + mass.m22 * x2 + mass.m33 * x3
    quadratic += 2.0 * (soft.m12 * z12.real + soft.m13 * z13.real + soft.m23 * z23.real)
    up2 = a22 * u2 + a21 * u1 + a23 * u3
    up3 = a33 * u3 + a31 * u1 + a32 * u2
    down1 = a11 * d1 + a12 * d2 + a13 * d3
    down2 = a22 * d2 + a21 * d1 + a23 * d3
    down3 = a33 * d3 + a31 * d1 + a32 * d2
    s = math.sqrt(2.0)
    gradient[0] = s * down1.real
    gradient[1], gradient[2], gradient[3] = s * down2.real, s * down2.imag, s * up2.real
    gradient[4], gradient[5] = s * down3.real, s * down3.imag
    gradient[6], gradient[7] = s * up3.real, s * up3.imag
    # Euler: fields . dV/dfields = 2 V2 + 4 V4.
    euler = 0.0
    for k in range(N_FIELDS):
        euler += fields[k] * gradient[k]
    return 0.25 * euler + 0.5 * quadratic, quadratic


@jit
def ray_minimum(
    ray: Floats, lam: Quartics, mass: MassTerms, soft: SoftTerms, gradient: Floats
) -> tuple[float, float]:
    """Radius and depth of the lowest point of V on a ray: V = V2 t^2 + V4 t^4 there.

    A ray on which V only rises has depth 0; one on which it falls for ever has depth -inf.
    """
    v_1, v2_1 = potential_and_gradient(ray, lam, mass, soft, gradient)
    v4_1 = v_1 - v2_1
    if v4_1 <= 0.0:
        return (1.0, -math.inf) if (v4_1 < 0.0 or v2_1 < 0.0) else (1.0, 0.0)
    if v2_1 >= 0.0:
        return 0.5, 0.0
    return math.sqrt(-0.5 * v2_1 / v4_1), -0.25 * v2_1 * v2_1 / v4_1


@jit
def descend(fields: Floats, lam: Quartics, mass: MassTerms, soft: SoftTerms, work: Floats) -> float:
    """Minimise V from `fields` (8,), which is overwritten; BFGS with Armijo backtracking.

    Nocedal and Wright, Numerical Optimization, algorithm 6.1 and equation (3.4).

    Args:
        fields: start, then the minimum.
        lam, mass, soft: the potential in units of v.
        work: (13, 8) scratch space: 8 rows of inverse Hessian, gradient, new gradient, step, new point, H y.

    Returns:
        V at the end.
    """
    n = N_FIELDS
    gradient, new_gradient, step, trial, h_y = work[8], work[9], work[10], work[11], work[12]
    value, _ = potential_and_gradient(fields, lam, mass, soft, gradient)
    for i in range(n):
        for j in range(n):
            work[i, j] = 0.0
        work[i, i] = 1.0
    scaled = False
    for _ in range(MAX_ITERATIONS):
        slope, size, norm = 0.0, 0.0, 0.0
        for i in range(n):
            total = 0.0
            for j in range(n):
                total -= work[i, j] * gradient[j]
            step[i] = total
            slope += total * gradient[i]
            size = max(size, abs(gradient[i]))
            norm = max(norm, abs(fields[i]))
        if size < GRADIENT_TOLERANCE * (1.0 + norm) or norm > FIELD_LIMIT:
            break
        if slope >= 0.0:  # rounding has spoilt the inverse Hessian: steepest descent instead
            slope = 0.0
            for i in range(n):
                for j in range(n):
                    work[i, j] = 0.0
                work[i, i] = 1.0
                step[i] = -gradient[i]
                slope -= gradient[i] * gradient[i]
        length = 1.0
        moved = False
        for _ in range(40):
            for i in range(n):
                trial[i] = fields[i] + length * step[i]
            new_value, _ = potential_and_gradient(trial, lam, mass, soft, new_gradient)
            if new_value <= value + 1e-4 * length * slope:
                moved = True
                break
            # Minimum of the parabola through the value and slope here and the value there, kept in bounds.
            parabola = -0.5 * slope * length * length / (new_value - value - slope * length)
            length = min(max(parabola, 0.1 * length), 0.5 * length)
        if not moved:
            break
        s_y, y_y, y_h_y = 0.0, 0.0, 0.0
        for i in range(n):
            step[i] *= length
            y = new_gradient[i] - gradient[i]
            s_y += step[i] * y
            y_y += y * y
        if s_y > 1e-14 * y_y:
            if not scaled:
                for i in range(n):
                    work[i, i] = s_y / y_y
                scaled = True
            for i in range(n):
                total = 0.0
                for j in range(n):
                    total += work[i, j] * (new_gradient[j] - gradient[j])
                h_y[i] = total
                y_h_y += total * (new_gradient[i] - gradient[i])
            rho = 1.0 / s_y
            weight = rho * (1.0 + rho * y_h_y)
            for i in range(n):
                for j in range(n):
                    work[i, j] += weight * step[i] * step[j] - rho * (h_y[i] * step[j] + step[i] * h_y[j])
        value = new_value
        for i in range(n):
            fields[i] = trial[i]
            gradient[i] = new_gradient[i]
    return value


def spread_rays(n: int) -> Floats:
    """Unit vectors (n, 8) spread evenly over the sphere: a fixed additive recurrence, no random numbers.

    The recurrence with the powers of the root of t^9 = t + 1 generalises the golden-ratio sequence to 8
    dimensions; consecutive points stay apart for every n.
    """
    root = 1.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / (N_FIELDS + 1))
    steps = root ** -np.arange(1.0, N_FIELDS + 1)
    cube = 2.0 * np.modf(0.5 + np.outer(np.arange(1, n + 1), steps))[0] - 1.0
    return np.asarray(cube / np.linalg.norm(cube, axis=1, keepdims=True))


@jit_allocating
def electroweak_fields(tan_beta1: float, tan_beta2: float, fields: Floats) -> None:
    """Fill fields (8,) with the electroweak vacuum in units of v."""
    B = np.empty((3, 3))
    vacuum_directions(tan_beta1, tan_beta2, B)
    for k in range(N_FIELDS):
        fields[k] = 0.0
    fields[0], fields[1], fields[4] = B[0, 0], B[0, 1], B[0, 2]


@jit_allocating
def search(
    vacuum: Floats, lam: Quartics, mass: MassTerms, soft: SoftTerms, rays: Floats, work: Floats, best: Floats
) -> float:
    """Depth of the deepest stationary point found below the electroweak one, in units of v^4; 0 if none.

    Args:
        vacuum: (8,) electroweak fields in units of v.
        lam, mass, soft: the potential in units of v.
        rays: (N_RAYS, 8) unit vectors.
        work: (13, 8) scratch space.
        best: (8,) filled with the fields of the deepest point.
    """
    fields = np.empty(N_FIELDS)
    radius, depth = np.empty(len(rays)), np.empty(len(rays))
    v_ew, _ = potential_and_gradient(vacuum, lam, mass, soft, work[8])
    lowest = v_ew
    best[:] = vacuum
    for n in range(len(rays)):
        radius[n], depth[n] = ray_minimum(rays[n], lam, mass, soft, work[8])
        if depth[n] == -math.inf:
            best[:] = rays[n]
            return UNBOUNDED
    order = np.argsort(depth)
    # Real neutral vacua with other relative signs of the vevs: 3 starts.
    for n in range(3 + N_SPREAD + N_BEST):
        if n < 3:
            fields[:] = vacuum
            fields[1] *= -1.0 if n != 1 else 1.0
            fields[4] *= -1.0 if n != 0 else 1.0
        else:
            ray = n - 3 if n < 3 + N_SPREAD else order[n - 3 - N_SPREAD]
            for k in range(N_FIELDS):
                fields[k] = radius[ray] * rays[ray, k]
        value = descend(fields, lam, mass, soft, work)
        if value < lowest:
            lowest = value
            best[:] = fields
    if lowest > v_ew - SAME_DEPTH:
        best[:] = vacuum
        return 0.0
    return max(lowest - v_ew, UNBOUNDED)


def _make(fingerprint: str) -> Callable[[Floats, Floats, Floats, Floats, Floats], None]:
    """Build the loop over points; see `kernel._make` for the fingerprint."""

    @jit_kernel
    def vacuum_kernel(x: Floats, observables: Floats, rays: Floats, depth: Floats, fields: Floats) -> None:
        assert len(fingerprint) > 0  # read, so that it becomes part of the cache key
        vacuum, work = np.empty(N_FIELDS), np.empty((13, N_FIELDS))
        per_v2 = 1.0 / (sm.VEV * sm.VEV)
        for n in range(len(x)):
            o = observables[n, LAMBDA : LAMBDA + 12]
            lam = Quartics(o[0], o[1], o[2], o[3], o[4], o[5], o[6], o[7], o[8], o[9], o[10], o[11])
            m = observables[n, MASS_TERMS : MASS_TERMS + 3]
            mass = MassTerms(per_v2 * m[0], per_v2 * m[1], per_v2 * m[2])
            soft = SoftTerms(per_v2 * x[n, 13], per_v2 * x[n, 14], per_v2 * x[n, 15])
            electroweak_fields(x[n, 5], x[n, 6], vacuum)
            depth[n] = search(vacuum, lam, mass, soft, rays, work, fields[n])

    return vacuum_kernel


@cache
def _kernel() -> Callable[[Floats, Floats, Floats, Floats, Floats], None]:
    return _make(source_fingerprint(__name__))


def deepest_minima(x: Floats, observables: Floats) -> tuple[Floats, Floats]:
    """Depth (m,) in units of v^4 and fields (m, 8) in units of v of the deepest points found.

    Args:
        x: (m, 16) points.
        observables: (m, k) their observables of stage 0.
    """
    depth, fields = np.empty(len(x)), np.empty((len(x), N_FIELDS))
    points = np.ascontiguousarray(x, dtype=np.float64)
    _kernel()(points, np.ascontiguousarray(observables), spread_rays(N_RAYS), depth, fields)
    return depth, fields


def vacuum_depth(x: Floats, observables: Floats) -> Floats:
    """The observable `vacuum_depth` (m,): at most 0, and 0 if no deeper point was found."""
    return deepest_minima(x, observables)[0]
