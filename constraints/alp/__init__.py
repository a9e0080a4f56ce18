"""Searches for B -> K(*) a whose limits depend on mass and lifetime: more than a YAML file can say.

Their predictions have an error, by that of the hadronic width of the ALP: of ln c tau, or of the probability that
the ALP is not seen. It is profiled in each search by itself (see terranova.interfaces.theory_errors), as if it were
not the same error in all of them: where it is large, searches are less in conflict than they should be.

The tables stand in searches.json. A recast is an asymmetric Gaussian in the branching ratio around its best fit at
the mass of the ALP, minus its value without signal: points of different masses can be compared, and the SM has
chi2 = 0. Outside a table nothing is known, and chi2 = 0 too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from terranova import ConstraintSet, Function
from terranova.types import Floats

VERSION = "2026.2"
UPDATED = "2026-11"
"""When newer publications than these searches were last looked for."""
BELLE2_GROUP = "belle2-knunu"
"""The three readings of the Belle II excess: the same events, never to be added up."""
NSIGMA = 2.0
"""A point is accepted by a recast within two of its sigmas."""
CL = 0.95
"""Of the displaced searches. Limits are taken as Gaussians around zero that reach this level at the limit."""
C_CM_PER_PS = 2.99792458e-2


@cache
def tables() -> dict[str, Any]:
    """The content of searches.json."""
    found: dict[str, Any] = json.loads((Path(__file__).parent / "searches.json").read_text())
    return found


@dataclass(frozen=True)
class Recast:
    """An asymmetric Gaussian in the branching ratio, with a table of its centre and widths.

    Attributes:
        masses: (m,) GeV.
        best, down, up: (m,) centre, and one sigma below and above it.
    """

    masses: tuple[float, ...]
    best: tuple[float, ...]
    down: tuple[float, ...]
    up: tuple[float, ...]

    def centre(self, br: Floats, m_a: Floats) -> tuple[Floats, Floats]:
        """Best fit (n,) and its sigma (n,) on the side of br (n,); sigma is infinite outside the table."""
        inside = (m_a >= self.masses[0]) & (m_a <= self.masses[-1])
        best, down, up = (np.interp(m_a, self.masses, values) for values in (self.best, self.down, self.up))
        sigma = np.where(br > best, up, down)
        return best, np.where(inside & (sigma > 0.0), sigma, np.inf)

    def pull(self, br: Floats, m_a: Floats, error: Floats) -> Floats:
        """Signed distance (n,) of br (n,), with its relative error, from the best fit in sigmas."""
        best, sigma = self.centre(br, m_a)
        return np.asarray((br - best) / np.hypot(sigma, error * br))

    def loglike(self, br: Floats, m_a: Floats, error: Floats) -> Floats:
        """ln L (n,), 0 without signal."""
        nothing = np.zeros_like(br)
        return -0.5 * (self.pull(br, m_a, error) ** 2 - self.pull(nothing, m_a, nothing) ** 2)

    def violation(self, br: Floats, m_a: Floats, error: Floats) -> Floats:
        """By how many sigmas (n,) the branching ratio is further from the best fit than NSIGMA."""
        return np.maximum(0.0, np.abs(self.pull(br, m_a, error)) - NSIGMA)


@dataclass(frozen=True)
class PeakRecast(Recast):
    """The summary of the public Belle II likelihood: a Gaussian peak in the mass with constant uncertainties.

    The tables hold mass, best fit and uncertainties of the peak; its width in mass is 0.2 GeV above and 0.1 below.
    """

    def centre(self, br: Floats, m_a: Floats) -> tuple[Floats, Floats]:
        """Best fit (n,), which falls off beside the peak, and its sigma (n,) on the side of br (n,)."""
        distance = m_a - self.masses[0]
        best = self.best[0] * np.exp(-0.5 * (distance / np.where(distance > 0.0, 0.2, 0.1)) ** 2)
        return best, np.where(br > best, self.up[0], self.down[0])


def limit_terms(ratio: Floats, error: Floats, level: float) -> tuple[Floats, Floats]:
    """Likelihood and violation of a prediction with an error, by an upper limit as a Gaussian around zero.

    Args:
        ratio: (n,) of the prediction over its limit.
        error: (n,) of that ratio.
        level: one-sided level that the Gaussian has at the limit.

    Returns:
        ln L (n,), and by how much (n,) the ratio exceeds where the wider Gaussian has that level.
    """
    z = NormalDist().inv_cdf(level)
    wider = np.hypot(1.0, z * error)
    return -0.5 * (z * ratio / wider) ** 2, np.maximum(0.0, ratio - wider)


@dataclass(frozen=True, kw_only=True)
class SearchLimit(Function):
    """A limit whose likelihood depends on more than one observable. As all limits, it counts as no measurement."""

    @property
    def measurements(self) -> int:
        return 0


@dataclass(frozen=True)
class InvisibleLimit:
    """An upper limit on a branching ratio times the probability that the ALP is not seen.

    Attributes:
        upper: the limit.
        level: its confidence level.
    """

    upper: float
    level: float

    def loglike(self, br: Floats, error: Floats) -> Floats:
        """ln L (n,) of br (n,) with its relative error."""
        return limit_terms(br / self.upper, error * br / self.upper, self.level)[0]

    def violation(self, br: Floats, error: Floats) -> Floats:
        """By how many limits (n,) the branching ratio exceeds the limit."""
        return limit_terms(br / self.upper, error * br / self.upper, self.level)[1]


@dataclass(frozen=True)
class DisplacedLimit:
    """An upper limit on BR(B -> K(*) a) BR(a -> l l) that depends on mass and lifetime.

    Attributes:
        masses: (m,) GeV.
        log_tau: (t,) log10 of the lifetime in ps, in equal steps.
        log_br: (m * t,) log10 of the limit, row by row.
    """

    masses: tuple[float, ...]
    log_tau: tuple[float, ...]
    log_br: tuple[float, ...]

    def ratio(self, br: Floats, m_a: Floats, ctau: Floats) -> Floats:
        """br over its limit (n,), bilinear in mass and logarithms; 0 outside the masses.

        Beyond the longest lifetime the sensitivity falls as 1/tau; below the shortest one it stays as it is there.
        """
        m, t = np.array(self.masses), np.array(self.log_tau)
        grid = np.array(self.log_br).reshape(len(m), len(t))
        inside = (m_a >= m[0]) & (m_a <= m[-1])
        log_tau = np.log10(ctau / C_CM_PER_PS)
        x, y = np.clip(m_a, m[0], m[-1]), np.clip(log_tau, t[0], t[-1])
        i = np.clip(np.searchsorted(m, x, side="right") - 1, 0, len(m) - 2)
        j = np.clip(np.searchsorted(t, y, side="right") - 1, 0, len(t) - 2)
        u, v = (x - m[i]) / (m[i + 1] - m[i]), (y - t[j]) / (t[j + 1] - t[j])
        low = (1.0 - v) * grid[i, j] + v * grid[i, j + 1]
        high = (1.0 - v) * grid[i + 1, j] + v * grid[i + 1, j + 1]
        limit = (1.0 - u) * low + u * high
        # In logarithms: an ALP without couplings has c tau of 1e46 cm.
        log_limit = limit + np.maximum(log_tau - t[-1], 0.0)
        return np.where(inside, br * 10.0**-log_limit, 0.0)

    def error(self, br: Floats, m_a: Floats, ctau: Floats, error: Floats) -> Floats:
        """Error (n,) of `ratio` by that of ln c tau, to which the branching ratio to leptons is proportional."""
        factor = np.exp(error)
        longer, shorter = (self.ratio(br * f, m_a, ctau * f) for f in (factor, 1.0 / factor))
        return 0.5 * np.abs(longer - shorter)

    def loglike(self, br: Floats, m_a: Floats, ctau: Floats, error: Floats) -> Floats:
        """ln L (n,) of a Gaussian around zero."""
        return limit_terms(self.ratio(br, m_a, ctau), self.error(br, m_a, ctau, error), CL)[0]

    def violation(self, br: Floats, m_a: Floats, ctau: Floats, error: Floats) -> Floats:
        """By how many limits (n,) the branching ratio exceeds the limit."""
        return limit_terms(self.ratio(br, m_a, ctau), self.error(br, m_a, ctau, error), CL)[1]


def _recast(name: str) -> tuple[Recast, str]:
    table = tables()["recasts"][name]
    rows = np.array(table["rows"], dtype=float)
    best, low, high = 1e-6 * rows[:, 1], 1e-6 * rows[:, 2], 1e-6 * rows[:, 3]
    columns = [tuple(values.tolist()) for values in (rows[:, 0], best, best - low, high - best)]
    return Recast(*columns), table["source"]


def _function(name: str, recast: Recast, observable: str, source: str, date: str, note: str = "") -> Function:
    return Function(
        name=name,
        observables=(observable, "ma", f"{observable.replace('BRinv', 'Pinv')}_theory"),
        source=source,
        date=date,
        note=note,
        violation_of=recast.violation,
        loglike_of=recast.loglike,
    )


def recast_sets() -> Iterator[ConstraintSet]:
    """Belle II in three readings that exclude each other, and BaBar."""
    parabola = "a parabola of one sigma on either side; likelihood relative to no signal"
    peak = PeakRecast((2.1,), (9.2e-6,), (3.4e-6,), (1.8e-6,))
    words = "summary of the full public likelihood, m_X = 2.1 +0.2 -0.1 GeV, BR = 9.2 +1.8 -3.4 in 1e-6"
    belle2 = (
        ("2311.14629", *_recast("altmannshofer"), "2023-11", "Altmannshofer et al."),
        ("2510.18953", *_recast("abumusabh"), "2025-10", "Abumusabh et al."),
        ("2602.09666", peak, f"arXiv:2602.09666, {words}", "2026-02", "Gaertner et al."),
    )
    for number, recast, source, date, authors in belle2:
        yield ConstraintSet(
            name=f"alp-belle2-{number}",
            constraints=(_function("belle2", recast, "BRinv_belle2", source, date, parabola),),
            version=VERSION,
            description=f"Belle II B+ -> K+ nu nu read as B+ -> K+ a, arXiv:{number}, {authors}",
            exclusive_group=BELLE2_GROUP,
            reproduces=f"arXiv:{number}",
        )
    for name, entry, observable, words in (
        ("alp-babar", "babar_K", "BRinv_babar", "B+ -> K+ nu nu"),
        ("alp-babar-kstar", "babar_Kst", "BRinv_babar_Kst", "B+ -> K*+ nu nu"),
    ):
        recast, source = _recast(entry)
        yield ConstraintSet(
            name=name,
            constraints=(_function(entry, recast, observable, source, "2023-11", parabola),),
            version=VERSION,
            description=f"BaBar {words} read as a search for an invisible ALP",
            updated=UPDATED,
        )


def displaced_set() -> ConstraintSet:
    """Searches for a -> mu mu and a -> e e away from the B meson's vertex."""
    reads = {
        "LHCb_Kmumu": ("BR_Kmumu", "2016-12"),
        "LHCb_Kstmumu": ("BR_Kstmumu", "2015-08"),
        "Belle2_Kmumu": ("BR_Kmumu", "2023-06"),
        "Belle2_Kee": ("BR_Kee", "2023-06"),
        "CHARM_Kmumu": ("BR_Kmumu", "2018-10"),
    }
    found = []
    for name, (observable, date) in reads.items():
        table = tables()["displaced"][name]
        log_br = tuple(value for row in table["log10_br"] for value in row)
        limit = DisplacedLimit(tuple(table["m"]), tuple(table["log10_tau"]), log_br)
        found.append(
            SearchLimit(
                name=name,
                observables=(observable, "ma", "ctau", "ctau_theory"),
                source=table["source"],
                date=date,
                note="interpolated over the vetoed masses of K_S, J/psi, psi(2S) and psi(3770)",
                violation_of=limit.violation,
                loglike_of=limit.loglike,
            )
        )
    words = (
        "displaced a -> mu mu, e e in B -> K(*) a: LHCb, Belle II, CHARM; Gaussians that reach 95 % at the limit"
    )
    return ConstraintSet("alp-displaced", tuple(found), version=VERSION, description=words, updated=UPDATED)


def belle_set() -> ConstraintSet:
    """Limits on the three-body decays with two neutrinos, used for the two-body decay: approximate."""
    found = []
    for name, observable, upper, spectrum in (
        ("belle_K0", "BRinv_K0", 2.6e-5, "K0 nu nu"),
        ("belle_Kst0", "BRinv_Kst0", 1.8e-5, "K*0 nu nu"),
    ):
        limit = InvisibleLimit(upper, 0.90)
        found.append(
            SearchLimit(
                name=name,
                observables=(observable, "Pinv_belle2_theory"),
                source="Belle, arXiv:1702.03224",
                date="2017-02",
                note=f"limit on {spectrum} with its three-body spectrum",
                violation_of=limit.violation,
                loglike_of=limit.loglike,
            )
        )
    words = "Belle limits on B0 -> K0 nu nu and K*0 nu nu, used for an invisible ALP"
    return ConstraintSet("alp-belle", tuple(found), version=VERSION, description=words, updated=UPDATED)


def constraint_sets() -> list[ConstraintSet]:
    """All of this folder that is not YAML."""
    return [*recast_sets(), belle_set(), displaced_set()]
