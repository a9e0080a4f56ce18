"""Parton densities of a file in the format lhagrid1 of LHAPDF (arXiv:1412.7420), above the b threshold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.interpolate import RectBivariateSpline

from terranova.types import Floats

GLUON = 21


class PartonDensities:
    """x f(x, Q) of one member, bicubic in ln x and ln Q as LHAPDF itself interpolates.

    Args:
        path: a file such as PDF4LHC21_mc_0000.dat. Only its last range in Q, above the b threshold, is read.
    """

    def __init__(self, path: Path) -> None:
        blocks = path.read_text().split("---")[1:]
        lines = [block.strip().splitlines() for block in blocks if block.strip()][-1]
        self.x = np.array(lines[0].split(), dtype=float)
        self.q = np.array(lines[1].split(), dtype=float)
        flavours = [int(word) for word in lines[2].split()]
        values = np.array([line.split() for line in lines[3:]], dtype=float)
        grid = values.reshape(len(self.x), len(self.q), len(flavours))
        self._splines = {
            flavour: RectBivariateSpline(np.log(self.x), np.log(self.q), grid[:, :, k], s=0)
            for k, flavour in enumerate(flavours)
        }

    def xf(self, flavour: int, x: Floats, q: Floats | float) -> Floats:
        """x f of a flavour (PDG numbers) at momentum fractions x and scales q in GeV."""
        return np.asarray(self._splines[flavour].ev(np.log(x), np.log(q)))
