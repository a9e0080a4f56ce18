"""How far the relic density can be trusted: an estimate of its relative error, a sum in quadrature of

- what is known of g* (`PLASMA`), and loops of gauge bosons (`GAUGE_LOOPS`);
- loops of the couplings that matter, 12 lambda/16 pi^2 and 5 y^2/16 pi^2 as in their beta functions, weighted
  with the part that scalars and fermions have in freeze-out;
- half of what Sommerfeld factors change (`sommerfeld`);
- for singlets, the running of the top mass, by which they annihilate into top quarks (`TOP`);
- `ROUGH` of the part of the rate that is taken at threshold with massless final states;
- a threshold of a heavy pair of particles among thermal energies, where W is no parabola; masses below which
  three-body final states and the pole of h decide;
- decays that come too late. Scalars and fermions turn into one another by their couplings to leptons only. If the
  heavier of both sectors decays later than the lighter freezes out, it freezes out by itself, and its relics add to
  dark matter: this addition counts as an error.

The numbers are sizes of effects, not derived from a distribution: 0.05 means that 5 % would be no surprise.
"""

from __future__ import annotations

import math
from typing import Final

from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.physics.loops import abs2
from terranova.models.scotogenic import freeze_out
from terranova.models.scotogenic.broken_phase import M_TOP, MASS_V
from terranova.models.scotogenic.electroweak import M_H
from terranova.models.scotogenic.freeze_out import N_STATES
from terranova.models.scotogenic.pair_rates import Couplings
from terranova.models.scotogenic.spectrum import Base
from terranova.types import Floats

PLASMA: Final = 0.02
"""Half of the spread of three tables at the temperatures in question (`early_universe`), in the square root of
g*.
"""

GAUGE_LOOPS: Final = 0.03
"""Electroweak corrections at one loop that are no Sommerfeld factor: alpha/(pi sin^2) ln(m^2/M_W^2) at 1 TeV is
0.05.
"""

TOP: Final = 0.05
"""A rate into top quarks with the running mass at twice the mass of dark matter is 15 % below that with the pole
mass, which QCD near threshold works against; of singlets it is a third to a half of all.
"""

ROUGH: Final = 0.3
THRESHOLD: Final = 0.2
LIGHT: Final = 75.0
"""GeV, below which W W* and the pole of h make the result meaningless."""

FAR: Final = 1e9
"""GeV; a mass that takes a state out of freeze-out."""


@jit
def at_thresholds(lightest: float) -> float:
    """`THRESHOLD` if two heavy particles need from 6 % less to 15 % more energy than dark matter has at rest."""
    found = 0.0
    for pair in (2.0 * MASS_V[0], 2.0 * MASS_V[2], MASS_V[2] + M_H, 2.0 * M_H, 2.0 * M_TOP):
        if 0.97 < pair / (2.0 * lightest) < 1.15:
            found = THRESHOLD
    return found if lightest > LIGHT else 1.0


@jit
def scalar_part(mass: Floats, dof: Floats, x: float) -> float:
    """Part of scalars in the equilibrium density at m/T = x."""
    lightest = freeze_out.smallest(mass)
    scalars = total = 0.0
    for i in range(N_STATES):
        r = mass[i] / lightest
        weight = dof[i] * r * math.sqrt(r) * math.exp(-x * (r - 1.0))
        total += weight
        scalars += weight if i < 5 else 0.0
    return scalars / total


@jit
def decay_rate(mass: Floats, dof: Floats, c: Couplings, scalars: bool, temperature: float) -> float:
    """Thermal average (GeV) of the decays of scalars into fermion and lepton, or of fermions into scalar and
    lepton.
    """
    first, last = (0, 5) if scalars else (5, N_STATES)
    lightest = FAR
    for k in range(first, last):
        lightest = min(lightest, mass[k])
    total = rate = 0.0
    for k in range(first, last):
        weight = dof[k] * math.exp(-(mass[k] - lightest) / temperature)
        total += weight
        for n in range(6 if scalars else 5):
            i, a = (k, n) if scalars else (n, k - 5)
            r = (c.m_f[a] / c.m_s[i]) ** 2 if scalars else (c.m_s[i] / c.m_f[a]) ** 2
            if r < 1.0:
                square = 0.0
                for p in range(9):
                    square += abs2(c.y_l[i, a, p])
                rate += weight * square * mass[k] * (1.0 - r) ** 2 / (8.0 * math.pi) * (1.0 if scalars else 0.5)
    return rate / total


@jit
def late_decays(
    omega: float, mass: Floats, dof: Floats, curve: Floats, doublet: Floats, share: Floats, work: Floats,
    frozen: float, c: Couplings, rule: Floats, part: Floats,
) -> float:  # fmt: skip
    """Relics of the heavier of scalars and fermions over those of both together, if they decay after freeze-out."""
    lightest = freeze_out.smallest(mass)
    scalars = True  # the heavier sector
    for i in range(5):
        if mass[i] == lightest:
            scalars = False
    temperature = lightest / frozen
    hubble = 1.66 * math.sqrt(90.0) * temperature * temperature / sm.PLANCK_MASS
    slow = 1.0 / (1.0 + decay_rate(mass, dof, c, scalars, temperature) / hubble)
    if slow < 1e-3:
        return 0.0
    heavier = FAR
    for i in range(N_STATES):
        part[i] = mass[i] if (i < 5) == scalars else FAR
        heavier = min(heavier, part[i])
    own = freeze_out.freeze_out(part, dof, curve, doublet, share, work, rule)[0]
    return slow * own * lightest / (heavier * omega)


@jit
def estimate(
    omega: float, b: Base, x: Floats, mass: Floats, dof: Floats, curve: Floats, doublet: Floats, share: Floats,
    work: Floats, frozen: float, rough: float, singlet: float, c: Couplings, rule: Floats, part: Floats,
) -> float:  # fmt: skip
    """Return the relative error of Omega h^2.

    Args:
        frozen: m/T at freeze-out; rough: of `pair_rates.parabolas`; singlet: part of singlets in the lightest
        state; part (11,): scratch. Others as `freeze_out` has.
    """
    lightest = freeze_out.smallest(mass)
    scalars = scalar_part(mass, dof, frozen)
    quartic = max(max(abs(b.lam_s), abs(b.lam_eta)), max(abs(b.lam_eta_p), abs(b.lam_eta_pp)))
    yukawa = 0.0
    for k in range(4):
        yukawa = max(yukawa, x[14 + 2 * k] ** 2 + x[15 + 2 * k] ** 2)
    loops = (scalars * 12.0 * quartic + (1.0 - scalars) * 5.0 * yukawa) / (16.0 * math.pi**2)
    enhanced = freeze_out.effective(frozen, lightest, mass, dof, curve, doublet, share, work)[0]
    for i in range(N_STATES):
        part[i] = 0.0
    bare = freeze_out.effective(frozen, lightest, mass, dof, curve, part, share, work)[0]
    potential = 0.5 * abs(enhanced / max(bare, 1e-60) - 1.0)
    late = late_decays(omega, mass, dof, curve, doublet, share, work, frozen, c, rule, part)
    square = PLASMA**2 + GAUGE_LOOPS**2 + loops**2 + potential**2 + (ROUGH * rough) ** 2 + (TOP * singlet) ** 2
    return min(math.sqrt(square + at_thresholds(lightest) ** 2 + late**2), 10.0)
