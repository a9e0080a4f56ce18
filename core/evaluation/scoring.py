"""Scoring of points by constraints: each is asked once a point, those of one form all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TypeGuard

import numpy as np
from numpy.typing import ArrayLike

from terranova.errors import ContractError
from terranova.interfaces.arrays import real
from terranova.interfaces.batch import Scores
from terranova.interfaces.constraint import Constraint, Interval, Panel, is_signed, judged, log_margin
from terranova.interfaces.constraint_kinds import Asymmetric
from terranova.interfaces.model import REASON_LENGTH
from terranova.types import Array, Bools, Floats, Ints

Faults = dict[int, str]
"""What went wrong, by the row of the point: the first constraint that failed there, and its words."""


class Scoring:
    """Asks constraints about points: windows and measurements in one go, panels together, all others one by one.

    Args:
        constraints: of the problem, the columns of what is returned.
        chosen: which of them are asked.
        owner: constraint -> name of its set, for messages.
        columns: observable or parameter -> its column in the table of values.
    """

    def __init__(
        self,
        constraints: Sequence[Constraint],
        chosen: Sequence[int],
        owner: Mapping[str, str],
        columns: Mapping[str, int],
    ) -> None:
        self.chosen = np.array(chosen, dtype=np.int64)
        fast = [(j, c) for j in chosen if by_window(c := constraints[j])]
        self._fast = Windows(fast, columns) if fast else None
        self._groups: list[_Group] = []
        kinds: dict[type[Constraint], list[int]] = {}
        for j in chosen:
            if not by_window(constraints[j]):
                kinds.setdefault(type(constraints[j]), []).append(j)
        for kind, members in kinds.items():
            panel = kind.panel([constraints[j] for j in members]) if len(members) > 1 else None
            together = [members] if panel is not None else [[j] for j in members]
            self._groups += [_Group(js, [constraints[j] for j in js], panel, owner, columns) for js in together]
        for j, constraint in fast:
            if not constraint.hard and not _measured(constraint):
                self._groups.append(_Group([j], [constraint], None, owner, columns, only_loglike=True))

    def fill(self, table: Floats, ok: Bools | None, scores: Scores, faults: Faults) -> None:
        """Write the columns of the constraints that are asked.

        Args:
            table: (n, columns) of all that constraints read.
            ok: (n,) where they may be asked; None for everywhere.
            scores: (n, m) each; margins and log-likelihoods are written.
            faults: what went wrong is added.
        """
        if self._fast is not None:
            self._fast.fill(table, scores)
        for group in self._groups:
            group.fill(table, ok, scores, faults)


class Windows:
    """Constraints whose violation is a distance from a window, as arrays.

    Args:
        fast: them, with their columns in the scores.
        columns: observable or parameter -> its column in the table.
    """

    def __init__(self, fast: Sequence[tuple[int, Interval]], columns: Mapping[str, int]) -> None:
        self._at = np.array([columns[c.observables[0]] for _, c in fast], dtype=np.int64)
        self._to = _as_slice(np.array([j for j, _ in fast], dtype=np.int64))
        windows = np.array([c.window() for _, c in fast], dtype=float).reshape(-1, 2)
        self._low, self._high = windows[:, 0].copy(), windows[:, 1].copy()
        self._scale = np.array([c.scale for _, c in fast], dtype=float)
        self._log = np.array([i for i, (_, c) in enumerate(fast) if c.distance == "log"], dtype=np.int64)
        hard = [i for i, (_, c) in enumerate(fast) if c.hard]
        self._hard, self._hard_to = (
            np.array(hard, dtype=np.int64),
            np.array([fast[i][0] for i in hard], dtype=np.int64),
        )
        measured = [(i, j, c) for i, (j, c) in enumerate(fast) if _measured(c)]
        self._measured = np.array([i for i, _, _ in measured], dtype=np.int64)
        self._measured_to = np.array([j for _, j, _ in measured], dtype=np.int64)
        self._values = np.array([c.value for _, _, c in measured])
        theory = np.array([c.theory_sigma for _, _, c in measured])
        self._sigma_up = np.hypot([c.sigma_up for _, _, c in measured], theory)
        self._sigma_down = np.hypot([c.sigma_down for _, _, c in measured], theory)
        relative = np.array([c.theory_relative for _, _, c in measured])
        self._relative = relative if relative.any() else None

    def fill(self, table: Floats, scores: Scores) -> None:
        """Write margins, and the log-likelihoods of hard windows and of measurements."""
        o = table.take(self._at, axis=1)
        margin = np.maximum(self._low - o, o - self._high)
        if len(self._log):
            logs = self._log
            margin[:, logs] = log_margin(o[:, logs], self._low[logs], self._high[logs])
        margin /= self._scale
        scores.margins[:, self._to] = margin  # NaN where an observable is not finite and should have been
        if len(self._hard):
            scores.terms[:, self._hard_to] = np.where(margin.take(self._hard, axis=1) <= 0.0, 0.0, -np.inf)
        if len(self._measured):
            prediction = o.take(self._measured, axis=1)
            distance = prediction - self._values
            spread = np.where(distance > 0, self._sigma_up, self._sigma_down)
            if self._relative is not None:
                spread = np.hypot(spread, self._relative * prediction)
            pulls = distance / spread
            scores.terms[:, self._measured_to] = -0.5 * (pulls * pulls)


class _Group:
    """Constraints that are asked in one call: a panel, or a single one.

    Args:
        js: their columns in the scores.
        members: the constraints.
        panel: what judges them together; None for a single one.
        owner, columns: as of `Scoring`.
        only_loglike: the margin is known already.
    """

    def __init__(
        self,
        js: Sequence[int],
        members: Sequence[Constraint],
        panel: Panel | None,
        owner: Mapping[str, str],
        columns: Mapping[str, int],
        *,
        only_loglike: bool = False,
    ) -> None:
        self._js, self._panel, self._only_loglike = list(js), panel, only_loglike
        self._to = _as_slice(np.array(js, dtype=np.int64))
        reads = members[0].observables if panel is None else panel.observables
        self._at = np.array([columns[name] for name in reads], dtype=np.int64)
        self._reads = [np.array([reads.index(name) for name in c.observables], dtype=np.int64) for c in members]
        self._members = [
            _Member(c, f"constraint {c.name!r} of {owner[c.name]!r}", only_loglike=only_loglike) for c in members
        ]

    def fill(self, table: Floats, ok: Bools | None, scores: Scores, faults: Faults) -> None:
        values = table.take(self._at, axis=1)
        finite = np.isfinite(values)
        if self._panel is not None and ok is None and self._together(values, finite, scores):
            return
        for j, reads, member in zip(self._js, self._reads, self._members, strict=True):
            mine = values if len(self._js) == 1 else values.take(reads, axis=1)
            known = finite.all(axis=1) if len(self._js) == 1 else finite.take(reads, axis=1).all(axis=1)
            if ok is not None:
                known = known & ok
            if known.all():  # as nearly always: no copies
                margin, term, mistakes = member.ask(mine)
                rows = None
            else:
                rows = np.flatnonzero(known)
                answer = member.ask(mine[rows])
                margin, term, mistakes = np.full(len(mine), np.inf), np.full(len(mine), -np.inf), answer[2]
                margin[rows], term[rows] = answer[:2]
            if not self._only_loglike:
                scores.margins[:, j] = margin
            scores.terms[:, j] = term
            for place, words in mistakes.items():
                row = place if rows is None else int(rows[place])
                scores.margins[row, j] = np.inf
                if row not in faults or j < scores.fault[row]:
                    faults[row], scores.fault[row] = words, j

    def _together(self, values: Floats, finite: Bools, scores: Scores) -> bool:
        """Ask the panel; False where the members must be asked one by one, to find out which of them fails."""
        assert self._panel is not None
        try:
            margins, terms = self._panel.judge(values)
        except (Exception, SystemExit):
            return False
        if not finite.all():
            unknown = np.column_stack([~finite.take(reads, axis=1).all(axis=1) for reads in self._reads])
            margins[unknown], terms[unknown] = np.inf, -np.inf
        if np.isnan(margins).any() or np.isnan(terms).any():
            return False
        scores.margins[:, self._to], scores.terms[:, self._to] = margins, terms
        return True


class _Member:
    """One constraint, asked with care: its code may be anybody's.

    Args:
        constraint: it.
        who: it in words.
        only_loglike: its violation is not asked for.
    """

    def __init__(self, constraint: Constraint, who: str, *, only_loglike: bool) -> None:
        self._who = who
        self._judge = partial(_loglike_of, constraint) if only_loglike else judged(constraint)
        self._signed = only_loglike or is_signed(constraint)

    def ask(self, values: Floats) -> tuple[Floats, Floats, Faults]:
        """Return margin and log-likelihood (n,) of values (n, columns), and what went wrong by place.

        Raises:
            ContractError: what it returns can be no answer, whatever the point. That is a bug.
        """
        n = len(values)
        try:
            answer = self._judge(values)
            margin, loglike = _floats(answer[0], "its violation"), _floats(answer[1], "its log-likelihood")
        except ContractError as error:
            raise ContractError(f"{self._who}: {error}") from error
        except (Exception, SystemExit) as error:
            if n > 1:  # one bad point must not cost its neighbours
                half = n // 2
                first, second = self.ask(values[:half]), self.ask(values[half:])
                mistakes = first[2] | {half + place: words for place, words in second[2].items()}
                return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]]), mistakes
            words = f"{self._who}: {type(error).__name__}: {error}"[:REASON_LENGTH] if n else ""
            return np.full(n, np.inf), np.full(n, -np.inf), {0: words} if n else {}
        plain = margin.shape == loglike.shape == (n,) and n > 0 and self._signed
        if plain and margin.max() <= np.inf and loglike.max() < np.inf:  # NaN is never less than anything
            return margin, loglike, {}
        if margin.shape != (n,) or (not self._signed and (margin < 0).any()):
            raise ContractError(
                f"{self._who}: its violation must be an array ({n},) of numbers that are 0 "
                "where the point is accepted and positive elsewhere"
            )
        if loglike.shape != (n,) or (loglike == np.inf).any():
            raise ContractError(
                f"{self._who}: its log-likelihood must be an array ({n},) of numbers, none infinite but -inf"
            )
        wrong = np.isnan(margin) | np.isnan(loglike)
        if not wrong.any():
            return margin, loglike, {}
        what = {
            int(place): f"{self._who}: its {'violation' if np.isnan(margin[place]) else 'log-likelihood'} is NaN"
            for place in np.flatnonzero(wrong)
        }
        return np.where(wrong, np.inf, margin), np.where(wrong, -np.inf, loglike), what


def _floats(values: ArrayLike, what: str) -> Floats:
    """Return an answer as an array of floats, as `real` does; most are one."""
    if type(values) is np.ndarray and values.dtype == np.float64:
        return values
    return real(values, what)


def _loglike_of(constraint: Constraint, values: Floats) -> tuple[Floats, Floats]:
    return np.zeros(len(values)), constraint.loglike(values)


def order_of_terms(constraints: Sequence[Constraint]) -> Ints:
    """Return the order (m,) in which log-likelihoods are added up: a fixed one, for sums of the same bits."""
    fast = [j for j, c in enumerate(constraints) if by_window(c)]
    measured = [j for j in fast if _measured(constraints[j])]
    other = [j for j in fast if j not in set(measured)]
    return np.array(
        [*measured, *other, *(j for j in range(len(constraints)) if j not in set(fast))], dtype=np.int64
    )


def by_window(constraint: Constraint) -> TypeGuard[Interval]:
    """True if the violation is what `Interval` makes of the window; a subclass may have changed its mind."""
    kind = type(constraint)
    return (
        isinstance(constraint, Interval)
        and kind.violation is Interval.violation
        and kind.margin is Interval.margin
        and kind.judge is Constraint.judge
        and not constraint.slow
    )


def _measured(constraint: Constraint) -> TypeGuard[Asymmetric]:
    """True if the log-likelihood is that of `Asymmetric` itself."""
    return isinstance(constraint, Asymmetric) and type(constraint).loglike is Asymmetric.loglike


def _as_slice(indices: Ints) -> Array | slice:
    """Return indices as a slice if they are consecutive: assigning to one is faster."""
    if len(indices) and np.array_equal(indices, np.arange(indices[0], indices[0] + len(indices))):
        return slice(int(indices[0]), int(indices[0]) + len(indices))
    return indices
