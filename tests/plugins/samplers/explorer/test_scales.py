"""Rows are seen in coordinates in which they are nearly linear, whatever decades they span."""

from __future__ import annotations

import numpy as np
import pytest

from terranova.plugins.samplers.explorer.scales import ASINH, LOG, LOGIT, Scale, choose_scale
from terranova.types import Floats

RNG = np.random.default_rng(1)
DECADES = 10.0 ** RNG.uniform(-6.0, 3.0, 40)
SIGNED = DECADES * RNG.choice([-1.0, 1.0], 40)
LINEAR = RNG.uniform(-3.0, 5.0, 40)
PROBABILITY = np.append(RNG.random(39), 0.95)


def chosen(values: Floats, low: float, high: float) -> Scale:
    return choose_scale(values[:, None], np.array([low]), np.array([high]))


@pytest.mark.parametrize(
    ("values", "low", "high", "kind"),
    [
        (DECADES, 0.1, 0.2, LOG),
        (DECADES, -np.inf, 1e-3, LOG),
        (DECADES, -1.0, 1.0, ASINH),
        (PROBABILITY, 0.3, 0.4, LOGIT),
        (SIGNED, 1.0, 2.0, ASINH),
        (LINEAR, 0.0, 0.1, ASINH),
        (LINEAR, 0.0, np.inf, ASINH),
        (np.full(40, np.nan), 1.0, 2.0, LOG),
        (np.full(40, np.nan), -1.0, np.inf, ASINH),
        (np.zeros(40), -np.inf, 0.0, ASINH),
    ],
)
def test_transforms_rise_and_keep_the_order_of_windows(values: Floats, low: float, high: float, kind: int) -> None:
    scale = chosen(values, low, high)
    assert scale.kind[0] == kind
    inside = np.array([low if np.isfinite(low) else high - 1e-4, high if np.isfinite(high) else low + 1.0])
    some = np.sort(np.concatenate([values[np.isfinite(values)], inside, [inside.mean()]]))[:, None]
    z = scale.transform(some)[:, 0]
    assert np.isfinite(z).all()
    assert (np.diff(z) >= 0.0).all()
    z_low, z_high = scale.window(np.array([low]), np.array([high]))
    assert z_low[0] < z_high[0]
    assert np.isinf(z_low[0]) == np.isinf(low)
    assert np.isinf(z_high[0]) == np.isinf(high)


def test_the_unit_is_the_spread_or_the_way_to_the_window() -> None:
    scale = chosen(DECADES, 0.1, 0.2)
    z = scale.transform(DECADES[:, None])[:, 0]
    assert np.subtract(*np.percentile(z, [84.0, 16.0])) == pytest.approx(2.0)
    far = chosen(LINEAR + 10.0, 1e3, 2e3)
    low, _ = far.window(np.array([1e3]), np.array([2e3]))
    assert low[0] - np.median(far.transform(LINEAR[:, None] + 10.0)) == pytest.approx(4.0)


def test_what_is_not_known_stays_so() -> None:
    z = chosen(DECADES, 0.1, 0.2).transform(np.array([[np.nan], [np.inf], [-1.0], [1.0]]))[:, 0]
    assert np.isfinite(z).tolist() == [False, False, True, True]
