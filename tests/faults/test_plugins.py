"""Strangers' plugins that are broken in every way: each is named with its fault, and the others work."""

from __future__ import annotations

import importlib.metadata
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support import toys

import terranova
from terranova import (
    BoundModel,
    ConstraintSet,
    Function,
    Model,
    Observable,
    Parameter,
    PointModel,
    Problem,
    Uniform,
    Window,
    hookimpl,
)
from terranova import registry as registry_module
from terranova.config import build_problem, load_config
from terranova.errors import ConfigError, ContractError, PluginBroken, PluginConflict, PluginMissing, TerranovaError
from terranova.interfaces.batch import Status
from terranova.registry import Registry, registry
from terranova.testing import check_model

pytestmark = pytest.mark.fault("F35")

X = np.linspace(0.0, 1.0, 8).reshape(-1, 1)


class Fine(Model):
    """One parameter, one observable."""

    name = "fine"
    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("p"),)

    def evaluate(self, points: Any) -> Any:
        """The parameter itself."""
        return {"p": points["a"].copy()}


def _model(**words: Any) -> type[Model]:
    return type("Broken", (Fine,), {"name": "broken", "__doc__": "Broken on purpose.", **words})


def _plugin(**hooks: Callable[..., Any]) -> Any:
    return SimpleNamespace(**{name: hookimpl(hook) for name, hook in hooks.items()})


def _registered(module: Any, name: str = "theirs") -> Registry:
    found = Registry()
    found.register(_plugin(terranova_models=lambda: [Fine]), name="fine", origin="fine-package 1.0: fine")
    found.register(module, name=name, origin="their-package 2.0: theirs")
    assert [p.name for p in found.of_kind("model")][:1] == ["fine"]
    return found


# -- what an entry point offers -----------------------------------------------------------------------------


def _exits() -> list[Any]:
    sys.exit(3)


class _Unshowable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def _raises_the_unshowable() -> list[Any]:
    raise _Unshowable


def _with_argument(stray: int) -> list[Any]:
    return [Fine]


class _NoEvaluate(Model):
    name = "abstract"
    parameters = ()
    observables = ()


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (_plugin(terranova_modles=lambda: [Fine]), "no hook 'terranova_modles' (did you mean 'terranova_models'"),
        (_plugin(terranova_models=_with_argument), "takes no arguments, but this one has 'stray'"),
        (_plugin(terranova_models=_exits), "SystemExit: 3"),
        (_plugin(terranova_models=_raises_the_unshowable), "_Unshowable: (its message cannot be shown)"),
        (_plugin(terranova_models=lambda: Fine), "expected a list"),
        (_plugin(terranova_models=lambda: "fine"), "expected a list"),
        (_plugin(terranova_models=lambda: [Fine()]), "expected a subclass of Model"),
        (_plugin(terranova_models=lambda: [toys.shell_set()]), "expected a subclass of Model"),
        (_plugin(terranova_models=lambda: [_NoEvaluate]), "does not implement: evaluate"),
        (_plugin(terranova_models=lambda: [_model(name="")]), "has no name"),
        (_plugin(terranova_models=lambda: [_model(name="two words")]), "'two words', expected letters"),
        (_plugin(terranova_models=lambda: [_model(name="two\nlines")]), r"'two\nlines', expected letters"),
        (_plugin(terranova_models=lambda: [_model(name="<script>")]), "expected letters"),
        (_plugin(terranova_models=lambda: [_model(name=7)]), "is named 7"),
        (_plugin(terranova_samplers=lambda: [Fine]), "expected a subclass of Sampler or Archipelago"),
        (_plugin(terranova_constraint_sets=lambda: [Path("/nowhere/x.yaml")]), "there is no such file"),
        (_plugin(terranova_constraint_sets=lambda: [3]), "expected a path or a ConstraintSet"),
        (_plugin(terranova_constraint_sets=lambda: [ConstraintSet("a b", ())]), "'a b', expected letters"),
        (SimpleNamespace(terranova_models=[Fine]), "implements none of terranova's hooks"),
        (SimpleNamespace(), "implements none of terranova's hooks"),
    ],
)
def test_each_is_named_with_its_fault_and_its_package_and_the_others_work(module: Any, words: str) -> None:
    found = _registered(module)
    (broken,) = found.broken
    assert words in broken.reason
    assert (broken.name, broken.origin) == ("theirs", "their-package 2.0: theirs")
    assert found.get("model", "fine").target is Fine
    with pytest.raises(PluginBroken, match=r"their-package 2\.0"):
        found.get("model", "theirs")
    with pytest.raises(PluginMissing, match="broken plugins: 1"):
        found.get("model", "something-else")


def test_one_bad_model_does_not_take_its_neighbours_along() -> None:
    found = _registered(_plugin(terranova_models=lambda: [_model(name="a b"), _model(name="good")]))
    assert found.names("model") == ["fine", "good"]
    assert len(found.broken) == 1


def test_two_of_one_name_are_refused_with_both_origins() -> None:
    found = _registered(_plugin(terranova_models=lambda: [_model(name="fine")]))
    with pytest.raises(PluginConflict, match=r"fine-package 1\.0.*their-package 2.0"):
        found.get("model", "fine")


MODULES = {
    "importerror": "import a_module_that_nobody_has",
    "syntax": "def broken(:",
    "leaves": "import sys; sys.exit('bye')",
    "base": "raise BaseException('worse than an exception')",
    "generator": "raise GeneratorExit",
    "recursion": "def f(): f()\nf()",
    "memory": "raise MemoryError",
    "chatty": (
        "print('WELCOME')\nimport terranova\nclass M(terranova.Model):\n  name='chatty'\n"
        "  parameters=()\n  observables=()\n"
        "  def evaluate(self, points): return {}\n@terranova.hookimpl\ndef terranova_models():\n  print('MORE')\n"
        "  return [M]"
    ),
    "slow": (
        "import time; time.sleep(0.3)\nimport terranova\n@terranova.hookimpl\ndef terranova_models(): return []"
    ),
}


def test_modules_that_cannot_be_imported(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name, code in MODULES.items():
        (tmp_path / f"fault35_{name}.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(registry_module, "SLOW_IMPORT", 0.25)
    points = [importlib.metadata.EntryPoint(name, f"fault35_{name}", "terranova") for name in MODULES]
    builtin = importlib.metadata.EntryPoint("samplers", "terranova.plugins.samplers", "terranova")
    missing = importlib.metadata.EntryPoint("attribute", "terranova.plugins.samplers:nothing", "terranova")
    with caplog.at_level(logging.WARNING):
        found = Registry.discover([*points, builtin, missing])
    assert {b.name for b in found.broken} == {*MODULES, "attribute"} - {"chatty", "slow"}
    assert all(b.reason and "\n" not in b.reason and b.trace for b in found.broken)
    assert found.names("model") == ["chatty"]
    assert "random" in found.names("sampler")
    assert "plugin slow" in caplog.text
    assert "s to import" in caplog.text
    printed = capsys.readouterr()
    assert printed.out == ""  # pipes stay clean
    assert "WELCOME" in printed.err
    assert "MORE" in printed.err


def test_a_keyboard_interrupt_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fault35_interrupt.py").write_text("raise KeyboardInterrupt")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        Registry.discover([importlib.metadata.EntryPoint("x", "fault35_interrupt", "terranova")])


# -- what a model declares ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"parameters": None}, "parameters is None, expected a list of Parameter"),
        ({"parameters": "a"}, "expected a list of Parameter"),
        ({"parameters": ("a",)}, "holds 'a', expected Parameter"),
        ({"parameters": (Parameter("a", Uniform(0, 1)),) * 2}, "given twice: a"),
        ({"parameters": (Parameter("a\nb", Uniform(0, 1)),)}, "expected text without blanks"),
        ({"parameters": (Parameter("", Uniform(0, 1)),)}, "expected text without blanks"),
        ({"parameters": (Parameter(" a", Uniform(0, 1)),)}, "expected text without blanks"),
        ({"parameters": (Parameter(7, Uniform(0, 1)),)}, "holds the name 7"),  # type: ignore[arg-type]
        ({"observables": ("p",)}, "holds 'p', expected Observable"),
        ({"observables": (Observable("p"), Observable("p"))}, "uses the name 'p' twice"),
        ({"observables": (Observable("a"),)}, "uses the name 'a' twice"),
        ({"observables": (Observable("p", stage=-1),)}, "has stage -1"),
        ({"__init__": lambda self: sys.exit(3)}, "refuses its options: SystemExit: 3"),
        ({"__init__": lambda self: 1 / 0}, "refuses its options: ZeroDivisionError"),
    ],
)
def test_declarations_are_checked_before_the_first_point(declared: dict[str, Any], words: str) -> None:
    found = Registry()
    found.plugins += registry().plugins
    found.register(_plugin(terranova_models=lambda: [_model(**declared)]), name="theirs")
    scan = {"model": "broken", "constraints": [], "sampler": "random", "budget": {"evaluations": 10}}
    with pytest.raises(ConfigError) as caught:
        build_problem(load_config(scan, registry=found).problem, found)
    assert words in str(caught.value)
    assert "model 'broken'" in str(caught.value)


# -- what a model answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda a: {"p": np.sqrt(a - 0.5 + 0j)}, "complex"),
        (lambda a: {"p": np.array(["1.5"] * len(a))}, "it holds text"),
        (lambda a: {"p": np.array(["2026-01-01"] * len(a), "M8[D]")}, "it holds dates"),
        (lambda a: {"p": np.array([object()] * len(a))}, "not an array of numbers"),
        (lambda a: {"p": [[1.0, 2.0], [3.0]]}, "not an array of numbers"),
        (lambda a: {"q": a}, "no observable 'p'"),
        (lambda a: {}, "no observable 'p'"),
        (lambda a: a, "expected a mapping"),
        (lambda a: None, "expected a mapping"),
        (lambda a: {"p": a[1:]}, "expected (8,) for 8 points"),
        (lambda a: {"p": np.append(a, 0.0)}, "expected (8,) for 8 points"),
        (lambda a: {"p": a[:, None]}, "expected (8,) for 8 points"),
        (lambda a: {"p": np.outer(a, a)}, "expected (8,) for 8 points"),
    ],
)
def test_wrong_answers_name_the_model_and_the_observable(answer: Any, words: str) -> None:
    with pytest.raises(ContractError) as caught:
        BoundModel(_model(evaluate=lambda self, points: answer(points["a"]))()).evaluate_array(X)
    assert words in str(caught.value)
    assert "model 'broken'" in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        lambda a: a.astype(np.float32).astype(float),
        lambda a: (10 * a).astype(int),
        lambda a: a.tolist(),
        lambda a: a.astype(object),
        lambda a: 3.0,
    ],
)
def test_whatever_is_numbers_is_taken_as_numbers(answer: Any) -> None:
    evaluation = BoundModel(_model(evaluate=lambda self, points: {"p": answer(points["a"])})()).evaluate_array(X)
    assert evaluation.observables.dtype == np.float64
    np.testing.assert_array_equal(evaluation.observables[:, 0], np.broadcast_to(answer(X[:, 0]), 8).astype(float))
    assert (evaluation.status == Status.OK).all()


def test_what_is_masked_is_unknown() -> None:
    def evaluate(self: Model, points: Any) -> Any:
        return {"p": np.ma.masked_greater(points["a"], 0.5)}

    evaluation = BoundModel(_model(evaluate=evaluate)()).evaluate_array(X)
    np.testing.assert_array_equal(evaluation.status == Status.OK, X[:, 0] <= 0.5)
    assert np.isnan(evaluation.observables[X[:, 0] > 0.5]).all()


@pytest.mark.parametrize("leave", [lambda: sys.exit(4), lambda: 1 / 0, lambda: {}["nothing"]])
@pytest.mark.parametrize("base", [Fine, PointModel])
def test_a_model_that_leaves_or_raises_costs_the_points_where_it_does(leave: Any, base: type[Model]) -> None:
    def evaluate(self: Model, points: Any) -> Any:
        if np.any(points["a"] > 0.9):
            leave()
        return {"p": points["a"]}

    words = {"name": "broken", "parameters": Fine.parameters, "observables": Fine.observables}
    method = "evaluate" if base is Fine else "evaluate_point"
    evaluation = BoundModel(type("Leaves", (base,), {**words, method: evaluate})()).evaluate_array(X)
    np.testing.assert_array_equal(evaluation.status == Status.RAISED, X[:, 0] > 0.9)
    assert evaluation.reason[-1]


# -- the conformance suite finds what no single call shows --------------------------------------------------

_CALLS = iter(range(10**9))


def _neighbours(self: Model, points: Any) -> Any:
    return {"p": points["a"] - points["a"].mean()}


def _first_row(self: Model, points: Any) -> Any:
    return {"p": points["a"] * (1 + (np.arange(len(points["a"])) == 0))}


def _global_random(self: Model, points: Any) -> Any:
    return {"p": points["a"] + np.random.random() * 0}  # noqa: NPY002


def _reseeds(self: Model, points: Any) -> Any:
    np.random.seed(3)  # noqa: NPY002
    return {"p": points["a"]}


def _in_place(self: Model, points: Any) -> Any:
    points["a"] *= 2
    return {"p": points["a"]}


class _Stage(toys.Staged):
    """Changes what an earlier stage computed."""

    name = "broken"

    def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
        """Everything anew."""
        return observables * 0.0 + 1.0


def _always_raises(self: Model, points: Any) -> Any:
    raise ValueError("no luck")


@pytest.mark.parametrize(
    ("model", "rule", "words"),
    [
        (_model(evaluate=_neighbours), "company_does_not_matter", "depends on its company: 'p'"),
        (_model(evaluate=_first_row), "order_does_not_matter", "depends on its neighbours"),
        (_model(evaluate=lambda s, p: {"p": p["a"] + next(_CALLS)}), "same_points_same_answers", "'p' is"),
        (_model(evaluate=_in_place), "inputs_are_left_alone", "array of parameter 'a'"),
        (_model(evaluate=_global_random), "no_global_random_state", "global random state"),
        (_model(evaluate=_reseeds), "no_global_random_state", "global random state"),
        (_model(evaluate=lambda s, p: {"p": p["a"].astype("f4")}), "answers_with_what_it_declared", "use float64"),
        (
            _model(evaluate=lambda s, p: {"p": p["a"], "extra": p["a"]}),
            "answers_with_what_it_declared",
            "'extra', which is not declared",
        ),
        (_model(evaluate=lambda s, p: {"p": p["a"] * np.nan}), "answers_at_most_points", "none of 64"),
        (_model(evaluate=_always_raises), "answers_at_most_points", "no luck"),
        (_Stage, "later_stages_add_only", "changes 'cheap' of stage 0"),
        (_model(observables=(Observable("p"), Observable("P"))), "declares_what_it_computes", "capitals"),
        (_model(parameters=()), "declares_what_it_computes", "no free parameter"),
    ],
)
def test_the_conformance_suite_names_the_rule(model: type[Model], rule: str, words: str) -> None:
    with pytest.raises(ContractError) as caught:
        check_model(model)
    lines = [line for line in str(caught.value).splitlines() if f"model 'broken', {rule}:" in line]
    assert lines
    assert words in lines[0]


@pytest.mark.parametrize("name", ["toy-shell", "toy-staged", pytest.param("thdm3", marks=pytest.mark.slow)])
@pytest.mark.usefixtures("toy_registry")
def test_good_models_pass_the_conformance_suite(name: str) -> None:
    check_model(name, points=32)


# -- what a constraint's function answers -------------------------------------------------------------------


def _scored(**functions: Any) -> tuple[Any, Any]:
    constraint = Function(name="theirs", observables=("p",), source="theory: a test", **functions)
    problem = Problem(BoundModel(Fine()), [ConstraintSet("their-set", (constraint,))])
    observables = X.copy()
    scored = problem.score(X, observables)
    np.testing.assert_array_equal(observables, X)
    return scored


def _rebels(p: Any) -> Any:
    p *= 1000.0
    return np.zeros(len(p))


@pytest.mark.parametrize(
    ("functions", "words"),
    [
        ({"violation_of": lambda p: p - 0.5}, "positive elsewhere"),
        ({"violation_of": lambda p: p[1:]}, r"array \(8,\)"),
        ({"violation_of": lambda p: 0.0}, r"array \(8,\)"),
        ({"violation_of": lambda p: p + 1j}, "complex"),
        ({"violation_of": lambda p: ["x"] * 8}, "numbers"),
        ({"violation_of": np.abs, "loglike_of": lambda p: p[1:]}, r"array \(8,\)"),
        ({"violation_of": np.abs, "loglike_of": lambda p: -p + 0j}, "complex"),
        ({"violation_of": np.abs, "loglike_of": lambda p: np.full(8, np.inf)}, "none infinite"),
    ],
)
def test_a_function_that_answers_wrongly_is_named(functions: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words) as caught:
        _scored(**functions)
    assert "constraint 'theirs'" in str(caught.value)
    assert "their-set" in str(caught.value)


@pytest.mark.usefixtures("toy_registry")
@pytest.mark.parametrize(
    ("functions", "words"),
    [
        ({"violation_of": lambda p: 1 / 0}, "ZeroDivisionError"),
        ({"violation_of": lambda p: sys.exit(1)}, "SystemExit"),
        ({"violation_of": 7}, "TypeError"),
        ({"violation_of": np.abs, "loglike_of": lambda p: 1 / 0}, "ZeroDivisionError"),
    ],
)
def test_a_function_that_raises_everywhere_ends_the_scan_once_its_points_are_stored(
    functions: Any, words: str, tmp_path: Path
) -> None:
    violations, loglike = _scored(**functions)
    assert (violations == np.inf).all()
    assert (loglike == -np.inf).all()
    theirs = Function(name="theirs", observables=("p",), source="theory: a test", **functions)
    offers: dict[str, Any] = {
        "terranova_models": lambda: [_model()],
        "terranova_constraint_sets": lambda: [ConstraintSet("their-set", (theirs,))],
    }
    registry().register(_plugin(**offers), name="theirs")
    scan = {"model": "broken", "constraints": ["their-set"], "sampler": "random", "budget": {"evaluations": 300}}
    with pytest.raises(ContractError, match=rf"constraint 'theirs' of .*: {words}"):
        terranova.scan({**scan, "output": str(tmp_path / "run")}, quiet=True)
    table = terranova.open(tmp_path / "run").table(["status", "reason"])
    assert len(table) >= 100
    assert set(table["status"].to_pylist()) == {int(Status.UNSCORED)}
    assert all("theirs" in reason for reason in table["reason"].to_pylist())


def test_what_a_function_does_not_know_excludes_the_point() -> None:
    violations, loglike = _scored(
        violation_of=lambda p: np.where(p > 0.5, np.nan, 0.0), loglike_of=lambda p: -p / 0.0
    )
    assert (violations[X[:, 0] > 0.5] == np.inf).all()
    assert (violations[X[:, 0] == 0.0] == np.inf).all()  # no log-likelihood
    assert (violations[(X[:, 0] <= 0.5) & (X[:, 0] > 0.0)] == 0).all()
    assert not np.isnan(loglike).any()


def test_a_function_cannot_change_what_is_stored() -> None:
    violations, _ = _scored(violation_of=_rebels)
    assert (violations == 0).all()


# -- in a scan ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("toy_registry")
@pytest.mark.parametrize(
    ("evaluate", "words"),
    [
        (lambda self, points: {"p": points["a"][1:]}, "model 'broken'"),
        (lambda self, points: {"q": points["a"]}, "no observable 'p'"),
    ],
)
def test_a_broken_contract_ends_the_scan_with_its_name(evaluate: Any, words: str, tmp_path: Path) -> None:
    registry().register(_plugin(terranova_models=lambda: [_model(evaluate=evaluate)]), name="theirs")
    window = Window(name="w", observables=("p",), upper=0.5, source="theory: a test")
    scan = {"model": "broken", "constraints": [window], "sampler": "random", "budget": {"evaluations": 10}}
    with pytest.raises(TerranovaError, match=words):
        terranova.scan({**scan, "output": str(tmp_path / "run")}, quiet=True)
