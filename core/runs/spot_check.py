"""Spot check: a few stored points evaluated again, by which changed physics and random models are found.

A version string tells of a change only if its author changed it. The numbers themselves tell of every change that
matters, of code, libraries, programs and data files alike.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from terranova.errors import RunMismatch, listed
from terranova.interfaces.batch import Evaluation, Status
from terranova.types import Bools, Floats, Ints

if TYPE_CHECKING:
    from terranova.evaluation.problem import Problem
    from terranova.runs.run import Run

Evaluate = Callable[[Floats], Evaluation]

POINTS = 32
"""Points that are evaluated again, at most."""

SECONDS = 10.0
"""Time that they took when they were stored, at most."""

LAST_DIGITS = 1e-9
"""Differences that another library or processor makes: relative to the value, or to how much the values spread."""

LOGLIKE = "loglike"

_GENERATIONS = 8

_PARTS = 4
"""Parts that are read for one generation: a thousand ranks have each one of it."""

_SHOWN = 5
_LOST = (Status.TIMEOUT, Status.CRASHED)
"""What becomes of a point by accident."""


@dataclass(frozen=True)
class SpotCheck:
    """What became of stored points that were evaluated again.

    Attributes:
        points: how many were compared.
        changed: lines that say which values are others now.
        last_digits: number of points of which only last digits differ.
        random: number of points that gave two values when they were evaluated twice.
    """

    points: int = 0
    changed: tuple[str, ...] = ()
    last_digits: int = 0
    random: int = 0

    @property
    def same(self) -> bool:
        """True if every point gave what is stored, bit for bit."""
        return not (self.changed or self.last_digits or self.random)

    def note(self) -> str:
        """Say in a sentence what was found, if it does not forbid to go on; "" if there is nothing to say."""
        if self.random:
            return (
                f"{self.random} of {self.points} stored points gave other values each time they were evaluated "
                "again: the model is not a function of its parameters, so that its rows cannot be repeated"
            )
        if self.last_digits:
            return (
                f"{self.last_digits} of {self.points} stored points differ in their last digits when they are "
                "evaluated again: libraries or the machine have changed"
            )
        return ""

    def warning(self) -> str:
        """Say in a sentence what is wrong with rows that the same program has just stored; "" if nothing is."""
        wrong = self.random + len(self.changed)
        if not wrong:
            return ""
        which = self.changed[0] if self.changed else f"{self.random} gave a third value when asked once more"
        return (
            f"{wrong} of {self.points} stored points gave other values when they were evaluated again ({which}): "
            "the model is not a function of its parameters alone, so that its rows cannot be repeated. Does it "
            "draw random numbers, or remember something from point to point?"
        )

    def require_same(self, what: str, instead: str) -> None:
        """Refuse to mix the physics of stored points with another one.

        Args:
            what: what cannot be done, such as "cannot resume runs/a".
            instead: what to do.

        Raises:
            RunMismatch: points give other values now; the message lists some of them.
        """
        if self.changed:
            raise RunMismatch(
                f"{what}: stored points give other values when they are evaluated again, so that the model, a "
                "library, a program or a data file has changed since, whatever its version says\n"
                + listed(self.changed, _SHOWN)
                + f"\n{instead}"
            )


@dataclass(frozen=True)
class Sample:
    """Stored points: where they stand, and what is stored of them.

    Attributes:
        x: (n, d) their parameters.
        names: (k,) of the columns that are compared: observables, violations `C_NAME`, `loglike`.
        values: (n, k) as stored.
        labels: (n,) what a message calls them.
        stage: (n,) the last stage of the model that was computed; None if that was not stored.
    """

    x: Floats
    names: tuple[str, ...]
    values: Floats
    labels: tuple[str, ...]
    stage: Ints | None = None


def spot_check(
    run: Run,
    problem: Problem,
    evaluate: Evaluate | None = None,
    *,
    scored: bool = True,
    points: int = POINTS,
    seconds: float = SECONDS,
    at_least: int = 1,
) -> SpotCheck:
    """Evaluate a few stored points of a run again, from the first to the last generation, and compare all bits.

    Args:
        run: whose points.
        problem: evaluates and scores them.
        evaluate: evaluates points (n, d); in this process if None.
        scored: whether the constraints are those of the run, so that scores must be the same, too.
        points: how many, at most.
        seconds: how long they may have taken when they were stored, all together.
        at_least: points that are evaluated however long they took.
    """
    stored = {f.name for f in run.observables}
    names = [o.name for o in problem.model.observables if o.name in stored]
    if scored:
        violations = [] if run.schema.total else [f"C_{c.name}" for c in problem.constraints]
        names += [*violations, LOGLIKE]
    sample = _choose(run, problem, names, points, seconds, at_least)
    return SpotCheck() if sample is None else compare(sample, problem, evaluate or problem.evaluate)


def compare(sample: Sample, problem: Problem, evaluate: Evaluate) -> SpotCheck:
    """Evaluate points again, and compare all bits with what is stored.

    Those that differ are evaluated a second time: a model that then gives a third answer is random, not changed.

    Args:
        sample: the points.
        problem: scores them.
        evaluate: evaluates points (n, d).
    """
    once = evaluate(sample.x)
    values = _values(sample.names, problem, sample.x, once)
    differs = _differs(sample, problem, once, values)
    suspects = np.flatnonzero(differs.any(axis=1))
    random: Bools = np.zeros(len(sample.x), dtype=bool)
    if len(suspects):
        twice = evaluate(sample.x[suspects])
        again = _values(sample.names, problem, sample.x[suspects], twice)
        unlike = ~_equal(values[suspects], again).all(axis=1) | (twice.status != once.status[suspects])
        random[suspects] = unlike & ~np.isin(twice.status, _LOST)
    changed = differs & ~random[:, None] & ~_almost(sample.values, values)
    digits = differs.any(axis=1) & ~random & ~changed.any(axis=1)
    rows = np.flatnonzero(changed.any(axis=1))
    return SpotCheck(
        points=int((~np.isin(once.status, _LOST)).sum()),
        changed=tuple(_line(sample, once, values, int(row), int(np.argmax(changed[row]))) for row in rows),
        last_digits=int(digits.sum()),
        random=int(random.sum()),
    )


def _values(names: Sequence[str], problem: Problem, x: Floats, evaluation: Evaluation) -> Floats:
    """Return the columns (n, k) of points x (n, d), by their names in the store."""
    violations, loglike = problem.score(x, evaluation.observables)
    known = {o.name: evaluation.observables[:, i] for i, o in enumerate(problem.model.observables)}
    known |= {f"C_{c.name}": violations[:, i] for i, c in enumerate(problem.constraints)}
    known[LOGLIKE] = loglike
    return np.column_stack([known[name] for name in names])


def _differs(sample: Sample, problem: Problem, now: Evaluation, values: Floats) -> Bools:
    """Return which values (n, k) are others than stored; all of a point that fails now."""
    stage = now.stage if sample.stage is None else sample.stage
    of_observable = {o.name: o.stage for o in problem.model.observables}
    reached, same = np.minimum(stage, now.stage), stage == now.stage
    # A score follows from all stages: it can be compared where both evaluations went equally far.
    comparable: Bools = np.column_stack(
        [of_observable[name] <= reached if name in of_observable else same for name in sample.names]
    )
    failed = (now.status != Status.OK)[:, None]
    lost = np.isin(now.status, _LOST)[:, None]
    differs: Bools = (~_equal(sample.values, values) & comparable | failed) & ~lost
    return differs


def _equal(one: Floats, other: Floats) -> Bools:
    """Return where two arrays have the same values, unknown ones being the same."""
    same: Bools = (one == other) | (np.isnan(one) & np.isnan(other))
    return same


def _almost(was: Floats, now: Floats) -> Bools:
    """Return where values (n, k) differ in their last digits only."""
    with np.errstate(invalid="ignore", over="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without finite values
        spread = np.nan_to_num(np.nanstd(np.where(np.isfinite(was), was, np.nan), axis=0))
        almost: Bools = np.abs(was - now) <= LAST_DIGITS * np.maximum(np.abs(was), spread)
    return almost


def _choose(
    run: Run, problem: Problem, names: Sequence[str], points: int, seconds: float, at_least: int
) -> Sample | None:
    """Read points that did not fail, from generations far from each other; None if there is none to compare."""
    parameters = list(problem.model.space.names)
    if not names or not set(names) <= set(run.schema.names) or not run.count:
        return None
    if [f.name for f in run.parameters] != parameters:
        return None
    last = run.reader.last_generation()
    rows: list[dict[str, Any]] = []
    generations = np.unique(np.linspace(0, last, _GENERATIONS).astype(int))
    share = -(-points // len(generations))
    for generation in generations:
        table = run.reader.generations(int(generation), int(generation) + 1, most=_PARTS)
        ok = np.flatnonzero(table["status"].to_numpy() == Status.OK)
        if not len(ok):
            continue
        # The deepest stage first, then evenly over the islands.
        order = ok[np.argsort(-table["stage"].to_numpy()[ok], kind="stable")]
        spread = np.unique(np.linspace(0, len(order) - 1, share).astype(int))
        rows += table.take(order[spread]).to_pylist()
    chosen: list[dict[str, Any]] = []
    spent = 0.0
    for row in sorted(rows, key=lambda row: -int(row["stage"])):
        if len(chosen) >= at_least and spent + float(row["seconds"]) > seconds:
            continue
        spent += float(row["seconds"])
        chosen.append(row)
    chosen = chosen[:points]
    if not chosen:
        return None
    return Sample(
        x=np.array([[row[name] for name in parameters] for row in chosen], dtype=float),
        names=tuple(names),
        values=np.array([[row[name] for name in names] for row in chosen], dtype=float),
        labels=tuple(f"point {row['index']} of island {row['island']}" for row in chosen),
        stage=np.array([row["stage"] for row in chosen], dtype=np.int64),
    )


def _line(sample: Sample, now: Evaluation, values: Floats, row: int, column: int) -> str:
    point = sample.labels[row]
    if now.status[row] != Status.OK:
        return f"{point}: was evaluated, and now fails: {now.reason[row]}"
    return f"{point}: {sample.names[column]} was {sample.values[row, column]:.10g}, now {values[row, column]:.10g}"
