"""The charged scalars H1+ and H2+: widths, branching ratios, and production by top decays, with tb and in pairs.

Columns are those of `channels`.
"""

from __future__ import annotations

from terranova.models.physics import higgs_decays as decays
from terranova.models.physics import sm
from terranova.models.physics._jit import jit
from terranova.models.physics.tables import interpolate_log
from terranova.models.thdm3 import cross_sections
from terranova.models.thdm3.channels import CHARGED_RATES, N_CHARGED
from terranova.models.thdm3.scalars import M_MUON, strong_at, to_branching_ratios
from terranova.types import Floats

V2_TB, V2_CB, V2_CS = sm.V_TB**2, sm.V_CB**2, sm.V_CS**2
FIRST = len(CHARGED_RATES)
"""Column of the first branching ratio."""


@jit
def charged_scalar(
    a: int,
    m_even: Floats,
    m_odd: Floats,
    m_charged: Floats,
    x_d: float,
    y_u: float,
    z_l: float,
    hcc: Floats,
    acc: Floats,
    C_wh: Floats,
    C_wa: Floats,
    out: Floats,
) -> None:
    """H_a+ with a = 0 or 1; couplings x_d, y_u, z_l of the Yukawa Lagrangian, other arguments as in
    `scalars.even_scalar`.

    out (N_CHARGED,) is filled: CHARGED_RATES, then the branching ratios of CHARGED_DECAYS. tb has an off-shell top
    below 196 GeV: it ends as W b b.
    """
    m = m_charged[a]
    other = 1 - a
    strong = strong_at(m)
    m_t, pole_b, m_b, m_c, m_s = sm.M_TOP, sm.M_BOTTOM_POLE, strong.m_b, strong.m_c, strong.m_s
    widths = out[FIRST:N_CHARGED]
    widths[0] = decays.charged_to_lepton(m, sm.M_TAU, z_l)
    widths[1] = decays.charged_to_lepton(m, M_MUON, z_l)
    if m < cross_sections.OFF_SHELL_TOP_BELOW:
        widths[2] = V2_TB * cross_sections.off_shell_width(m, m_t, m_b, x_d, y_u)
    else:
        widths[2] = V2_TB * decays.charged_to_quarks(m, m_t, pole_b, m_t, m_b, x_d, y_u)
    widths[3] = V2_CB * strong.correction * decays.charged_to_light_quarks(m, m_c, m_b, x_d, y_u)
    widths[4] = V2_CS * strong.correction * decays.charged_to_light_quarks(m, m_c, m_s, x_d, y_u)
    for i in range(3):
        widths[5 + i] = decays.to_scalars(m, m_charged[other], m_even[i], hcc[i, 1])
        widths[10 + i] = decays.to_scalar_vector(m, m_even[i], sm.M_W, C_wh[a, i])
    for j in range(2):
        widths[8 + j] = decays.to_scalars(m, m_charged[other], m_odd[j], acc[j])
        widths[13 + j] = decays.to_scalar_vector(m, m_odd[j], sm.M_W, C_wa[a, j])
    out[0] = to_branching_ratios(widths)
    top = V2_TB * decays.top_to_charged(m, m_t, pole_b, m_b, x_d, y_u)
    br_t_bh = top / (top + sm.TOP_WIDTH_BW)
    if m < m_t - pole_b:
        out[1] = 2.0 * cross_sections.SIGMA_TTBAR * br_t_bh * (1.0 - br_t_bh)
    else:
        sigma = interpolate_log(cross_sections.SIGMA_TBH, m)
        out[1] = sigma * (y_u * y_u + cross_sections.TBH_X2_WEIGHT * x_d * x_d)
    out[2] = br_t_bh
    for i in range(3):
        out[3 + i] = cross_sections.pair_with_charged(m, m_even[i]) * C_wh[a, i] ** 2
    for j in range(2):
        out[6 + j] = cross_sections.pair_with_charged(m, m_odd[j]) * C_wa[a, j] ** 2
