"""The conformance suite sees what is wrong: samplers that break one rule each, and one that keeps them all."""

from __future__ import annotations

import pytest
from support.broken_samplers import Spoiler, Steps

from terranova.errors import ContractError
from terranova.testing import check_sampler, sampler_checks


def test_a_sampler_that_keeps_all_rules_passes() -> None:
    check_sampler(Steps, options={"points": 7}, points=300)


def test_everything_that_is_broken_is_said_at_once() -> None:
    with pytest.raises(ContractError) as caught:
        check_sampler(Spoiler, points=100)
    assert "batches_are_left_alone" in str(caught.value)
    assert "points_lie_in_the_cube" not in str(caught.value)


def test_rules_and_samplers_are_looked_up() -> None:
    with pytest.raises(ValueError, match="did you mean 'points_lie_in_the_cube'"):
        sampler_checks("random", rules=["points_lie_in_cube"])
    with pytest.raises(Exception, match="did you mean"):
        sampler_checks("randm")
