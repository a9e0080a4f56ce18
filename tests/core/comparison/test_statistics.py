"""Statistics of comparisons, on data whose answers are known."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from terranova.comparison.statistics import (
    data_profile,
    expected_running_time,
    holm,
    leader_against_others,
    mean,
    performance_profile,
)


@pytest.mark.integration
def test_the_expected_running_time_of_restarts_is_that_of_a_simulation() -> None:
    rng = np.random.default_rng(3)
    success, budget = 0.3, 1000.0
    solved = rng.random(4000) < success
    at = rng.uniform(1.0, budget, 4000)
    first = np.where(solved, at, np.nan)
    found = expected_running_time(first, np.full(4000, budget))
    # A geometric number of failures that cost the budget each, then a success of half of it on average.
    truth = budget * (1 - success) / success + budget / 2
    assert found.value == pytest.approx(truth, rel=0.1)
    assert found.low < truth < found.high


def test_without_any_success_the_running_time_is_infinite() -> None:
    never = expected_running_time(np.full(5, np.nan), np.full(5, 100.0))
    assert never.value == np.inf
    assert never.low == np.inf


def test_intervals_of_means_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for i in range(120):
        estimate = mean(rng.normal(3.0, 1.0, 20), seed=i)
        inside += estimate.low < 3.0 < estimate.high
    assert 102 <= inside <= 120  # 95 % of 120 is 114; four standard deviations of chance, and small samples


def test_too_few_seeds_have_no_interval_and_equal_values_one_of_no_width() -> None:
    assert np.isnan(mean(np.array([1.0, 2.0])).low)
    assert mean(np.full(5, 2.0)) == mean(np.full(7, 2.0))


def test_holm_is_the_published_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_test_is_exact_for_few_seeds() -> None:
    a, b = np.array([5.0, 6.0, 8.0, 7.0, 9.0, 6.5]), np.array([4.0, 6.5, 7.0, 5.0, 6.0, 5.5])
    (difference,) = leader_against_others(["a", "b"], [a, b])
    delta = a - b
    signs = np.array(list(itertools.product([1, -1], repeat=6)))
    means = (signs * delta).mean(axis=1)
    exact = 2 * min((means >= delta.mean() - 1e-12).mean(), (means <= delta.mean() + 1e-12).mean())
    assert (difference.better, difference.worse) == ("a", "b")
    assert difference.p == pytest.approx(exact)


@pytest.mark.integration
def test_equals_are_seldom_called_different() -> None:
    rng = np.random.default_rng(7)
    called = 0
    for _ in range(100):
        values = [rng.normal(size=8) for _ in range(4)]
        called += any(d.significant for d in leader_against_others("abcd", values))
    # The leader is the best of four by chance, which Holm's correction for three comparisons does not know.
    assert called <= 22


def test_profiles_count_solved_trials() -> None:
    first = np.array([[10.0, 20.0, np.nan, 40.0], [20.0, 10.0, np.nan, np.nan]])
    assert data_profile(first[0], np.array([9.0, 10.0, 25.0, 100.0])) == pytest.approx([0, 0.25, 0.5, 0.75])
    shares = performance_profile(first, np.array([1.0, 2.0, 100.0]))
    assert shares == pytest.approx(np.array([[0.5, 0.75, 0.75], [0.25, 0.5, 0.5]]))
