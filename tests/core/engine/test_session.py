"""Plugins that misbehave are told so, or do no harm; budgets and directories are handled with care."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import toys

import terranova
from terranova import (
    Archipelago,
    BoundModel,
    ConstraintSet,
    Function,
    Model,
    Observable,
    Parameter,
    PointFailed,
    PointModel,
    Problem,
    Proposal,
    Status,
    Uniform,
)
from terranova.engine.islands import check_proposal
from terranova.errors import ConfigError, ContractError, RunLocked, RunMismatch
from terranova.store import RunLock

X = np.linspace(0.0, 10.0, 12).reshape(-1, 1)


class Base(Model):
    """One parameter, two observables; subclasses answer wrongly."""

    name = "misbehaving"
    parameters = (Parameter("a", Uniform(0.0, 10.0)),)
    observables = (Observable("p"), Observable("q"))

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Twice and three times a."""
        return {"p": 2 * points["a"], "q": 3 * points["a"]}


def test_a_model_that_works_in_place_does_not_change_the_points() -> None:
    class InPlace(Base):
        def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
            points["a"][...] *= 1000.0
            return super().evaluate(points)

    for rows in (X, X[:1]):
        kept = rows.copy()
        BoundModel(InPlace()).evaluate_array(kept)
        np.testing.assert_array_equal(kept, rows)


def test_a_model_with_one_buffer_for_all_answers_is_right_after_an_exception_too() -> None:
    buffer = np.empty((len(X), 2))

    class Buffered(Base):
        def evaluate_array(self, x: Any) -> Any:
            if np.any(x == X[5]) and len(x) > 1:
                raise RuntimeError("one bad point")
            buffer[: len(x)] = x * [2.0, 3.0]
            return buffer[: len(x)]

    evaluation = BoundModel(Buffered()).evaluate_array(X)
    np.testing.assert_array_equal(evaluation.observables, X * [2.0, 3.0])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"p": np.sqrt(-X[:, 0] + 0j), "q": X[:, 0]}, "complex"),
        ({"p": X[:, 0]}, "no observable 'q'"),
        ({"p": X[:, 0], "q": X}, "shape"),
        ({"p": X[:, 0], "q": "text"}, "not an array of numbers"),
        ([X], "expected a mapping"),
    ],
)
def test_wrong_answers_are_named(answer: Any, words: str) -> None:
    class Wrong(Base):
        def evaluate(self, points: Mapping[str, Any]) -> Any:
            return answer

    with pytest.raises(ContractError, match=words):
        BoundModel(Wrong()).evaluate_array(X)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (
            {"planes": (("a", "rang"),)},
            "planes holds 'rang', which is no parameter or observable of it .did you",
        ),
        ({"planes": (("a",),)}, "planes holds .'a',., expected .x, y. or .x, y, colour."),
        ({"planes": ("ab",)}, "planes holds 'ab', expected"),
        ({"observables": (Observable("x", scale="logarithmic"),)}, "'x' has scale 'logarithmic', expected one of"),
    ],
)
def test_what_a_model_wants_to_be_drawn_must_exist(attributes: dict[str, Any], words: str) -> None:
    class Broken(toys.Shell):
        pass

    for name, value in attributes.items():
        setattr(Broken, name, value)
    with pytest.raises(ContractError, match=words):
        BoundModel(Broken())


class Late(PointModel):
    """A later stage that fails for some points."""

    name = "late"
    parameters = (Parameter("a", Uniform(0.0, 10.0)),)
    observables = (Observable("first"), Observable("second", stage=1))

    def evaluate_point(self, point: dict[str, float]) -> Any:
        return {"first": point["a"]}

    def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
        assert x.shape == (1, 1)
        if x[0, 0] > 5.0:
            raise PointFailed("too heavy", unphysical=x[0, 0] > 7.0)
        filled = observables.copy()
        filled[:, 1] = 2.0 * x[:, 0]
        return filled


def test_a_later_stage_of_a_point_model_fails_point_by_point() -> None:
    model, x = BoundModel(Late()), np.array([[1.0], [6.0], [8.0], [2.0], [3.0]])
    rows = model.evaluate_stage(1, x, model.evaluate_array(x), np.array([True, True, True, True, False]))
    assert rows.status.tolist() == [Status.OK, Status.RAISED, Status.UNPHYSICAL, Status.OK, Status.OK]
    assert list(rows.reason) == ["", "too heavy", "too heavy", "", ""]
    assert rows.stage.tolist() == [1, 1, 1, 1, 0]
    np.testing.assert_array_equal(rows.observables[:, 1], [2.0, np.nan, np.nan, 4.0, np.nan])


def test_a_later_stage_cannot_change_an_earlier_one_nor_answer_in_another_shape() -> None:
    class Late(toys.Staged):
        def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
            return np.full_like(observables, 7.0)

    problem = Problem(BoundModel(Late()), [])
    np.testing.assert_array_equal(problem.evaluate(X).observables, np.column_stack([X[:, 0], np.full(12, 7.0)]))

    class Misshapen(toys.Staged):
        def evaluate_stage(self, stage: int, x: Any, observables: Any) -> Any:
            return 2.0 * x

    with pytest.raises(ContractError, match=r"evaluate_stage\(1\) returned shape"):
        Problem(BoundModel(Misshapen()), []).evaluate(X)


def test_a_reason_that_is_no_text_is_made_one() -> None:
    class Odd(PointModel):
        name = "odd"
        parameters = Base.parameters
        observables = Base.observables

        def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
            raise PointFailed(7)  # type: ignore[arg-type]

    assert list(BoundModel(Odd()).evaluate_array(X[:2]).reason) == ["7", "7"]


def test_a_function_constraint_must_not_be_negative() -> None:
    wrong = Function(name="p", observables=("p",), source="theory: a test", violation_of=lambda p: p - 5.0)
    problem = Problem(BoundModel(Base()), [ConstraintSet("set", (wrong,))])
    with pytest.raises(ContractError, match="constraint 'p'"):
        problem.score(X, problem.evaluate(X).observables)


@pytest.mark.parametrize(
    ("u", "island", "words"),
    [
        (np.full((2, 1), 1.5), [0, 1], "outside"),
        (np.full((2, 1), np.nan), [0, 1], "outside"),
        (np.full((3, 1), 0.5), [0, 1, 0], "sorted"),
        (np.full((2, 1), 0.5), [0, 2], "between 0 and 1"),
        (np.full((2, 3), 0.5), [0, 1], r"expected \(n, 1\)"),
    ],
)
def test_a_proposal_is_checked(u: Any, island: list[int], words: str) -> None:
    with pytest.raises(ContractError, match=words):
        check_proposal(Proposal(u, np.array(island)), "mine", 1, 2)


class Vandal(Archipelago):
    """Changes what it is told."""

    name = "vandal"

    def ask(self) -> Proposal:
        """One random point an island."""
        u = np.array([stream.random(self.space.dimension) for stream in self.streams])
        return Proposal(u, np.arange(len(self.streams)))

    def tell(self, batch: terranova.Batch) -> None:
        """Declare everything valid."""
        batch.violations[...] = 0.0


class VandalPlugin:
    """Registers it."""

    @staticmethod
    @terranova.hookimpl
    def terranova_samplers() -> list[type[Archipelago]]:
        """The sampler above."""
        return [Vandal]


def _words(output: Path, **changes: Any) -> dict[str, Any]:
    base = {"model": "toy-shell", "constraints": ["toy-windows"], "sampler": {"name": "random", "islands": 2}}
    return {**base, "budget": {"evaluations": 400}, "output": str(output), **changes}


@pytest.mark.usefixtures("toy_registry")
class TestRuns:
    """Directories, budgets, locks."""

    def test_what_a_sampler_does_to_its_batch_does_not_change_the_count(self, tmp_path: Path) -> None:
        from terranova.registry import registry

        registry().register(VandalPlugin, name="vandal")
        run = terranova.scan(_words(tmp_path / "run", sampler={"name": "vandal", "islands": 2}), quiet=True)
        assert run.summary["valid"] == run.valid_count

    def test_budgets_given_to_resume_are_checked_and_grow_only(self, tmp_path: Path) -> None:
        terranova.scan(_words(tmp_path / "run"), quiet=True)
        before = (tmp_path / "run" / "config.yaml").read_text()
        with pytest.raises(RunMismatch, match="can grow"):
            terranova.resume(tmp_path / "run", evaluations=100, quiet=True)
        with pytest.raises(ConfigError, match="at least 1"):
            terranova.resume(tmp_path / "run", evaluations=-5, quiet=True)
        with pytest.raises(ConfigError, match="positive duration"):
            terranova.resume(tmp_path / "run", wall=-1.0, quiet=True)
        assert (tmp_path / "run" / "config.yaml").read_text() == before

    def test_a_locked_run_is_left_alone(self, tmp_path: Path) -> None:
        terranova.scan(_words(tmp_path / "run"), quiet=True)
        before = (tmp_path / "run" / "config.yaml").read_text()
        with RunLock(tmp_path / "run"), pytest.raises(RunLocked):
            terranova.resume(tmp_path / "run", evaluations=800, quiet=True)
        assert (tmp_path / "run" / "config.yaml").read_text() == before

    def test_a_start_that_was_cut_off_does_not_block_the_name(self, tmp_path: Path) -> None:
        (tmp_path / "run" / "points").mkdir(parents=True)
        (tmp_path / "run" / "config.yaml").write_text("model: toy-shell\n")
        assert terranova.scan(_words(tmp_path / "run"), quiet=True).count == 400

    def test_wall_time_of_earlier_sessions_counts(self, tmp_path: Path) -> None:
        slow = _words(
            tmp_path / "run", model={"name": "toy-point", "delay": 0.01}, budget={"wall": 1.0, "evaluations": 10**6}
        )
        first = terranova.scan(slow, quiet=True).count
        assert terranova.resume(tmp_path / "run", quiet=True).count == first
        assert terranova.resume(tmp_path / "run", wall="2s", quiet=True).count > first

    def test_going_through_stored_points_again_takes_nothing_from_the_wall_time(self, tmp_path: Path) -> None:
        slow = _words(
            tmp_path / "run", model={"name": "toy-point", "delay": 0.01}, budget={"wall": 1.0, "evaluations": 10**6}
        )
        stored = [terranova.scan(slow, quiet=True).count]
        for wall in (1.5, 2.0, 2.5):  # no checkpoint is due in so short a time: each goes through all of it
            run = terranova.resume(tmp_path / "run", wall=wall, quiet=True)
            assert run.summary["evaluations"] == run.count
            stored.append(run.count)
        gained = np.diff(stored)
        assert gained.min() > 10
