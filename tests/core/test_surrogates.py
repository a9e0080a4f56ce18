"""Surrogates in use: from stored rows to a file, a check, an explanation; and the model behind predictions."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import stored_runs
from typer.testing import CliRunner

import terranova
from terranova import ConstraintSet, Gaussian
from terranova.cli import app
from terranova.errors import RunError, RunMismatch, StoreCorrupt
from terranova.surrogates import StandIn, checking, explaining, train

pytest.importorskip("xgboost", reason="surrogates need the extra terranova[ml]")

SMOOTH = ConstraintSet(
    "smooth",
    tuple(
        Gaussian(
            name=f"g_{n}", observables=(n,), value=v, sigma_up=s, sigma_down=s, source="theory: a test", unit=unit
        )
        for n, v, s, unit in (("ring", 3.0, 3.0, "1"), ("ratio", 0.0, 1.0, "GeV"))
    ),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> terranova.run.Run:
    import toys

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
def test_file_check_and_explanation(run: terranova.run.Run, tmp_path: Path) -> None:
    made = train([run], ["observables"], rounds=150, cut=60.0)
    assert set(made.targets) == {"ring", "ratio"}
    assert made.trained == 1600
    made.save(tmp_path / "s.tns")
    again = StandIn.load(tmp_path / "s.tns")
    u = np.random.default_rng(1).random((200, 4))
    assert np.array_equal(made.chi2(u), again.chi2(u))
    answer = again.evaluate(u)
    assert answer.true_calls == again.true_calls == (~answer.predicted).sum()
    assert 0 < answer.true_calls < 200
    true = again.true_chi2(u)
    assert np.array_equal(answer.chi2[~answer.predicted], true[~answer.predicted])
    assert np.median(np.abs(answer.chi2 - true)[answer.predicted]) < 0.5
    found = checking.check(again)
    assert {q.name for q in found.qualities} == {"chi2", "ring", "ratio"}
    assert found.near > 20
    assert found.false_rejections[0] < 0.1
    page = checking.write_page(found, again, tmp_path / "check.html").read_text(encoding="utf-8")
    assert "wrongly rejects" in page
    told = explaining.explain(again)
    ring = dict(zip(told.parameters, told.share("ring"), strict=True))
    # ring = (a - 5)^2 + 4 sin^2 phi; it knows neither b nor c.
    assert ring["a"] > ring["phi"] > 0.02 > max(ring["b"], ring["c"])
    assert explaining.write_page(told, again, tmp_path / "explain.html").stat().st_size > 10_000


@pytest.mark.usefixtures("toy_registry")
def test_another_problem_is_refused(run: terranova.run.Run, tmp_path: Path) -> None:
    made = train([run], rounds=2)
    made.save(tmp_path / "s.tns")
    with zipfile.ZipFile(tmp_path / "s.tns") as archive:
        pieces = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(pieces["about.json"])
    about["identity"]["model version"] = "0.0.1"
    with zipfile.ZipFile(tmp_path / "old.tns", "w") as archive:
        for name, piece in {**pieces, "about.json": json.dumps(about).encode()}.items():
            archive.writestr(name, piece)
    with pytest.raises(RunMismatch, match="model version"):
        StandIn.load(tmp_path / "old.tns")
    other = stored_runs.scanned(tmp_path / "other")
    with pytest.raises(RunMismatch, match="constraint"):
        checking.check(made, other)
    with pytest.raises(RunMismatch, match="constraint"):
        train([run, other])
    (tmp_path / "no.tns").write_bytes(b"nothing")
    with pytest.raises(StoreCorrupt):
        StandIn.load(tmp_path / "no.tns")
    with pytest.raises(RunError, match="did you mean 'ring'"):
        train([run], ["rinng"])


@pytest.mark.usefixtures("toy_registry")
def test_commands(run: terranova.run.Run, tmp_path: Path) -> None:
    file = str(tmp_path / "s.tns")
    words = ["surrogate", "train", str(run.directory), "--output", file, "--trials", "0", "--rows", "1000"]
    for line in (words, ["surrogate", "check", file], ["surrogate", "explain", file]):
        done = CliRunner().invoke(app, line)
        assert done.exit_code == 0, done.output
    assert "The total log-likelihood: loglike:" in done.output
    assert (tmp_path / "s-check.html").exists()
    assert (tmp_path / "s-explain.html").exists()
