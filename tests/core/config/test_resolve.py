"""What a scan says of sampler, executor and store is held against the plugins."""

from __future__ import annotations

from typing import Any

import pytest
from support.toys import Shell

from terranova.config.consent import Consent
from terranova.config.resolve import check_executor, check_stored, resolve_sampler
from terranova.config.scan import Parallel, SamplerChoice, Storage
from terranova.evaluation.bound_model import BoundModel
from terranova.parsing.diagnostics import Diagnostics
from terranova.parsing.strict_yaml import Document
from terranova.registry import Registry, registry
from terranova.testing.problems import ring

SPACE = ring().search_space


def _sampler(choice: SamplerChoice, plugins: Registry | None = None) -> tuple[SamplerChoice, list[str]]:
    diagnostics = Diagnostics(Document(None))
    resolved = resolve_sampler(choice, ("sampler",), SPACE, diagnostics, plugins or registry(), Consent())
    return resolved, [f"{p.key}: {p.message}" for p in diagnostics.problems]


def test_a_sampler_gets_all_its_options_and_one_that_is_not_named_is_chosen() -> None:
    named, problems = _sampler(SamplerChoice("de", 4, {"popsize": 30}))
    assert problems == []
    assert named.options["popsize"] == 30
    assert len(named.options) > 1
    assert _sampler(SamplerChoice(""))[0].name == registry().preferred("sampler").name


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (SamplerChoice("randm"), "sampler: no sampler is named 'randm'"),
        (SamplerChoice("random", 4, {"nothing": 1}), "sampler.nothing: unknown key"),
        (SamplerChoice("de", 4, {"popsize": 1}), "sampler"),
    ],
)
def test_wrong_samplers_are_said(choice: SamplerChoice, words: str) -> None:
    assert _sampler(choice)[1][0].startswith(words)


def test_where_no_sampler_offers_itself_one_must_be_named() -> None:
    assert "name one" in _sampler(SamplerChoice(""), Registry())[1][0]


@pytest.mark.parametrize(
    ("parallel", "words"),
    [
        ({}, ""),
        ({"executor": "processes", "timeout": 3.0}, ""),
        ({"executor": "seriel"}, "parallel.executor: no executor is named 'seriel'"),
        (
            {"executor": "processes", "isolation": "none"},
            "parallel.isolation: executor 'processes' always isolates",
        ),
        ({"timeout": 3.0, "isolation": "none"}, "parallel.timeout: needs a process for the model"),
    ],
)
def test_executors_can_do_what_is_asked_of_them(parallel: dict[str, Any], words: str) -> None:
    diagnostics = Diagnostics(Document(None))
    check_executor(Parallel(**parallel), diagnostics, registry())
    said = "".join(f"{p.key}: {p.message}" for p in diagnostics.problems)
    assert said.startswith(words)
    assert bool(said) is bool(words)


def test_stored_observables_are_those_of_the_model() -> None:
    diagnostics = Diagnostics(Document(None))
    for observables in ("all", "constrained", ("ratio",)):
        check_stored(Storage(observables=observables), BoundModel(Shell()), diagnostics)
    assert diagnostics.problems == []
    check_stored(Storage(observables=("ratio", "ration")), BoundModel(Shell()), diagnostics)
    assert "model 'toy-shell' has no observable 'ration' (did you mean 'ratio'" in diagnostics.problems[0].message
