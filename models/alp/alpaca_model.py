"""The same model computed by ALPaca (arXiv:2508.08354) and flavio (arXiv:1810.08132): the extra terranova[alpaca].

Both are slow, about three CPU seconds a point: this is for checks, and for what the native model leaves out.
Nothing of them is imported before the first point.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import math
import struct
import sys
import warnings
from collections.abc import Mapping
from typing import Any

from terranova import PointFailed, PointModel
from terranova.errors import PluginMissing
from terranova.models.alp import inputs as sm
from terranova.models.alp.guards import DMS_SM
from terranova.models.alp.model import AxionLikeParticle, check_choice
from terranova.models.alp.observables import CHANNELS, OBSERVABLES, PARTS
from terranova.models.alp.parameters import M_MAX, M_MIN, four_pi, parameters
from terranova.models.alp.running import GROUPS

DISTRIBUTION, VERSION = "alpaca-ALPs", "1.2.0"
PYTHON = (3, 12)
"""ALPaca says 3.11, but parts of it have the syntax of 3.12."""
LOW_SCALE = 5.0
"""GeV; where the couplings are evaluated. B decays and widths take them as they are there."""
INTEGRATORS = ("scipy", "leadinglog")
_WIDTHS = {
    "ee": "e",
    "mumu": "mu",
    "tautau": "tau",
    "gamgam": "2photons",
    "hadrons": "hadrons",
    "gg": "gluongluon",
    "cc": "charm",
    "3pi": "3pis",
    "etapipi": "etapipi",
    "etappipi": "etappipi",
    "gampipi": "gammapipi",
    "omegaomega": "2omega",
}
_B_DECAYS = {
    "BR_BpKa": "B+ -> K+ a",
    "BR_B0K0a": "B0 -> K0 a",
    "BR_BpKsta": "B+ -> K*+ a",
    "BR_B0Ksta": "B0 -> K*0 a",
    "BR_Bsphia": "Bs -> phi a",
}


def missing() -> str:
    """Say what ALPaca needs that is not there; "" when the model can be used."""
    advice = f"install it with pip install 'terranova[alpaca]', under Python {PYTHON[0]}.{PYTHON[1]} or newer"
    python, found = _python(), _installed()
    if python < PYTHON:
        here = ".".join(map(str, python))
        return f"model 'alp-alpaca' needs ALPaca, which this Python {here} is too old for: {advice}"
    if found is None:
        return f"model 'alp-alpaca' needs the package {DISTRIBUTION}, which is not installed: {advice}"
    if found != VERSION:
        return f"model 'alp-alpaca' needs {DISTRIBUTION} {VERSION}, found {found}: {advice}"
    return ""


def _python() -> tuple[int, int]:
    return sys.version_info[:2]


def _installed() -> str | None:
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return None


class AlpacaALP(PointModel):
    """Axion-like particle in B decays, computed by ALPaca 1.2.0 and flavio. Slow; use worker processes.

    Args:
        scale: "free": Lambda is the parameter Lam; "4pi-fa": it is 4 pi f_a.
        integrator: of the renormalisation group: "scipy", or "leadinglog": 50 times faster, and wrong by up to ten.
        corrected: undo the factor 1/4 that ALPaca 1.2.0 has in BR(B0 -> K0 a).
    """

    name = "alp-alpaca"
    version = "2"
    description = "Axion-like particle in B decays by ALPaca and flavio: needs terranova[alpaca], Python 3.12"
    planes = AxionLikeParticle.planes
    citations = (
        "arXiv:2508.08354 ALPaca",
        "arXiv:1810.08132 flavio",
        "arXiv:1804.05033 wilson",
        "arXiv:2012.12272 running and matching of ALP couplings",
        "arXiv:2110.10698 ALPs in B decays",
        "arXiv:1811.03474 hadronic decays of ALPs",
    )

    def __init__(self, scale: str = "free", integrator: str = "scipy", corrected: bool = True) -> None:
        check_choice("integrator", integrator, INTEGRATORS)
        if problem := missing():
            raise PluginMissing(problem)
        self.parameters = parameters(scale)
        self.observables = OBSERVABLES
        self._integrator = integrator
        self._corrected = corrected

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Compute one point: the same numbers whenever and wherever it is computed."""
        scale = point.get("Lam", four_pi(point["fa"]))
        if not (M_MIN <= point["ma"] <= M_MAX and scale >= sm.SCALE_W and 0.0 <= point["br_dark"] < 1.0):
            raise PointFailed("outside the range of the model: m_a from 0.3 to 4.78 GeV, Lambda from 100 GeV")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # flavio and its dependencies are noisy
            _start_afresh(point)
            low = _couplings(point, scale).match_run(
                LOW_SCALE, "VA_below", integrator=self._integrator, beta="full"
            )
            return self._observables(point, low)

    def _observables(self, point: Mapping[str, float], low: Any) -> dict[str, float]:
        import alpaca
        from alpaca.decays.alp_decays.branching_ratios import total_decay_width

        m_a, f_a, dark = point["ma"], point["fa"], point["br_dark"]
        out = _low_energy(low)
        # 1000 evaluations an iteration bring the noise of the phase-space integrals below 1.3 %.
        widths = total_decay_width(m_a, low, f_a, dark, integrator="no_rge", neval=1000, nitn=10)
        for name in (*CHANNELS, *PARTS):
            # Channels that ALPaca does not have are 0.
            out[f"W_{name}"] = _number(widths[_WIDTHS[name]]) if name in _WIDTHS else 0.0
        out["W_SM"] = _number(widths["DW_SM"])
        out["width"] = max(out["W_SM"] / (1.0 - dark), 1e-60)
        for name in CHANNELS:
            out[f"BRa_{name}"] = out[f"W_{name}"] / out["width"]
        out["ctau"] = sm.HBARC_CM / out["width"]
        out["log10_ctau"] = math.log10(out["ctau"])
        _compare_descriptions(out, m_a, f_a, point["cG"])
        for name, process in _B_DECAYS.items():
            br = _number(alpaca.branching_ratio(process, m_a, low, f_a, integrator="no_rge"))
            out[name] = br if br == br else 0.0  # NaN is how ALPaca says that there is no phase space
        if self._corrected:
            out["BR_B0K0a"] *= 4.0
        self._searches(out, m_a, dark)
        out["BR_Bp_new"] = out["BR_BpKa"] + out["BR_BpKsta"]
        out["BR_Bsmumu"] = _number(alpaca.branching_ratio("Bs -> mu mu", m_a, low, f_a, integrator="no_rge"))
        mixing = _number(alpaca.meson_mixing("delta_mBs", m_a, low, f_a, integrator="no_rge"))
        out["DMs"] = mixing if mixing == mixing else DMS_SM  # NaN for m_a near m_b, where neither limit holds
        return out

    def _searches(self, out: dict[str, float], m_a: float, dark: float) -> None:
        """Escape probabilities of ALPaca: those of the mean momentum; and what searches read."""
        from alpaca.experimental_data import get_measurements

        plus, star = get_measurements("B+ -> K+ a"), get_measurements("B+ -> K*+ a")
        for name, measurement in (("belle2", plus["Belle II"]), ("babar", plus["BaBar"])):
            probability = _number(measurement.decay_probability(out["ctau"], m_a, dark))
            out[f"Pinv_{name}"] = probability if probability == probability else 0.0
            out[f"BRinv_{name}"] = out["BR_BpKa"] * out[f"Pinv_{name}"]
            out[f"Pinv_{name}_theory"] = _escape_error(measurement, out, m_a, dark)
        out["Pinv_babar_Kst_theory"] = _escape_error(star["BaBar"], out, m_a, dark)
        probability = _number(star["BaBar"].decay_probability(out["ctau"], m_a, dark))
        out["BRinv_babar_Kst"] = out["BR_BpKsta"] * (probability if probability == probability else 0.0)
        out["BRinv_K0"] = out["BR_B0K0a"] * out["Pinv_belle2"]
        out["BRinv_Kst0"] = out["BR_B0Ksta"] * out["Pinv_belle2"]
        out["BR_Kmumu"] = out["BR_BpKa"] * out["BRa_mumu"]
        out["BR_Kstmumu"] = out["BR_B0Ksta"] * out["BRa_mumu"]
        out["BR_Kee"] = out["BR_BpKa"] * out["BRa_ee"]


def _start_afresh(point: Mapping[str, float]) -> None:
    """Empty ALPaca's caches, which never shrink, and seed its one random stream by the point.

    Without the seed a width would depend on all points before it, and forked workers would share their noise.
    """
    import alpaca
    from alpaca.rge import ALPcouplings

    ALPcouplings._match_run.cache_clear()
    alpaca.clear_cache_dw()
    digest = hashlib.blake2b(struct.pack(f"{len(point)}d", *point.values()), digest_size=4).digest()
    alpaca.config.vegas_seed = int.from_bytes(digest, "little")


def _couplings(point: Mapping[str, float], scale: float) -> Any:
    """The couplings at Lambda as an object of ALPaca; quark doublets aligned with up quarks."""
    import numpy as np
    from alpaca.rge import ALPcouplings

    values: dict[str, Any] = {name: point[name] for name in ("cG", "cW", "cB")}
    for name in GROUPS:
        values[name] = np.diag([point[name], point[name], point[name] + point[f"{name}3"]]).astype(complex)
    if point["c23R"]:
        values["cdR"][1, 2] = values["cdR"][2, 1] = point["c23R"]
    if point["c23L"]:
        mixed = np.zeros((3, 3), dtype=complex)
        mixed[1, 2] = mixed[2, 1] = point["c23L"]
        ckm = np.asarray(sm.CKM_W)
        values["cqL"] = values["cqL"] + ckm @ mixed @ ckm.conj().T
    return ALPcouplings(values, scale=scale, basis="derivative_above", ew_scale=sm.SCALE_W)


def _low_energy(low: Any) -> dict[str, float]:
    out = {}
    for chirality in ("V", "A"):
        value = complex(low[f"cd{chirality}"][1, 2])
        out[f"c_sb{chirality}_re"], out[f"c_sb{chirality}_im"] = value.real, value.imag
    out["abs_c_sbV"] = abs(complex(out["c_sbV_re"], out["c_sbV_im"]))
    for matrix, names in (("ceA", ("ee", "mumu", "tautau")), ("cuA", ("uu", "cc")), ("cdA", ("dd", "ss", "bb"))):
        for i, name in enumerate(names):
            out[f"c_{name}"] = _number(low[matrix][i, i])
    out["c_gamma"] = _number(low["cgamma"])
    return out


def _compare_descriptions(out: dict[str, float], m_a: float, f_a: float, c_g: float) -> None:
    """Add how far ALPaca's hadronic width and the published ones are apart; see `hadrons`."""
    import numpy as np

    from terranova.models.alp import hadrons, widths

    t = hadrons.tables()
    work, parts = np.empty(t.chiral.shape[1]), np.empty(hadrons.N_CHANNELS)
    widths.interpolate(t.chiral, m_a, work)
    light = np.array([c_g, out["c_uu"], out["c_dd"], out["c_ss"]])
    gluons, charm = out["W_gg"] * f_a**2, out["W_cc"] * f_a**2
    _, low, high = hadrons.hadronic_width(m_a, light, gluons, charm, hadrons.AS_ALPACA, t, work, parts)
    low, high = min(low / f_a**2, out["W_hadrons"]), max(high / f_a**2, out["W_hadrons"])
    out["hadronic_spread"] = hadrons.ratio(low, high)
    out["hadrons_reliable"] = float(out["hadronic_spread"] <= hadrons.RELIABLE)
    others = out["W_SM"] - out["W_hadrons"] + 1e-60
    out["ctau_theory"] = 0.5 * math.log(hadrons.ratio(others + low, others + high))


def _escape_error(measurement: Any, out: Mapping[str, float], m_a: float, dark: float) -> float:
    """Relative error of an escape probability of ALPaca by that of ln c tau."""
    found = [
        _number(measurement.decay_probability(out["ctau"] * factor, m_a, dark))
        for factor in (1.0 / 1.01, 1.0, 1.01)
    ]
    if not found[1] > 0.0:
        return 0.0
    return (found[2] - found[0]) / (2.0 * math.log(1.01) * found[1]) * out["ctau_theory"]


def _number(value: Any) -> float:
    """A float from what ALPaca returns: numbers, arrays of one, complex ones without imaginary part."""
    import numpy as np

    return float(np.real(np.asarray(value).reshape(-1)[0]))
