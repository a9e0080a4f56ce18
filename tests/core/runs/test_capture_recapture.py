"""Capture and recapture: numbers worked out by hand, and populations whose size is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from terranova.runs.capture_recapture import chao2, chao2_of_samples
from terranova.types import Bools, Floats


def caught(chances: Floats, samples: int, seed: int) -> Bools:
    """(samples, kinds) who sees whom, with a chance (kinds,) for each kind."""
    return np.random.default_rng(seed).random((samples, len(chances))) < chances


def test_by_hand() -> None:
    # Five samples; four kinds seen once, two twice, three more often: A = 4/5, Q1 = 4, Q2 = 2.
    found = chao2(np.array([1, 1, 1, 1, 2, 2, 3, 4, 5, 0]), 5)
    unseen = 0.8 * 4 * 3 / (2 * 3)
    assert (found.seen, found.total) == (9, pytest.approx(9 + unseen))
    variance = unseen + 0.64 * 4 * 49 / (4 * 9) + 0.64 * 16 * 2 * 9 / (4 * 81)
    factor = math.exp(1.959964 * math.sqrt(math.log(1 + variance / unseen**2)))
    assert found.low == pytest.approx(9 + unseen / factor)
    assert found.high == pytest.approx(9 + unseen * factor)
    assert found.fraction == pytest.approx(9 / (9 + unseen))
    assert found.interval == (9 / found.high, 9 / found.low)


def test_everything_seen_by_everybody_is_all_there_is() -> None:
    found = chao2(np.full(7, 4), 4)
    assert (found.total, found.low, found.high, found.fraction) == (7, 7, 7, 1.0)


def test_nothing_seen() -> None:
    found = chao2(np.zeros(3, dtype=np.int64), 4)
    assert (found.seen, found.total) == (0, 0)
    assert math.isnan(found.fraction)


@pytest.mark.parametrize(("counts", "samples"), [([1, 2], 1), ([5], 4)])
def test_what_cannot_be(counts: list[int], samples: int) -> None:
    with pytest.raises(ValueError, match="samples"):
        chao2(np.array(counts), samples)


@pytest.mark.parametrize("estimator", ["formula", "jackknife"])
def test_the_interval_holds_for_kinds_that_are_equally_easy_to_see(estimator: str) -> None:
    kinds, samples = 400, 12
    hits = 0
    for seed in range(100):
        saw = caught(np.full(kinds, 0.12), samples, seed)
        found = chao2(saw.sum(axis=0), samples) if estimator == "formula" else chao2_of_samples(saw)
        hits += found.low <= kinds <= found.high
    assert hits >= 85


def test_kinds_that_are_hard_to_see_make_it_a_lower_bound() -> None:
    chances = np.concatenate([np.full(200, 0.4), np.full(200, 0.01)])
    totals = [chao2_of_samples(caught(chances, 12, seed)).total for seed in range(40)]
    assert np.mean(totals) < 400
    assert min(totals) > 200


def test_copies_of_a_kind_do_not_make_the_jackknife_surer() -> None:
    """Neighbouring bins are entered together: ten copies of everything hold no more information."""
    saw = caught(np.full(60, 0.15), 10, 3)
    one, ten = chao2_of_samples(saw), chao2_of_samples(np.tile(saw, (1, 10)))
    width, width_of_ten = (np.log((r.high - r.seen) / (r.low - r.seen)) for r in (one, ten))
    assert width_of_ten > 0.7 * width
    by_formula = chao2(np.tile(saw, (1, 10)).sum(axis=0), 10)
    assert np.log((by_formula.high - by_formula.seen) / (by_formula.low - by_formula.seen)) < 0.5 * width_of_ten
