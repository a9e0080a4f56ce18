"""The scotogenic model by names of its parameters, and its potential written from the Lagrangian."""

from __future__ import annotations

import math

import numpy as np

from terranova.models.scotogenic import ScotogenicFull43
from terranova.models.scotogenic.spectrum import V, read_base

FULL = ScotogenicFull43()
NAMES = [p.name for p in FULL.parameters]
COLUMNS = {o.name: k for k, o in enumerate(FULL.observables)}
GENERIC = {"lamS": 0.2, "lamSeta": -0.3, "lameta": 0.4, "lametap": -0.25, "lametapp": 0.15, "alpha": 80.0}


def point(**values: float) -> np.ndarray:
    """A point of full43: the defaults but for some parameters."""
    x = np.array([[float(p.default_value) for p in FULL.parameters]])
    for name, value in values.items():
        x[0, NAMES.index(name)] = value
    return x


def observables(**values: float) -> dict[str, float]:
    """Observables of stage 0."""
    row = FULL.evaluate_array(point(**values))[0]
    return {name: float(row[k]) for name, k in COLUMNS.items()}


NO_Y = {f"{part}_y{k}{i}": 0.0 for part in ("re", "im") for k in (1, 2) for i in (1, 2)}


def potential(fields: np.ndarray, x: np.ndarray) -> float:
    """V of (S, h, G0, G1, G2, eta_R, eta_I, eta_1, eta_2), written from the Lagrangian with complex doublets."""
    b = read_base(x)
    s, h0, g0, g1, g2, er, ei, e1, e2 = fields
    root = math.sqrt(2.0)
    H = np.array([complex(g1, g2), complex(V + h0, g0)]) / root
    eta = np.array([complex(e1, e2), complex(er, ei)]) / root
    hh, ee, he = np.vdot(H, H).real, np.vdot(eta, eta).real, np.vdot(H, eta)
    return float(
        -b.lam_h * V**2 * hh
        + b.lam_h * hh**2
        + 0.5 * b.m_s2 * s**2
        + 0.5 * b.lam_4s * s**4
        + b.m_eta2 * ee
        + b.lam_4eta * ee**2
        + 0.5 * b.lam_s * s**2 * hh
        + 0.5 * b.lam_s_eta * s**2 * ee
        + b.lam_eta * hh * ee
        + b.lam_eta_p * abs(he) ** 2
        + b.lam_eta_pp * (he**2).real
        + 2.0 * b.alpha * s * he.real
    )
