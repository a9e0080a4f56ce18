"""How a batch is cut into tasks, and put together again, whatever the order in which answers come."""

from __future__ import annotations

import pickle
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import NoReturn

import numpy as np

from terranova import Evaluation, Problem, Status, TerranovaError
from terranova.modelling import failed, join
from terranova.types import Floats

TASK_SECONDS = 0.2
"""How long a task should last: far above what a message costs, yet short beside a batch."""

LEAST_SECONDS = 0.005
"""Tasks shrink towards the end of a batch, to end together, but not below what this time holds."""

MOST_POINTS = 1000
"""Points in a task, at most."""


@dataclass(frozen=True)
class Task:
    """Consecutive points of a batch for one worker.

    Attributes:
        batch: number of the batch.
        first: index within the batch of the first point.
        x: (n, d) points.
        one_by_one: answer after each point, so that it is known which one a worker died of.
    """

    batch: int
    first: int
    x: Floats
    one_by_one: bool = False


@dataclass(frozen=True)
class Answer:
    """A worker's evaluation of consecutive points.

    Attributes:
        batch: number of the batch.
        first: index within the batch of the first point.
        evaluation: of the points.
        seconds: how long it took.
    """

    batch: int
    first: int
    evaluation: Evaluation
    seconds: float


@dataclass(frozen=True)
class Failure:
    """An error on its way from a worker: a bug in a plugin, not a bad point.

    Attributes:
        error: what was raised.
        trace: its traceback on the worker, as text.
    """

    error: BaseException
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        """Wrap an error; one that would not survive the journey is replaced by its words."""
        try:
            pickle.loads(pickle.dumps(error))
        except Exception:
            error = TerranovaError(f"{type(error).__name__}: {error}")
        return cls(error, traceback.format_exc())

    def raise_here(self, where: str) -> NoReturn:
        """Raise the error in this process."""
        self.error.add_note(f"on {where}:\n{self.trace}")
        raise self.error


class Pace:
    """Learns from past tasks how many points make a good one."""

    def __init__(self, task_seconds: float = TASK_SECONDS) -> None:
        self._wanted = task_seconds
        self._recent: deque[float] = deque(maxlen=15)

    def learn(self, points: int, seconds: float) -> None:
        """Take note of how long a task of so many points took."""
        self._recent.append(max(seconds / points, 1e-9))

    def points(self, remaining: int, workers: int) -> int:
        """Return how many of the remaining points the next task should have."""
        if not self._recent:
            return 1
        each = median(self._recent)
        most = _clip(self._wanted / each)
        least = min(most, _clip(LEAST_SECONDS / each))
        share = -(-remaining // (2 * workers))
        return min(max(share, least), most, remaining)


def _clip(points: float) -> int:
    return int(min(max(points, 1), MOST_POINTS))


class Progress:
    """One batch on its way: which points wait, and the answers so far.

    Args:
        problem: what is evaluated.
        x: (n, d) points of the batch.
        pace: how large tasks are.
        number: of the batch.
        done: is told of rows as they come in, see `Watch.done`.
    """

    def __init__(
        self,
        problem: Problem,
        x: Floats,
        pace: Pace,
        number: int,
        done: Callable[[int, Evaluation], None] = lambda first, evaluation: None,
    ) -> None:
        self._x, self._pace, self.number, self._done = x, pace, number, done
        self._columns = len(problem.model.observables)
        self._next = 0
        self._retries: deque[Task] = deque()
        self._parts: dict[int, Evaluation] = {}
        self._missing = len(x)

    @property
    def complete(self) -> bool:
        """True when every point has its row."""
        return self._missing == 0

    def next_task(self, workers: int) -> Task | None:
        """Return the next task to hand out; None when all points are on their way."""
        if self._retries:
            return self._retries.popleft()
        first = self._next
        remaining = len(self._x) - first
        if not remaining:
            return None
        self._next += self._pace.points(remaining, workers)
        return Task(self.number, first, self._x[first : self._next])

    def put_back(self, task: Task) -> None:
        """Take back a task that could not be handed over."""
        self._retries.appendleft(task)

    def keep(self, answer: Answer) -> None:
        """Take in an answer."""
        points = len(answer.evaluation.status)
        self._pace.learn(points, answer.seconds)
        self._keep(answer.first, answer.evaluation)

    def lost(self, task: Task, answered: int, status: Status, reason: str, seconds: float) -> None:
        """Deal with a task whose worker died or did not answer in time.

        A task is tried once more, one point after the other. The point that a worker is lost with then is
        the guilty one: it becomes a failed row, and the points after it are tried in turn.

        Args:
            task: what the worker was busy with.
            answered: how many points of the task have been answered.
            status: what to write if the point is found guilty.
            reason: the same in words.
            seconds: since the last answer.
        """
        first, x = task.first + answered, task.x[answered:]
        if task.one_by_one or (len(x) == 1 and status is Status.TIMEOUT):
            row = failed(1, self._columns, status, reason)
            self._keep(first, replace(row, seconds=np.array([seconds])))
            first, x = first + 1, x[1:]
        if len(x):
            self._retries.append(Task(self.number, first, x, one_by_one=True))

    def evaluation(self) -> Evaluation:
        """Return the rows in the order of the points."""
        return join([self._parts[first] for first in sorted(self._parts)], self._columns)

    def _keep(self, first: int, evaluation: Evaluation) -> None:
        self._parts[first] = evaluation
        self._missing -= len(evaluation.status)
        self._done(first, evaluation)
