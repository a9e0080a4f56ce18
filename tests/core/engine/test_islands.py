"""Islands: what they propose is checked, and each advances as if it were alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from terranova import (
    Proposal,
)
from terranova.engine.islands import check_proposal
from terranova.errors import ContractError


@pytest.mark.parametrize(
    ("u", "island", "words"),
    [
        (np.full((2, 1), 1.5), [0, 1], "outside"),
        (np.full((2, 1), np.nan), [0, 1], "outside"),
        (np.full((3, 1), 0.5), [0, 1, 0], "sorted"),
        (np.full((2, 1), 0.5), [0, 2], "between 0 and 1"),
        (np.full((2, 3), 0.5), [0, 1], r"expected \(n, 1\)"),
    ],
)
def test_a_proposal_is_checked(u: Any, island: list[int], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        check_proposal(Proposal(u, np.array(island)), "mine", 1, 2)


def test_a_proposal_says_of_every_point_whether_it_is_a_probe() -> None:
    with pytest.raises(ContractError, match="probe"):
        check_proposal(Proposal(np.full((2, 1), 0.5), np.zeros(2, np.int64), np.zeros(1, bool)), "mine", 1, 1)
