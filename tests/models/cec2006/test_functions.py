"""Test functions of CEC 2006: sizes and optima against what pymoo knows of them."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

import terranova
from terranova.errors import PluginMissing
from terranova.models.cec2006.functions import EQUALITY, FUNCTIONS, SIZES, Cec2006

g = pytest.importorskip("pymoo.problems.single.g", reason="the optimisers extra is not installed")


@pytest.mark.parametrize("kind", FUNCTIONS, ids=lambda kind: kind.name)
def test_the_known_optimum_is_valid(kind: type[Cec2006]) -> None:
    """pymoo's optima have few digits: they may miss active inequalities and equations by these."""
    function = getattr(g, f"G{kind.number}")()
    size = SIZES[kind.number]
    assert size[:3] == (function.n_var, function.n_ieq_constr, function.n_eq_constr)
    best = np.atleast_2d(function.pareto_set()).astype(float)
    problem = terranova.problem(kind.name, [kind.name])
    x = (best - function.xl) / (function.xu - function.xl)
    values = problem.evaluate(x).observables
    low, high = np.array(list(kind.windows().values())).T
    slack = np.where(high == 0.0, 1e-5, 1e-3 * EQUALITY)
    assert (values >= low - slack).all()
    assert (values <= high + slack).all()
    assert values[:, 0] == pytest.approx(size.optimum, rel=1e-3)


def test_a_point_is_the_same_alone_and_in_a_batch() -> None:
    problem = terranova.problem("cec-g10", ["cec-g10"])
    u = np.random.default_rng(1).random((20, 8))
    together = problem.evaluate(u).observables
    alone = np.concatenate([problem.evaluate(row[None]).observables for row in u])
    np.testing.assert_allclose(alone, together, rtol=1e-12)


def test_without_pymoo_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("pymoo"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(PluginMissing, match=r"'cec-g01' needs pymoo.*terranova\[optimisers\]"):
        FUNCTIONS[0]()
