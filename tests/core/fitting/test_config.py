"""The configuration of a fit: what decides its numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from terranova.config.problem import ModelChoice, ProblemConfig
from terranova.fitting.config import FREE_KEYS, FitConfig, SurrogateConfig
from terranova.parsing.strict_yaml import parse

KEYS = {"model": "m", "constraints": ["a"], "seed": 1, "output": "here", "parallel": {"workers": 2}}
CONFIG = FitConfig(ProblemConfig(ModelChoice("m")), Path("here"), keys=KEYS)


def test_place_and_workers_decide_no_number() -> None:
    elsewhere = replace(CONFIG, keys={**KEYS, "output": "there", "parallel": {}})
    assert elsewhere.digest() == CONFIG.digest()
    assert set(CONFIG.identity()) == set(KEYS) - set(FREE_KEYS)
    assert replace(CONFIG, keys={**KEYS, "seed": 2}).digest() != CONFIG.digest()


def test_it_is_written_as_it_was_read() -> None:
    assert parse(CONFIG.to_yaml()).data == KEYS


def test_the_plugins_that_take_part() -> None:
    assert [kind for kind, _, _ in CONFIG.plugins()] == ["model", "executor"]
    helped = replace(CONFIG, surrogate=SurrogateConfig("gp", {"a": 1}))
    assert helped.plugins()[-1] == ("surrogate", "gp", {"a": 1})
    assert CONFIG.store.observables == ()
    assert replace(CONFIG, columns="all").store.observables == "all"
