"""The directory of a fit opened again: everything is what the fit itself said."""

from __future__ import annotations

import html
import json
import math
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import measured, words

import terranova
from terranova.errors import RunError
from terranova.fitting import session
from terranova.fitting.directory import RESULT
from terranova.fitting.results import FitResults
from terranova.fitting.steps import Fit
from terranova.runs.derived import FITTED
from terranova.system.environment import clean_environment

pytestmark = pytest.mark.integration

pytest.importorskip("emcee", reason="the fit extra is not installed")

MODEL = {"name": "fit-linear", "free": 2, "measured": 3}
DATA = [measured(f"y{i}", value, unit="GeV") for i, value in enumerate((1.0, -2.0, 3.0))]
SMALL: dict[str, Any] = {"best": {"starts": 2, "generations": 60}}


@pytest.fixture(scope="module")
def fit(tmp_path_factory: pytest.TempPathFactory) -> Fit:
    """A small fit with everything that a directory can hold; the range of a1 ends before a level is reached."""
    from support import fit_problems

    from terranova.registry import registry

    shared = registry()
    before = list(shared.plugins)
    shared.register(fit_problems, name="fit_problems", origin="tests")
    fit = terranova.fit(
        words(MODEL, DATA),
        **SMALL,
        output=str(tmp_path_factory.mktemp("fits") / "f"),
        profile=[
            {"a0": None, "bins": 12},
            {"a1": [-0.1, 10.0], "bins": 6},
            {"a0": [-3, 3], "y0": [-3, 3], "bins": 4},
        ],
        mcmc={"lengths": 2, "steps": 200},
        levels=[0.68, 0.95],
        quiet=True,
    )
    shared.plugins[:] = before
    assert fit is not None
    return fit


@pytest.fixture
def results(fit: Fit) -> FitResults:
    """Its directory, opened."""
    return terranova.open_fit(fit.config.output)


def test_the_best_fit_is_that_of_the_fit(fit: Fit, results: FitResults) -> None:
    assert dict(results.best) == fit.best.values
    assert results.chi2 == fit.best.chi2
    assert results.numbers["evaluations"] == fit.evaluations
    assert repr(results) == f"<fit of fit-linear in {fit.config.output}: chi2 {fit.best.chi2:.4g} at the best fit>"


def test_the_problem_is_that_of_the_fit(fit: Fit, results: FitResults) -> None:
    assert results.problem_config.to_dict() == fit.config.problem.to_dict()


def test_profiles_are_those_of_the_fit(fit: Fit, results: FitResults) -> None:
    assert results.profiled == [("a0",), ("a1",), ("a0", "y0")]
    for names, result in zip(results.profiled, fit.profiles, strict=True):
        frame = results.profile(*names)
        assert list(frame) == [*names, "loglike", "delta_chi2"]
        loglike = result.profile.loglike.reshape(-1)
        np.testing.assert_array_equal(frame["loglike"], loglike)
        np.testing.assert_array_equal(frame["delta_chi2"], result.profile.delta_chi2(fit.best.loglike).reshape(-1))
        grids = np.meshgrid(*(axis.centres for axis in result.profile.axes), indexing="ij")
        for i, axis in enumerate(result.profile.axes):
            at = grids[i] if axis.column is not None else result.profile.at[..., i]
            np.testing.assert_array_equal(frame[axis.name], at.reshape(-1))


def test_intervals_are_those_of_the_fit(fit: Fit, results: FitResults) -> None:
    for (name,), result in zip([("a0",), ("a1",)], fit.profiles, strict=False):
        intervals = results.intervals(name)
        assert list(intervals) == [0.68, 0.95]
        for interval in result.intervals:
            expected = tuple(
                (-math.inf if low is None else low, math.inf if high is None else high)
                for low, high in interval.parts
            )
            assert intervals[interval.level] == expected
    assert any(math.inf in part or -math.inf in part for part in results.intervals("a1")[0.95])


def test_posteriors_are_those_of_the_fit(fit: Fit, results: FitResults) -> None:
    """Written with ten digits."""
    assert results.methods == ["mcmc"]
    (posterior,) = fit.posteriors
    frame = results.posterior("mcmc")
    assert list(frame) == ["weight", "loglike", *posterior.names]
    np.testing.assert_allclose(frame["weight"], posterior.weights, rtol=1e-9)
    np.testing.assert_allclose(frame["loglike"], posterior.loglike, rtol=1e-9)
    for name in posterior.names:
        np.testing.assert_allclose(frame[name], posterior.column(name), rtol=1e-9)


def _without_figures(page: str) -> str:
    """A page without what matplotlib numbers anew each time, and without the time."""
    return re.sub(r"<svg.*?</svg>|\d\d:\d\d UTC", "", page, flags=re.DOTALL)


def test_the_page_is_made_of_what_is_opened(fit: Fit, results: FitResults) -> None:
    """And every number and sentence of it can be had from the object."""
    page = results.page()
    assert _without_figures(page) == _without_figures((fit.config.output / "fit.html").read_text(encoding="utf-8"))
    assert page.count("<svg") == 5
    text = html.unescape(re.sub(r"<[^>]*>", " ", page))
    for sentence in results.statements[1:]:
        assert sentence[1:] in text  # on the page it begins with a capital
    assert f"chi2 = {results.chi2:.3f} of {results.measurements} measurements" in results.statements[0]
    assert results.p_value == fit.best.p_value
    assert (results.measurements, results.free_parameters) == (3, 2)
    assert results.contributions == fit.best.contributions
    assert sum(pull**2 for pull in results.pulls.values()) == pytest.approx(results.chi2)
    for name, pull in results.pulls.items():
        assert f"{name} {results.contributions[name]:.3f} {pull:+.2f}" in " ".join(text.split())
    assert sum(results.spent.values()) == results.evaluations == fit.evaluations
    assert results.surrogate is None


def test_posteriors_are_summed_up(fit: Fit, results: FitResults) -> None:
    (posterior,) = fit.posteriors
    table = results.summary("mcmc")
    for name in ("a0", "y2"):
        assert tuple(table.loc[name, ["mean", "deviation"]]) == posterior.mean(name)
        assert tuple(table.loc[name, ["low", "high"]]) == posterior.credible(name, 0.95)
    assert table.loc["a0", "R-hat"] == posterior.diagnoses[0].rhat
    assert results.converged("mcmc") == posterior.converged
    assert results.not_converged_because("mcmc") == list(posterior.reasons)
    assert results.evidence("mcmc") is None
    assert any("NOT converged" in warning for warning in results.warnings) is not posterior.converged


STRANGER = """
import sys, time
import pandas, terranova.fitting.results
from terranova import open_fit
begun = time.process_time()
results = open_fit(sys.argv[1])
results.statements, results.warnings, results.summary("mcmc"), results.profile("a0"), results.posterior("mcmc")
seconds = time.process_time() - begun
assert len(results.page()) > 10_000
print(repr(results.chi2), seconds)
"""


@pytest.mark.slow
def test_it_opens_where_neither_the_plugin_nor_the_versions_are_those_of_the_fit(fit: Fit, tmp_path: Path) -> None:
    """The model of these tests is known to this process only. All but the page is there in less than a second."""
    shutil.copytree(fit.config.output, tmp_path / "f")
    manifest = json.loads((tmp_path / "f" / "manifest.json").read_text())
    manifest["versions"] = dict.fromkeys(manifest["versions"], "0.0.1")
    (tmp_path / "f" / "manifest.json").write_text(json.dumps(manifest))
    done = subprocess.run(
        [sys.executable, "-c", STRANGER, str(tmp_path / "f")],
        capture_output=True,
        text=True,
        env=clean_environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    chi2, seconds = done.stdout.split()
    assert float(chi2) == fit.best.chi2
    assert float(seconds) < 1.0


def test_a_fit_that_has_ended_is_not_gone_through_again(fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_fit", None)
    again = session.run_fit(fit.config, quiet=True)
    assert again is not None
    assert again.best.values == fit.best.values
    np.testing.assert_array_equal(again.posteriors[0].values, fit.posteriors[0].values)
    assert again.problem.model.name == "fit-linear"


def test_what_was_not_computed_is_named_with_what_was(results: FitResults) -> None:
    with pytest.raises(KeyError, match="no profile of y0 and a0 was computed; there are: a0, a1, a0 and y0"):
        results.profile("y0", "a0")
    with pytest.raises(KeyError, match="no profile of y2 was computed"):
        results.intervals("y2")
    with pytest.raises(KeyError, match="no posterior was sampled by 'nested'; there are: mcmc"):
        results.posterior("nested")


def test_the_directory_is_a_run_whose_configuration_is_that_of_a_fit(fit: Fit) -> None:
    run = terranova.open(fit.config.output)
    assert run.evaluated == fit.evaluations
    problem = run.problem()
    assert [c.name for c in problem.constraints] == ["m_y0", "m_y1", "m_y2"]
    assert problem.model.space.names == fit.problem.model.space.names
    with pytest.raises(RunError, match=r"was made by `terranova fit`, not by a scan: its page is fit\.html"):
        _ = run.config


def test_a_fit_that_has_not_ended_is_told_to_go_on(fit: Fit, tmp_path: Path) -> None:
    (tmp_path / FITTED).write_text(fit.config.to_yaml())
    with pytest.raises(RunError, match="has not ended; `terranova fit` with the same file goes on with it"):
        terranova.open_fit(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "holds no fit: there is no fit.json"),
        ("{", "cannot be read, or is not the result of a fit: "),
        ("[1]", "it has no model, best, profiles, posteriors"),
        ('["model", "best", "profiles", "posteriors"]', "it has no model, best, profiles, posteriors"),
        (json.dumps({"model": "m", "best": {}, "profiles": []}), "it has no posteriors"),
    ],
    ids=["nothing", "no JSON", "a list", "a list of the keys", "half of it"],
)
def test_a_foreign_directory_is_refused(content: str | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / RESULT).write_text(content)
    with pytest.raises(RunError) as caught:
        terranova.open_fit(tmp_path)
    assert message in str(caught.value)


@pytest.mark.parametrize("damage", ["away", "damaged"])
def test_files_that_cannot_be_read_are_an_error_for_people(damage: str, fit: Fit, tmp_path: Path) -> None:
    (tmp_path / RESULT).write_bytes((fit.config.output / RESULT).read_bytes())
    if damage == "damaged":
        (tmp_path / "profile-a0.csv").write_bytes(b"")
        for name in ("mcmc.txt", "mcmc.paramnames"):
            (tmp_path / name).write_bytes(b"nothing of a chain\n")
    results = terranova.open_fit(tmp_path)
    with pytest.raises(RunError, match=r"profile-a0\.csv cannot be read"):
        results.profile("a0")
    with pytest.raises(RunError, match=r"mcmc cannot be read"):
        results.posterior("mcmc")


def test_a_directory_that_is_not_there_holds_no_fit(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no fit"):
        terranova.open_fit(tmp_path / "nowhere")


def test_a_fit_of_an_older_version_is_read(fit: Fit, tmp_path: Path) -> None:
    """It says neither where profiles are, nor the columns of posteriors, nor what lies at an end of a prior."""
    for path in fit.config.output.glob("*.*"):
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    numbers = json.loads((tmp_path / RESULT).read_text())
    for profile in numbers["profiles"]:
        del profile["file"]
    del numbers["posteriors"][0]["columns"], numbers["best"]["at the end of its prior"]
    (tmp_path / RESULT).write_text(json.dumps(numbers))
    old, new = terranova.open_fit(tmp_path), terranova.open_fit(fit.config.output)
    assert old.profile("a0", "y0").equals(new.profile("a0", "y0"))
    assert list(old.posterior("mcmc")) == list(new.posterior("mcmc"))
    assert old.at_prior_ends == new.at_prior_ends == {}
