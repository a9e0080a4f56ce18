"""Facts of a run: what ran, how to repeat it, what to cite."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from terranova.reporting.facts import citations, command, facts, notes, state, what_section
from terranova.runs.diagnosis import Diagnosis
from terranova.runs.run import SUMMARY, Run


def _summary(run: Run, **words: object) -> Run:
    (run.directory / SUMMARY).write_text(json.dumps(words))
    return Run(run.directory)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ({"state": "evaluations"}, "its budget of evaluations was used up"),
        ({"state": "signal"}, "it can be resumed"),
        ({"state": "running"}, "still running, or killed"),
        ({}, "state unknown"),
    ],
)
def test_the_state_in_words(run: Run, words: dict[str, str], text: str) -> None:
    assert text in state(_summary(run, **words))


def test_what_ran(run: Run) -> None:
    run = _summary(run, state="wall", seconds=90.0, ranks=2, timings={"model": 3.0, "ask": 1.0, "tell": 0.0})
    stated = dict(facts(run))
    assert stated["model"].startswith("toy-shell")
    assert "4 parameters" in stated["columns"]
    assert "2 constraints" in stated["columns"]
    assert "random" in stated["sampler"]
    assert (stated["seed"], stated["budget"]) == ("1", "10 evaluations")
    assert stated["time spent in"] == "model 75 %, ask 25 % (first rank)"
    assert command(run).startswith("mpirun -n 2 terranova scan ")


def test_a_rescored_run_says_where_its_points_come_from(run: Run) -> None:
    assert "rescored.json" in command(_summary(run, state="rescored"))


def test_warnings_belong_at_the_top(run: Run, diagnosis: Diagnosis) -> None:
    assert notes(run, diagnosis) == []
    fewer = replace(diagnosis, efficiency=replace(diagnosis.efficiency, evaluated=100))
    assert "stores its valid points only: 8 points of 100" in notes(run, fewer)[0]
    assert "no such model" in notes(run, replace(diagnosis, problem_missing="no such model"))[0]


def test_sources_are_listed_with_what_they_are_for(run: Run) -> None:
    assert any("terranova, the program" in citation.text for citation in citations(run))


def test_without_the_problem_the_section_has_gaps_but_is_there(run: Run) -> None:
    assert what_section(run, None).anchor == what_section(run, run.problem()).anchor == "what"
