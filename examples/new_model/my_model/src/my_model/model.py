"""A real scalar singlet that mixes with the Higgs boson. Working physics, here to be replaced by yours.

With a doublet H and a real singlet field S = (v_S + s)/√2, symmetric under S → -S,

    V = m² |H|² + μ² S² + λ_H |H|⁴ + λ_S S⁴ + λ_HS |H|² S²

has two scalars: h, of 125 GeV, and a heavier one of mass m_S, mixed by an angle θ. V is bounded from below
wherever both masses are real. Formulas follow arXiv:1303.1150 unless another source stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from terranova import LogUniform, Model, Observable, Parameter, Uniform
from terranova.types import Floats

VEV = 246.22
"""Vacuum expectation value of the doublet [GeV], (√2 G_F)^(-1/2), PDG 2024."""

COS2_W = 0.7688
"""cos² of the effective weak mixing angle, PDG 2024."""


class MyModel(Model):
    """Standard Model plus a real singlet with a vacuum expectation value."""

    name = "my_model"
    version = "0.1.0"
    description = "Real scalar singlet mixing with the Higgs boson"
    citations = ("arXiv:1303.1150 Pruna, Robens: the Higgs singlet extension",)

    parameters = (
        Parameter("m_S", LogUniform(130.0, 5000.0), "GeV", "m_S", "mass of the heavier scalar"),
        Parameter("m_h", Uniform(124.7, 125.7), "GeV", "m_h", "mass of the lighter scalar"),
        Parameter("sin_theta", Uniform(-1.0, 1.0), "1", r"\sin\theta", "mixing of the scalars"),
        Parameter("v_S", LogUniform(10.0, 10_000.0), "GeV", "v_S", "vacuum expectation value of the singlet"),
    )
    observables = (
        Observable("mu_h", "1", r"\mu_h", "signal strength of h, the same in all channels"),
        Observable("delta_S", "1", r"\Delta S", "oblique parameter S, leading logarithm"),
        Observable("delta_T", "1", r"\Delta T", "oblique parameter T, leading logarithm"),
        Observable("lambda_S", "1", r"\lambda_S", "quartic coupling of the singlet"),
        Observable("lambda_HS", "1", r"\lambda_{HS}", "portal coupling"),
        Observable("a_0", "1", "a_0", "largest s-wave amplitude of two scalars to two, at high energy"),
    )

    def evaluate(self, points: Mapping[str, Floats]) -> Mapping[str, Floats]:
        m_S2, m_h2, v_S = points["m_S"] ** 2, points["m_h"] ** 2, points["v_S"]
        sin2 = points["sin_theta"] ** 2
        cos2 = 1.0 - sin2
        lambda_H = (cos2 * m_h2 + sin2 * m_S2) / (2.0 * VEV**2)
        lambda_S = (sin2 * m_h2 + cos2 * m_S2) / (2.0 * v_S**2)
        lambda_HS = (m_S2 - m_h2) * points["sin_theta"] * np.sqrt(cos2) / (VEV * v_S)

        # Peskin, Takeuchi, Phys. Rev. D 46 (1992) 381: a scalar that couples like sin θ times a Higgs boson.
        log = sin2 * np.log(m_S2 / m_h2)

        # arXiv:1306.6713: eigenvalues of 16 π a_0 in the basis |HH>, |SS> of the limit s → ∞.
        middle, half = 3.0 * lambda_H + 1.5 * lambda_S, 3.0 * lambda_H - 1.5 * lambda_S
        return {
            "mu_h": cos2,
            "delta_S": log / (12.0 * np.pi),
            "delta_T": -3.0 * log / (16.0 * np.pi * COS2_W),
            "lambda_S": lambda_S,
            "lambda_HS": lambda_HS,
            "a_0": (middle + np.hypot(half, lambda_HS)) / (16.0 * np.pi),
        }
