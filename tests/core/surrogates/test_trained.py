"""Trained surrogates: chi2 from what is predicted, and the model wherever trust is not enough."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import linear_solution, measured, problem
from support.surrogate_files import rezip, unzip

from terranova.config import ProblemConfig, build_problem, load_problem
from terranova.config.problem import ModelChoice
from terranova.errors import PluginMissing, RunError, StoreCorrupt, TerranovaError
from terranova.plugins.surrogates.gp import GpSurrogate
from terranova.registry import registry
from terranova.runs import provenance
from terranova.surrogates.dataset import Rows, identity
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


def test_a_file_is_the_same_surrogate(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = _saved(tmp_path / "s.tns")
    again = TrainedSurrogate.load(tmp_path / "s.tns")
    for name in ("plugin", "options", "targets", "cut", "best", "trained", "identity"):
        assert getattr(again, name) == getattr(made, name)
    np.testing.assert_array_equal(again.surrogate.mean(U), made.surrogate.mean(U))
    assert len(again.test) == 3
    again.save(tmp_path / "again.tns")
    assert (tmp_path / "again.tns").read_bytes() == (tmp_path / "s.tns").read_bytes()
    assert not caplog.messages


def test_other_versions_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _saved(tmp_path / "s.tns")
    pieces = unzip(tmp_path / "s.tns")
    about = json.loads(pieces["about.json"]) | {"plugin_version": "0", "versions": {"scipy": "0.1", "pip": "0"}}
    (tmp_path / "s.tns").write_bytes(rezip({**pieces, "about.json": json.dumps(about).encode()}))
    TrainedSurrogate.load(tmp_path / "s.tns")
    assert len(caplog.messages) == 2
    assert "surrogate 'gp' 0; here is" in caplog.messages[0]
    assert "scipy 0.1; here is" in caplog.messages[1]


def test_a_plugin_that_cannot_restore_says_so_and_one_that_answers_otherwise_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _saved(tmp_path / "s.tns")
    for method, answer, message in (
        ("restore", lambda self, state: {}["x"], "learned/KeyError: 'x'"),
        ("predict", lambda self, u: (np.zeros((1, 2)), np.zeros((1, 2))), "does not predict 1 targets"),
        ("trust", lambda self, u: np.zeros(3), "does not predict 1 targets"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(GpSurrogate, method, answer)
            with pytest.raises(StoreCorrupt, match=message):
                TrainedSurrogate.load(tmp_path / "s.tns")


def _saved(path: Path) -> TrainedSurrogate:
    """Save a surrogate of the linear model, which predicts its log-likelihood."""
    constraints = [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)]
    config = load_problem({"model": MODEL, "constraints": constraints})
    made = build_problem(config)
    rng, space = np.random.default_rng(1), made.model.space
    u = rng.random((60, space.dimension))
    x = space.to_physical(u)
    loglike = made.score(x, made.evaluate(x).observables)[1]
    options = {"points": 40, "scales": 20}
    surrogate = make("gp", made, 1, options)
    surrogate.fit(u, loglike[:, None], np.ones(len(u), dtype=bool))
    assert not surrogate.reason
    test = Rows(u[:3], x[:3], loglike[:3, None], -2.0 * loglike[:3])
    same = identity(provenance.problem_physics(config, made))
    trained = TrainedSurrogate(surrogate, "gp", options, config, made, ("loglike",), 30.0, 1.0, 60, test, same)
    trained.save(path)
    return trained


def test_plugins_that_are_not_there_or_refuse_their_options() -> None:
    made = _trained().problem
    with pytest.raises(PluginMissing, match="'gpp'"):
        make("gpp", made, 1, {})
    with pytest.raises(TerranovaError, match="popsize"):
        make("gp", made, 1, {"popsize": 3})
