"""Scoring: each constraint is asked once a point, what it knows is kept, and what fails is a row with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.constraint_kinds import CONSTRAINTS, ThreeNumbers
from support.constraint_kinds import one as _one

from terranova import (
    Batch,
    BoundModel,
    Constraint,
    ConstraintSet,
    Correlated,
    Evaluation,
    Function,
    Gaussian,
    Judgement,
    Limit,
    Model,
    Observable,
    Panel,
    Parameter,
    Problem,
    Status,
    Uniform,
    Window,
)
from terranova.errors import ContractError
from terranova.evaluation.problem import FEWEST, PATIENCE
from terranova.interfaces.batch import join
from terranova.types import Floats


@dataclass(frozen=True, kw_only=True)
class Counting(Limit):
    """A limit that notes every value it is asked about."""

    seen: list[float] = field(default_factory=list, hash=False, compare=False)
    late: bool = False

    def judge(self, values: Floats) -> Judgement:
        """As a limit, with a note."""
        self.seen.extend(values[:, 0].tolist())
        return Constraint.judge(self, values)

    @property
    def slow(self) -> bool:
        return self.late


class Steps(Model):
    """Two stages: p = x at once, q = 2 x later; p is NaN above 8."""

    name = "steps"
    parameters = (Parameter("x", Uniform(0.0, 10.0)),)
    observables = (Observable("p"), Observable("free"), Observable("q", stage=1))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """The first stage; `free`, which nobody reads, is NaN between 4 and 5."""
        x = points["x"]
        return {"p": np.where(x > 8.0, np.nan, x), "free": np.where((x > 4.0) & (x < 5.0), np.nan, x)}

    def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
        """The second stage; above 6 it is not finite."""
        filled = observables.copy()
        filled[:, 2] = np.where(x[:, 0] > 6.0, np.inf, 2.0 * x[:, 0])
        return filled


X = np.arange(0.25, 10.0, 0.5)[:, None]


def _batch(problem: Problem, evaluation: Evaluation | None = None, x: Floats = X) -> Batch:
    number = np.arange(len(x))
    evaluation = problem.evaluate(x) if evaluation is None else evaluation
    return problem.batch(x / 10.0, x, evaluation, 0 * number, 0 * number, number)


def _problem(*constraints: Constraint, model: Model | None = None) -> Problem:
    return Problem(BoundModel(model or Steps()), [ConstraintSet("set", constraints)])


@pytest.mark.parametrize("late", [False, True])
def test_a_constraint_is_asked_once_a_point_wherever_points_are_evaluated(late: bool) -> None:
    first = Counting(**_one("first", "p"), upper=7.0, cl=0.95, late=late)
    then = Counting(**_one("then", "q"), upper=9.0, cl=0.95, late=late)
    problem = _problem(first, then, Window(**_one("w", "p"), upper=7.5))
    batch = _batch(problem)
    ok = batch.status == Status.OK
    np.testing.assert_array_equal(np.sort(first.seen), X[ok if late else ~np.isnan(batch.observables[:, 0]), 0])
    known = np.isfinite(batch.observables[:, 2])
    np.testing.assert_array_equal(np.sort(then.seen), np.sort(2.0 * X[known, 0]))
    np.testing.assert_array_equal(batch.margins[known, 1], 2.0 * X[known, 0] - 9.0)


@given(st.lists(st.sampled_from([4, 5, 0.3]), min_size=1, max_size=4), st.integers(0, 20))
def test_parts_evaluated_apart_are_scored_as_the_whole(cuts: list[float], lost: int) -> None:
    problem = _problem(Limit(**_one("a", "p"), upper=7.0, cl=0.9), Window(**_one("b", "x"), lower=2.0))
    whole = _batch(problem)
    bounds = sorted({0, len(X), *(int(c) for c in cuts)})
    parts = [problem.evaluate(X[i:j]) for i, j in pairwise(bounds)]
    parts = [replace(p, scores=None) if lost % (i + 2) == 0 else p for i, p in enumerate(parts)]
    again = _batch(problem, join(parts))
    for name in ("violations", "margins", "terms", "loglike", "status"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    kept = np.arange(len(X)) % 3 == 0
    np.testing.assert_array_equal(_batch(problem, join(parts).take(kept), X[kept]).terms, whole.terms[kept])


def test_a_failed_point_keeps_what_is_known_and_violates_what_is_not() -> None:
    problem = _problem(
        Window(**_one("x", "x"), lower=9.0),
        Window(**_one("p", "p"), upper=7.0),
        Window(**_one("q", "q"), upper=50.0),
    )
    at = np.array([[8.5], [7.25], [6.5], [9.5], [4.6]])
    batch = _batch(_problem(*problem.constraints[1:]), x=at)
    np.testing.assert_array_equal(batch.violations[:, 0], [np.inf, 0.25, 0.0, np.inf, 0.0])
    np.testing.assert_array_equal(batch.violations[:, 1], np.inf)
    assert batch.status.tolist() == [Status.NON_FINITE, Status.OK, Status.NON_FINITE, *[Status.NON_FINITE] * 2]
    assert not batch.valid.any()
    batch = _batch(problem, x=at)
    np.testing.assert_array_equal(batch.violations[:, 0], [0.5, 1.75, 2.5, 0.0, 4.4])


def test_a_failure_that_no_constraint_sees_is_not_mistaken_for_a_valid_point() -> None:
    batch = _batch(_problem(Window(**_one("p", "p"), upper=7.0)), x=np.array([[4.5], [5.5]]))
    np.testing.assert_array_equal(batch.violations[:, 0], [np.inf, 0.0])
    assert batch.valid.tolist() == [False, True]


def _picky(p: Floats) -> Floats:
    if (p > 3.0).any():
        raise ArithmeticError("no convergence")
    return np.where(p > 2.0, np.nan, np.maximum(0.0, p - 1.0))


@pytest.mark.parametrize("slow", [False, True])
def test_a_constraint_that_fails_at_a_point_makes_it_a_row_with_a_reason(slow: bool) -> None:
    picky = Function(name="fit", observables=("p",), source="theory: a test", violation_of=_picky, slow=slow)
    problem = _problem(picky, Window(**_one("w", "p"), lower=0.5, upper=3.0))
    evaluation = problem.evaluate(X)
    assert (evaluation.scores is not None) is True
    batch = _batch(problem, evaluation)
    p = batch.observables[:, 0]
    wrong = (p > 2.0) & np.isfinite(p) & (batch.stage == 0)
    np.testing.assert_array_equal(batch.status[(p > 2.0) & (batch.status != Status.NON_FINITE)], Status.UNSCORED)
    raised, nan = np.flatnonzero(p > 3.0)[0], np.flatnonzero(p > 2.0)[0]
    assert batch.reason[raised] == "constraint 'fit' of 'set': ArithmeticError: no convergence"
    assert batch.reason[nan] == "constraint 'fit' of 'set': its violation is NaN"
    np.testing.assert_array_equal(batch.violations[wrong, 0], np.inf)
    np.testing.assert_array_equal(batch.violations[wrong, 1], np.maximum(0.0, p[wrong] - 3.0))
    stored = replace(evaluation, scores=None, status=batch.status, reason=batch.reason)
    again = _batch(problem, stored)
    np.testing.assert_array_equal(again.violations, batch.violations)
    assert list(again.reason) == list(batch.reason)
    other = _batch(_problem(Window(**_one("w", "p"), lower=0.5, upper=3.0)), stored)
    assert Status.UNSCORED not in other.status
    assert "".join(other.reason) == "".join(r for r in batch.reason if "constraint" not in r)


def _never(p: Floats) -> Floats:
    raise ValueError("no licence")


def test_a_constraint_that_fails_everywhere_ends_it_once_its_rows_are_stored() -> None:
    broken = Function(name="fit", observables=("x",), source="theory: a test", violation_of=_never)
    problem = _problem(broken)
    x = np.linspace(0.0, 3.0, PATIENCE // 2)[:, None]
    for _ in range(2):
        assert (_batch(problem, x=x).status == Status.UNSCORED).all()
    with pytest.raises(ContractError, match=r"'fit' of 'set': ValueError: no licence.*every one of the 100 points"):
        _batch(problem, x=x)
    few = _problem(broken)
    _batch(few, x=x[: FEWEST - 1])
    few.require_answers()
    _batch(few, x=x[:1])
    with pytest.raises(ContractError, match="no licence"):
        few.require_answers()


def test_one_answer_is_enough() -> None:
    picky = Function(name="fit", observables=("x",), source="theory: a test", violation_of=_picky)
    problem = _problem(picky)
    _batch(problem, x=np.array([[1.5]]))
    for _ in range(3):
        _batch(problem, x=np.full((PATIENCE, 1), 4.0))
    problem.require_answers()


@settings(max_examples=60, deadline=None)
@given(constraints=st.lists(CONSTRAINTS, min_size=1, max_size=5), seed=st.integers(0, 1000))
def test_margins_are_those_of_the_constraints_and_terms_add_up(constraints: list[Constraint], seed: int) -> None:
    group = tuple(replace(c, name=f"c{i}") for i, c in enumerate(constraints))
    problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("group", group)])
    x = 3.0 * np.random.default_rng(seed).standard_normal((20, 3))
    number = np.arange(20)
    batch = problem.batch(x, x, problem.evaluate(x), number, number, number)
    for j, constraint in enumerate(group):
        columns = ["xyz".index(name) for name in constraint.observables]
        np.testing.assert_array_equal(batch.margins[:, j], constraint.margin(batch.observables[:, columns]))
        np.testing.assert_allclose(batch.terms[:, j], constraint.loglike(batch.observables[:, columns]), rtol=1e-12)
    np.testing.assert_array_equal(batch.violations, np.maximum(0.0, batch.margins))
    np.testing.assert_allclose(batch.loglike, batch.terms.sum(axis=1), rtol=1e-12)


@dataclass(frozen=True, kw_only=True)
class Louder(Correlated):
    """Says something else than its base."""

    def loglike(self, values: Floats) -> Floats:
        """Another one."""
        return -7.0 * np.ones(len(values))


@dataclass(frozen=True, kw_only=True)
class Stricter(Gaussian):
    """Accepts nothing."""

    def violation(self, values: Floats) -> Floats:
        """One, everywhere."""
        return np.ones(len(values))


def test_what_a_subclass_says_anew_is_heard() -> None:
    pair = {"observables": ("x", "y"), "source": "theory: a test", "values": (0.0, 0.0), "sigmas": (1.0, 1.0)}
    louder = Louder(name="a", **pair, correlation=((1.0, 0.0), (0.0, 1.0)), max_chi2=2.0)
    stricter = Stricter(**_one("b"), value=0.0, sigma=1.0)
    problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("group", (louder, stricter))])
    violations, loglike = problem.score(np.zeros((2, 3)), np.zeros((2, 3)))
    np.testing.assert_array_equal(violations, [[0.0, 1.0]] * 2)
    np.testing.assert_array_equal(loglike, -7.0)
    assert problem.search_space.windowed == frozenset()


def test_a_function_may_say_how_much_room_there_is() -> None:
    room = Function(
        name="room",
        observables=("x",),
        source="theory: a test",
        violation_of=lambda x: x - 5.0,
        signed=True,
        scale=2.0,
    )
    batch = _batch(_problem(room))
    ok = batch.status == Status.OK
    np.testing.assert_array_equal(batch.margins[ok, 0], 0.5 * (X[ok, 0] - 5.0))
    np.testing.assert_array_equal(batch.violations[ok, 0], np.maximum(0.0, batch.margins[ok, 0]))


@dataclass(frozen=True, kw_only=True)
class Joint(Limit):
    """Limits that one panel judges; wrong in a way if asked to."""

    wrong: ClassVar[str] = ""
    asked: ClassVar[int] = 0

    @property
    def hard(self) -> bool:
        return False

    def judge(self, values: Floats) -> Judgement:
        """The distance above the limit; ln L is that, too."""
        margin = values.sum(axis=1) - self.upper
        return Judgement(margin, -np.maximum(margin, 0.0))

    @classmethod
    def panel(cls, constraints: Sequence[Joint]) -> Panel:
        return _JointPanel(constraints)


class _JointPanel(Panel):
    def __init__(self, limits: Sequence[Joint]) -> None:
        self.observables = tuple(dict.fromkeys(name for limit in limits for name in limit.observables))
        self._limits = limits

    def judge(self, values: Floats) -> tuple[Floats, Floats]:
        Joint.asked += 1
        if Joint.wrong == "raises":
            raise RuntimeError("no")
        at = [[self.observables.index(name) for name in limit.observables] for limit in self._limits]
        answers = [limit.judge(values[:, columns]) for limit, columns in zip(self._limits, at, strict=True)]
        margins, terms = (np.array([answer[i] for answer in answers]).T for i in (0, 1))
        return margins, terms.T if Joint.wrong == "shape" else terms


def _joint() -> list[Joint]:
    return [
        Joint(name=f"c{i}", observables=(name,), upper=0.1 * i, source="made up")
        for i, name in enumerate(["y", "x", "p_x", "x"])
    ]


@pytest.mark.parametrize("wrong", ["", "raises"])
@pytest.mark.parametrize("unknown", [None, np.nan])
def test_a_panel_scores_as_its_constraints_one_by_one(
    unknown: float | None, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a number is not known; and one that fails is not believed."""
    other = Gaussian(name="g", observables=("x",), value=0.0, sigma=1.0, source="made up")
    members = [*_joint()[:2], other, *_joint()[2:]]
    x = np.random.default_rng(2).standard_normal((50, 3))
    observables = x.copy()
    if unknown is not None:
        observables[3, 0] = unknown

    def scores(*parts: Constraint) -> tuple[Floats, Floats]:
        problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("set", parts)])
        violations, loglike = problem.score(x, observables)
        return violations, loglike

    apart = [scores(member) for member in members]  # one alone has no panel
    monkeypatch.setattr(Joint, "asked", 0)
    monkeypatch.setattr(Joint, "wrong", wrong)
    violations, loglike = scores(*members)
    assert Joint.asked == 1
    np.testing.assert_array_equal(violations, np.column_stack([alone[0] for alone in apart]))
    np.testing.assert_allclose(loglike, sum(alone[1] for alone in apart), rtol=1e-14)
    assert (violations > 0).any()


def test_a_panel_that_answers_in_another_shape_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(BoundModel(ThreeNumbers()), [ConstraintSet("group", tuple(_joint()))])
    monkeypatch.setattr(Joint, "wrong", "shape")
    with pytest.raises(ContractError, match="constraint 'c0' of 'group'"):
        problem.score(np.zeros((5, 3)), np.zeros((5, 3)))
