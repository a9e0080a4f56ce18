"""Findings: how much is lost, and what to do about it."""

from pathlib import Path

import pytest

from terranova.store.findings import Finding, Verification


def _found(*findings, complete=True):
    return Verification(Path("run"), 3, 0, 1, 100, complete, findings)


GAP = Finding("gap", "", "5 points are missing", 5)
PART = Finding("part", "points/part", "is missing", 12)
UNKNOWN = Finding("part", "points/part", "is damaged", None)


@pytest.mark.parametrize(
    ("findings", "lost"),
    [((), 0), ((GAP,), 5), ((GAP, GAP), 10), ((PART, GAP), 12), ((PART, GAP, GAP, GAP), 15), ((UNKNOWN, GAP), 5)],
)
def test_a_gap_and_the_file_that_left_it_are_the_same_loss(findings, lost):
    assert _found(*findings).lost == lost


def test_what_cannot_be_known_is_not_said():
    assert _found(UNKNOWN, complete=None).lost is None
    assert _found(PART, complete=None).lost == 12


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ((), ""),
        ((GAP,), "--recompute-missing` computes again"),
        ((Finding("config", "config.yaml", "is missing"),), "restore config.yaml from a copy"),
        ((GAP, PART), "`terranova salvage run`"),
    ],
)
def test_the_remedy(findings, words):
    found = _found(*findings)
    assert words in found.remedy
    assert found.ok is (not findings)
    assert found.to_dict()["remedy"] == found.remedy
