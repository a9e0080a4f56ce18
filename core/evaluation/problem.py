"""Problem, a model and constraint sets: from physical points to scored points."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from terranova.errors import ContractError, did_you_mean
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.columns import check_columns
from terranova.evaluation.derived_observables import from_constraints
from terranova.evaluation.scoring import Faults, Scoring, by_window, order_of_terms
from terranova.evaluation.slopes import slopes_of
from terranova.interfaces.arrays import real
from terranova.interfaces.batch import Batch, Evaluation, Scores, Status
from terranova.interfaces.constraint import Constraint, acceptance
from terranova.interfaces.constraint_set import ConstraintSet, all_constraints
from terranova.interfaces.model import Model, PointModel
from terranova.interfaces.notebook import html_table
from terranova.interfaces.sampler import SearchSpace
from terranova.types import Bools, Floats, Ints

log = logging.getLogger("terranova")


class Problem:
    """What is scanned: points go in, scored points come out. Every rank can have its own.

    It remembers nothing of the points; only which constraints have ever answered, to tell a broken one from points
    that are bad.

    Args:
        model: the model, with the priors in force.
        sets: constraint sets; their observables must be observables or parameters of the model, or expressions of
            such, which become observables.

    Attributes:
        constraints: all constraints of the sets, in order: the columns of violations.

    Raises:
        ContractError: a constraint reads something that the model does not have, or two have one name.
    """

    def __init__(self, model: BoundModel, sets: Sequence[ConstraintSet]) -> None:
        self.model = model
        self.sets = tuple(sets)
        try:
            self.constraints = all_constraints(sets)
            self.model = model = reading(model, self.constraints)
        except ValueError as error:
            raise ContractError(str(error)) from error
        check_columns(model.name, model.space, model.observables, self.constraints)
        self._owner = {c.name: group.name for group in self.sets for c in group}
        self._columns = {o.name: i for i, o in enumerate(model.observables)}
        self._parameter_columns = {name: i for i, name in enumerate(model.space.names)}
        stage_of = {o.name: o.stage for o in model.observables}
        for constraint in self.constraints:
            for name in constraint.observables:
                if name not in self._columns and name not in self._parameter_columns:
                    known = did_you_mean(name, [*self._columns, *self._parameter_columns])
                    raise ContractError(
                        f"constraint {constraint.name!r} reads {name!r}, which model {model.name!r} "
                        f"does not provide{known}"
                    )
        stages = [max(stage_of.get(n, 0) for n in c.observables) for c in self.constraints]
        self._stages = np.array(stages, dtype=np.int64)
        self._compile()
        self._silent = np.array([j for j, c in enumerate(self.constraints) if not by_window(c)], dtype=np.int64)
        self._failures = np.zeros(len(self.constraints), dtype=np.int64)
        self._words: dict[int, str] = {}

    def _compile(self) -> None:
        """Sort the constraints by when they are asked: after each stage, and slow ones at the end."""
        k, slow = len(self._columns), [j for j, c in enumerate(self.constraints) if c.slow]
        columns = {**{n: k + i for n, i in self._parameter_columns.items()}, **self._columns}
        self._reads_parameters = any(columns[name] >= k for c in self.constraints for name in c.observables)
        stages = [
            [j for j in range(len(self.constraints)) if self._stages[j] == stage and j not in set(slow)]
            for stage in range(self.model.stages)
        ]
        self._scorings = [Scoring(self.constraints, js, self._owner, columns) for js in stages]
        self._slow = Scoring(self.constraints, slow, self._owner, columns) if slow else None
        self._order = order_of_terms(self.constraints)

    @property
    def search_space(self) -> SearchSpace:
        """What samplers are told about this problem."""
        space = self.model.space
        return SearchSpace(
            names=tuple(p.name for p in space.free),
            periodic=space.periodic,
            observables=tuple(o.name for o in self.model.observables),
            windows=acceptance(self.constraints),
            constraints=tuple(c.name for c in self.constraints),
            windowed=frozenset(
                c.name for c in self.constraints if by_window(c) and c.observables[0] in self._columns
            ),
            groups=dict(self._owner),
            reads={c.name: tuple(c.observables) for c in self.constraints},
            seeds=self._seeds if self._suggests else None,
            jacobian=partial(slopes_of, self.model, self.margins) if self.model.has_jacobian else None,
        )

    @property
    def _suggests(self) -> bool:
        """True if the model suggests points; of parameters that it does not know it cannot."""
        return type(self.model.plugin).seeds is not Model.seeds and not self.model.auxiliary

    @property
    def notices(self) -> list[str]:
        """What whoever starts something with this problem should know of its constraints."""
        return [f"constraint {c.name!r}: {notice}" for c in self.constraints for notice in c.notices]

    def say_notices(self) -> None:
        """Log them as warnings, one by one."""
        for notice in self.notices:
            log.warning("%s", notice)

    def _seeds(self, rng: np.random.Generator, n: int) -> Floats:
        """Starting points u (n, d_free) that the model suggests, moved into its box.

        Raises:
            ContractError: it raised, or returned the wrong shape, or not numbers.
        """
        who = f"model {self.model.name!r}: seeds()"
        try:
            answer = self.model.plugin.seeds(rng, n, acceptance(self.constraints))
        except ContractError:
            raise
        except (Exception, SystemExit) as error:
            raise ContractError(f"{who} raised {type(error).__name__}: {error}") from error
        x = None if answer is None else real(answer, who)
        if x is None or x.shape != (n, len(self.model.space)) or not np.isfinite(x).all():
            raise ContractError(f"{who} must return {n} points of {len(self.model.space)} finite numbers")
        return self.model.space.to_unit(x)

    @property
    def one_by_one(self) -> bool:
        """True if points are evaluated one at a time: the model computes so, or a constraint is slow."""
        return isinstance(self.model.plugin, PointModel) or self._slow is not None

    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the model at x (n, d), stage by stage: a later stage only for points valid so far.

        Where constraints decide about a later stage, or where points are computed one at a time, they are asked
        here, and not again.

        Raises:
            ValueError: x is no array of numbers of that shape.
        """
        x = self._points(x)
        evaluation = self.model.evaluate_array(x)
        if self.model.stages == 1 and not self.one_by_one:
            return evaluation
        scores = Scores.unasked(len(x), len(self.constraints))
        for stage, scoring in enumerate(self._scorings):
            if stage:
                earlier = self._stages < stage
                worth = (evaluation.status == Status.OK) & (evaluation.stage == stage - 1)
                with np.errstate(invalid="ignore"):  # slow ones are not known yet
                    worth &= ~(scores.margins[:, earlier] > 0.0).any(axis=1)
                evaluation = self.model.evaluate_stage(stage, x, evaluation, worth)
            evaluation = self._asked([scoring], x, evaluation, scores)
        if self._slow is not None:
            evaluation = self._asked([self._slow], x, evaluation, scores)
        return replace(evaluation, scores=scores)

    def _asked(self, scorings: Sequence[Scoring], x: Floats, evaluation: Evaluation, scores: Scores) -> Evaluation:
        """Fill in scores (n, m); return the evaluation, in which points at which a constraint failed are failed."""
        faults: Faults = {}
        table = self._table(x, evaluation.observables)
        ok = evaluation.status == Status.OK
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            for scoring in scorings:
                scoring.fill(table, ok if scoring is self._slow else None, scores, faults)
                margins, terms = scores.margins, scores.terms
                unknown = np.isnan(margins)
                if unknown.any():
                    mine = np.zeros(len(self.constraints), dtype=bool)
                    mine[scoring.chosen] = True
                    unknown &= mine
                    margins[unknown], terms[unknown] = np.inf, -np.inf
        if not faults:
            return evaluation
        status, reason = evaluation.status.copy(), list(evaluation.reason)
        for row, words in faults.items():
            if status[row] == Status.OK:
                status[row], reason[row] = Status.UNSCORED, words
        return replace(evaluation, status=status, reason=reason)

    def _table(self, x: Floats, observables: Floats) -> Floats:
        """Return what constraints read, (n, k) or (n, k + d)."""
        return np.concatenate([observables, x], axis=1) if self._reads_parameters else observables

    def scored(self, x: Floats, evaluation: Evaluation) -> Evaluation:
        """Return an evaluation with the scores of all its points; those that it has are kept.

        A point at which a constraint fails is `Status.UNSCORED`. So is one that was stored as such: it is asked
        about anew, since the constraints may be others.
        """
        n, m = len(x), len(self.constraints)
        if evaluation.scores is not None:
            missing = np.isnan(evaluation.scores.margins[:, :1]).any(axis=1)
            if not missing.any():
                return evaluation
            fresh = self.scored(x[missing], replace(evaluation.take(missing), scores=None))
            return _put(evaluation, np.flatnonzero(missing), fresh)
        again = evaluation.status == Status.UNSCORED
        if again.any():
            status = np.where(again, Status.OK, evaluation.status).astype(np.int8)
            reason = ["" if a else r for a, r in zip(again.tolist(), evaluation.reason, strict=True)]
            evaluation = replace(evaluation, status=status, reason=reason)
        scores = Scores(np.empty((n, m)), np.empty((n, m)), np.full(n, -1, dtype=np.int16))
        evaluation = self._asked(self._scorings, x, evaluation, scores)
        if self._slow is not None:
            evaluation = self._asked([self._slow], x, evaluation, scores)
        return replace(evaluation, scores=scores)

    def _points(self, x: Floats) -> Floats:
        """Return x as an array (n, d); of what somebody else than the engine may have handed in."""
        names = self.model.space.names
        wanted = f"expected physical points of shape (n, {len(names)}), in the order {', '.join(names)}"
        way_out = "; problem.model.evaluate(NAME=...) takes parameters by name"
        try:
            x = np.asarray(x, dtype=float)
        except (TypeError, ValueError):
            raise ValueError(f"{wanted}; got {x!r}"[:1000] + way_out) from None
        if x.ndim != 2 or x.shape[1] != len(names):
            raise ValueError(f"{wanted}; got shape {x.shape}{way_out}")
        return x

    def __repr__(self) -> str:
        sets = ", ".join(f"{group.name} ({len(group)})" for group in self.sets) or "none"
        space = self.model.space
        return (
            f"<problem: model {self.model.name}>\n  parameters   {space.dimension} of {len(space)} free\n"
            f"  constraints  {len(self.constraints)} in {sets}"
        )

    def _repr_html_(self) -> str:
        rows = [
            (c.name, ", ".join(c.observables), c.describe(), c.unit, self._owner[c.name], c.source)
            for c in self.constraints
        ]
        headings = ("constraint", "of", "", "unit", "set", "source")
        caption = f"model {self.model.name}, {self.model.space.dimension} free parameters: constraints"
        return html_table(caption, headings, rows)

    def score(self, x: Floats, observables: Floats) -> tuple[Floats, Floats]:
        """Return violations (n, m) and log-likelihood (n,) of n points.

        Args:
            x: (n, d) physical parameters.
            observables: (n, k); NaN where unknown, which counts as a violation of +inf, as does a constraint that
                fails.
        """
        scores = self.scored(x, unscored(observables)).scores
        assert scores is not None
        return np.where(scores.margins > 0.0, scores.margins, 0.0), self._sum(scores.terms)

    def margins(self, x: Floats, observables: Floats) -> Floats:
        """Return the margins (n, m) of n points; arguments as of `score`."""
        scores = self.scored(x, unscored(observables)).scores
        assert scores is not None
        return scores.margins

    def _sum(self, terms: Floats) -> Floats:
        """Add up log-likelihoods (n, m) in a fixed order, one by one: same bits for a point in any batch."""
        if not terms.shape[1]:
            return np.zeros(len(terms))
        return np.asarray(terms.take(self._order, axis=1).cumsum(axis=1)[:, -1] + 0.0)

    def require_answers(self) -> None:
        """Make sure that no constraint has failed wherever it was asked.

        Raises:
            ContractError: one has, at `FEWEST` points or more: it is broken, not the points.
        """
        for j in self._silent.tolist():
            if self._failures[j] >= FEWEST:
                raise self._broken(j)

    def _broken(self, j: int) -> ContractError:
        return ContractError(
            f"{self._words[j]} (so at every one of the {self._failures[j]:,} points about which it was asked: no "
            "property of the points; they are stored, mend the constraint and score them with `terranova rescore`)"
        )

    def _listen(self, evaluation: Evaluation, scores: Scores) -> None:
        """Take note of which constraints have answered, and of failures of those that never have.

        Raises:
            ContractError: one has failed at each of the first `PATIENCE` points.
        """
        answered = (scores.margins.take(self._silent, axis=1) < np.inf).any(axis=0)
        if answered.any():
            self._silent = self._silent[~answered]
        if scores.fault.max(initial=-1) < 0:
            return
        for j in self._silent.tolist():
            rows = np.flatnonzero(scores.fault == j)
            if len(rows):
                self._words.setdefault(j, evaluation.reason[int(rows[0])])
                self._failures[j] += len(rows)

    def _check_broken(self) -> None:
        for j in self._silent.tolist():
            if self._failures[j] >= PATIENCE:
                raise self._broken(j)

    def batch(
        self,
        u: Floats,
        x: Floats,
        evaluation: Evaluation,
        island: Ints,
        generation: Ints,
        index: Ints,
        probe: Bools | None = None,
    ) -> Batch:
        """Score an evaluation and return the rows that go to the store and to the samplers.

        The arguments are those of `Batch`; no point is a probe if `probe` is None.
        """
        self._check_broken()  # by the batches before this one, which are stored
        evaluation = self.scored(x, evaluation)
        scores = evaluation.scores
        assert scores is not None
        if len(self._silent):
            self._listen(evaluation, scores)
        margins, loglike = scores.margins, self._sum(scores.terms)
        bad: Bools = evaluation.status != Status.OK
        if bad.any():
            loglike[bad] = -np.inf
            hidden = bad & (margins < np.inf).all(axis=1)
            if hidden.any():  # what failed is read by no constraint
                margins = np.where(hidden[:, None], np.inf, margins)
        violations = np.where(margins > 0.0, margins, 0.0)
        return Batch(
            island=island,
            generation=generation,
            index=index,
            u=u,
            x=x,
            observables=evaluation.observables,
            violations=violations,
            loglike=loglike,
            status=evaluation.status,
            reason=evaluation.reason,
            stage=evaluation.stage,
            seconds=evaluation.seconds,
            probe=np.zeros(len(u), dtype=bool) if probe is None else probe,
            margins=margins,
            terms=scores.terms,
        )


PATIENCE = 100
"""A constraint that has failed at so many points, and has answered at none, ends the scan."""

FEWEST = 10
"""At its end, so many are enough."""


def reading(model: BoundModel, constraints: Sequence[Constraint]) -> BoundModel:
    """Return the model with an observable for each expression that constraints read.

    Raises:
        ContractError: two columns would have one name.
        ExpressionError: an expression cannot be read, or reads what there is not.
    """
    known = [*model.space.names, *(o.name for o in model.observables)]
    read = [name for constraint in constraints for name in constraint.observables]
    return model.deriving(from_constraints(read, known))


def unscored(observables: Floats) -> Evaluation:
    """Return observables (n, k) that come from anywhere as an evaluation without failures."""
    n = len(observables)
    return Evaluation(observables, np.zeros(n, dtype=np.int8), [""] * n, np.zeros(n, dtype=np.int8), np.zeros(n))


def _put(evaluation: Evaluation, rows: Ints, fresh: Evaluation) -> Evaluation:
    """Return an evaluation with the status, reasons and scores of some rows replaced."""
    assert evaluation.scores is not None
    assert fresh.scores is not None
    status, reason = evaluation.status.copy(), list(evaluation.reason)
    status[rows] = fresh.status
    for row, words in zip(rows.tolist(), fresh.reason, strict=True):
        reason[row] = words
    scores = Scores(*(part.copy() for part in evaluation.scores))
    for part, new in zip(scores, fresh.scores, strict=True):
        part[rows] = new
    return replace(evaluation, status=status, reason=reason, scores=scores)
