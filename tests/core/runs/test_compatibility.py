"""Compatibility of sessions: what differs is said key by key, and what must not is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stored_runs import prepared, windows

from terranova.errors import RunMismatch
from terranova.runs.compatibility import changed_keys, check_same, differences, flat, note, warn
from terranova.store import load_manifest

LEAVES = st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
NESTED = st.recursive(
    st.dictionaries(st.text("abc", min_size=1, max_size=2), LEAVES, max_size=3),
    lambda inner: st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3),
    max_leaves=5,
)


@given(NESTED)
def test_nothing_differs_from_itself(words: dict[str, Any]) -> None:
    assert differences(flat(words), flat(json.loads(json.dumps(words)))) == []
    assert changed_keys(words, words) == []


def test_what_differs_is_said_key_by_key() -> None:
    before = flat({"seed": 1, "sampler": {"name": "random", "islands": 4}, "sets": [{"name": "higgs", "v": 1}]})
    after = flat({"seed": 2, "sampler": {"name": "random", "popsize": 9}, "sets": [{"name": "higgs", "v": 2}]})
    assert differences(before, after) == [
        "seed: 1 -> 2",
        "sampler.islands: removed (was 4)",
        "sets[higgs].v: 1 -> 2",
        "sampler.popsize: added 9",
    ]


def test_long_values_are_cut() -> None:
    (line,) = differences({"a": "x" * 500}, {"a": "y"})
    assert len(line) < 120
    assert "..." in line


def test_keys_that_may_differ_do() -> None:
    assert changed_keys({"a": 1, "b": 2, "c": 3}, {"a": 1, "b": 3, "d": 4}, free={"d"}) == ["b", "c"]


@pytest.mark.usefixtures("toy_registry")
class TestRuns:
    """Runs of a toy model."""

    def test_the_same_scan_with_more_to_do_goes_on(self, tmp_path: Path) -> None:
        run, problem = prepared(tmp_path / "run")
        before = run.config
        changes = check_same(
            run.directory, before, replace(before, budget=replace(before.budget, evaluations=99)), problem
        )
        assert list(changes.configuration) == ["budget.evaluations: 10 -> 99"]
        note(run.directory, 2, changes)
        assert load_manifest(run.directory).history[-1]["changes"] == ["budget.evaluations: 10 -> 99"]

    def test_another_scan_is_refused_with_what_differs(self, tmp_path: Path) -> None:
        run, problem = prepared(tmp_path / "run")
        with pytest.raises(RunMismatch, match=r"another scan(.|\n)*seed: 1 -> 2"):
            check_same(run.directory, run.config, replace(run.config, seed=2), problem)
        kept = replace(run.config, store=replace(run.config.store, keep="valid"))
        with pytest.raises(RunMismatch, match=r"store.keep: 'all' -> 'valid'"):
            check_same(run.directory, run.config, kept, problem)

    def test_other_versions_are_warned_of_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        run, problem = prepared(tmp_path / "run")
        replace(run.manifest, versions={**run.manifest.versions, "numpy": "0.1"}).save(run.directory)
        changes = check_same(run.directory, run.config, run.config, problem)
        assert changes.versions["numpy"][0] == "0.1"
        warn(changes)
        assert "the run was made with numpy 0.1" in caplog.text
        note(run.directory, 1, changes)
        assert check_same(run.directory, run.config, run.config, problem).versions == {}

    def test_other_columns_are_refused(self, tmp_path: Path) -> None:
        run, problem = prepared(tmp_path / "run", constraints=[windows(ratio=(0.0, 1.0))])
        fewer = replace(run.config, store=replace(run.config.store, observables="constrained"))
        with pytest.raises(RunMismatch, match=r"column \w+: removed"):
            check_same(run.directory, run.config, fewer, problem)
