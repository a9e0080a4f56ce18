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
from terranova.interfaces.batch import failed, join
from terranova.types import Floats

TASK_SECONDS = 0.2
"""How long a task should last: far above what a message costs, yet short beside a batch."""

LEAST_SECONDS = 0.005
"""Tasks shrink towards the end of a batch, to end together, but not below what this time holds."""

LOADED, READY = "loaded", "ready"
"""What a worker says when it has the problem, and when it can take tasks."""

ADVICE = (
    "its functions and classes must be at the top level of a module; or, for a model that never crashes, do "
    "without worker processes: `parallel: {executor: serial, isolation: none}`"
)

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
        second: these points have cost a worker before.
    """

    batch: int
    first: int
    x: Floats
    one_by_one: bool = False
    second: bool = False


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

    def fits(self, task: Task, answered: int) -> bool:
        """Say whether this answers a task of which so many points have been answered already."""
        points = len(self.evaluation.status)
        expected = 1 if task.one_by_one else len(task.x)
        return self.batch == task.batch and self.first == task.first + answered and points == expected


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
    """Learns from a worker's past tasks how many points make a good one for it.

    Each worker has a pace of its own: one that is slow must not be handed what others do in the same time.

    Args:
        task_seconds: how long a task should last.
        whole: hand out batches as a whole if they do not last longer than that; for a single worker.
    """

    def __init__(self, task_seconds: float = TASK_SECONDS, *, whole: bool = False) -> None:
        self._wanted, self._whole = task_seconds, whole
        self._recent: deque[float] = deque(maxlen=15)

    def learn(self, points: int, seconds: float) -> None:
        """Take note of how long a task of so many points took."""
        self._recent.append(max(seconds / points, 1e-9))

    def points(self, remaining: int, workers: int) -> int:
        """Return how many of the remaining points the next task should have."""
        if not self._recent:
            return remaining if self._whole else 1
        each = median(self._recent)
        if self._whole:
            return int(min(max(self._wanted / each, 1), remaining))
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
        number: of the batch.
        done: is told of rows as they come in, see `Watch.done`.
    """

    def __init__(
        self,
        problem: Problem,
        x: Floats,
        number: int,
        done: Callable[[int, Evaluation], None] = lambda first, evaluation: None,
    ) -> None:
        self._x, self.number, self._done = x, number, done
        self._columns = len(problem.model.observables)
        # Where points are computed one at a time nothing is lost by hearing of each at once.
        self._one_by_one = problem.one_by_one
        self._next = 0
        self._retries: deque[Task] = deque()
        self._parts: dict[int, Evaluation] = {}
        self._missing = len(x)

    @property
    def complete(self) -> bool:
        """True when every point has its row."""
        return self._missing == 0

    def next_task(self, workers: int, pace: Pace) -> Task | None:
        """Return the next task for a worker of that pace; None when all points are on their way."""
        if self._retries:
            return self._retries.popleft()
        first = self._next
        remaining = len(self._x) - first
        if not remaining:
            return None
        self._next += pace.points(remaining, workers)
        return Task(self.number, first, self._x[first : self._next], self._one_by_one)

    def put_back(self, task: Task) -> None:
        """Take back a task that could not be handed over."""
        self._retries.appendleft(task)

    def keep(self, answer: Answer, pace: Pace) -> None:
        """Take in an answer of a worker, whose pace learns from it."""
        points = len(answer.evaluation.status)
        pace.learn(points, answer.seconds)
        self._keep(answer.first, answer.evaluation)

    def lost(self, task: Task, answered: int, status: Status, reason: str, seconds: float) -> None:
        """Deal with a task whose worker died or did not answer in time.

        A point that a worker died of is tried once more; if that worker dies as well, it becomes a failed row. Of
        a task that was answered as a whole, all points are tried once more, one after the other. A point on its
        own that was late becomes a failed row at once.

        Args:
            task: what the worker was busy with.
            answered: how many points of the task have been answered.
            status: what to write if the point is found guilty.
            reason: the same in words.
            seconds: since the last answer.
        """
        first, x = task.first + answered, task.x[answered:]
        late = status is Status.TIMEOUT and (task.one_by_one or len(x) == 1)
        if late or task.second:
            row = failed(1, self._columns, status, reason)
            self._keep(first, replace(row, seconds=np.array([seconds])))
            self._try_again(first + 1, x[1:], second=task.second)
        elif task.one_by_one:
            self._try_again(first, x[:1], second=True)
            self._try_again(first + 1, x[1:], second=False)
        else:
            self._try_again(first, x, second=True)

    def _try_again(self, first: int, x: Floats, *, second: bool) -> None:
        if len(x):
            self._retries.append(Task(self.number, first, x, one_by_one=True, second=second))

    def evaluation(self) -> Evaluation:
        """Return the rows in the order of the points."""
        return join([self._parts[first] for first in sorted(self._parts)], self._columns)

    def _keep(self, first: int, evaluation: Evaluation) -> None:
        self._parts[first] = evaluation
        self._missing -= len(evaluation.status)
        self._done(first, evaluation)
