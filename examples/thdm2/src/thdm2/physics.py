"""What follows from the couplings of the CP-conserving two-Higgs-doublet model, vectorised over points.

Conventions of G. Branco et al., arXiv:1106.0034: h = -sin(alpha) rho1 + cos(alpha) rho2, and its coupling to W and
Z is sin(beta - alpha) of the Standard Model's. Masses in GeV.
"""

import numpy as np

G_F, M_W, M_Z, M_TOP, M_H = 1.1663787e-5, 80.379, 91.1876, 172.5, 125.0
V = (np.sqrt(2.0) * G_F) ** -0.5
SIN2_W = 1.0 - (M_W / M_Z) ** 2

# Branching ratios of a Standard Model Higgs boson of 125.09 GeV: LHC Higgs working group, arXiv:1610.07922.
BRANCHING = {"bb": 0.5809, "cc": 0.02884, "tautau": 0.06256, "gg": 0.0818, "gamgam": 0.00227, "Zgam": 0.001541}
BRANCHING |= {"WW": 0.2152, "ZZ": 0.02641, "mumu": 0.0002171}


def couplings(alpha, tan_beta, m_H, m_A, m_C, m12sq):
    """lambda_1 to lambda_5 (5, n) from masses; arXiv:1106.0034, with M^2 = m12^2 / (sin beta cos beta)."""
    beta = np.arctan(tan_beta)
    s, c, sa, ca = np.sin(beta), np.cos(beta), np.sin(alpha), np.cos(alpha)
    M2 = m12sq / (s * c)
    lambda_1 = (m_H**2 * ca**2 + M_H**2 * sa**2 - M2 * s**2) / (V * c) ** 2
    lambda_2 = (m_H**2 * sa**2 + M_H**2 * ca**2 - M2 * c**2) / (V * s) ** 2
    lambda_3 = ((m_H**2 - M_H**2) * sa * ca / (s * c) + 2.0 * m_C**2 - M2) / V**2
    return np.stack([lambda_1, lambda_2, lambda_3, (m_A**2 - 2.0 * m_C**2 + M2) / V**2, (M2 - m_A**2) / V**2])


def unitarity(coupling):
    """Eigenvalues (12, n) of the S-wave amplitudes of two scalars at high energy; below 8 pi. hep-ph/0006035."""
    l1, l2, l3, l4, l5 = coupling
    mean, gap = (l1 + l2) / 2.0, (l1 - l2) / 2.0
    pairs = ((3.0 * mean, 3.0 * gap, 2.0 * l3 + l4), (mean, gap, l4), (mean, gap, l5))
    roots = [centre + sign * np.hypot(half, mixing) for centre, half, mixing in pairs for sign in (1.0, -1.0)]
    return np.stack([*roots, l3 + 2 * l4 - 3 * l5, l3 + 2 * l4 + 3 * l5, l3 - l5, l3 + l5, l3 - l4, l3 + l4])


def boundedness(coupling):
    """Smallest of the expressions (n,) that are positive where the potential is bounded; arXiv:1106.0034."""
    l1, l2, l3, l4, l5 = coupling
    root = np.sqrt(np.maximum(l1, 0.0) * np.maximum(l2, 0.0))
    return np.min([l1, l2, l3 + root, l3 + l4 - np.abs(l5) + root], axis=0)


def oblique(cos_ba, m_H, m_A, m_C):
    """S and T (n,): W. Grimus et al., arXiv:0802.4353 and arXiv:0711.4022, for two doublets."""
    s2, c2 = 1.0 - cos_ba**2, cos_ba**2
    h, H, A, C, W, Z = M_H**2, m_H**2, m_A**2, m_C**2, M_W**2, M_Z**2
    T = _F(C, A) + s2 * (_F(C, H) - _F(A, H)) + c2 * (_F(C, h) - _F(A, h))
    T += 3.0 * c2 * (_F(Z, H) - _F(W, H) - _F(Z, h) + _F(W, h))
    S = (1.0 - 2.0 * SIN2_W) ** 2 * _G(C, C) + s2 * _G(H, A) + c2 * _G(h, A)
    S += np.log(H * A / C**2) + c2 * (_G_hat(H) - _G_hat(h))
    return S / (24.0 * np.pi), T / (16.0 * np.pi * SIN2_W * M_W**2)


def _F(x, y):
    x, y = np.broadcast_arrays(np.asarray(x, dtype=float), np.asarray(y, dtype=float))
    gap = np.where(x == y, 1.0, x - y)
    return np.where(x == y, 0.0, (x + y) / 2.0 - x * y / gap * np.log1p((x - y) / y))


def _f(t, r):
    root = np.sqrt(np.abs(r))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(r > 0, root * np.log(np.abs((t - root) / (t + root))), 2.0 * root * np.arctan2(root, t))


def _G(i, j, q=M_Z**2):
    i, j = np.broadcast_arrays(np.asarray(i, dtype=float), np.asarray(j, dtype=float))
    total, gap = i + j, i - j
    safe = np.where(gap == 0.0, 1.0, gap)
    log = np.log1p(gap / j)
    bracket = ((i**2 + j**2) / safe - total * gap / q + gap**3 / (3.0 * q**2)) * log
    bracket = np.where(gap == 0.0, 2.0 * i, bracket)
    r = q**2 - 2.0 * q * total + gap**2
    rational = -16.0 / 3.0 + 5.0 * total / q - 2.0 * gap**2 / q**2
    return rational + 3.0 / q * bracket + r / q**3 * _f(total - q, r)


def _G_hat(i, q=M_Z**2):
    x = np.asarray(i, dtype=float) / q
    log = (-10.0 + 18.0 * x - 6.0 * x**2 + x**3 - 9.0 * (x + 1.0) / (x - 1.0)) * np.log(x)
    f = _f(i, i**2 - 4.0 * i * q)
    return -79.0 / 3.0 + 9.0 * x - 2.0 * x**2 + log + (12.0 - 4.0 * x + x**2) * f / q


def to_charged(coupling, alpha, tan_beta):
    """Coefficient (n,) of h H+ H- in the potential, GeV: a derivative of the potential."""
    l1, l2, l3, l4, l5 = coupling
    beta = np.arctan(tan_beta)
    s, c, sa, ca = np.sin(beta), np.cos(beta), np.sin(alpha), np.cos(alpha)
    mixed = l3 * (s**3 * ca - c**3 * sa) - (l4 + l5) * s * c * (c * ca - s * sa)
    return V * (l2 * c**2 * s * ca - l1 * s**2 * c * sa + mixed)


def strengths(kappa_V, kappa_u, kappa_d, g_hCC, m_C):
    """Cross section times branching ratio over the Standard Model's, by "production_decay".

    W, top and charged scalar in the loop of h -> gamma gamma: A. Djouadi, hep-ph/0503172 and hep-ph/0503173. Quarks
    in that of gg -> h: the parametrisation by coupling modifiers of ATLAS, arXiv:1909.02845.
    """
    W, top = _A_1(M_W), 4.0 / 3.0 * _A_half(M_TOP)
    photons = (kappa_V * W + kappa_u * top + g_hCC * V / (2.0 * m_C**2) * _A_0(m_C)) / (W + top)
    gluons = (1.035 * kappa_u**2 + 0.002 * kappa_d**2 - 0.038 * kappa_u * kappa_d) / 0.999
    width = {"bb": kappa_d**2, "tautau": kappa_d**2, "mumu": kappa_d**2, "cc": kappa_u**2, "gg": gluons}
    width |= {"WW": kappa_V**2, "ZZ": kappa_V**2, "Zgam": kappa_V**2, "gamgam": photons**2}
    total = sum(BRANCHING[name] * ratio for name, ratio in width.items()) / sum(BRANCHING.values())
    production = {"ggF": gluons, "VBF": kappa_V**2, "VH": kappa_V**2, "ttH": kappa_u**2}
    return {
        f"{how}_{what}": ratio * width[what] / total
        for how, ratio in production.items()
        for what in ("gamgam", "ZZ", "WW", "tautau", "bb")
    }


def _tau_and_f(m):
    tau = (M_H / (2.0 * np.asarray(m, dtype=float))) ** 2
    below = np.arcsin(np.sqrt(np.minimum(tau, 1.0))) ** 2
    return tau, below  # all masses here are above m_h / 2


def _A_0(m):
    tau, f = _tau_and_f(m)
    return -(tau - f) / tau**2


def _A_half(m):
    tau, f = _tau_and_f(m)
    return 2.0 * (tau + (tau - 1.0) * f) / tau**2


def _A_1(m):
    tau, f = _tau_and_f(m)
    return -(2.0 * tau**2 + 3.0 * tau + 3.0 * (2.0 * tau - 1.0) * f) / tau**2
