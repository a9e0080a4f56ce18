"""Spinors, polarisations and the vertex of three gauge bosons, for annihilation in the xz plane.

Spinors are u = (sqrt(p.sigma) xi, sqrt(p.sigmabar) xi), v = (sqrt(p.sigma) eta, -sqrt(p.sigmabar) eta); bosons
have linear polarisations: in the plane, along y, longitudinal. All chains of spinors are then real but for a factor
i for each polarisation along y: i sigma_y is real.
"""

from __future__ import annotations

import math

from terranova.models.physics._jit import jit
from terranova.models.scotogenic.broken_phase import MASS_V
from terranova.types import Floats


@jit
def slash(t: float, x: float, y: float, z: float, out: Floats) -> None:
    """Fill out (2, 2, 2): p.sigma and p.sigmabar of p = (t, x, y, z), with i sigma_y in place of sigma_y."""
    out[0, 0, 0], out[0, 0, 1], out[0, 1, 0], out[0, 1, 1] = t - z, y - x, -y - x, t + z
    out[1, 0, 0], out[1, 0, 1], out[1, 1, 0], out[1, 1, 1] = t + z, x - y, x + y, t - z


@jit
def polarise(
    energy: float, k: float, mass: float, sine: float, cosine: float, vector: Floats, matrix: Floats
) -> int:
    """Fill polarisations of a boson with momentum k (sine, 0, cosine): vector (3, 4), matrix (3, 2, 2, 2).

    Returns:
        how many there are: 2 without mass.
    """
    vector[:] = 0.0
    vector[0, 1], vector[0, 3] = cosine, -sine
    vector[1, 2] = 1.0
    n = 2
    if mass > 0.0:
        vector[2, 0], vector[2, 1], vector[2, 3] = k / mass, energy / mass * sine, energy / mass * cosine
        n = 3
    for p in range(n):
        slash(vector[p, 0], vector[p, 1], vector[p, 2], vector[p, 3], matrix[p])
    return n


@jit
def dot(a: Floats, b: Floats) -> float:
    """Product of four-vectors (t, x, y, z)."""
    product: float = a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3]
    return product


@jit
def longitudinal_part(ma: float, mb: float) -> float:
    """P.T/(e_a.e_b M_W^2) of `gauge_vertex`: a W makes W Z and W photon, with P^mu P^nu/M_W^2 in its propagator."""
    return (mb * mb - ma * ma) / (MASS_V[0] * MASS_V[0]) if ma != mb else 0.0


@jit
def gauge_vertex(
    va: Floats, vb: Floats, ea: float, eb: float, k: float, sine: float, cosine: float, along: float
) -> tuple[float, float, float, float]:
    """Three gauge bosons over f_abc: (e_a.e_b)(k2 - k1) - 2 (k2.e_a) e_b + 2 (k1.e_b) e_a - P (P.T)/M^2.

    Args:
        va, vb (4,): polarisations of the outgoing two, with energies ea, eb and momenta +-k (sine, 0, cosine).
        along: `longitudinal_part` times sqrt(s).
    """
    product = dot(va, vb)
    ka = eb * va[0] + k * (sine * va[1] + cosine * va[3])
    kb = ea * vb[0] - k * (sine * vb[1] + cosine * vb[3])
    return (
        product * (eb - ea - along) - 2.0 * ka * vb[0] + 2.0 * kb * va[0],
        -2.0 * product * k * sine - 2.0 * ka * vb[1] + 2.0 * kb * va[1],
        -2.0 * ka * vb[2] + 2.0 * kb * va[2],
        -2.0 * product * k * cosine - 2.0 * ka * vb[3] + 2.0 * kb * va[3],
    )


@jit
def spinors(energy_a: float, energy_b: float, p: float, out: Floats) -> None:
    """Fill out (4, 2): u_L, u_R of A and v_L, v_R of B; each has one component for each spin."""
    for k in range(2):
        sign = 1.0 - 2.0 * k
        out[0, k] = math.sqrt(max(energy_a - sign * p, 0.0))
        out[1, k] = math.sqrt(max(energy_a + sign * p, 0.0))
        out[2, k] = math.sqrt(max(energy_b + sign * p, 0.0))
        out[3, k] = -math.sqrt(max(energy_b - sign * p, 0.0))


@jit
def element(a: Floats, b: Floats, r: int, s: int) -> float:
    """(a b)_rs of two matrices (2, 2)."""
    value: float = a[r, 0] * b[0, s] + a[r, 1] * b[1, s]
    return value


@jit
def element3(a: Floats, b: Floats, c: Floats, r: int, s: int) -> float:
    """(a b c)_rs."""
    value: float = element(b, c, 0, s) * a[r, 0] + element(b, c, 1, s) * a[r, 1]
    return value
