"""Executors: where the model runs. They take points and return evaluations, in order, whatever happens."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, Self

from terranova.batch import Evaluation
from terranova.errors import ContractError
from terranova.types import Floats

if TYPE_CHECKING:
    from terranova.scoring import Problem


class Executor(ABC):
    """Evaluates batches of points of one problem.

    Used as a context manager: workers live from `__enter__` to `__exit__`.

    Args of a subclass's `__init__`:
        problem: what to evaluate.
        workers: how many evaluate at once.
    """

    name: ClassVar[str]
    version: ClassVar[str] = "0"
    description: ClassVar[str] = ""
    over_ranks: ClassVar[bool] = False
    """True when the first MPI rank asks and the others evaluate: they call `serve` instead of a scan."""

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
