"""The scripts that made tables of cross sections: amplitudes, luminosities and the reader of parton densities."""

from __future__ import annotations

import math
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import dblquad

from terranova.models.physics import sm

FOLDER = Path(__file__).parents[2] / "benchmarks" / "production"
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="no sources of benchmarks here"),
]

FLAVOURS = (-5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 21)


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the scripts import one another, as when they are run."""
    monkeypatch.syspath_prepend(str(FOLDER))


def xf(x: Any, flavour: int) -> Any:
    """Return made-up parton densities times x."""
    return 0.1 * (12 + flavour % 7) * x**0.2 * (1.0 - x) ** 4


@pytest.fixture(scope="module")
def densities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write them in the format of LHAPDF, with a first range in Q that must not be read."""
    x = np.concatenate([np.geomspace(1e-5, 0.1, 60), np.linspace(0.11, 1.0, 90)])
    q = np.geomspace(5.0, 1e5, 8)
    lines = [" ".join(f"{xf(a, f):.10e}" for f in FLAVOURS) for a in x for _ in q]
    wrong = [" ".join(["9"] * len(FLAVOURS)) for _ in range(4 * 4)]
    blocks = [
        "PdfType: central\nFormat: lhagrid1",
        "\n".join(["1e-5 0.1 0.5 1", "1 2 3 5", " ".join(map(str, FLAVOURS)), *wrong]),
        "\n".join([" ".join(f"{a:.10e}" for a in x), " ".join(map(str, q)), " ".join(map(str, FLAVOURS)), *lines]),
        "",
    ]
    file = tmp_path_factory.mktemp("pdf") / "made_up.dat"
    file.write_text("\n---\n".join(blocks))
    return file


def test_a_file_of_parton_densities_is_read(densities: Path) -> None:
    pdf = import_module("parton_densities").PartonDensities(densities)
    x = np.array([1e-3, 0.07, 0.4])
    assert pdf.xf(21, x, 100.0) == pytest.approx(xf(x, 21), rel=1e-4)
    assert pdf.xf(-2, x, 3e3) == pytest.approx(xf(x, -2), rel=1e-4)


def test_pairs_at_leading_order_are_the_integral_over_both_partons(densities: Path) -> None:
    script = import_module("associated_scalars")
    pdf = import_module("parton_densities").PartonDensities(densities)
    m1, m2 = 300.0, 200.0
    tau = ((m1 + m2) / script.ENERGY) ** 2

    def integrand(ln_x2: float, ln_x1: float) -> float:
        x1, x2 = math.exp(ln_x1), math.exp(ln_x2)
        s = x1 * x2 * script.ENERGY**2
        factor = (1.0 - (m1 + m2) ** 2 / s) * (1.0 - (m1 - m2) ** 2 / s)
        g = 2.0 * sm.M_W / sm.VEV
        parton = g**4 * s * max(factor, 0.0) ** 1.5 / (2304.0 * math.pi * (s - sm.M_W**2) ** 2)
        pairs = sum(
            v2 * (xf(x1, a) * xf(x2, -b) + xf(x1, -b) * xf(x2, a) + xf(x1, -a) * xf(x2, b) + xf(x1, b) * xf(x2, -a))
            for (a, b), v2 in script.CKM2.items()
        )
        return float(pairs * parton * script.GEV2_PB)

    total, _ = dblquad(integrand, math.log(tau), 0.0, lambda x1: math.log(tau) - x1, 0.0, epsrel=1e-4)
    assert script.PairProduction(pdf, next_order=False)(m1, m2) == pytest.approx(total, rel=2e-3)


def test_amplitudes_of_top_pairs_are_gauge_invariant() -> None:
    assert import_module("top_pair").gauge_violation() < 1e-10
