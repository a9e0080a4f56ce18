"""The section on constraints: who resists, of the scan and of random points."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from support.stored_runs import rows, stored

from terranova.pages.blocks import Paragraph, Picture
from terranova.reporting.constraints_section import constraints_section
from terranova.runs.diagnosis import Diagnosis, diagnose
from terranova.runs.kills import Kills
from terranova.runs.random_sample import RandomSample
from terranova.runs.run import Run


def _text(run: Run, diagnosis: Diagnosis) -> str:
    section = constraints_section(run, run.problem(), diagnosis)
    assert section is not None
    return " ".join(block.text for block in section.blocks if isinstance(block, Paragraph))


def test_points_that_did_not_fail_are_counted(run: Run, diagnosis: Diagnosis) -> None:
    assert "Counted are the 6 stored points that did not fail" in _text(run, diagnosis)


def test_what_random_points_never_satisfy_is_named(run: Run, diagnosis: Diagnosis) -> None:
    kills = Kills(diagnosis.kills.names)
    kills.add(np.array([[1.0, 0.0], [1.0, 0.0]]))
    judged = replace(diagnosis, random=RandomSample(2, 0, 0, kills, 1.0))
    assert "No random point satisfies w_ratio." in _text(run, judged)


def test_figures_say_how_many_points_they_show(run: Run, diagnosis: Diagnosis) -> None:
    section = constraints_section(run, run.problem(), diagnosis)
    assert section is not None
    captions = [block.caption for block in section.blocks if isinstance(block, Picture)]
    assert len(captions) == 3
    assert "share of 6 points that violate each constraint" in captions[0]


def test_without_constraints_there_is_no_section(tmp_path: Path, toy_registry: None) -> None:
    run = stored(tmp_path, rows([[]]), constraints=[])
    assert constraints_section(run, None, diagnose(run, 0)) is None
