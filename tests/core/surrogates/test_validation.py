"""Validation: errors and coverage of predictions that are known."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from terranova.errors import RunError
from terranova.surrogates.dataset import REGION, Rows
from terranova.surrogates.validation import LEVELS, check

N = 200
U = np.linspace(0.0, 1.0, N)[:, None]


def _made(bias: float = 0.0, sigma: float = 1.0, *, reason: str = "", chi2: Any = None, rows: int = N) -> Any:
    """A surrogate that predicts y = u with a bias, keeps u < 1/2, and is sure to within sigma."""
    surrogate = SimpleNamespace(
        reason=reason,
        near=lambda u: u[:, 0] < 0.5,
        trust=lambda u: (u[:, 0] < 0.25).astype(float),
        predict=lambda u: (u + bias, np.full(u.shape, sigma)),
        interval=lambda u, level: (u + bias - sigma, u + bias + sigma),
    )
    true = 2.0 * REGION * U[:rows, 0] if chi2 is None else chi2
    return SimpleNamespace(
        surrogate=surrogate,
        targets=("y",),
        cut=REGION,
        best=0.0,
        gives_chi2=True,
        chi2=lambda u: 2.0 * REGION * u[:, 0] + bias,
        test=Rows(U[:rows], U[:rows], U[:rows].copy(), true),
    )


def test_a_perfect_surrogate_has_no_errors() -> None:
    found = check(_made())
    assert (found.rows, found.near) == (N, N // 2)
    assert found.false_rejections == (0.0, 0.0)
    assert found.kept_far == 0.0
    assert found.trusted == pytest.approx(0.5, abs=0.02)
    for quality in found.qualities:
        assert (quality.mae, quality.p95, quality.r2) == (0.0, 0.0, 1.0)
    assert found.qualities[1].coverage == dict.fromkeys(LEVELS, 1.0)


def test_a_bias_is_measured() -> None:
    chi2, y = check(_made(bias=0.5, sigma=0.1)).qualities
    assert (chi2.name, y.name) == ("chi2", "y")
    assert chi2.mae == pytest.approx(0.5)
    assert y.p95 == pytest.approx(0.5)
    assert y.r2 < 0.0
    assert y.coverage == dict.fromkeys(LEVELS, 0.0)


def test_what_cannot_be_checked_is_said() -> None:
    with pytest.raises(RunError, match="nothing to check: too few rows"):
        check(_made(reason="too few rows"))
    with pytest.raises(RunError, match="no row was held out"):
        check(_made(rows=0))
    with pytest.raises(RunError, match=r"none of the 200 rows .* has Delta chi2 < 6"):
        check(_made(chi2=np.full(N, 100.0)))


def test_one_row_has_no_spread() -> None:
    assert math.isnan(check(_made(rows=1)).qualities[0].r2)
