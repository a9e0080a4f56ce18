"""Answers of plugins that numpy would take for numbers, and that mean something else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from terranova import (
    BoundModel,
    ConstraintSet,
    Function,
    Model,
    Observable,
    Parameter,
    PointModel,
    Problem,
    Proposal,
    Sampler,
    Uniform,
    Window,
)
from terranova.engine.islands import Share, check_proposal, make_archipelago
from terranova.errors import ContractError

pytestmark = pytest.mark.fault("F48")

X = np.linspace(0.0, 1.0, 8).reshape(-1, 1)

NO_NUMBERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "bool": (lambda a: a > 0.5, "true or false: return numbers, such as 1.0 and 0.0"),
    "masked bool": (lambda a: np.ma.masked_greater(a, 0.9) > 0.5, "true or false"),
    "bool objects": (lambda a: (a > 0.5).astype(object), "true or false"),
    "records": (lambda a: a.astype([("p", float)]), "records"),
    "text objects": (lambda a: a.astype(str).astype(object), "text"),
    "complex objects": (lambda a: (a + 1j).astype(object), "complex"),
    "dates": (lambda a: (1e9 * a).astype("M8[s]"), "dates"),
    "huge": (lambda a: [10**400] * len(a), "too large"),
    "bytes": (lambda a: bytearray(len(a)), "bytes"),
}


class _Given(Model):
    name = "given"
    parameters = (Parameter("a", Uniform(0.0, 1.0)),)
    observables = (Observable("p"), Observable("q", stage=1))
    answer: Any = None

    def evaluate(self, points: Any) -> Any:
        return {"p": self.answer(points["a"])}

    def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
        return observables


def _model(answer: Any, base: type[Model] = _Given, **words: Any) -> Any:
    return type("Given", (base,), {"answer": staticmethod(answer), **words})()


@pytest.mark.parametrize(("answer", "words"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_observables_are_refused_by_name(answer: Any, words: str) -> None:
    with pytest.raises(ContractError, match=f"observable 'p' of model 'given'.*{words}"):
        BoundModel(_model(answer)).evaluate_array(X)
    whole = _model(answer, evaluate_array=lambda self, x: answer(x[:, 0]))
    with pytest.raises(ContractError, match=rf"model 'given': evaluate_array\(\).*{words}"):
        BoundModel(whole).evaluate_array(X)


@pytest.mark.parametrize(("answer", "words"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_later_stages_and_seeds_are_refused_by_name(answer: Any, words: str) -> None:
    later = _model(lambda a: a, evaluate_stage=lambda self, stage, x, known: answer(x[:, 0]))
    with pytest.raises(ContractError, match=rf"model 'given': evaluate_stage\(\).*{words}"):
        Problem(BoundModel(later), []).evaluate(X)
    seeds = _model(lambda a: a, seeds=lambda self, rng, n, windows: answer(np.linspace(0, 1, n)))
    suggest = Problem(BoundModel(seeds), []).search_space.seeds
    assert suggest is not None
    with pytest.raises(ContractError, match=rf"model 'given': seeds\(\).*{words}"):
        suggest(np.random.default_rng(1), 8)


def test_seeds_that_raise_name_the_model() -> None:
    seeds = _model(lambda a: a, seeds=lambda self, rng, n, windows: 1 / 0)
    suggest = Problem(BoundModel(seeds), []).search_space.seeds
    assert suggest is not None
    with pytest.raises(ContractError, match=r"model 'given': seeds\(\) raised ZeroDivisionError"):
        suggest(np.random.default_rng(1), 8)


class _OnePoint(PointModel):
    name = "one"
    parameters = _Given.parameters
    observables = (Observable("p"),)

    def evaluate_point(self, point: dict[str, float]) -> Any:
        return {"p": point["a"] > 0.5}


def test_a_point_model_that_answers_yes_or_no_is_told_so() -> None:
    with pytest.raises(ContractError, match="observable 'p' of model 'one' is true or false"):
        BoundModel(_OnePoint()).evaluate_array(X)


class _Own(Window):
    """An interval with a violation and a log-likelihood of its own."""

    kind = "own"
    answer: Any = None
    what = "violation"

    @property
    def hard(self) -> bool:
        return self.what == "violation"

    def violation(self, values: Any) -> Any:
        return self.answer(values[:, 0]) if self.what == "violation" else super().violation(values)

    def loglike(self, values: Any) -> Any:
        return self.answer(values[:, 0]) if self.what == "log-likelihood" else super().loglike(values)


def _scored(constraint: Any) -> Any:
    problem = Problem(BoundModel(_model(lambda a: a)), [ConstraintSet("set", (constraint,))])
    return problem.score(X, np.column_stack([X, X]))


@pytest.mark.parametrize("what", ["violation", "log-likelihood"])
@pytest.mark.parametrize(("answer", "words"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_constraints_are_refused_by_name(answer: Any, words: str, what: str) -> None:
    common: dict[str, Any] = {"name": "c", "observables": ("p",), "source": "theory: a test"}
    function = (
        Function(violation_of=answer, **common)
        if what == "violation"
        else Function(violation_of=np.abs, loglike_of=answer, **common)
    )
    own = type("Own", (_Own,), {"answer": staticmethod(answer), "what": what})(lower=-9.0, upper=9.0, **common)
    for constraint in (function, own):
        with pytest.raises(ContractError, match=f"constraint 'c' of 'set': its {what}.*{words}"):
            _scored(constraint)


class _Proposes(Sampler):
    name = "proposes"
    answer: Any = None

    def ask(self) -> Any:
        return self.answer(np.linspace(0, 1, 8)[:, None])

    def tell(self, batch: Any) -> None:
        raise AssertionError


@pytest.mark.parametrize(("answer", "words"), NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_proposals_are_refused_by_name(answer: Any, words: str) -> None:
    plugin = type("Proposes", (_Proposes,), {"answer": staticmethod(answer)})
    space = Problem(BoundModel(_model(lambda a: a)), []).search_space
    with pytest.raises(ContractError, match=rf"sampler 'proposes': ask\(\).*{words}"):
        make_archipelago(plugin, space, 1, Share(0, 1), {}).ask()


@pytest.mark.parametrize(
    ("u", "island", "words"),
    [
        (X > 0.5, np.zeros(8, dtype=int), "u of bool, expected an array of floats"),
        (X.astype(object), np.zeros(8, dtype=int), "u of object"),
        (X + 0j, np.zeros(8, dtype=int), "u of complex128"),
        (None, np.zeros(8, dtype=int), "u of NoneType"),
        (X, np.zeros(8), "island of float64, expected an array of integers"),
        (X, [0] * 8, "island of list"),
    ],
)
def test_proposals_of_archipelagos_are_refused_by_name(u: Any, island: Any, words: str) -> None:
    with pytest.raises(ContractError, match=rf"sampler 'isles': ask\(\) returned {words}"):
        check_proposal(Proposal(u, island), "isles", 1, 1)
