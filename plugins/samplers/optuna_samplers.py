"""The samplers `tpe` and `optuna:NAME`: those of the optuna package, asked and told."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar

import numpy as np

from terranova import Batch, Sampler, SearchSpace
from terranova.errors import did_you_mean
from terranova.plugins._require import require
from terranova.plugins.samplers.shared.compressed import compressed_loss, units_of
from terranova.plugins.samplers.shared.option_checks import check_least
from terranova.types import Floats

NEEDS = {"GPSampler": "torch", "CmaEsSampler": "cmaes"}
"""Packages that optuna does not install, but some of its samplers use."""

NOT_FOR_CUBES = ("BaseSampler", "BaseGASampler", "BruteForceSampler", "GridSampler", "PartialFixedSampler")
"""What optuna.samplers offers besides: base classes, and samplers of grids or on top of others."""

FROM_ELSEWHERE = ("seed", "constraints_func")
"""Arguments of optuna's samplers that cannot be options."""


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep optuna's log and its warnings about experimental and deprecated features off the terminal."""
    logging = require("optuna.logging", "optuna", "optuna")
    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


class OptunaSampler(Sampler):
    """Any sampler of optuna for one objective: `optuna:NAME`, or `optuna` and its option `sampler`.

    The objective is sum_j ln(1 + C_j / unit_j), with units that are the median violations of the points at hand;
    valid points are all equally good. Failed points are told as +inf. The study lives in memory and is bounded:
    whenever it holds `max_history` trials it is rebuilt of the best and the latest of them, as many of each as
    makes half of that, in units found anew. Axes do not wrap around: optuna knows no circles.

    Args:
        space: the axes and the constraints.
        rng: the island's stream; it draws the seed of optuna's sampler.
        sampler: a class of `optuna.samplers`.
        batch: points proposed at a time.
        max_history: trials in a study, at most.
        options: anything else is given to that class.
    """

    name: ClassVar[str] = "optuna"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "any sampler of optuna: optuna:GPSampler, optuna:QMCSampler, ..."
    citations: ClassVar[Sequence[str]] = (
        "doi:10.1145/3292500.3330701 optuna",
        "arXiv:2206.09223 violations as a loss, TPE for scans",
    )

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        sampler: str = "TPESampler",
        batch: int = 8,
        max_history: int = 400,
        **options: Any,
    ) -> None:
        super().__init__(space, rng)
        check_least("batch", batch, 1)
        if max_history < 4 * batch:
            raise ValueError(f"max_history must be at least 4 batches, {4 * batch}, got {max_history}")
        self._optuna = require("optuna", "optuna", self.name)
        self.batch, self.max_history = batch, max_history
        self._kind = _optuna_class(sampler)
        _check_options(self._kind, options)
        with _quietly():
            self._sampler = self._kind(seed=int(rng.integers(1 << 31)), **options)
        uniform = self._optuna.distributions.FloatDistribution(0.0, 1.0)
        self._axes = {f"u{i}": uniform for i in range(space.dimension)}
        self._asked: list[Any] = []
        self._violations = np.empty((0, len(space.constraints)))
        self._failed = np.empty(0, dtype=bool)
        self._units: Floats | None = None
        self._study = self._new_study()

    def _new_study(self) -> Any:
        with _quietly():
            return self._optuna.create_study(sampler=self._sampler)

    def ask(self) -> Floats:
        with _quietly():
            self._asked = [self._study.ask(self._axes) for _ in range(self.batch)]
        return np.array([[trial.params[name] for name in self._axes] for trial in self._asked])

    def tell(self, batch: Batch) -> None:
        failed = batch.status != 0
        if self._units is None:
            self._units = units_of(batch.violations)
        loss = compressed_loss(batch.violations, failed, self._units)
        with _quietly():
            for trial, value in zip(self._asked, loss.tolist(), strict=False):
                self._study.tell(trial, value)
        self._violations = np.concatenate([self._violations, batch.violations])
        self._failed = np.concatenate([self._failed, failed])
        if len(self._failed) + self.batch > self.max_history:
            self._forget()

    def _forget(self) -> None:
        """Rebuild the study of the best and the latest trials."""
        units = units_of(self._violations)
        loss = compressed_loss(self._violations, self._failed, units)
        quarter = self.max_history // 4
        order = np.argsort(loss, kind="stable")
        order = np.concatenate(
            [order[order < len(loss) - quarter][:quarter], np.arange(len(loss) - quarter, len(loss))]
        )
        kept = np.sort(order)
        trials = self._study.get_trials(deepcopy=False)
        self._study = self._new_study()
        with _quietly():
            for row in kept.tolist():
                trials[row].value = float(loss[row])
                self._study.add_trial(trials[row])
        self._violations, self._failed, self._units = self._violations[kept], self._failed[kept], units

    @classmethod
    def variant(cls, word: str) -> type[Sampler]:
        """Return the plugin for `optuna:WORD`.

        Raises:
            ValueError: optuna is missing, or has no such sampler.
        """
        return _variant(word)


class Tpe(OptunaSampler):
    """The tree-structured Parzen estimator of optuna.

    Points are drawn from a density of the good ones and chosen by its ratio to a density of the others. The
    objective, and how the history is bounded, are those of `optuna`. Its time per point grows with the history,
    and is milliseconds in any case: for models that take seconds.

    Args:
        space: the axes and the constraints.
        rng: the island's stream; it draws the seed of optuna's sampler.
        batch: points proposed at a time; those in flight count as bad ones, so that they keep apart.
        max_history: trials in a study, at most: then it is rebuilt of the best and the latest quarter of them.
        startup: random points at the beginning; 0 takes 4 d.
        candidates: points among which the next one is chosen.
        multivariate: take all axes together rather than one by one.
    """

    name: ClassVar[str] = "tpe"
    version: ClassVar[str] = "1"
    description: ClassVar[str] = "tree-structured Parzen estimator (optuna), for slow models"
    citations: ClassVar[Sequence[str]] = (
        "doi:10.1145/3292500.3330701 optuna",
        "arXiv:2304.11127 the tree-structured Parzen estimator",
        "arXiv:2206.09223 violations as a loss, TPE for scans",
    )

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        batch: int = 8,
        max_history: int = 400,
        startup: int = 0,
        candidates: int = 24,
        multivariate: bool = True,
    ) -> None:
        if startup < 0:
            raise ValueError(f"startup must be 0 or more, got {startup}")
        check_least("candidates", candidates, 1)
        super().__init__(
            space,
            rng,
            sampler="TPESampler",
            batch=batch,
            max_history=max_history,
            n_startup_trials=startup or 4 * space.dimension,
            n_ei_candidates=candidates,
            multivariate=multivariate,
            constant_liar=batch > 1,
        )

    @classmethod
    def variant(cls, word: str) -> type[Sampler]:
        """There are none.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"tpe has no variants; did you mean 'optuna:{word}'?")


@cache
def _variant(word: str) -> type[Sampler]:
    _optuna_class(word)

    class Variant(OptunaSampler):
        name = f"optuna:{word}"
        description = f"{word} of optuna"

        def __init__(
            self,
            space: SearchSpace,
            rng: np.random.Generator,
            *,
            batch: int = 8,
            max_history: int = 400,
            **options: Any,
        ) -> None:
            super().__init__(space, rng, sampler=word, batch=batch, max_history=max_history, **options)

    Variant.__doc__ = OptunaSampler.__doc__
    Variant.__name__ = Variant.__qualname__ = word
    return Variant


def _optuna_class(name: str) -> Any:
    """Return a class of `optuna.samplers`.

    Raises:
        ValueError: optuna or what the class needs is missing, or there is no such class.
    """
    samplers = require("optuna.samplers", "optuna", "optuna")
    known = [n for n in samplers.__all__ if inspect.isclass(getattr(samplers, n)) and n not in NOT_FOR_CUBES]
    if name not in known:
        raise ValueError(f"optuna has no sampler {name!r} for points of a cube{did_you_mean(name, known)}")
    if name in NEEDS:
        require(NEEDS[name], NEEDS[name], f"optuna:{name}")
    return getattr(samplers, name)


def _check_options(kind: Any, options: dict[str, Any]) -> None:
    known = [name for name in inspect.signature(kind).parameters if name not in FROM_ELSEWHERE]
    for name in options:
        if name not in known:
            raise ValueError(f"{kind.__name__} has no option {name!r}{did_you_mean(name, known)}")
