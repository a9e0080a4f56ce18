"""All observables but the relic density, of many points: the compiled kernels one after the other.

Each kernel is compiled by itself and stored with a fingerprint of its own sources, and one of them serves for all
Takagi factors, because numba's time grows with what is compiled inside of what.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from terranova.models.physics.takagi import diagonalise
from terranova.models.scotogenic import flavour, neutrinos, theory
from terranova.models.scotogenic.observables import COLUMN, N_KERNEL
from terranova.models.scotogenic.spectrum import spectrum
from terranova.types import Floats

CHUNK: Final = 1000
"""Points at a time: what the kernels hand on, 2 kB for each point, then stays in the cache of the processor."""

RATES: Final = COLUMN["BR_mu_egamma"]
SINGULAR: Final = COLUMN["ML_sv_1"]
COUPLINGS: Final = N_KERNEL - 18


def observables(x: Floats, variant: int) -> Floats:
    """All observables of stage 0 (n, N_KERNEL) of points x (n, d) of a variant, an index of `VARIANTS`."""
    x = np.ascontiguousarray(x, dtype=np.float64)
    out = np.empty((len(x), N_KERNEL))
    for k in range(0, len(x), CHUNK):
        _fill(x[k : k + CHUNK], variant, out[k : k + CHUNK])
    return out


def _fill(x: Floats, variant: int, out: Floats) -> None:
    s = spectrum(x)
    ml, G, m_nu = neutrinos.couplings(x, variant, s)
    out[:, RATES : RATES + flavour.N_RATES] = flavour.rates(x, s, G)
    theory.write(x, s, G, out)
    out[:, COUPLINGS:] = G.reshape(len(x), 9).view(np.float64)
    # The matrices are destroyed by what follows.
    neutrinos.write_oscillations(m_nu, out)
    out[:, SINGULAR : SINGULAR + 3] = diagonalise(ml)[1][:, ::-1]
