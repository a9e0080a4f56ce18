"""Inputs of the ALP model, GeV unless said otherwise. Masses and widths differ in the last digits from those of
other models in this project: they are those of PDG 2024 (doi:10.1103/PhysRevD.110.030001), which ALPaca uses too.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from terranova.models.physics.sm import HBAR, HBAR_C_CM, M_LEPTON

# --- Masses and widths, PDG 2024 ---------------------------------------------------------------------------
M_BP: Final = 5.27941
M_B0: Final = 5.27972
M_BS: Final = 5.36693
M_KP: Final = 0.493677
M_K0: Final = 0.497611
M_KST0: Final = 0.89555
M_KSTP: Final = 0.89167
M_PHI: Final = 1.01946
M_PI0: Final = 0.1349768
M_ETA: Final = 0.547862
M_ETAP: Final = 0.95778
M_E, M_MU, M_TAU = M_LEPTON
M_U: Final = 0.00216
M_D: Final = 0.0047
M_S: Final = 0.0935
M_C: Final = 1.273
M_B: Final = 4.183
M_TOP: Final = 172.56
M_W: Final = 80.369
M_Z: Final = 91.188
WIDTH_BP: Final = 4.018e-13
WIDTH_B0: Final = 4.339e-13
WIDTH_BS: Final = 4.342e-13

# --- Units -------------------------------------------------------------------------------------------------
HBARC_CM: Final = HBAR_C_CM
"""hbar c in GeV cm."""
HBAR_PS: Final = HBAR * 1e12
"""hbar in GeV ps."""
C_CM_PER_PS: Final = 2.99792458e-2

# --- Standard Model at 100 GeV -----------------------------------------------------------------------------
SCALE_W: Final = 100.0
"""Where the couplings of the unbroken phase are matched."""
ALPHA_S_W: Final = 0.11707
ALPHA_1_W: Final = 0.010184
"""g'^2/4 pi, not in the normalisation of SU(5)."""
ALPHA_2_W: Final = 0.033719
Y_TOP_W: Final = 0.96573
Y_BOTTOM_W: Final = 0.01626
Y_TAU_W: Final = 0.01021
"""Couplings at 100 GeV as wilson 2.5.2 (arXiv:1804.05033) gives them for the SM. y_t carries about 1 %."""
ALPHA_EM_W: Final = ALPHA_1_W * ALPHA_2_W / (ALPHA_1_W + ALPHA_2_W)
SIN2_W: Final = ALPHA_1_W / (ALPHA_1_W + ALPHA_2_W)

_RE = ((0.974513, 0.2243, 0.001071), (-0.224146, 0.97364, 0.042245), (0.008433, -0.041409, 0.999101))
_IM = ((0.0, 0.0, -0.003461), (-0.000142, -3.3e-05, 0.0), (-0.00337, -0.000776, 0.0))
CKM_W: Final = np.array(_RE) + 1j * np.array(_IM)
"""CKM matrix at 100 GeV; same source."""

# --- B_s -> mu mu and B_s mixing ---------------------------------------------------------------------------
G_F: Final = 1.1663788e-5
"""GeV^-2; PDG 2024."""
F_BS: Final = 0.2303
"""Decay constant; FLAG 2021, arXiv:2111.09849."""
C_10: Final = -4.1937
"""SM Wilson coefficient at 4.18 GeV, as in flavio 2.7.1 (arXiv:1810.08132)."""
DELTA_GAMMA_S: Final = 0.129
"""Delta Gamma_s / Gamma_s; HFLAV, arXiv:2206.07501."""
M12_SM_RE: Final = 5.7027e-12
M12_SM_IM: Final = -2.0656e-13
"""SM amplitude of B_s mixing in GeV, as in flavio 2.7.1; gives 17.34 ps^-1."""
BAG_2: Final = 0.817
BAG_3: Final = 0.816
BAG_4: Final = 1.033
BAG_5: Final = 0.941
"""Bag parameters of B_s mixing as ALPaca 1.2.0 has them; close to arXiv:1907.01025."""
