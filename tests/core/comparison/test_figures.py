"""Figures of a comparison: a curve for each sampler, also where nothing was found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from terranova.comparison.figures import coverage_curves, profiles
from terranova.comparison.results import Comparison


def test_every_sampler_has_its_curve_and_its_seeds(comparison: Comparison) -> None:
    left, right = coverage_curves(comparison.problems[0]).axes
    assert {line.get_label() for line in left.lines} >= {"even", "random"}
    assert [label.get_text() for label in right.get_yticklabels()] == ["random", "even"]


def test_shares_of_solved_trials_rise_to_what_was_solved(comparison: Comparison) -> None:
    data, _ = profiles(comparison).axes
    ends = {line.get_label(): line.get_ydata()[-1] for line in data.lines}
    assert ends == {"random": 0.5, "even": 1.0}


def test_before_any_trial_has_ended_there_are_figures_too(comparison: Comparison, tmp_path: Path) -> None:
    empty = Comparison(replace(comparison.config, output=tmp_path / "other"))
    assert coverage_curves(empty.problems[0]).axes
    assert profiles(empty).axes
