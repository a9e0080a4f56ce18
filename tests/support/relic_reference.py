"""A slow, independent calculation of relic densities: Dirac matrices, explicit sums over spins, numerical
integrals.

What it shares with terranova is the Lagrangian. Masses and couplings come from numerical derivatives of the
potential and from numpy's linear algebra; amplitudes from 4 x 4 matrices with momenta in a general direction
and circular polarisations; the thermal average is the integral of Gondolo and Gelmini over the energy, and the
Boltzmann equation is solved by scipy's stiff solver. All fields are real: scalars, vectors, Majorana fermions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline
from scipy.special import kve, roots_genlaguerre

from terranova.models.physics import sm
from terranova.models.physics.early_universe import ENTROPY_TODAY, T_CMB, degrees_of_freedom
from terranova.types import Array, Floats

V = 246.21965
M_W, M_Z, M_H, M_T = sm.M_W_2024, sm.M_Z, sm.M_HIGGS_2024, sm.M_TOP_2024
G2, GZ = 2 * M_W / V, 2 * M_Z / V
G1 = math.sqrt(GZ**2 - G2**2)

SIGMA = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
GAMMA = np.zeros((4, 4, 4), complex)
GAMMA[0, :2, 2:] = GAMMA[0, 2:, :2] = np.eye(2)
for _k in range(3):
    GAMMA[_k + 1, :2, 2:], GAMMA[_k + 1, 2:, :2] = SIGMA[_k], -SIGMA[_k]
METRIC = np.diag([1.0, -1, -1, -1])
LEFT, RIGHT = np.diag([1.0, 1, 0, 0]), np.diag([0.0, 0, 1, 1])
CHARGE = 1j * GAMMA[2] @ GAMMA[0]


def slash(p: Array) -> Array:
    """Contract gamma matrices with vectors (..., 4)."""
    return np.einsum("...m,mn,nij->...ij", p, METRIC, GAMMA)


def u_spinors(p: Floats, mass: float) -> Array:
    """Both spinors (2, ..., 4) of momenta (..., 4): (pslash + m) on fixed ones, and orthogonal to each other."""
    xi = np.eye(2, dtype=complex)
    ps = p[..., 0, None, None] * np.eye(2) - np.einsum("...k,kij->...ij", p[..., 1:], SIGMA)
    pb = p[..., 0, None, None] * np.eye(2) + np.einsum("...k,kij->...ij", p[..., 1:], SIGMA)

    def root(m: Array) -> Array:
        values, vectors = np.linalg.eigh(m)
        return np.einsum("...ij,...j,...kj->...ik", vectors, np.sqrt(np.maximum(values, 0.0)), vectors.conj())

    return np.stack([np.concatenate([root(ps) @ x, root(pb) @ x], axis=-1) for x in xi])


def v_spinors(p: Floats, mass: float) -> Array:
    """C ubar^T of the same states."""
    u = u_spinors(p, mass)
    return np.einsum("ij,...j->...i", CHARGE, np.einsum("...i,ij->...j", u.conj(), GAMMA[0]))


def bar(psi: Array) -> Array:
    return np.einsum("...i,ij->...j", psi.conj(), GAMMA[0])


def polarisations(k: Floats, mass: float) -> Array:
    """Complex conjugate polarisation vectors (2 or 3, ..., 4) of momenta (..., 4)."""
    n = k[..., 1:] / np.linalg.norm(k[..., 1:], axis=-1, keepdims=True)
    a = np.cross(n, [0.3, -0.5, 0.8])
    a /= np.linalg.norm(a, axis=-1, keepdims=True)
    b = np.cross(n, a)
    zero = np.zeros_like(n[..., :1])
    out = [np.concatenate([zero, (a + s * 1j * b) / math.sqrt(2)], axis=-1).conj() for s in (1, -1)]
    if mass > 0:
        size = np.linalg.norm(k[..., 1:], axis=-1, keepdims=True)
        out.append(np.concatenate([size, k[..., :1] * n], axis=-1) / mass + 0j)
    return np.stack(out)


def takagi(m: Array) -> tuple[Array, Floats]:
    """U with U^T m U = diag of m's singular values, by the real symmetric matrix of twice the size."""
    n = len(m)
    values, vectors = np.linalg.eigh(np.block([[m.real, -m.imag], [-m.imag, -m.real]]))
    order = np.argsort(values)[::-1][:n][::-1]
    return vectors[:n, order] + 1j * vectors[n:, order], values[order]


def _doublet(charge: float) -> list[Array]:
    return [0.5 * G2 * s for s in SIGMA] + [G1 * charge * np.eye(2)]


def _weyl_generators(doublets: list[tuple[int, int, float]], singlets: list[tuple[int, float]], n: int) -> Array:
    """W1, W2, Z, photon on n left-handed Weyl fields; doublets (upper, lower, Y), singlets (field, Y)."""
    out = np.zeros((4, n, n), complex)
    for upper, lower, y in doublets:
        place = np.ix_([upper, lower], [upper, lower])
        for a, t in enumerate(_doublet(y)):
            out[a][place] += t
    for field, y in singlets:
        out[3, field, field] += G1 * y
    return to_mass(out)


def to_mass(t: Array) -> Array:
    c, s = G2 / GZ, G1 / GZ
    return np.array([t[0], t[1], c * t[2] - s * t[3], s * t[2] + c * t[3]])


@dataclass
class Fields:
    """Even fermions: masses (n,), generators (4, n, n), h couplings (n, n), and how many copies."""

    mass: Floats
    T: Array
    Yh: Array
    copies: float


def even_fermions() -> tuple[Fields, Fields, Fields]:
    """Leptons of one generation after the other (nu, e, e^c), light quarks, top and bottom."""
    doublets = [(3 * g, 3 * g + 1, -0.5) for g in range(3)]
    lepton = _weyl_generators(doublets, [(3 * g + 2, 1.0) for g in range(3)], 9)
    quark = _weyl_generators([(0, 1, 1 / 6)], [(2, -2 / 3), (3, 1 / 3)], 4)
    mass = np.zeros((4, 4), complex)
    mass[0, 2] = mass[2, 0] = M_T
    u = np.eye(4, dtype=complex)
    u[np.ix_([0, 2], [0, 2])] = np.array([[1, 1j], [1, -1j]]) / math.sqrt(2)
    turned = np.einsum("ia,vij,jb->vab", u.conj(), quark, u)
    return (
        Fields(np.zeros(9), lepton, np.zeros((9, 9), complex), 1.0),
        Fields(np.zeros(4), quark, np.zeros((4, 4), complex), 6.0),
        Fields(np.array([M_T, 0, M_T, 0]), turned, u.T @ mass @ u / V, 3.0),
    )


class Reference:
    """One point: x (d,) of scotogenic-full43 by name."""

    def __init__(self, p: dict[str, float], potential: Callable[[Floats], float], angles: int = 6) -> None:
        self.cosines, self.weights = np.polynomial.legendre.leggauss(angles)
        hessian, third, fourth = _derivatives(potential)
        m2, self.O = np.linalg.eigh(hessian)
        self.m_s = np.sqrt(m2)
        self.g_h = self.O.T @ third @ self.O
        self.g_hh = self.O.T @ fourth @ self.O
        mass, yukawa = np.zeros((6, 6), complex), np.zeros((6, 6), complex)
        # F1, F2, Psi1^0, Psi1^-, Psi2^+, Psi2^0; -L = M (Psi1^0 Psi2^0 - Psi1^- Psi2^+)
        mass[0, 0], mass[1, 1] = p["MF1"], p["MF2"]
        mass[2, 5] = mass[5, 2] = p["MPsi"]
        mass[3, 4] = mass[4, 3] = -p["MPsi"]
        for i in (0, 1):
            for field, name in ((2, f"y1{i + 1}"), (5, f"y2{i + 1}")):
                yukawa[i, field] = yukawa[field, i] = complex(p[f"re_{name}"], p[f"im_{name}"]) / math.sqrt(2)
        self.U, self.m_f = takagi(mass + V * yukawa)
        self.Yh = self.U.T @ yukawa @ self.U
        T = _weyl_generators([(2, 3, -0.5), (4, 5, 0.5)], [], 6)
        self.T = np.einsum("ia,vij,jb->vab", self.U.conj(), T, self.U)
        # (S, eta_R, eta_I, eta_1, eta_2); eta = (eta^+, eta^0) has hypercharge 1/2
        theta = np.zeros((4, 5, 5))
        fields = np.zeros((2, 5), complex)
        fields[0, 3:], fields[1, 1:3] = np.array([1, 1j]) / math.sqrt(2), np.array([1, 1j]) / math.sqrt(2)
        for a, t in enumerate(_doublet(0.5)):
            # D = d - i V T on the doublet; of real components theta = 2 Re fields^dagger (-i T) fields
            theta[a] = 2 * (fields.conj().T @ (-1j * t) @ fields).real
        self.theta = np.einsum("ia,vij,jb->vab", self.O, to_mass(theta), self.O)
        self.Y = self._leptons(p, fields)
        self.f = np.zeros((4, 4, 4))
        for a, b in itertools.product(range(4), range(4)):
            commutator = T[a] @ T[b] - T[b] @ T[a]
            solved = np.linalg.lstsq(np.array([1j * t.ravel() for t in T]).T, commutator.ravel(), rcond=None)[0]
            self.f[a, b] = solved.real
        self.mass = np.concatenate([self.m_s, self.m_f])
        self.dof = np.repeat([1.0, 2.0], [5, 6])
        self.even = even_fermions()

    def _leptons(self, p: dict[str, float], fields: Array) -> Array:
        """Y (5, 6, 9) of phi chi l, l = (nu, e, e^c) of each generation."""
        Y = np.zeros((5, 6, 9), complex)
        for k in range(3):
            nu, e, ec = 3 * k, 3 * k + 1, 3 * k + 2
            g_psi = complex(p[f"re_gPsi{k + 1}"], p[f"im_gPsi{k + 1}"])
            # (L.Psi2) S = (nu Psi2^0 - e Psi2^+) S
            Y[0, 5, nu] += g_psi
            Y[0, 4, e] -= g_psi
            for i in (0, 1):
                g = complex(p[f"re_gF{i + 1}_{k + 1}"], p[f"im_gF{i + 1}_{k + 1}"])
                # (L.eta) F = (nu eta^0 - e eta^+) F
                Y[:, i, nu] += g * fields[1]
                Y[:, i, e] -= g * fields[0]
            # e^c (eta^dagger Psi1) = e^c (eta^- Psi1^0 + eta^0* Psi1^-)
            Y[:, 2, ec] += p[f"gR{k + 1}"] * fields[0].conj()
            Y[:, 3, ec] += p[f"gR{k + 1}"] * fields[1].conj()
        return np.einsum("ix,ja,ijp->xap", self.O, self.U, Y)

    # --- kinematics ---------------------------------------------------------------------------------------

    def _momenta(self, s: float, m1: float, m2: float, m3: float, m4: float) -> tuple[Floats, ...]:
        """p1, p2 (4,) and k1, k2 (angles, 4), in a general frame of axes; phase space."""
        axis, other = np.array([0.36, 0.48, 0.8]), np.array([0.8, -0.6, 0.0])
        root = math.sqrt(s)

        def size(a: float, b: float) -> float:
            return math.sqrt(max((s - (a + b) ** 2) * (s - (a - b) ** 2), 0.0) / s) / 2

        p, k = size(m1, m2), size(m3, m4)
        direction = self.cosines[:, None] * axis + np.sqrt(1 - self.cosines[:, None] ** 2) * other
        p1 = np.concatenate([[math.sqrt(p * p + m1 * m1)], p * axis])
        p2 = np.concatenate([[math.sqrt(p * p + m2 * m2)], -p * axis])
        k1 = np.concatenate([np.full((len(direction), 1), math.sqrt(k * k + m3 * m3)), k * direction], axis=1)
        k2 = np.concatenate([np.full((len(direction), 1), math.sqrt(k * k + m4 * m4)), -k * direction], axis=1)
        return p1, p2, k1, k2, np.array(k / (4 * math.pi * root))

    def _sum(self, amplitude: Array, phase: Floats) -> float:
        """Sum |M|^2 over all leading axes, average over the last, the angle."""
        square = (abs(amplitude) ** 2).reshape(-1, len(self.cosines)).sum(axis=0)
        return float(square @ self.weights / 2 * phase)

    def rate(self, i: int, j: int, s: float) -> float:
        """W = 4 E_i E_j sigma v of states i <= j of (scalars, fermions), averaged over initial spins."""
        if j < 5:
            return self._scalars(i, j, s)
        if i >= 5:
            return self._fermions(i - 5, j - 5, s) / 4
        return self._mixed(i, j - 5, s) / 2

    def _vector_mass(self, a: int) -> float:
        return (M_W, M_W, M_Z, 0.0)[a]

    def _propagator(self, c: int, s: float, root: float) -> Array:
        """Of a vector boson, numerator over denominator, indices down and up."""
        P = np.array([root, 0, 0, 0])
        m = self._vector_mass(c)
        return (METRIC - (np.outer(P, P) / m**2 if m else 0.0)) / (s - m * m)

    def _triple(self, a: int, b: int, c: int, k1: Floats, k2: Floats, ea: Array, eb: Array) -> Array:
        """V_c (incoming) to V_a V_b: (..., 4)."""
        P = k1 + k2

        def dot(x: Array, y: Array) -> Array:
            return np.einsum("...m,mn,...n->...", x, METRIC, y)

        # Peskin-Schroeder: f [g(k - p) + g(p - q) + g(q - k)], all momenta incoming
        first = dot(ea, eb)[..., None] * (-k1 + k2)
        second = dot(-k2 - P, ea)[..., None] * eb
        third = dot(P + k1, eb)[..., None] * ea
        return self.f[a, b, c] * (first + second + third)

    # --- two fermions -------------------------------------------------------------------------------------

    def _gauge(self, t: complex) -> Callable[[Array], Array]:
        return lambda e: slash(e) @ (t * LEFT - np.conj(t) * RIGHT)

    @staticmethod
    def _yukawa(y: complex) -> Array:
        return y * LEFT + np.conj(y) * RIGHT

    def _current(self, A: int, B: int, p1: Floats, p2: Floats, c: int) -> Array:
        """vbar_B gamma^mu (T P_L - T* P_R) u_A: (2, 2, 4) of spins B, A."""
        u, v = u_spinors(p1, self.m_f[A]), bar(v_spinors(p2, self.m_f[B]))
        t = self.T[c, B, A]
        return np.einsum("bi,mij,jk,ak->bam", v, GAMMA, t * LEFT - np.conj(t) * RIGHT, u)

    def _fermions(self, A: int, B: int, s: float) -> float:
        total, root = 0.0, math.sqrt(s)
        mA, mB = self.m_f[A], self.m_f[B]
        final = list(itertools.combinations_with_replacement(range(5), 2))
        for a, b in final:  # 4 is h
            ma = M_H if a == 4 else self._vector_mass(a)
            mb = M_H if b == 4 else self._vector_mass(b)
            if root <= ma + mb:
                continue
            p1, p2, k1, k2, phase = self._momenta(s, mA, mB, ma, mb)
            u, v = u_spinors(p1, mA), bar(v_spinors(p2, mB))
            ea = polarisations(k1, ma) if a < 4 else np.zeros((1, len(k1), 4))
            eb = polarisations(k2, mb) if b < 4 else np.zeros((1, len(k2), 4))

            def vertex(x: int, e: Array, row: int, column: int) -> Array:
                if x == 4:
                    return np.broadcast_to(-1j * self._yukawa(self.Yh[row, column]), (*e.shape[:-1], 4, 4))
                return 1j * self._gauge(self.T[x, row, column])(e)

            chain = np.zeros((len(ea), len(eb), len(k1), 4, 4), complex)
            for first, last, ef, el, k in ((a, b, ea, eb, k1), (b, a, eb, ea, k2)):
                q = p1 - k
                q2 = np.einsum("nm,mk,nk->n", q, METRIC, q)
                for n in range(6):
                    middle = 1j * (slash(q) + self.m_f[n] * np.eye(4)) / (q2 - self.m_f[n] ** 2)[:, None, None]
                    f, lv = vertex(first, ef, n, A), vertex(last, el, B, n)
                    if first == a and k is k1:
                        chain += lv[None] @ middle @ f[:, None]
                    else:
                        chain += lv[:, None] @ middle @ f[None]
            amplitude = np.einsum("bi,xynij,aj->baxyn", v, chain, u)
            if b < 4:
                for c in range(4):
                    t = self._triple(a, b, c, k1, k2, ea[:, None], eb[None])
                    prop = METRIC @ (self._propagator(c, s, root)) @ METRIC
                    # i J (-i) prop T: the vertex is real as written
                    amplitude += np.einsum("bam,mk,xynk->baxyn", self._current(A, B, p1, p2, c), prop, t)
                if a == b:
                    e = np.einsum("xnm,mk,ynk->xyn", ea, METRIC, eb)
                    pair = np.einsum("bi,ij,aj->ba", v, -1j * self._yukawa(self.Yh[B, A]), u)
                    amplitude += pair[:, :, None, None, None] * 1j / (s - M_H**2) * 2j * ma**2 / V * e
            elif a < 4:
                prop = METRIC @ self._propagator(a, s, root) @ METRIC
                j = self._current(A, B, p1, p2, a)
                amplitude[:, :, :, 0] += np.einsum("bam,mk,xnk->baxn", 1j * j, -1j * prop, 2j * ma**2 / V * ea)
            else:
                pair = np.einsum("bi,ij,aj->ba", v, -1j * self._yukawa(self.Yh[B, A]), u)
                amplitude += pair[:, :, None, None, None] * 1j / (s - M_H**2) * (-3j * M_H**2 / V)
            total += self._sum(amplitude, phase) * (0.5 if a == b else 1.0)
        for fields, Y in zip(self.even, (self.Y, None, None), strict=True):
            total += fields.copies * self._fermions_to_fermions(A, B, s, fields, Y)
        return total

    def _fermions_to_fermions(self, A: int, B: int, s: float, f: Fields, Y: Array | None) -> float:
        total, root = 0.0, math.sqrt(s)
        n = len(f.mass)
        for p, q in itertools.product(range(n), range(n)):
            if root <= f.mass[p] + f.mass[q]:
                continue
            p1, p2, k1, k2, phase = self._momenta(s, self.m_f[A], self.m_f[B], f.mass[p], f.mass[q])
            u, v = u_spinors(p1, self.m_f[A]), bar(v_spinors(p2, self.m_f[B]))
            up, vq = bar(u_spinors(k1, f.mass[p])), v_spinors(k2, f.mass[q])
            amplitude = np.zeros((2, 2, 2, 2, len(k1)), complex)  # B, A, p, q
            for c in range(4):
                t = f.T[c, p, q]
                if t == 0:
                    continue
                j = self._current(A, B, p1, p2, c)
                final = np.einsum("xni,mij,jk,ynk->xynm", up, GAMMA, t * LEFT - np.conj(t) * RIGHT, vq)
                prop = METRIC @ self._propagator(c, s, root) @ METRIC
                amplitude -= np.einsum("bam,mk,xynk->baxyn", 1j * j, -1j * prop, 1j * final)
            if f.Yh[p, q] != 0:
                pair = np.einsum("bi,ij,aj->ba", v, -1j * self._yukawa(self.Yh[B, A]), u)
                final = np.einsum("xni,ij,ynj->xyn", up, -1j * self._yukawa(f.Yh[p, q]), vq)
                amplitude -= pair[:, :, None, None, None] * 1j / (s - M_H**2) * final
            if Y is not None:
                uq, vp = bar(u_spinors(k2, 0.0)), v_spinors(k1, 0.0)
                for i in range(5):
                    t2 = np.einsum("nm,mk,nk->n", p1 - k1, METRIC, p1 - k1)
                    u2 = np.einsum("nm,mk,nk->n", p1 - k2, METRIC, p1 - k2)
                    first = np.einsum("xni,ij,aj->xan", up, -1j * self._yukawa(Y[i, A, p]), u)
                    last = np.einsum("bi,ij,ynj->byn", v, -1j * self._yukawa(Y[i, B, q]), vq)
                    amplitude += 1j / (t2 - self.m_s[i] ** 2) * np.einsum("xan,byn->baxyn", first, last)
                    first = np.einsum("yni,ij,aj->yan", uq, -1j * self._yukawa(Y[i, A, q]), u)
                    last = np.einsum("bi,ij,xnj->bxn", v, -1j * self._yukawa(Y[i, B, p]), vp)
                    amplitude -= 1j / (u2 - self.m_s[i] ** 2) * np.einsum("yan,bxn->baxyn", first, last)
            total += 0.5 * self._sum(amplitude, phase)
        return total

    # --- two scalars --------------------------------------------------------------------------------------

    def _scalars(self, i: int, j: int, s: float) -> float:
        total, root = 0.0, math.sqrt(s)
        mi, mj = self.m_s[i], self.m_s[j]
        for a, b in itertools.combinations_with_replacement(range(5), 2):
            ma = M_H if a == 4 else self._vector_mass(a)
            mb = M_H if b == 4 else self._vector_mass(b)
            if root <= ma + mb:
                continue
            p1, p2, k1, k2, phase = self._momenta(s, mi, mj, ma, mb)
            ea = polarisations(k1, ma) if a < 4 else np.zeros((1, len(k1), 4))
            eb = polarisations(k2, mb) if b < 4 else np.zeros((1, len(k2), 4))

            def dot(x: Array, y: Array) -> Array:
                return np.einsum("...m,mk,...k->...", x, METRIC, y)

            def three(x: int, e: Array, into: Floats, out: Floats, m: int, n: int) -> Array:
                """phi_m (momentum into) -> phi_n (momentum out) and x."""
                if x == 4:
                    return np.full(e.shape[:-1], -1j * self.g_h[m, n])
                return self.theta[x, m, n] * dot(into + out, e)

            amplitude = np.zeros((len(ea), len(eb), len(k1)), complex)
            for n in range(5):
                q = p1 - k1
                t = three(a, ea, p1, q, i, n)[:, None] * three(b, eb, q, -p2, n, j)[None]
                amplitude += t * 1j / (dot(q, q) - self.m_s[n] ** 2)
                q = p1 - k2
                t = three(b, eb, p1, q, i, n)[None] * three(a, ea, q, -p2, n, j)[:, None]
                amplitude += t * 1j / (dot(q, q) - self.m_s[n] ** 2)
            e = dot(ea[:, None], eb[None])
            if b < 4:
                square = self.theta[a] @ self.theta[b] + self.theta[b] @ self.theta[a]
                amplitude += -1j * square[i, j] * e
                for c in range(4):
                    t = self._triple(a, b, c, k1, k2, ea[:, None], eb[None])
                    prop = METRIC @ self._propagator(c, s, root) @ METRIC
                    amplitude += np.einsum("m,mk,xynk->xyn", self.theta[c, i, j] * (p1 - p2), -1j * prop, t)
                if a == b:
                    amplitude += -1j * self.g_h[i, j] * 1j / (s - M_H**2) * 2j * ma**2 / V * e
            elif a < 4:
                prop = METRIC @ self._propagator(a, s, root) @ METRIC
                current = self.theta[a, i, j] * (p1 - p2)
                amplitude[:, 0] += np.einsum("m,mk,xnk->xn", current, -1j * prop, 2j * ma**2 / V * ea)
            else:
                amplitude += -1j * self.g_hh[i, j]
                amplitude += -1j * self.g_h[i, j] * 1j / (s - M_H**2) * (-3j * M_H**2 / V)
            total += self._sum(amplitude, phase) * (0.5 if a == b else 1.0)
        for f, Y in zip(self.even, (self.Y, None, None), strict=True):
            for p, q in itertools.product(range(len(f.mass)), range(len(f.mass))):
                if root <= f.mass[p] + f.mass[q]:
                    continue
                p1, p2, k1, k2, phase = self._momenta(s, mi, mj, f.mass[p], f.mass[q])
                up, vq = bar(u_spinors(k1, f.mass[p])), v_spinors(k2, f.mass[q])
                amplitude = np.zeros((2, 2, len(k1)), complex)
                for c in range(4):
                    t = f.T[c, p, q]
                    final = np.einsum("xni,mij,jk,ynk->xynm", up, GAMMA, t * LEFT - np.conj(t) * RIGHT, vq)
                    prop = METRIC @ self._propagator(c, s, root) @ METRIC
                    current = self.theta[c, i, j] * (p1 - p2)
                    amplitude += np.einsum("m,mk,xynk->xyn", current, -1j * prop, 1j * final)
                final = np.einsum("xni,ij,ynj->xyn", up, -1j * self._yukawa(f.Yh[p, q]), vq)
                amplitude += -1j * self.g_h[i, j] * 1j / (s - M_H**2) * final
                if Y is not None:
                    for first, last, start in ((i, j, p1), (j, i, p2)):
                        q4 = start - k1
                        q2 = np.einsum("nm,mk,nk->n", q4, METRIC, q4)
                        for a in range(6):
                            middle = (
                                1j * (slash(q4) + self.m_f[a] * np.eye(4)) / (q2 - self.m_f[a] ** 2)[:, None, None]
                            )
                            left = -1j * self._yukawa(Y[first, a, p])
                            right = -1j * self._yukawa(Y[last, a, q])
                            amplitude += np.einsum("xni,ij,njk,kl,ynl->xyn", up, left, middle, right, vq)
                total += 0.5 * f.copies * self._sum(amplitude, phase)
        return total

    # --- scalar and fermion -------------------------------------------------------------------------------

    def _mixed(self, i: int, A: int, s: float) -> float:
        """phi_i chi_A -> lepton and V or h."""
        total, root = 0.0, math.sqrt(s)
        T = self.even[0].T
        for a, p in itertools.product(range(5), range(9)):
            mass = M_H if a == 4 else self._vector_mass(a)
            if root <= mass:
                continue
            p1, p2, k1, k2, phase = self._momenta(s, self.m_s[i], self.m_f[A], mass, 0.0)
            u, up = u_spinors(p2, self.m_f[A]), bar(u_spinors(k2, 0.0))
            e = polarisations(k1, mass) if a < 4 else np.zeros((1, len(k1), 4))
            chain = np.zeros((len(e), len(k1), 4, 4), complex)
            if a < 4:
                for q in range(9):
                    first = 1j * self._gauge(T[a, p, q])(e)
                    chain += first @ (1j * slash(p1 + p2) / s) @ (-1j * self._yukawa(self.Y[i, A, q]))
            t = p1 - k1
            t2 = np.einsum("nm,mk,nk->n", t, METRIC, t)
            for n in range(5):
                if a < 4:
                    emission = self.theta[a, i, n] * np.einsum("nm,mk,xnk->xn", p1 + t, METRIC, e)
                else:
                    emission = np.full((1, len(k1)), -1j * self.g_h[i, n])
                factor = (emission * 1j / (t2 - self.m_s[n] ** 2))[..., None, None]
                chain += factor * -1j * self._yukawa(self.Y[n, A, p])
            q = p2 - k1
            q2 = np.einsum("nm,mk,nk->n", q, METRIC, q)
            for b in range(6):
                middle = 1j * (slash(q) + self.m_f[b] * np.eye(4)) / (q2 - self.m_f[b] ** 2)[:, None, None]
                if a < 4:
                    first = 1j * self._gauge(self.T[a, b, A])(e)
                else:
                    first = np.broadcast_to(-1j * self._yukawa(self.Yh[b, A]), (1, len(k1), 4, 4))
                chain += -1j * self._yukawa(self.Y[i, b, p]) @ middle @ first
            total += self._sum(np.einsum("yni,xnij,aj->axyn", up, chain, u), phase)
        return total


def _derivatives(potential: Callable[[Floats], float], step: float = 25.0) -> tuple[Floats, Floats, Floats]:
    """Hessian of the odd fields at the vacuum, and its first and second derivative by h: (5, 5) each.

    The potential takes (S, h, G0, G1, G2, eta_R, eta_I, eta_1, eta_2) and is a polynomial of fourth order, so
    that the differences, with Richardson's extrapolation, are exact.
    """
    odd = (0, 5, 6, 7, 8)

    def second(h: float, a: int, b: int, size: float) -> float:
        total = 0.0
        for x, y in itertools.product((1.0, -1.0), repeat=2):
            fields = np.zeros(9)
            fields[1] = h
            fields[a] += x * size
            fields[b] += y * size
            total += x * y * potential(fields)
        return total / (4 * size * size)

    def hessian(h: float) -> Floats:
        out = np.empty((5, 5))
        for x, a in enumerate(odd):
            for y, b in enumerate(odd):
                out[x, y] = (4 * second(h, a, b, step) - second(h, a, b, 2 * step)) / 3
        return out

    size = 20.0
    low, middle, high = hessian(-size), hessian(0.0), hessian(size)
    return middle, (high - low) / (2 * size), (high - 2 * middle + low) / size**2


def average(rate: Callable[[float], float], m1: float, m2: float, temperature: float, nodes: int = 24) -> float:
    """<sigma v> of a pair by the integral over sqrt(s) of p W K_1: Edsjo, Gondolo, hep-ph/9704361, for one
    pair, with the equilibrium densities of Bessel functions.
    """
    z, w = roots_genlaguerre(nodes, 0.5)
    total = 0.0
    for x, weight in zip(z, w, strict=True):
        root = m1 + m2 + x * temperature
        s = root * root
        p = math.sqrt((s - (m1 + m2) ** 2) * (s - (m1 - m2) ** 2) / s) / 2
        # The weight is sqrt(x) e^-x: K_1 comes scaled by e^(sqrt(s)/T), and p over sqrt(x).
        total += weight * temperature * 2 * root * p / math.sqrt(x) * rate(s) * kve(1, root / temperature)
    x1, x2 = m1 / temperature, m2 / temperature
    return total / (8 * temperature * m1**2 * m2**2 * kve(2, x1) * kve(2, x2))


def relic_density(
    mass: Floats, dof: Floats, sigma: Callable[[int, int, float], float], pairs: list[tuple[int, int]]
) -> tuple[float, float]:
    """Omega h^2, and the effective <sigma v> at m/T = 25.

    Args:
        sigma: <sigma v>(i, j, temperature) of the pairs given, i <= j; others do not annihilate.
    """
    m = float(mass.min())

    def weights(x: float) -> Floats:
        t = m / x
        return dof * mass**2 * kve(2, mass / t) * np.exp(-(mass - m) / t)

    def effective(x: float) -> float:
        w = weights(x)
        w = w / w.sum()
        return sum(w[i] * w[j] * sigma(i, j, m / x) * (1 if i == j else 2) for i, j in pairs)

    grid = np.exp(np.linspace(math.log(8.0), math.log(3e4), 60))
    spline = CubicSpline(np.log(grid), np.log([effective(x) for x in grid]))

    def equilibrium(x: float) -> float:
        t = m / x
        h = float(degrees_of_freedom(np.array([t]))[1][0])
        return float(45 / (4 * math.pi**4 * h) * (weights(x) / t**2).sum() * math.exp(-x))

    def slope(u: float, log_y: Floats) -> list[float]:
        x = math.exp(u)
        g, h, dh = (float(v[0]) for v in degrees_of_freedom(np.array([m / x])))
        scale = math.sqrt(math.pi / 45) * sm.PLANCK_MASS * m / x * h / math.sqrt(g) * (1 + dh / 3)
        y = math.exp(log_y[0])
        return [-scale * math.exp(spline(u)) * (y - equilibrium(x) ** 2 / y)]

    u0, u1 = math.log(10.0), math.log(2e4)
    solved = solve_ivp(slope, (u0, u1), [math.log(equilibrium(10.0))], method="Radau", rtol=1e-6, atol=1e-8)
    assert solved.success
    hubble = 100.0 / 3.0856775814913673e19 * sm.HBAR
    critical = 3 * hubble**2 * sm.PLANCK_MASS**2 / (8 * math.pi)
    entropy = 2 * math.pi**2 / 45 * ENTROPY_TODAY * T_CMB**3
    return float(m * math.exp(solved.y[0, -1]) * entropy / critical), effective(25.0)


def full_calculation(reference: Reference, least: float = 2e-4) -> tuple[float, float]:
    """Omega h^2, and the effective <sigma v> at m/T = 25, from W at eight energies of every pair with a weight."""
    mass, dof = reference.mass, reference.dof
    m = float(mass.min())
    weight = dof * mass**1.5 * np.exp(-20 * (mass / m - 1))
    weight /= weight.sum()
    energy = m * np.array([0.0, 0.03, 0.08, 0.16, 0.28, 0.45, 0.7, 1.1])
    curves = {}
    for i, j in itertools.combinations_with_replacement(range(len(mass)), 2):
        if weight[i] * weight[j] > least:
            w = [reference.rate(i, j, (mass[i] + mass[j] + max(e, 1e-6 * m)) ** 2) for e in energy]
            curves[i, j] = CubicSpline(energy, w)

    @cache
    def sigma(i: int, j: int, temperature: float) -> float:
        threshold = mass[i] + mass[j]
        return average(
            lambda s: float(curves[i, j](min(math.sqrt(s) - threshold, energy[-1]))), mass[i], mass[j], temperature
        )

    return relic_density(mass, dof, sigma, list(curves))
