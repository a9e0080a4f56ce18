"""One-loop form factors of h -> gamma gamma, gg and Z gamma.

Conventions of Djouadi, hep-ph/0503172 section 2.3 and hep-ph/0503173 section 2.3, with tau = m_h^2 / (4 m^2):
heavy particles give A_0 -> 1/3, A_1/2 -> 4/3, A_1 -> -7 and 2 for a CP-odd scalar.
"""

from __future__ import annotations

import math

from terranova.models.physics import sm
from terranova.models.physics._jit import jit


@jit
def triangle_f(tau: float) -> complex:
    """f(tau) of hep-ph/0503172 section 2.3: arcsin^2 below threshold, with an absorptive part above it."""
    if tau <= 1.0:
        angle = math.asin(math.sqrt(tau))
        return complex(angle * angle, 0.0)
    # (1 + s)/(1 - s) = tau (1 + s)^2 avoids the cancellation of 1 - s for light loop particles.
    s = math.sqrt(1.0 - 1.0 / tau)
    log = math.log(tau * (1.0 + s) ** 2)
    return complex(-0.25 * (log * log - math.pi**2), 0.5 * math.pi * log)


@jit
def triangle_g(tau: float) -> complex:
    """g(tau) of hep-ph/0503172 section 2.3, the second function of the Z gamma amplitude."""
    if tau <= 1.0:
        root = math.sqrt(tau)
        return complex(math.sqrt(1.0 - tau) / root * math.asin(root), 0.0)
    s = math.sqrt(1.0 - 1.0 / tau)
    log = math.log(tau * (1.0 + s) ** 2)
    return complex(0.5 * s * log, -0.5 * math.pi * s)


@jit
def amplitude_scalar(tau: float, f: complex) -> complex:
    """A_0 for a charged scalar in the loop, given f = triangle_f(tau)."""
    return (f - tau) * (1.0 / (tau * tau))


@jit
def amplitude_fermion(tau: float, f: complex) -> complex:
    """A_1/2 for a CP-even scalar coupled to a fermion, given f = triangle_f(tau)."""
    return (tau + (tau - 1.0) * f) * (2.0 / (tau * tau))


@jit
def amplitude_fermion_odd(tau: float, f: complex) -> complex:
    """A_1/2 for a CP-odd scalar coupled to a fermion, given f = triangle_f(tau)."""
    return f * (2.0 / tau)


@jit
def amplitude_vector(tau: float, f: complex) -> complex:
    """A_1 for the W boson, given f = triangle_f(tau)."""
    return -(2.0 * tau * tau + 3.0 * tau + 3.0 * (2.0 * tau - 1.0) * f) * (1.0 / (tau * tau))


@jit
def z_gamma_of(t: float, ell: float, delta_f: complex, delta_g: complex) -> tuple[complex, complex]:
    """I_1 and I_2 of hep-ph/0503172 section 2.3 with t = 4 m^2/m_h^2, ell = 4 m^2/m_Z^2 and what f and g differ by
    between 1/t and 1/ell.
    """
    gap = 1.0 / (t - ell)
    half_product = 0.5 * t * ell * gap
    i_1 = half_product + (2.0 * half_product * half_product) * delta_f + (t * t * ell * gap * gap) * delta_g
    return i_1, -half_product * delta_f


@jit
def z_gamma_integrals(t: float, ell: float) -> tuple[complex, complex]:
    """I_1 and I_2 of hep-ph/0503172 section 2.3 with t = 4 m^2/m_h^2 and ell = 4 m^2/m_Z^2."""
    delta_f = triangle_f(1.0 / t) - triangle_f(1.0 / ell)
    delta_g = triangle_g(1.0 / t) - triangle_g(1.0 / ell)
    return z_gamma_of(t, ell, delta_f, delta_g)


@jit
def z_gamma_scalar(m: float, m_h: float) -> complex:
    """I_1 of a charged scalar of mass m; tends to +1/6 for a heavy one."""
    i_1, _ = z_gamma_integrals(4.0 * (m / m_h) ** 2, 4.0 * (m / sm.M_Z) ** 2)
    return i_1


@jit
def z_gamma_fermion(m: float, m_h: float, n_colour: float, charge: float, isospin: float) -> complex:
    """Fermion part of the Z gamma amplitude, hep-ph/0503172 section 2.3."""
    i_1, i_2 = z_gamma_integrals(4.0 * (m / m_h) ** 2, 4.0 * (m / sm.M_Z) ** 2)
    vector_coupling = 2.0 * isospin - 4.0 * charge * sm.SIN2_W
    return (n_colour * charge * vector_coupling / math.sqrt(sm.COS2_W)) * (i_1 - i_2)


@jit
def z_gamma_vector(m_h: float) -> complex:
    """W part of the Z gamma amplitude, hep-ph/0503172 section 2.3."""
    t = 4.0 * (sm.M_W / m_h) ** 2
    tan2 = sm.SIN2_W / sm.COS2_W
    i_1, i_2 = z_gamma_integrals(t, 4.0 * (sm.M_W / sm.M_Z) ** 2)
    from_i_1 = (1.0 + 2.0 / t) * tan2 - (5.0 + 2.0 / t)
    return math.sqrt(sm.COS2_W) * (4.0 * (3.0 - tan2) * i_2 + from_i_1 * i_1)


@jit
def abs2(z: complex) -> float:
    """|z|^2 without the square root of abs()."""
    return z.real * z.real + z.imag * z.imag


@jit
def over(z: complex, x: float) -> complex:
    """z/x for a real x; numba's division of complex numbers raises an error for x = 0 and is slow to compile."""
    return complex(z.real / x, z.imag / x)
