"""Trained surrogates: chi2 from what is predicted, and the model wherever trust is not enough."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.fit_problems import linear_solution, measured, problem

from terranova.config import ProblemConfig
from terranova.config.problem import ModelChoice
from terranova.errors import PluginMissing, RunError, TerranovaError
from terranova.registry import registry
from terranova.surrogates.dataset import Rows
from terranova.surrogates.trained import TrainedSurrogate, chi2_of, determine_chi2, make

MODEL = {"name": "fit-linear", "free": 2, "measured": 3}
VALUES = np.array([1.0, -2.0, 3.0])


@pytest.fixture(autouse=True)
def _models(monkeypatch: pytest.MonkeyPatch) -> None:
    from support import fit_problems

    monkeypatch.setattr(registry(), "plugins", list(registry().plugins))
    registry().register(fit_problems, name="fit_problems", origin="tests")


class Oracle:
    """Predicts chi2 exactly, and trusts itself in the left half only."""

    reason = ""

    def __init__(self, problem: Any) -> None:
        self.problem = problem

    def predict(self, u: Any) -> Any:
        loglike = self.problem.score(
            x := self.problem.model.space.to_physical(u), self.problem.evaluate(x).observables
        )[1]
        return loglike[:, None], np.zeros((len(u), 1))

    def trust(self, u: Any) -> Any:
        return (u[:, 0] < 0.5).astype(float)


def _trained(targets: tuple[str, ...] = ("loglike",)) -> TrainedSurrogate:
    made = problem(MODEL, [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)])
    nothing = Rows(*(np.empty((0, 2)) for _ in range(3)), np.empty(0))
    config = ProblemConfig(ModelChoice("fit-linear"))
    return TrainedSurrogate(Oracle(made), "oracle", {}, config, made, targets, 6.0, 0.0, 0, nothing)  # type: ignore[arg-type]


U = np.random.default_rng(1).random((20, 2))


def test_the_model_is_called_where_trust_is_not_enough() -> None:
    trained = _trained()
    answer = trained.evaluate(U)
    assert answer.predicted.tolist() == (U[:, 0] < 0.5).tolist()
    assert answer.true_calls == trained.true_calls == int((U[:, 0] >= 0.5).sum())
    np.testing.assert_allclose(answer.chi2, _trained().true_chi2(U), rtol=1e-12)
    assert trained.evaluate(U, trust=1.5).true_calls == len(U)


def test_the_true_minimum_is_that_of_the_linear_model() -> None:
    trained = _trained()
    best, _, chi2 = linear_solution(VALUES, 2)
    u = trained.problem.model.space.to_unit(best[None])
    assert trained.true_chi2(u)[0] == pytest.approx(chi2)
    assert len(trained.true_chi2(np.empty((0, 2)))) == 0


def test_chi2_follows_from_observables_that_constraints_read_and_from_nothing_less() -> None:
    trained = _trained()
    names = ("y0", "y1", "y2")
    assert determine_chi2(trained.problem, names)
    assert not determine_chi2(trained.problem, names[:2])
    values = trained.problem.evaluate(trained.problem.model.space.to_physical(U)).observables.copy()
    values[3, 1] = np.nan
    chi2 = chi2_of(trained.problem, names, U, values)
    assert np.isnan(chi2).tolist() == [row == 3 for row in range(len(U))]
    np.testing.assert_allclose(np.delete(chi2, 3), np.delete(trained.true_chi2(U), 3), rtol=1e-12)
    with pytest.raises(RunError, match="do not determine the log-likelihood"):
        _trained(("y0",)).chi2(U)


def test_plugins_that_are_not_there_or_refuse_their_options() -> None:
    made = _trained().problem
    with pytest.raises(PluginMissing, match="'gpp'"):
        make("gpp", made, 1, {})
    with pytest.raises(TerranovaError, match="popsize"):
        make("gp", made, 1, {"popsize": 3})
