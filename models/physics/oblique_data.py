"""What S, T and U are measured to be: one fit for all models. As a constraint it is the set `electroweak`.

Particle Data Group (2024), doi:10.1103/PhysRevD.110.030001, review 10, eq. (10.98), and its correlations. At U = 0
they give S = -0.048 +- 0.071 and T = -0.002 +- 0.059: what the same review has for U = 0 in eq. (10.99).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from terranova.models.physics._jit import jit

STU: Final = np.array([-0.04, 0.01, -0.01])
STU_SIGMA: Final = np.array([0.10, 0.12, 0.09])
STU_RHO: Final = np.array([[1.0, 0.93, -0.70], [0.93, 1.0, -0.87], [-0.70, -0.87, 1.0]])
STU_INVERSE: Final = np.linalg.inv(STU_RHO)


@jit
def chi2_oblique(s: float, t: float, u: float) -> float:
    """chi^2 of three degrees of freedom against the measured S, T, U."""
    pulls = ((s - STU[0]) / STU_SIGMA[0], (t - STU[1]) / STU_SIGMA[1], (u - STU[2]) / STU_SIGMA[2])
    total = 0.0
    for i in range(3):
        for j in range(3):
            total += pulls[i] * pulls[j] * STU_INVERSE[i, j]
    return total
