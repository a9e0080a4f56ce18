"""Profiles that are hard to search: what is quoted is right, and what is not known is not quoted."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terranova
from terranova.fitting.config_reading import load_fit
from terranova.fitting.intervals import Interval, intervals
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.output import write_fit
from terranova.fitting.profile_convergence import Convergence
from terranova.fitting.steps import Fit, ProfileResult, run_steps
from terranova.fitting.text import convergence_sentence, interval_sentence

pytest.importorskip("iminuit", reason="the fit extra is not installed")


def _fit(name: str, output: Path, **keys: Any) -> Fit:
    best = {"starts": 2, "generations": 60}
    config = load_fit({"model": name, "constraints": [name], "best": best, **keys}, output=str(output))
    problem = terranova.problem(name, [name])
    return run_steps(config, Likelihood(problem, problem.evaluate), 0, lambda _: None)


@pytest.mark.fault("F71")
@pytest.mark.integration
def test_a_valley_that_narrows_is_followed_to_its_end(tmp_path: Path) -> None:
    """Its width falls by four orders of magnitude; everything beyond the lower end is allowed."""
    fit = _fit("profile-valley", tmp_path / "f", profile=[{"t": None, "bins": 16}], levels=[0.95])
    (result,) = fit.profiles
    curve = result.profile
    exact = fit.problem.model.plugin.exact("t", curve.axes[0].centres)
    near = exact < 6.0
    np.testing.assert_allclose(curve.delta_chi2(fit.best.loglike)[near], exact[near], atol=0.05)
    (interval,) = result.intervals
    ((low, high),) = interval.parts
    assert high is None
    assert low == pytest.approx((0.25 * 3.8415) ** -0.25, rel=1e-2)  # 1 / t^2, measured to be 0 within 0.5


@pytest.mark.fault("F72")
@pytest.mark.integration
def test_a_search_that_was_cut_short_quotes_no_number(tmp_path: Path) -> None:
    fit = _fit(
        "profile-valley",
        tmp_path / "f",
        profile=[{"t": None, "bins": 16}],
        levels=[0.95],
        search={"curve": 500},
    )
    (result,) = fit.profiles
    assert result.convergence.bound == 500
    crossing = [
        (end, doubt)
        for part, doubts in zip(result.intervals[0].parts, result.intervals[0].doubts, strict=True)
        for end, doubt in zip(part, doubts, strict=True)
        if end is not None
    ]
    assert crossing
    assert all(math.isnan(end) and doubt for end, doubt in crossing)
    assert "did not suffice" in convergence_sentence(result)


@pytest.mark.fault("F72")
@pytest.mark.integration
def test_an_end_at_a_jump_is_nowhere_a_number(tmp_path: Path) -> None:
    """In the sentence, in fit.json, on the page, and in what `open_fit` returns."""
    fit = _fit("profile-boundary", tmp_path / "f", profile=[{"x": None, "bins": 8}], levels=[0.68])
    (result,) = fit.profiles
    doubts = (("the curve jumps by 2.1 there", None),)
    interval = Interval(0.68, ((math.nan, 0.75),), doubts)
    convergence = Convergence(jumps=np.array([0.0, 2.1]), moved=np.zeros(2), sweeps=3)
    changed = ProfileResult(result.profile, (interval,), convergence)
    sentence = interval_sentence(fit, changed, interval)
    assert sentence.startswith("x at 68 % CL (profile): lower end not established, upper end 0.75 (lower end: ")
    assert sentence.endswith("the curve jumps by 2.1 there)")
    doubtful = Fit(**{**fit.__dict__, "profiles": (changed,)})
    Path(fit.config.output).mkdir()
    write_fit(doubtful)
    results = terranova.open_fit(fit.config.output)
    ((low, high),) = results.intervals("x")[0.68]
    assert math.isnan(low)
    assert high == 0.75
    assert results.doubts("x") == {0.68: doubts}
    assert results.convergence("x")["jumps between neighbours"] == {"bins": 1, "largest": 2.1}
    assert not results.convergence("x")["converged"]
    page = (fit.config.output / "fit.html").read_text(encoding="utf-8")
    assert "lower end not established" in page
    assert "Ends without a remark were wrong in " in page
    assert "1 of 2 bins lie at a jump between neighbours, by up to 2.1" in page


@pytest.mark.slow
@pytest.mark.fault("F72")
@pytest.mark.integration
@pytest.mark.parametrize("size", [0.8, 3.0])
def test_a_step_in_a_curve_is_no_end(size: float, tmp_path: Path) -> None:
    """A search that fails from some place on leaves a step; however close one looks, it stays one."""
    fit = _fit("profile-boundary", tmp_path / "f", profile=[{"x": None, "bins": 24}], levels=[0.68])
    profile = fit.profiles[0].profile
    loglike = -0.5 * (0.8 * np.arange(24) / 24 + size * (profile.axes[0].middle > 0.5))
    problem = terranova.problem("profile-boundary", ["profile-boundary"])
    known = Likelihood(problem, problem.evaluate)
    known.add_known(np.full((1, problem.model.space.dimension), 1e-9), np.zeros(1), np.zeros((1, len(known.names))))
    stepped = type(profile)(profile.axes, loglike, profile.at, 0)

    def zoom(inside: float, outside: float) -> tuple[np.ndarray, np.ndarray]:
        places = np.linspace(inside - 0.01, outside + 0.01, 7)
        return places, -0.5 * (0.8 * places + size * (places > 0.5))

    (interval,) = intervals(known, stepped, (0.68,), np.random.default_rng(1), zoom=zoom, convergence=Convergence())
    ends = [d for pair in interval.doubts for d in pair if d]
    assert ends
    assert ends[0].startswith("the curve jumps by")
