"""What `terranova plugins NAME` prints."""

from __future__ import annotations

import pytest

from terranova.cli.tables import console, show_one
from terranova.registry import registry


@pytest.mark.parametrize(
    ("model", "fitting", "others"),
    [("thdm3", "higgs-lhc", "alp-belle"), ("alp", "alp-belle", "g2-wp25"), ("scotogenic-ci37", "g2-wp25", "alp-")],
)
def test_a_model_lists_the_constraint_sets_that_read_what_it_has(model: str, fitting: str, others: str) -> None:
    with console.capture() as printed:
        show_one(registry(), model)
    listed = printed.get().partition("Constraint sets for it")[2]
    assert fitting in listed
    assert others not in listed
