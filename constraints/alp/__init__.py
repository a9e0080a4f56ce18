"""Searches for B -> K(*) a whose limits depend on mass and lifetime: more than a YAML file can say.

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

VERSION = "2026.1"
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

    def pull(self, br: Floats, m_a: Floats) -> Floats:
        """Signed distance (n,) of br (n,) from the best fit in sigmas; 0 outside the table."""
        inside = (m_a >= self.masses[0]) & (m_a <= self.masses[-1])
        best, down, up = (np.interp(m_a, self.masses, values) for values in (self.best, self.down, self.up))
        sigma = np.where(br > best, up, down)
        return np.where(inside & (sigma > 0.0), (br - best) / np.where(sigma > 0.0, sigma, 1.0), 0.0)

    def loglike(self, br: Floats, m_a: Floats) -> Floats:
        """ln L (n,), 0 without signal."""
        return -0.5 * (self.pull(br, m_a) ** 2 - self.pull(np.zeros_like(br), m_a) ** 2)

    def violation(self, br: Floats, m_a: Floats) -> Floats:
        """By how many sigmas (n,) the branching ratio is further from the best fit than NSIGMA."""
        return np.maximum(0.0, np.abs(self.pull(br, m_a)) - NSIGMA)


@dataclass(frozen=True)
class PeakRecast(Recast):
    """The summary of the public Belle II likelihood: a Gaussian peak in the mass with constant uncertainties.

    The tables hold mass, best fit and uncertainties of the peak; its width in mass is 0.2 GeV above and 0.1 below.
    """

    def pull(self, br: Floats, m_a: Floats) -> Floats:
        """Signed distance (n,) from the best fit, which falls off beside the peak."""
        distance = m_a - self.masses[0]
        best = self.best[0] * np.exp(-0.5 * (distance / np.where(distance > 0.0, 0.2, 0.1)) ** 2)
        return (br - best) / np.where(br > best, self.up[0], self.down[0])


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

    def loglike(self, br: Floats, m_a: Floats, ctau: Floats) -> Floats:
        """ln L (n,) of a Gaussian around zero."""
        return -0.5 * (NormalDist().inv_cdf(CL) * self.ratio(br, m_a, ctau)) ** 2

    def violation(self, br: Floats, m_a: Floats, ctau: Floats) -> Floats:
        """By how many limits (n,) the branching ratio exceeds the limit."""
        return np.maximum(0.0, self.ratio(br, m_a, ctau) - 1.0)


def _recast(name: str) -> tuple[Recast, str]:
    table = tables()["recasts"][name]
    rows = np.array(table["rows"], dtype=float)
    best, low, high = 1e-6 * rows[:, 1], 1e-6 * rows[:, 2], 1e-6 * rows[:, 3]
    columns = [tuple(values.tolist()) for values in (rows[:, 0], best, best - low, high - best)]
    return Recast(*columns), table["source"]


def _function(name: str, recast: Recast, observable: str, source: str, date: str, note: str = "") -> Function:
    return Function(
        name=name,
        observables=(observable, "ma"),
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
            Function(
                name=name,
                observables=(observable, "ma", "ctau"),
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


def constraint_sets() -> list[ConstraintSet]:
    """All of this folder that is not YAML."""
    return [*recast_sets(), displaced_set()]
