"""Configurations: what is accepted, what is refused with which words, and that nothing else can happen."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.config_plugins import INVALID, REGISTRY, SOURCE, Plugins, Points, gaussian

from terranova import ConstraintSet, Function, LogUniform, Uniform, hookimpl
from terranova.config import ScanConfig, build_problem, load_config
from terranova.errors import ConfigError
from terranova.parsing.constraint_file import read_constraint_set
from terranova.parsing.strict_yaml import dump, parse
from terranova.registry import Registry
from terranova.runs.compatibility import differences, flat
from terranova.system.amounts import seconds_of

VALID = """\
model: {name: toy, shape: round, width: 2}
constraints:
  - electroweak
  - {name: mh, observable: m_h, kind: gaussian, value: 0.5, sigma: 0.1, unit: GeV, source: "my guess"}
  - {name: a_max, observable: a, kind: limit, upper: 0.9, cl: 0.95, unit: GeV, source: "my guess"}
parameters:
  b: {prior: log, lower: 0.1, upper: 50}
sampler: {name: points, islands: 4, size: 20}
budget: {evaluations: 1_000_000, wall: 1h30m, valid: 1e3}
seed: 7
output: runs/toy
parallel: {mode: islands, executor: serial, workers: 2, epoch: 5}
store: {keep: valid, observables: [m_h, S], durability: power}
"""


def _load(text: str, folder: Path, **words: Any) -> ScanConfig:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    return load_config(path, registry=REGISTRY, **words)


# -- what is accepted ---------------------------------------------------------------------------------------


def test_every_word_arrives(tmp_path: Path) -> None:
    config = _load(VALID, tmp_path)
    assert (
        config.problem.model.name,
        config.problem.model.options["shape"],
        config.problem.model.options["width"],
    ) == (
        "toy",
        "round",
        2.0,
    )
    assert [getattr(c, "name", c) for c in config.problem.constraints] == ["electroweak", "mh", "a_max"]
    assert config.problem.parameters == {"b": LogUniform(0.1, 50.0)}
    assert (config.sampler.name, config.sampler.islands, config.sampler.options["size"]) == ("points", 4, 20)
    assert (config.budget.evaluations, config.budget.wall, config.budget.valid) == (1_000_000, 5400.0, 1000)
    assert (config.seed, config.output) == (7, Path("runs/toy"))
    assert (config.parallel.mode, config.parallel.workers, config.parallel.epoch) == ("islands", 2, 5)
    assert config.store.observables == ("m_h", "S")
    assert config.text == VALID


def test_defaults_are_filled_in() -> None:
    words = {"model": "toy", "constraints": [], "sampler": "points", "budget": {"valid": 1}}
    config = load_config(words, registry=REGISTRY)
    assert (config.sampler.islands, config.seed, config.output) == (16, 1, None)
    assert (config.parallel.mode, config.parallel.executor, config.parallel.epoch) == ("auto", "serial", 20)
    assert (config.store.keep, config.store.observables, config.store.durability) == ("all", "all", "process")
    assert config.sampler.options == {"size": 10, "kind": "x", "step": None}
    assert config.problem.model.options == {"shape": "flat", "width": 1.0}


class _Offers:
    """Samplers that stand in where none is named, and what else a configuration needs."""

    terranova_models, terranova_executors = Plugins.terranova_models, Plugins.terranova_executors

    def __init__(self, **ranks: int) -> None:
        self.ranks = ranks

    @hookimpl
    def terranova_samplers(self) -> list[Any]:
        return [type(name, (Points,), {"name": name, "preference": rank}) for name, rank in self.ranks.items()]


@pytest.mark.parametrize(
    ("ranks", "outcome"),
    [
        ({"low": 1, "high": 2, "other": 0}, "high"),
        ({}, "sampler: no sampler that is installed offers itself where none is named; name one"),
        ({"low": 1, "this": 2, "that": 2}, "several samplers offer themselves where none is named: 'that' "),
    ],
)
def test_a_scan_that_names_no_sampler_takes_the_one_that_plugins_prefer(
    ranks: dict[str, int], outcome: str
) -> None:
    registry = Registry()
    registry.register(_Offers(**ranks), name="offers")
    words: dict[str, Any] = {"model": "toy", "constraints": [], "budget": {"evaluations": 50_000}}
    if outcome in ranks:
        choice = load_config(words, registry=registry).sampler
        assert (choice.name, choice.islands, choice.options["size"]) == (outcome, 5, 10)
        config = load_config({**words, "sampler": {"islands": 3, "size": 7}}, registry=registry)
        assert (config.sampler.name, config.sampler.islands, config.sampler.options["size"]) == (outcome, 3, 7)
        assert load_config(config.to_dict(), check_plugins=False).sampler == config.sampler
        return
    with pytest.raises(ConfigError) as error:
        load_config(words, registry=registry)
    assert outcome in str(error.value)


def test_the_default_sampler_that_comes_with_terranova() -> None:
    words = {"model": "thdm3", "constraints": ["theory"], "budget": {"evaluations": 1}}
    assert load_config(words).sampler.name == "explorer"


def test_the_problem_has_the_priors_and_constraints(tmp_path: Path) -> None:
    problem = build_problem(_load(VALID, tmp_path).problem, REGISTRY)
    assert [c.name for c in problem.constraints] == ["S", "T", "mh", "a_max"]
    assert problem.model.space.parameters[1].prior == LogUniform(0.1, 50.0)


def test_a_file_and_a_mapping_say_the_same(tmp_path: Path) -> None:
    assert load_config(parse(VALID).data, registry=REGISTRY) == _load(VALID, tmp_path)


def test_python_values_are_welcome() -> None:
    words = {
        "model": {"name": "toy", "extra": ("x", "y")},
        "constraints": ("electroweak", gaussian("m_h")),
        "parameters": {"a": np.float64(0.5), "b": Uniform(1, 2)},
        "sampler": {"name": "islands"},
        "budget": {"evaluations": np.int64(10)},
        "output": Path("runs/x"),
    }
    with pytest.raises(ConfigError, match="constraint 'm_h' is in unit '1', but 'm_h' of model 'toy' is in 'GeV'"):
        load_config(words, registry=REGISTRY)
    words["constraints"] = (ConstraintSet("mine", (replace(gaussian("m_h"), unit="GeV"),)),)
    config = load_config(words, registry=REGISTRY)
    assert config.budget.evaluations == 10
    assert config.problem.model.options["extra"] == ["x", "y"]
    assert build_problem(config.problem, REGISTRY).model.space.dimension == 1


def test_a_part_of_a_set() -> None:
    words = {
        "model": "toy",
        "constraints": [{"name": "electroweak", "without": ["S"]}],
        "budget": {"evaluations": 1},
    }
    config = load_config(words, registry=REGISTRY)
    assert [c.name for c in build_problem(config.problem, REGISTRY).constraints] == ["T"]
    assert load_config(config.to_dict(), registry=REGISTRY) == config
    whole = load_config({**words, "constraints": ["electroweak"]}, registry=REGISTRY)
    assert whole.digest() != config.digest()
    words["constraints"] = ["electroweak", {"name": "electroweak", "without": []}]
    with pytest.raises(ConfigError, match=r"constraints\[1\]: set 'electroweak' is listed twice"):
        load_config(words, registry=REGISTRY)
    words["constraints"] = [{"name": "electroweak", "without": ["TT"]}]
    with pytest.raises(ConfigError, match=r"has no constraint 'TT' \(did you mean 'T'\?\)"):
        load_config(words, registry=REGISTRY)
    words["constraints"] = [{"name": "electroweek", "without": ["T"]}]
    with pytest.raises(ConfigError, match=r"did you mean 'electroweak'\?"):
        load_config(words, registry=REGISTRY)


def test_overrides_replace_and_merge(tmp_path: Path) -> None:
    config = _load(VALID, tmp_path, seed=3, budget={"wall": "10m"}, output=tmp_path, sampler="islands")
    assert (config.seed, config.output, config.sampler.name) == (3, tmp_path, "islands")
    assert (config.budget.evaluations, config.budget.wall) == (1_000_000, 600.0)
    with pytest.raises(ConfigError) as caught:
        _load(VALID, tmp_path, seed=-3, budget={"wall": "soon"})
    assert [(d.line, d.key) for d in caught.value.diagnostics] == [(0, "budget.wall"), (0, "seed")]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("1h30m", 5400), ("1.5h", 5400), ("45", 45)],
)
def test_durations(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "10x", "-5s", "0", "nan", "inf", "30m1h", "1e400"])
def test_durations_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds_of(text)


# -- round trips --------------------------------------------------------------------------------------------


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    config = _load(VALID, tmp_path)
    again = _load(config.to_yaml(), tmp_path)
    assert again == config
    assert again.digest() == config.digest()
    assert load_config(config.to_dict(), registry=REGISTRY) == config
    assert again.to_yaml() == config.to_yaml()


def test_files_are_embedded(tmp_path: Path) -> None:
    path = tmp_path / "sets" / "mine.yaml"
    path.parent.mkdir()
    entry = {"name": "mh", "observable": "m_h", "kind": "window", "lower": 0.1, "unit": "GeV"}
    words = {"name": "mine", "version": "3", "constraints": [{**entry, "source": SOURCE, "date": "2022-04-08"}]}
    path.write_text(dump(words))
    config = _load(VALID.replace("- electroweak", "- ./sets/mine.yaml").replace("name: mh", "name: mh2"), tmp_path)
    path.unlink()
    again = _load(config.to_yaml(), tmp_path)
    assert again.digest() == config.digest()
    assert build_problem(again.problem, REGISTRY).sets[0].version == "3"


def test_functions_go_by_their_name_and_their_source_counts() -> None:
    function = Function(name="f", observables=("S",), source="theory: x", violation_of=np.abs)
    words = {"model": "toy", "constraints": [function], "sampler": "points", "budget": {"valid": 1}}
    config = load_config(words, registry=REGISTRY)
    assert config.problem.constraints == ("python:f",)
    assert load_config(config.to_dict(), registry=REGISTRY) == config


@pytest.mark.parametrize("words", [{"output": "x"}, {"budget": {"wall": 1}}, {"parallel": {"workers": 7}}])
def test_the_digest_ignores_what_changes_no_point(words: dict[str, Any], tmp_path: Path) -> None:
    old, new = _load(VALID, tmp_path), _load(VALID, tmp_path, **words)
    assert old.digest() == new.digest()
    assert old.identity() == new.identity()


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ({"seed": 8}, "seed: 7 -> 8"),
        ({"parallel": {"epoch": 6}}, "parallel.epoch: 5 -> 6"),
        ({"parameters": {"a": 0.5}}, "parameters.a: added 0.5"),
        ({"sampler": {"name": "points", "islands": 4}}, "sampler.size: 20 -> 10"),
        ({"model": {"name": "toy", "shape": "round"}}, "model.width: 2.0 -> 1.0"),
        ({"constraints": []}, "constraints: added []"),
    ],
)
def test_the_digest_sees_the_rest_and_the_differences_are_said(
    words: dict[str, Any], change: str, tmp_path: Path
) -> None:
    old, new = _load(VALID, tmp_path), _load(VALID, tmp_path, **words)
    assert old.digest() != new.digest()
    assert change in differences(flat(old.identity()), flat(new.identity()))


def test_a_run_can_be_read_without_its_plugins(tmp_path: Path) -> None:
    text = _load(VALID, tmp_path).to_yaml().replace("name: toy", "name: uninstalled")
    assert _load(text, tmp_path, check_plugins=False).problem.model.name == "uninstalled"


# -- what is refused ----------------------------------------------------------------------------------------


def _expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.removeprefix("# expect ") for line in lines if line.startswith("# expect ")]


@pytest.mark.parametrize("path", sorted(INVALID.glob("*.yaml")), ids=lambda path: path.stem)
def test_invalid_files(path: Path) -> None:
    """The first lines of each file name every problem: line:column key: a piece of the message."""
    with pytest.raises(ConfigError) as caught:
        read_constraint_set(path, REGISTRY.constraint_kinds()) if path.name.startswith("set-") else load_config(
            path, registry=REGISTRY
        )
    expected = _expected(path)
    assert expected
    assert len(caught.value.diagnostics) == len(expected), str(caught.value)
    for diagnostic, words in zip(caught.value.diagnostics, expected, strict=True):
        place, message = words.split(": ", 1)
        line_and_column, _, key = place.partition(" ")
        assert f"{diagnostic.line}:{diagnostic.column}" == line_and_column, str(diagnostic)
        assert diagnostic.key == key, str(diagnostic)
        assert message in diagnostic.message
        assert diagnostic.file == str(path)


def test_there_are_enough_invalid_files() -> None:
    assert len(list(INVALID.glob("*.yaml"))) >= 130


def test_a_mapping_has_keys_but_no_file() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config({"model": "toy", "sampler": {"name": "points", "sise": 3}, "bugdet": {}}, registry=REGISTRY)
    assert [(d.file, d.key) for d in caught.value.diagnostics] == [
        ("", "budget"),
        ("", "bugdet"),
        ("", "constraints"),
        ("", "sampler.sise"),
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [("missing.yaml", None), ("empty.yaml", ""), ("list.yaml", "[1, 2]"), ("word.yaml", "thdm3")],
)
def test_files_that_are_no_configuration(name: str, content: str | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError):
        load_config(tmp_path / name, registry=REGISTRY)


def test_problems_of_a_constraint_file_are_placed_in_it(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        f"name: mine\nconstraints:\n"
        f"  - {{name: x, observable: m_hh, kind: window, lower: 0, source: '{SOURCE}', date: 2022-04-08}}\n"
        f"  - {{name: S, observable: S, kind: window, lower: 0, source: '{SOURCE}', date: 2022-04-08}}\n"
    )
    with pytest.raises(ConfigError) as caught:
        _load(VALID.replace("- electroweak", "- electroweak\n  - ./mine.yaml"), tmp_path)
    first, second = caught.value.diagnostics
    assert (Path(first.file).name, first.line, first.key) == ("mine.yaml", 3, "constraints[0]")
    assert "reads 'm_hh', which model 'toy' does not provide (did you mean 'm_h'?)" in first.message
    assert second.line == 4
    assert "constraint 'S' is already in 'electroweak'" in second.message


# -- nothing else can happen --------------------------------------------------------------------------------

_ODD_VALUES: list[Any] = [
    None, True, "", "x", "1e400", "yes", -1, 0, 1, 1e300, -1e300, 10**18, 0.5, float("inf"), float("nan"),
    [], {}, [[]], [1, "x"], {"name": "toy"}, {"prior": "log"}, "../x.yaml", "a/b", "\x00", "\ud800", "~nobody/x",
]  # fmt: skip


def _nodes(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs: list[tuple[Any, Any]] = []
    if isinstance(data, dict):
        pairs = list(data.items())
    elif isinstance(data, list):
        pairs = list(enumerate(data))
    return [path] * bool(path) + [found for key, value in pairs for found in _nodes(value, (*path, key))]


def _edit(data: Any, dice: random.Random) -> None:
    """Delete, duplicate, retype or rename something, or swap two things."""
    nodes = _nodes(data)
    if not nodes:
        return
    path = dice.choice(nodes)
    parent = data
    for key in path[:-1]:
        parent = parent[key]
    key = path[-1]
    action = dice.choice(["delete", "retype", "rename", "swap", "scale", "nest"])
    if action == "delete":
        del parent[key]
    elif action == "retype":
        parent[key] = copy.deepcopy(dice.choice(_ODD_VALUES))
    elif action == "rename" and isinstance(parent, dict):
        parent[dice.choice([key + "s", key[1:], key.upper(), "name", "kind", "prior"])] = parent.pop(key)
    elif action == "swap":
        other = dice.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        parent[key], parent[other] = parent[other], parent[key]
    elif action == "scale" and isinstance(parent[key], (int, float)) and not isinstance(parent[key], bool):
        parent[key] = parent[key] * dice.choice([-1, 0, 1e-300, 1e200, 1.5])
    elif action == "nest":
        parent[key] = dice.choice([[parent[key]], {"name": parent[key]}])


def _accepted_or_refused(source: Any) -> None:
    """The configuration is refused as a `ConfigError`, or it works all the way."""
    try:
        config = load_config(source, registry=REGISTRY)
    except ConfigError:
        return
    again = load_config(parse(config.to_yaml()).data, registry=REGISTRY)
    assert again.digest() == config.digest()
    problem = build_problem(config.problem, REGISTRY)
    space = problem.model.space
    x = space.to_physical(np.full((3, space.dimension), 0.5))
    violations, loglike = problem.score(x, problem.evaluate(x).observables)
    assert (violations >= 0).all()
    assert not np.isnan(loglike).any()


@pytest.mark.integration
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_random_edits_of_the_words(seed: int, edits: int) -> None:
    data = copy.deepcopy(parse(VALID).data)
    dice = random.Random(seed)
    for _ in range(edits):
        _edit(data, dice)
    _accepted_or_refused(data)


@pytest.mark.integration
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 6))
def test_random_edits_of_the_text(seed: int, edits: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    dice = random.Random(seed)
    text = VALID
    for _ in range(edits):
        i, j = sorted(dice.choices(range(len(text) + 1), k=2))
        j = min(j, i + 8)
        text = (
            text[:i]
            + dice.choice(["", "\t", "\r\n", ": ", "- ", "{", "]", "'", "&a ", "é", text[i:j] * 2])
            + text[j:]
        )
    path = tmp_path_factory.getbasetemp() / "edited.yaml"
    path.write_text(text, encoding="utf-8", newline="")
    _accepted_or_refused(path)


@pytest.mark.parametrize(("evaluations", "islands"), [(1, 4), (30_000, 4), (70_000, 7), (10**6, 16), (None, 16)])
def test_small_budgets_have_fewer_islands_unless_told_otherwise(evaluations: int | None, islands: int) -> None:
    budget = {"wall": 60.0} if evaluations is None else {"evaluations": evaluations}
    words = {"model": "thdm3", "constraints": ["theory"], "sampler": "random", "budget": budget}
    assert load_config(words).sampler.islands == islands
    assert load_config(words, islands=3).sampler.islands == 3
    assert load_config({**words, "sampler": {"name": "random", "islands": 9}}, islands=3).sampler.islands == 9
