"""Executors, where the model runs: they take points and return evaluations, in order, whatever happens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from terranova.errors import ContractError
from terranova.interfaces.batch import Evaluation
from terranova.types import Floats

if TYPE_CHECKING:
    from terranova.evaluation.problem import Problem


class Watch:
    """What an executor reports to while it evaluates; this one ignores it all, the engine gives executors its own.

    An executor that ignores it works as well; the scan then stops, and stores, only between two batches.
    """

    def poll(self) -> None:
        """Call this about once a second while points are evaluated elsewhere.

        Raises:
            Interrupted: the scan is to stop; let go of the points that are not done, and pass it on.
            TerranovaError: another rank has failed.
        """

    def breakable(self) -> AbstractContextManager[None]:
        """Return what an evaluation in this process is to run in: there, a signal raises `Interrupted`."""
        return nullcontext()

    def done(self, first: int, evaluation: Evaluation) -> None:
        """Take the rows of consecutive points of the batch, from number `first`, while others are on their way.

        They are stored although the batch is not complete, and need not be evaluated again if it never is.
        """


class Executor(ABC):
    """Evaluates batches of points of one problem.

    Used as a context manager: workers live from `__enter__` to `__exit__`.

    Args of a subclass's `__init__`:
        problem: what to evaluate.
        workers: how many evaluate at once.
        isolate: run the model in a process of its own, not in this one. Only executors that can do both.
        timeout: seconds that one point may take. Only executors that can end one.
        memory: bytes that a process of the model may allocate. Only executors that can limit them.
        logs: folder for what the model prints. Only executors that keep it.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""
    over_ranks: ClassVar[bool] = False
    """True when the first MPI rank asks and the others evaluate: they call `serve` instead of a scan."""
    isolates: ClassVar[bool] = False
    """True when the model always runs in processes of its own."""
    watch: Watch = Watch()
    """Told of what happens during a long evaluation; asked whether to go on."""

    def __init__(self, problem: Problem, workers: int = 1) -> None:
        self.problem = problem
        self.workers = workers

    @abstractmethod
    def evaluate(self, x: Floats) -> Evaluation:
        """Evaluate the points x (n, d), all stages; rows come back in order, failed ones with their reason."""

    def warm_up(self) -> None:  # noqa: B027 - an optional hook
        """Compile and load what the model needs, before the clock of the scan starts."""

    @staticmethod
    def serve(problem: Problem) -> None:
        """Evaluate for the first rank until it is done; only for executors that work over ranks."""
        raise ContractError("this executor does not work over ranks")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None
