"""Surrogates in use: from stored rows to a file, a check, an explanation; and the model behind predictions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support import stored_runs
from typer.testing import CliRunner

import terranova
from terranova import ConstraintSet, Gaussian
from terranova.cli.commands import app
from terranova.errors import RunError, RunMismatch, StoreCorrupt
from terranova.plugins.surrogates.xgb import XgboostSurrogate
from terranova.surrogates import TrainedSurrogate, explanation, explanation_page, train, validation, validation_page
from terranova.surrogates.about import ABOUT
from terranova.surrogates.archive import read_archive, write_archive

pytestmark = pytest.mark.integration

pytest.importorskip("xgboost", reason="surrogates need the extra terranova[ml]")

SMOOTH = ConstraintSet(
    "smooth",
    tuple(
        Gaussian(name=f"g_{n}", observables=(n,), value=v, sigma=s, source="theory: a test", unit=unit)
        for n, v, s, unit in (("ring", 3.0, 3.0, "1"), ("ratio", 0.0, 1.0, "GeV"))
    ),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> terranova.runs.run.Run:
    from support import toys

    from terranova.registry import registry

    shared = registry()
    before = list(shared.plugins)
    shared.register(toys, name="toys", origin="tests")
    made = stored_runs.scanned(
        tmp_path_factory.mktemp("runs") / "run", constraints=[SMOOTH], budget={"evaluations": 2000}
    )
    shared.plugins[:] = before
    return made


@pytest.mark.usefixtures("toy_registry")
def test_file_check_and_explanation(run: terranova.runs.run.Run, tmp_path: Path) -> None:
    made = train([run], ["observables"], rounds=150, cut=60.0)
    assert set(made.targets) == {"ring", "ratio"}
    assert made.trained == 1600
    made.save(tmp_path / "s.tns")
    again = TrainedSurrogate.load(tmp_path / "s.tns")
    u = np.random.default_rng(1).random((200, 4))
    assert np.array_equal(made.chi2(u), again.chi2(u))
    answer = again.evaluate(u)
    assert answer.true_calls == again.true_calls == (~answer.predicted).sum()
    assert 0 < answer.true_calls < 200
    true = again.true_chi2(u)
    assert np.array_equal(answer.chi2[~answer.predicted], true[~answer.predicted])
    inside = answer.predicted & (true < made.best + 20.0)
    assert inside.sum() > 20
    assert np.median(np.abs(answer.chi2 - true)[inside]) < 0.5
    found = validation.check(again)
    assert {q.name for q in found.qualities} == {"chi2", "ring", "ratio"}
    assert found.near > 20
    assert found.false_rejections[0] < 0.1
    page = validation_page.write_page(found, again, tmp_path / "check.html").read_text(encoding="utf-8")
    assert "wrongly rejects" in page
    told = explanation.explain(again)
    ring = dict(zip(told.parameters, told.share("ring"), strict=True))
    # ring = (a - 5)^2 + 4 sin^2 phi; it knows neither b nor c.
    assert ring["a"] > ring["phi"] > 0.02 > max(ring["b"], ring["c"])
    assert explanation_page.write_page(told, again, tmp_path / "explain.html").stat().st_size > 10_000


@pytest.mark.usefixtures("toy_registry")
def test_every_constraint_is_explained_and_rows_may_come_from_elsewhere(
    run: terranova.runs.run.Run, tmp_path: Path
) -> None:
    made = train([run], ["loglike", "observables"], rounds=10, trend=2, cut=60.0, held_out=0.0)
    assert made.trained == 2000
    for command in (validation.check, explanation.explain):
        with pytest.raises(RunError, match="no row was held out"):
            command(made)
    other = stored_runs.scanned(tmp_path / "other", constraints=[SMOOTH], budget={"evaluations": 400}, seed=99)
    assert validation.check(made, other).rows == 400
    told = explanation.explain(made, other)
    assert str(other.directory) in told.sample
    assert set(told.drives) == {"g_ring", "g_ratio", "total"}
    words = " ".join(explanation_page.sentences(told))
    assert all(name in words for name in ("g_ring", "g_ratio", "total"))
    page = explanation_page.write_page(told, made, tmp_path / "e.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 * len(told.targets)  # a summary and the dependence for each
    with pytest.raises(RunError, match="held out must be"):
        train([run], held_out=1.0)


@pytest.mark.slow
@pytest.mark.usefixtures("toy_registry")
def test_the_search_of_hyper_parameters_never_sees_the_test_rows(
    run: terranova.runs.run.Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("optuna", reason="the search needs the extra terranova[ml]")
    seen: list[np.ndarray] = []
    kind = XgboostSurrogate
    fit, predict = kind.fit, kind.predict

    def spied_fit(self: XgboostSurrogate, u: np.ndarray, *words: np.ndarray) -> None:
        seen.append(u)
        fit(self, u, *words)

    def spied_predict(self: XgboostSurrogate, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen.append(u)
        return predict(self, u)

    monkeypatch.setattr(kind, "fit", spied_fit)
    monkeypatch.setattr(kind, "predict", spied_predict)
    monkeypatch.setattr(
        kind, "suggest", classmethod(lambda cls, trial: {"rounds": trial.suggest_int("rounds", 5, 9)})
    )
    made = train([run], trials=3)
    assert len(seen) == 7  # three trials, each a fit and a prediction, and the final fit
    tests = {tuple(row) for row in made.test.u}
    assert not any(tuple(row) in tests for u in seen for row in u)


@pytest.mark.usefixtures("toy_registry")
def test_another_problem_is_refused(run: terranova.runs.run.Run, tmp_path: Path) -> None:
    made = train([run], rounds=2)
    made.save(tmp_path / "s.tns")
    pieces = read_archive(tmp_path / "s.tns")
    about = json.loads(pieces[ABOUT])
    about["identity"]["model version"] = "0.0.1"
    write_archive(tmp_path / "old.tns", {**pieces, ABOUT: json.dumps(about).encode()})
    with pytest.raises(RunMismatch, match="model version"):
        TrainedSurrogate.load(tmp_path / "old.tns")
    other = stored_runs.scanned(tmp_path / "other")
    with pytest.raises(RunMismatch, match="constraint"):
        validation.check(made, other)
    with pytest.raises(RunMismatch, match="constraint"):
        train([run, other])
    (tmp_path / "no.tns").write_bytes(b"nothing")
    with pytest.raises(StoreCorrupt):
        TrainedSurrogate.load(tmp_path / "no.tns")
    with pytest.raises(RunError, match="did you mean 'ring'"):
        train([run], ["rinng"])


@pytest.mark.slow
@pytest.mark.usefixtures("toy_registry")
def test_commands(run: terranova.runs.run.Run, tmp_path: Path) -> None:
    file = str(tmp_path / "s.tns")
    words = ["surrogate", "train", str(run.directory), "--output", file, "--trials", "0", "--rows", "1000"]
    for line in (words, ["surrogate", "check", file], ["surrogate", "explain", file]):
        done = CliRunner().invoke(app, line)
        assert done.exit_code == 0, done.output
    assert "The total log-likelihood: loglike:" in done.output
    assert (tmp_path / "s-check.html").exists()
    assert (tmp_path / "s-explain.html").exists()
