"""Results of a comparison: rows worked out from trials whose numbers are known."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from terranova.comparison.results import Comparison


def test_rows_say_what_was_found_and_what_failed(comparison: Comparison) -> None:
    assert comparison.complete
    (problem,) = comparison.problems
    best, other = problem.rows
    assert (best.sampler, best.trials, best.solved, dict(best.errors)) == ("even", 2, 2, {})
    assert (other.sampler, other.trials, other.solved, dict(other.errors)) == ("random", 1, 1, {"it broke": 1})
    assert best.median == best.ert.value == 5.0
    assert best.measures["distinct"].value == pytest.approx(2000.0)
    assert best.measures["share"].value >= other.measures["share"].value
    assert problem.curves("even", "coverage").shape[0] == 2


def test_first_valid_points_by_sampler(comparison: Comparison) -> None:
    first = comparison.first_valid()
    assert first.shape == (2, 2)
    assert np.isnan(first).sum() == 1
    assert np.nanmax(first) == 5.0


def test_tables_have_a_line_each(comparison: Comparison) -> None:
    summary = list(csv.DictReader(io.StringIO(comparison.summary_csv())))
    assert [line["sampler"] for line in summary] == ["even", "random"]
    every = list(csv.DictReader(io.StringIO(comparison.trials_csv())))
    assert len(every) == 4
    assert {line["first_valid"] for line in every if line["sampler"] == "even"} == {"5.0"}


def test_a_comparison_without_results_is_not_complete(comparison: Comparison, tmp_path: Path) -> None:
    empty = Comparison(replace(comparison.config, output=tmp_path / "other"))
    assert not empty.complete
    assert empty.problems[0].done == 0
