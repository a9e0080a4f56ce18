"""Provenance: one hash of all that the points depend on, and the same in words."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.stored_runs import WIDE, prepared, windows

from terranova.interfaces.priors import Uniform
from terranova.runs import provenance

pytestmark = pytest.mark.usefixtures("toy_registry")


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 2},
        {"sampler": {"name": "random", "islands": 5}},
        {"constraints": [windows(ratio=(0.0, 1.0))]},
        {"parameters": {"a": Uniform(0.0, 9.0)}},
        {"model": "toy-holes"},
    ],
)
def test_whatever_moves_a_point_changes_the_digest(change: dict[str, Any], tmp_path: Path) -> None:
    run, problem = prepared(tmp_path / "one")
    other, changed = prepared(tmp_path / "two", **change)
    assert provenance.digest(run.config, problem) != provenance.digest(other.config, changed)
    assert provenance.physics(run.config, problem) != provenance.physics(other.config, changed)


def test_budget_and_place_do_not(tmp_path: Path) -> None:
    run, problem = prepared(tmp_path / "one")
    other, _ = prepared(tmp_path / "two", budget={"evaluations": 77})
    assert provenance.digest(run.config, problem) == provenance.digest(other.config, problem)


@pytest.mark.parametrize(
    ("observables", "expected"),
    [("all", None), ("constrained", ["ratio"]), (("ring",), ["ring", "ratio"])],
)
def test_which_observables_are_stored(observables: Any, expected: Any, tmp_path: Path) -> None:
    run, problem = prepared(tmp_path / "run", constraints=[windows(ratio=(0.0, 1.0))])
    config = replace(run.config, store=replace(run.config.store, observables=observables))
    columns = provenance.stored_columns(config, problem)
    names = [o.name for o in problem.model.observables]
    assert (None if columns is None else sorted(names[i] for i in columns)) == (expected and sorted(expected))
    stored = [field.name for field in provenance.schema(config, problem).observables]
    assert set(stored) == set(names if expected is None else expected)


def test_the_manifest_says_it_in_strict_json(tmp_path: Path) -> None:
    run, problem = prepared(tmp_path / "run", constraints=[WIDE])
    manifest = provenance.make_manifest(run.config, problem)
    assert json.loads(json.dumps(manifest.physics, allow_nan=False)) == manifest.physics
    assert manifest.model == "toy-shell"
    assert "model toy-shell" in manifest.versions
    assert "sampler random" in manifest.versions


def test_long_tables_are_hashed_and_functions_have_names() -> None:
    plain: Callable[[Any], Any] = provenance._plain
    table = plain({"limit": tuple(range(100)), "edge": math.inf, "short": (1, 2.5)})
    assert table["limit"]["long"] == 100
    assert (table["edge"], table["short"]) == ("inf", [1, 2.5])
    assert plain(tuple(range(100))) != plain(tuple(range(1, 101)))


def test_words_that_kinds_got_later_do_not_change_what_a_run_is() -> None:
    """Runs that were made before can be resumed; used, they count."""
    from terranova import Gaussian

    one = Gaussian(name="c", observables=("x",), source="by construction", value=1.0, sigma=0.1)
    assert {"theory_sigma", "theory_relative"}.isdisjoint(provenance._fingerprint(one))
    assert provenance._fingerprint(replace(one, theory_sigma=0.2))["theory_sigma"] == 0.2
