"""Problem, a model and constraint sets: from physical points to scored points."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeGuard

import numpy as np

from terranova.errors import ContractError, did_you_mean
from terranova.evaluation.bound_model import BoundModel
from terranova.evaluation.columns import check_columns
from terranova.evaluation.derived_observables import from_constraints
from terranova.interfaces.arrays import real
from terranova.interfaces.batch import Batch, Evaluation, Status
from terranova.interfaces.constraint import Constraint, Interval, acceptance, log_excess
from terranova.interfaces.constraint_kinds import Asymmetric
from terranova.interfaces.constraint_set import ConstraintSet, all_constraints
from terranova.interfaces.model import Model
from terranova.interfaces.sampler import SearchSpace
from terranova.types import Bools, Floats, Ints

log = logging.getLogger("terranova")


class Problem:
    """What is scanned: points go in, scored points come out. Stateless, so every rank can have its own.

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

    def _compile(self) -> None:
        """Gather the interval constraints on observables into arrays: they are scored all at once."""
        fast = [
            (j, c) for j, c in enumerate(self.constraints) if _by_window(c) and c.observables[0] in self._columns
        ]
        self._fast = np.array([j for j, _ in fast], dtype=np.int64)
        self._fast_columns = np.array([self._columns[c.observables[0]] for _, c in fast], dtype=np.int64)
        windows = np.array([c.window() for _, c in fast], dtype=float).reshape(-1, 2)
        self._low, self._high = windows[:, 0].copy(), windows[:, 1].copy()
        self._scale = np.array([c.scale for _, c in fast], dtype=float)
        self._log = np.array([i for i, (_, c) in enumerate(fast) if c.distance == "log"], dtype=np.int64)
        self._slow = [(j, c) for j, c in enumerate(self.constraints) if j not in set(self._fast.tolist())]

        measured = [(i, c) for i, (_, c) in enumerate(fast) if isinstance(c, Asymmetric) and _plain(c)]
        self._measured = np.array([i for i, _ in measured], dtype=np.int64)
        self._values = np.array([c.value for _, c in measured])
        theory = np.array([c.theory_sigma for _, c in measured])
        self._sigma_up = np.hypot([c.sigma_up for _, c in measured], theory)
        self._sigma_down = np.hypot([c.sigma_down for _, c in measured], theory)
        self._relative = np.array([c.theory_relative for _, c in measured])
        self._other = [(i, c) for i, (_, c) in enumerate(fast) if i not in set(self._measured.tolist())]
        self._hard = np.array([i for i, c in self._other if c.hard], dtype=np.int64)
        self._soft = [(i, c) for i, c in self._other if not c.hard]

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
            windowed=frozenset(self.constraints[j].name for j in self._fast.tolist()),
            groups=dict(self._owner),
            reads={c.name: tuple(c.observables) for c in self.constraints},
            seeds=self._seeds if self._suggests else None,
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

    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the model at x (n, d), stage by stage: a later stage only for points valid so far."""
        evaluation = self.model.evaluate_array(x)
        for stage in range(1, self.model.stages):
            scored, _ = self.score(x, evaluation.observables)
            earlier = self._stages < stage
            worth = (evaluation.status == Status.OK) & ~scored[:, earlier].any(axis=1)
            worth &= evaluation.stage == stage - 1
            evaluation = self.model.evaluate_stage(stage, x, evaluation, worth)
        return evaluation

    def score(self, x: Floats, observables: Floats) -> tuple[Floats, Floats]:
        """Return violations (n, m) and log-likelihood (n,) of n points.

        Args:
            x: (n, d) physical parameters.
            observables: (n, k); NaN where unknown, which counts as a violation of +inf.
        """
        n = len(observables)
        violations = np.zeros((n, len(self.constraints)))
        loglike = np.zeros(n)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            if len(self._fast):
                o = observables[:, self._fast_columns]
                unknown = ~np.isfinite(o)
                excess = np.maximum(0.0, np.maximum(self._low - o, o - self._high))
                if len(self._log):
                    logs = self._log
                    excess[:, logs] = log_excess(o[:, logs], self._low[logs], self._high[logs])
                excess /= self._scale
                violations[:, self._fast] = np.where(unknown, np.inf, excess)
                loglike += self._fast_loglike(o, excess)
                loglike[unknown.any(axis=1)] = -np.inf
            for j, constraint in self._slow:
                values = self._read(constraint, x, observables)
                known = np.isfinite(values).all(axis=1)
                if known.all():  # as nearly always: no copies
                    violations[:, j], term = self._ask(constraint, values)
                    loglike += term
                    continue
                violations[:, j] = np.inf
                violations[known, j], term = self._ask(constraint, values[known])
                loglike[known] += term
                loglike[~known] = -np.inf
        violations[np.isnan(violations)] = np.inf
        loglike[np.isnan(loglike)] = -np.inf
        return violations, loglike

    def _fast_loglike(self, o: Floats, excess: Floats) -> Floats:
        """Sum the log-likelihoods of the interval constraints; o and excess are (n, number of them)."""
        total = np.zeros(len(o))
        if len(self._measured):
            prediction = o[:, self._measured]
            distance = prediction - self._values
            spread = np.where(distance > 0, self._sigma_up, self._sigma_down)
            if self._relative.any():
                spread = np.hypot(spread, self._relative * prediction)
            pulls = distance / spread
            for column in (pulls * pulls).T:  # not a matrix product: same bits for a point in any batch
                total -= 0.5 * column
        if len(self._hard):
            total[(excess[:, self._hard] > 0).any(axis=1)] = -np.inf
        for i, constraint in self._soft:
            total += self._loglike(constraint, o[:, i : i + 1])
        return total

    def _ask(self, constraint: Constraint, values: Floats) -> tuple[Floats, Floats]:
        """Return the violation and the log-likelihood (n,) that a constraint gives to values (n, columns).

        Raises:
            ContractError: it raised, or its answer is not what was promised: its code may be anybody's.
        """
        violation = self._answer(constraint, constraint.violation, values, "its violation")
        if violation.shape != (len(values),) or (violation < 0).any():
            raise ContractError(
                f"{self._who(constraint)}: its violation must be an array ({len(values)},) of numbers that are 0 "
                "where the point is accepted and positive elsewhere"
            )
        if constraint.hard:  # by what it promises
            return violation, np.where(violation > 0, -np.inf, 0.0)
        return violation, self._loglike(constraint, values)

    def _loglike(self, constraint: Constraint, values: Floats) -> Floats:
        """Return the log-likelihood (n,) of `_ask`."""
        loglike = self._answer(constraint, constraint.loglike, values, "its log-likelihood")
        if loglike.shape != (len(values),) or (loglike == np.inf).any():
            raise ContractError(
                f"{self._who(constraint)}: its log-likelihood must be an array ({len(values)},) of numbers, none "
                "infinite but -inf"
            )
        return loglike

    def _answer(
        self, constraint: Constraint, method: Callable[[Floats], Floats], values: Floats, what: str
    ) -> Floats:
        who = self._who(constraint)
        try:
            return real(method(values), what)
        except ContractError as error:
            raise ContractError(f"{who}: {error}") from error
        except (Exception, SystemExit) as error:
            raise ContractError(f"{who} raised {type(error).__name__}: {error}") from error

    def _who(self, constraint: Constraint) -> str:
        return f"constraint {constraint.name!r} of {self._owner[constraint.name]!r}"

    def _read(self, constraint: Constraint, x: Floats, observables: Floats) -> Floats:
        """Return the columns (n, len(constraint.observables)) that a constraint reads."""
        return np.column_stack(
            [
                observables[:, self._columns[name]]
                if name in self._columns
                else x[:, self._parameter_columns[name]]
                for name in constraint.observables
            ]
        )

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
        violations, loglike = self.score(x, evaluation.observables)
        bad: Bools = evaluation.status != Status.OK
        if bad.any():
            violations[bad] = np.inf
            loglike[bad] = -np.inf
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
        )


def reading(model: BoundModel, constraints: Sequence[Constraint]) -> BoundModel:
    """Return the model with an observable for each expression that constraints read.

    Raises:
        ContractError: two columns would have one name.
        ExpressionError: an expression cannot be read, or reads what there is not.
    """
    known = [*model.space.names, *(o.name for o in model.observables)]
    read = [name for constraint in constraints for name in constraint.observables]
    return model.deriving(from_constraints(read, known))


def _by_window(constraint: Constraint) -> TypeGuard[Interval]:
    """True if the violation is what `Interval` makes of the window; a subclass may have changed its mind."""
    return isinstance(constraint, Interval) and type(constraint).violation is Interval.violation


def _plain(constraint: Asymmetric) -> bool:
    """True if the log-likelihood is that of `Asymmetric` itself."""
    return type(constraint).loglike is Asymmetric.loglike
