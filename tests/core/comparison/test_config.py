"""The configuration of a comparison: trials of equal budgets, and what decides their outcome."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.comparison.config import ComparisonConfig, ProblemEntry, SamplerEntry, slug
from terranova.config.problem import ModelChoice, ProblemConfig
from terranova.config.scan import SamplerChoice

PROBLEM = ProblemEntry("islands", ProblemConfig(ModelChoice("islands-2")), {"y": (0.0, 1.0)})
SAMPLER = SamplerEntry("mine", SamplerChoice("random", 4, {}))
CONFIG = ComparisonConfig((SAMPLER,), (PROBLEM,), {"evaluations": 100}, (1, 2), Path("out"))


def test_a_trial_is_a_scan_with_the_common_budget_and_stores_what_is_measured() -> None:
    scan = CONFIG.scan(PROBLEM, SAMPLER, 2, Path("run"))
    assert (scan.budget.evaluations, scan.seed, scan.output) == (100, 2, Path("run"))
    assert scan.store.observables == ("y",)
    without = replace(PROBLEM, features={})
    assert CONFIG.scan(without, SAMPLER, 2, Path("run")).store.observables == "constrained"


def test_the_digest_sees_what_decides_a_trial_and_nothing_else() -> None:
    digest = CONFIG.digest(PROBLEM, SAMPLER)
    assert replace(CONFIG, seeds=(1, 2, 3), workers=8, keep=True).digest(PROBLEM, SAMPLER) == digest
    assert CONFIG.digest(replace(PROBLEM, label="other"), replace(SAMPLER, label="other")) == digest
    assert replace(CONFIG, budget={"evaluations": 101}).digest(PROBLEM, SAMPLER) != digest
    assert CONFIG.digest(PROBLEM, replace(SAMPLER, sampler=SamplerChoice("random", 5, {}))) != digest
    assert CONFIG.digest(replace(PROBLEM, features={}), SAMPLER) != digest


@given(st.text(max_size=20))
def test_any_label_is_a_folder_of_its_own(label: str) -> None:
    name = slug(label)
    assert name
    assert name not in (".", "..")
    assert "/" not in name


@pytest.mark.parametrize(
    ("label", "name"), [("two islands", "two-islands"), ("../x", "x"), ("", "x"), ("a.b_c-1", "a.b_c-1")]
)
def test_labels_stay_readable(label: str, name: str) -> None:
    assert slug(label) == name
