"""The dark-matter candidate and its scattering on nuclei."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.physics.loops import abs2
from terranova.models.physics.tables import interpolate_log, log_table
from terranova.models.scotogenic.electroweak import M_H, higgs_to_fermions, higgs_to_scalars
from terranova.models.scotogenic.spectrum import Base, V
from terranova.types import Array, Floats

F_N: Final = 0.308
"""Higgs coupling of the nucleon, f_N; Hoferichter et al., arXiv:1708.02245."""

GEV2_TO_CM2: Final = sm.HBAR_C_CM**2
Z_COUPLED: Final = 1e-6
"""Squared coupling to the Z boson, relative to a doublet's, above which inelastic scattering is excluded."""

FAR: Final = 1e4
"""GeV. Stands for "no partner" in the mass splitting that inelastic scattering asks for."""

_ROWS = np.array(json.loads(Path(__file__).with_name("lz2024.json").read_text(encoding="utf-8"))["rows"])
LZ: Final = log_table(np.log(_ROWS[:, 0]).tolist(), _ROWS[:, 1].tolist())
LZ_HEAVIEST: Final = math.log(float(_ROWS[-1, 0]))


class Candidate(NamedTuple):
    """The lightest odd particle.

    kind: 0 for phi1, 1 for A, 2 for chi1; mass in GeV; excess = ln(mass over the lightest charged odd state).
    split: to the partner the Z couples it to, z2 that coupling squared; gap: smallest splitting (GeV) to any
    partner that counts, `FAR` if none does; doublet: fraction of it.
    """

    kind: int
    mass: float
    excess: float
    split: float
    z2: float
    gap: float
    doublet: float


@jit
def candidate(u: Array, m_chi: Floats, m_psi: float, m2: Floats, mixing: Floats) -> Candidate:
    """Find the dark-matter candidate among phi1, A and chi1."""
    phi, odd, chi = math.sqrt(m2[0]), math.sqrt(m2[2]), m_chi[0]
    mass = min(phi, min(odd, chi))
    excess = math.log(mass / min(math.sqrt(m2[3]), m_psi))
    gap = FAR
    if mass == chi and mass < phi and mass < odd:
        split, z2 = m_chi[1] - m_chi[0], 0.0
        for b in range(3, 0, -1):
            z2 = _z_fermions(u, 0, b)
            if z2 > Z_COUPLED:
                gap = m_chi[b] - m_chi[0]
        doublet = abs2(u[2, 0]) + abs2(u[3, 0])
        return Candidate(2, mass, excess, split, z2, gap, doublet)
    if mass == phi:
        z2 = mixing[1, 0] ** 2
        split = odd - phi
        if z2 > Z_COUPLED:
            gap = split
        return Candidate(0, mass, excess, split, z2, gap, z2)
    split, z2 = math.inf, 0.0
    for n in range(1, -1, -1):
        weight = mixing[1, n] ** 2
        if weight > Z_COUPLED:
            split, z2 = math.sqrt(m2[n]) - odd, weight
            gap = split
    return Candidate(1, mass, excess, split, z2, gap, 1.0)


@jit
def _z_fermions(u: Array, a: int, b: int) -> float:
    g = u[2, b].conjugate() * u[2, a] - u[3, b].conjugate() * u[3, a]
    return abs2(g)


@jit
def nucleon_cross_section(b: Base, x: Floats, u: Array, mixing: Floats, kind: int, mass: float) -> float:
    """Spin-independent cross section per nucleon in cm^2, by Higgs exchange (Cline et al., arXiv:1306.4710)."""
    m_n = sm.M_NUCLEON
    reduced = mass * m_n / (mass + m_n)
    if kind == 2:
        f = 0.5 * higgs_to_fermions(x, u, 0, 0).real * m_n * F_N / (V * M_H * M_H)
        return 4.0 * reduced * reduced * f * f / math.pi * GEV2_TO_CM2
    if kind == 0:
        g = higgs_to_scalars(b, mixing, 0, 0)
    else:
        g = (b.lam_eta + b.lam_eta_p - b.lam_eta_pp) * V
    amplitude = g * F_N * m_n * reduced / (M_H * M_H * mass * V)
    return amplitude * amplitude / (4.0 * math.pi) * GEV2_TO_CM2


@jit
def lz_limit(mass: float) -> float:
    """90 % CL limit on that in cm^2 (LZ, arXiv:2410.17036); proportional to the mass above the table."""
    log = math.log(mass)
    if log > LZ_HEAVIEST:
        return math.exp(LZ[len(LZ) - 1, 1] + log - LZ_HEAVIEST)
    return interpolate_log(LZ, log)
