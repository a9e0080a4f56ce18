"""Rules of the conformance suite for models: what every one must do, whatever its physics."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from terranova.errors import ContractError, did_you_mean
from terranova.evaluation.bound_model import BoundModel
from terranova.interfaces.batch import Evaluation, Status
from terranova.interfaces.model import Model, PointModel
from terranova.testing.rules import demand
from terranova.types import Floats


@dataclass(frozen=True)
class ModelCase:
    """A model that is to be checked.

    Attributes:
        plugin: the class.
        options: of the model.
        points: how many points each rule looks at.
    """

    plugin: type[Model]
    options: Mapping[str, Any] = field(default_factory=dict)
    points: int = 64

    def make(self) -> BoundModel:
        """Make the model, as the engine does."""
        return BoundModel(self.plugin(**self.options))

    @cached_property
    def x(self) -> Floats:
        """(points, d) physical points, spread over the priors."""
        space = self.make().space
        u = np.random.default_rng(20).random((self.points, space.dimension))
        return space.to_physical(u)

    def run(self, model: BoundModel, x: Floats) -> Evaluation:
        """Evaluate all stages at x (n, d), whatever constraints would say."""
        evaluation = model.evaluate_array(x)
        for stage in range(1, model.stages):
            evaluation = model.evaluate_stage(stage, x, evaluation, evaluation.status == Status.OK)
        return Evaluation(
            evaluation.observables.copy(),
            evaluation.status,
            evaluation.reason,
            evaluation.stage,
            evaluation.seconds,
        )


def _difference(case: ModelCase, one: Evaluation, other: Evaluation, tolerance: float = 0.0) -> str:
    """Name the first observable in which two evaluations of the same points differ; "" if there is none."""
    for i, observable in enumerate(case.make().observables):
        a, b = one.observables[:, i], other.observables[:, i]
        same = np.isclose(a, b, rtol=tolerance, atol=0.0, equal_nan=True)
        if not same.all():
            row = int(np.argmin(same))
            return f"{observable.name!r} is {a[row]!r} and {b[row]!r} at {case.x[row].tolist()}"
    return "" if np.array_equal(one.status, other.status) else "the status"


def declares_what_it_computes(case: ModelCase) -> None:
    """The model describes itself, has free parameters, and the columns it declares can be told apart."""
    model = case.make()
    demand(bool(model.plugin.description or type(model.plugin).__doc__), "it has no description and no docstring")
    demand(model.space.dimension > 0, "it has no free parameter")
    demand(len(model.observables) > 0, "it has no observable")
    for parameter in model.space:
        default = parameter.default_value
        demand(bool(np.isfinite(default)), f"the default of parameter {parameter.name!r} is {default!r}")
        low, high = parameter.prior.support
        demand(  # 0 switches off a coupling that is scanned in its logarithm
            default == 0.0 or low <= default <= high,
            f"the default of {parameter.name!r}, {default!r}, is outside its prior",
        )
    for name, point in model.plugin.benchmarks.items():
        odd = sorted(set(point) - set(model.space.names))
        demand(not odd, f"benchmark {name!r} names {', '.join(odd)}, no parameters of it")
        values = model.evaluate(point)
        failed = [o.name for o in model.observables if not np.isfinite(values[o.name]).all()]
        demand(not failed, f"benchmark {name!r} has no {', '.join(failed)}")
    lowered = [name.lower() for name in (*model.space.names, *(o.name for o in model.observables))]
    twice = sorted({name for name in lowered if lowered.count(name) > 1})
    demand(not twice, f"names differ by capitals only, which tables do not tell apart: {', '.join(twice)}")


def answers_with_what_it_declared(case: ModelCase) -> None:
    """`evaluate` returns every observable of the first stage, and nothing that it did not declare."""
    model = case.make()
    if isinstance(model.plugin, PointModel):
        return
    answer = model.plugin.evaluate({name: case.x[:, i].copy() for i, name in enumerate(model.space.names)})
    declared = [o.name for o in model.observables]
    demand(isinstance(answer, Mapping), f"evaluate() returned {type(answer).__name__}, expected a mapping")
    for name in answer:
        demand(
            name in declared, f"evaluate() returned {name!r}, which is not declared{did_you_mean(name, declared)}"
        )
    for name, values in answer.items():
        kind = np.asarray(values).dtype
        demand(
            kind.kind != "f" or kind.itemsize >= 8,
            f"{name!r} is of type {kind}: seven digits are too few for pulls and derivatives, use float64",
        )
    stacked = model.plugin._stack(answer, len(case.x))
    array = np.asarray(model.plugin.evaluate_array(case.x.copy()))
    first = [i for i, o in enumerate(model.observables) if o.stage == 0]
    demand(
        np.allclose(stacked[:, first], array[:, first], rtol=1e-9, atol=0.0, equal_nan=True),
        "evaluate() and evaluate_array() disagree",
    )


def answers_at_most_points(case: ModelCase) -> None:
    """Some point of the prior has observables, and none raises an exception."""
    evaluation = case.run(case.make(), case.x)
    raised = evaluation.status == Status.RAISED
    if raised.any():
        row = int(np.argmax(raised))
        raise ContractError(f"it raised at {case.x[row].tolist()}: {evaluation.reason[row]}")
    demand(
        bool((evaluation.status == Status.OK).any()),
        f"none of {case.points} random points has observables; the first says: {evaluation.reason[0]}",
    )


def same_points_same_answers(case: ModelCase) -> None:
    """A second call, and a second instance, answer the same bits: that is what makes scans repeatable."""
    model = case.make()
    first, again, other = case.run(model, case.x), case.run(model, case.x), case.run(case.make(), case.x)
    demand(
        not (difference := _difference(case, first, again)), f"two calls at the same points differ: {difference}"
    )
    demand(not (difference := _difference(case, first, other)), f"two instances of the model differ: {difference}")


def order_does_not_matter(case: ModelCase) -> None:
    """Points in another order have the same observables, up to the last digits."""
    order = np.random.default_rng(1).permutation(len(case.x))
    model = case.make()
    there, back = case.run(model, case.x[order]), np.argsort(order)
    reordered = Evaluation(
        there.observables[back],
        there.status[back],
        [there.reason[i] for i in back],
        there.stage[back],
        there.seconds,
    )
    difference = _difference(case, case.run(model, case.x), reordered, 1e-12)
    demand(
        not difference, f"a point's answer depends on its neighbours in the batch: in another order {difference}"
    )


def company_does_not_matter(case: ModelCase) -> None:
    """A point alone has the observables that it has in a batch: results do not depend on the number of ranks.

    The last digits may differ, for compilers treat the ends of arrays in their own way.
    """
    model = case.make()
    whole = case.run(model, case.x)
    for size in (1, 7):
        for start in range(0, min(len(case.x), 28), size):
            stop = min(start + size, len(case.x))
            part = case.run(model, case.x[start:stop])
            demand(
                bool(np.array_equal(part.status, whole.status[start:stop])),
                f"points {start} to {stop - 1} have another status when they are evaluated {size} at a time",
            )
            for i, observable in enumerate(model.observables):
                a, b = part.observables[:, i], whole.observables[start:stop, i]
                demand(
                    bool(np.allclose(a, b, rtol=1e-12, atol=0.0, equal_nan=True)),
                    f"a point's answer depends on its company: {observable.name!r} is {b[0]!r} in a batch of "
                    f"{len(case.x)} and {a[0]!r} in one of {stop - start}, at {case.x[start].tolist()}",
                )


def no_point_is_no_problem(case: ModelCase) -> None:
    """A batch without points is answered by one without rows."""
    model = case.make()
    evaluation = model.evaluate_array(case.x[:0])
    demand(evaluation.observables.shape == (0, len(model.observables)), "a batch of no points is not answered so")


def inputs_are_left_alone(case: ModelCase) -> None:
    """The arrays that a model is given are not changed."""
    model = case.make()
    if isinstance(model.plugin, PointModel):
        point = dict(zip(model.space.names, case.x[0].tolist(), strict=True))
        kept = dict(point)
        model._one_by_one(model.plugin, case.x[:1])
        demand(point == kept, "it changes the point it is given")
        return
    points = {name: case.x[:, i].copy() for i, name in enumerate(model.space.names)}
    model.plugin.evaluate(points)
    for i, name in enumerate(model.space.names):
        demand(
            name in points and bool(np.array_equal(points[name], case.x[:, i])),
            f"evaluate() changes the array of parameter {name!r}: work on a copy",
        )
    x = case.x.copy()
    model.plugin.evaluate_array(x)
    demand(bool(np.array_equal(x, case.x)), "evaluate_array() changes the points it is given: work on a copy")


def no_global_random_state(case: ModelCase) -> None:
    """The global random generators are neither used nor reset."""
    model = case.make()
    saved, saved_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002 - that is what this is about
    try:
        np.random.seed(1)  # noqa: NPY002
        random.seed(1)
        before = (random.getstate(), np.random.get_state()[1].copy())  # type: ignore[index]  # noqa: NPY002
        case.run(model, case.x)
        same = random.getstate() == before[0]
        same = same and bool(np.array_equal(np.random.get_state()[1], before[1]))  # type: ignore[index]  # noqa: NPY002
        demand(same, "it uses or resets the global random state: results would depend on what else runs")
    finally:
        random.setstate(saved)
        np.random.set_state(saved_numpy)  # noqa: NPY002


def later_stages_add_only(case: ModelCase) -> None:
    """A later stage fills in its own observables, and leaves those of earlier ones as they are."""
    model = case.make()
    evaluation = model.evaluate_array(case.x)
    for stage in range(1, model.stages):
        good = evaluation.status == Status.OK
        if not good.any():
            return
        before = evaluation.observables[good]
        answer = np.asarray(model.plugin.evaluate_stage(stage, case.x[good].copy(), before.copy()), dtype=float)
        demand(answer.shape == before.shape, f"evaluate_stage({stage}) returned {answer.shape}, not {before.shape}")
        for i, observable in enumerate(model.observables):
            if observable.stage < stage:
                demand(
                    bool(np.array_equal(answer[:, i], before[:, i], equal_nan=True)),
                    f"evaluate_stage({stage}) changes {observable.name!r} of stage {observable.stage}",
                )
        evaluation = model.evaluate_stage(stage, case.x, evaluation, good)


_STEP = 1e-4
"""In the unit cube, of the differences with which derivatives are compared."""


def derivatives_are_those_of_the_observables(case: ModelCase) -> None:
    """What `jacobian` says agrees with differences of observables, as far as these can be trusted."""
    model = case.make()
    if not model.has_jacobian:
        return
    space = model.space
    u = np.clip(space.to_unit(case.x), 3.0 * _STEP, 1.0 - 3.0 * _STEP)
    x = space.to_physical(u)
    here = case.run(model, x)
    ok = here.status == Status.OK
    derivatives = model.jacobian(x[ok], here.observables[ok])
    demand(
        not ok.any() or bool(np.isfinite(derivatives).any()),
        f"jacobian() knows no derivative at any of {int(ok.sum())} points: leave it out",
    )
    for axis, parameter in enumerate(space.free):
        changes, promised = [], np.zeros(0)
        for step in (_STEP, 2.0 * _STEP):
            ends = []
            for sign in (1.0, -1.0):
                beside = u[ok].copy()
                beside[:, axis] += sign * step
                ends.append(space.to_physical(beside))
            moved = ends[0] - ends[1]
            change = case.run(model, ends[0]).observables - case.run(model, ends[1]).observables
            changes.append(change / (2.0 * step))
            if step == _STEP:
                promised = np.where(moved[:, None] != 0.0, derivatives * moved[:, None], 0.0).sum(axis=2) / (
                    2 * step
                )
        with np.errstate(invalid="ignore"):
            rounding = 1e-12 * np.abs(here.observables[ok]) / _STEP
            doubt = 10.0 * np.abs(changes[0] - changes[1]) + rounding
            allowed = doubt + 1e-5 * np.maximum(np.abs(changes[0]), np.abs(promised))
            wrong = np.abs(promised - changes[0]) > allowed  # False where one of them is not known
        if wrong.any():
            row, column = (int(i[0]) for i in np.nonzero(wrong))
            raise ContractError(
                f"jacobian() says that {model.observables[column].name!r} changes by {promised[row, column]:.6g} "
                f"for each unit of the cube along {parameter.name!r}, differences say "
                f"{changes[0][row, column]:.6g}, at {x[ok][row].tolist()}"
            )


MODEL_RULES: tuple[Callable[[ModelCase], None], ...] = (
    declares_what_it_computes,
    answers_with_what_it_declared,
    answers_at_most_points,
    same_points_same_answers,
    order_does_not_matter,
    company_does_not_matter,
    no_point_is_no_problem,
    inputs_are_left_alone,
    no_global_random_state,
    later_stages_add_only,
    derivatives_are_those_of_the_observables,
)
"""All rules, in order."""
