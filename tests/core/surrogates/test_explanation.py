"""Explanations: which parameter drives a prediction, of additive functions whose answer is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from terranova.errors import RunError
from terranova.surrogates.dataset import Rows
from terranova.surrogates.explanation import ROWS, explain
from terranova.testing.problems import ring


def _made(n: int = 50, *, reason: str = "", known: bool = True, near: bool = True) -> Any:
    problem = ring()
    u = np.random.default_rng(1).random((n, 4))
    weights = np.array([3.0, 1.0, 0.0, 0.0])
    surrogate = SimpleNamespace(
        reason=reason,
        near=lambda u: np.full(len(u), near),
        contributions=lambda u: ((u * weights)[:, None], np.zeros(1)) if known else None,
        scales=(),
    )
    x = problem.model.space.to_physical(u) if n else np.empty((0, 4))
    rows = Rows(u, x, np.zeros((n, 1)), np.zeros(n))
    return SimpleNamespace(
        surrogate=surrogate, problem=problem, plugin="mine", targets=("away",), cut=6.0, test=rows
    )


def test_shares_are_those_of_the_weights() -> None:
    found = explain(_made(5000))
    assert len(found.u) == ROWS
    assert found.share("away") == pytest.approx([0.75, 0.25, 0.0, 0.0], abs=0.02)
    assert found.drives == {"ring": ("away",)}
    assert (found.parameters, found.scales) == (("x", "y", "phi", "z"), ("linear",))
    assert "1000 held-out rows" in found.sample


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"reason": "too few"}, "nothing to explain: too few"),
        ({"n": 0}, "no row was held out"),
        ({"near": False}, "lies where the surrogate knows anything"),
        ({"known": False}, "'mine' cannot say what drives its predictions"),
    ],
)
def test_what_cannot_be_explained_is_said(words: dict[str, Any], message: str) -> None:
    with pytest.raises(RunError, match=message):
        explain(_made(**words))


def test_where_nothing_matters_nothing_has_a_share() -> None:
    made = _made()
    made.surrogate.contributions = lambda u: (np.zeros((len(u), 1, 4)), np.zeros(1))
    assert explain(made).share("away").tolist() == [0.0] * 4
