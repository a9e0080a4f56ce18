"""Loop of a scan: ask the islands, evaluate, store, tell; exchange with the other ranks after each epoch."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np

from terranova.config import ScanConfig
from terranova.engine.checkpointing import Checkpointing, LoopState
from terranova.engine.display import Progress
from terranova.engine.islands import Share, check_proposal, quotas
from terranova.engine.meeting import Report, meet
from terranova.engine.replay import Replay
from terranova.engine.sealing import Sealing
from terranova.engine.status import RUNNING, StatusPublisher
from terranova.engine.strata import Strata
from terranova.engine.totals import ScanClock, Timings, Totals
from terranova.engine.watch import EngineWatch
from terranova.errors import ContractError
from terranova.evaluation.executor import Executor
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch, Evaluation
from terranova.interfaces.sampler import Archipelago, Proposal
from terranova.parallel.world import World
from terranova.registry import registry
from terranova.runs.coverage import Coverage
from terranova.runs.run import Run
from terranova.store import Writer
from terranova.store.checkpoint import Checkpoint
from terranova.system.signals import Interrupted, StopRequest
from terranova.types import Array, Bools, Floats, Ints

_SAMPLER, _COVERAGE = "sampler_", "coverage"
"""How the parts of an exchange are told apart."""


class Scan:
    """One rank's part of a scan. `run` returns why it stopped.

    Args:
        config: what was asked for.
        problem: model and constraints.
        archipelago: the sampler of this rank's islands.
        share: which islands of the run those are.
        world: the other ranks this one meets; alone when they evaluate for it.
        everyone: all ranks, to hear that one has failed or was asked to stop.
        stop: who listens to signals.
        executor: where the model runs.
        writer: where rows go.
        directory: of the run.
        replay: what is stored already; None in a new run.
        checkpoint: where to go on; None to begin at the start.
        progress: the display.
    """

    def __init__(
        self,
        config: ScanConfig,
        problem: Problem,
        archipelago: Archipelago,
        share: Share,
        world: World,
        everyone: World,
        stop: StopRequest,
        executor: Executor,
        writer: Writer,
        directory: Path,
        *,
        replay: Replay | None = None,
        checkpoint: Checkpoint | None = None,
        progress: Progress,
    ) -> None:
        self.config, self.problem, self.archipelago = config, problem, archipelago
        self.share, self.world, self.executor = share, world, executor
        self.stop, self.writer, self.replay, self.progress = stop, writer, replay, progress
        directory = directory.absolute()  # a model may change the current directory
        self.watch = executor.watch = EngineWatch(everyone, stop, self._out_of_time)
        self.timings = Timings()
        self.coverage = Coverage(problem.model.space.dimension)
        stratified = bool(getattr(registry().get("sampler", config.sampler.name).target, "stratified", False))
        self.strata = Strata(problem.model.space, config.sampler.islands) if stratified else None
        self.checkpointing = Checkpointing(directory, world, share, archipelago, self.coverage, writer)
        self.sealing = Sealing(writer, world.size)
        state = LoopState(0, np.zeros(share.count, dtype=np.int64), Totals(), 0.0)
        if checkpoint is not None:
            state = self.checkpointing.restore(checkpoint)
        self.generation, self.counts = state.generation, state.counts
        self.quota = quotas(config.budget.evaluations, config.sampler.islands, share)
        self.totals = state.totals  # of all ranks, at the last exchange
        self.recent = Totals()  # of this rank, since then
        self._incomplete = Totals()  # of a batch that is being evaluated, the rows that are stored already
        self._exhausted = False
        for island in np.flatnonzero(self.counts >= self.quota):
            self.archipelago.retire(int(island))
        earlier_seconds = max(state.seconds, float(Run(directory).summary.get("seconds") or 0.0))
        self.clock = ScanClock(earlier_seconds, self.totals.evaluations, replaying=replay is not None)
        self.status = StatusPublisher(directory, config.budget, world, self.clock, progress)

    # ----------------------------------------------------------------------------------------------------------
    # one point's way through: propose -> evaluate -> score -> store -> tell

    def step(self) -> None:
        """Advance every island of this rank by one generation."""
        with self.timings.of("ask"):
            proposal = self.archipelago.ask()
            check_proposal(proposal, self.config.sampler.name, self.problem.model.space.dimension, self.share.count)
            local, asked, index, probe = self._within_quota(proposal)
            u = asked if self.strata is None else self.strata.enter(asked, self.share.first + local)
            x = self.problem.model.space.to_physical(u)
        if not len(local):
            self._exhausted = True
            return
        island = self.share.first + local
        stored = self._stored(x, island, index)
        generation = np.full(len(local), self.generation, dtype=np.int64)

        def store(rows: Ints, evaluation: Evaluation) -> None:
            """Store rows of a batch that takes long before all of it is evaluated."""
            fresh = ~stored[rows]
            rows, evaluation = rows[fresh], evaluation.take(fresh)
            origin = island[rows], generation[rows], index[rows], probe[rows]
            early = self.problem.batch(u[rows], x[rows], evaluation, *origin)
            self.writer.append(early)
            self._incomplete.add(early)
            stored[rows] = True

        # A batch can be broken off: by a signal, or because the wall time is over. What was stored of it stays, and
        # counts; but the sampler is told nothing, for it learns from whole generations only. A resumed scan
        # proposes the same generation again, finds these rows in the store, and evaluates the others.
        self._incomplete = self._stored_of(u, x, island, generation, index, stored)

        # What a run that keeps only valid points drops is counted in order, so nothing may be stored early.
        self.watch.begin(store if self.config.store.keep == "all" else None)
        with self.timings.of("model"):
            evaluation = self._evaluate(x, island, index, stored.copy())
        with self.timings.of("score"):
            batch = self.problem.batch(u, x, evaluation, island, generation, index, probe)
        with self.timings.of("store"):
            self.writer.append(batch if not stored.any() else batch.take(~stored))
            self.watch.begin(None)  # nothing of this batch is left to be stored
            self._incomplete = Totals()
            self._account(batch, local)
        with self.timings.of("tell"):
            told = batch.of_islands(local)
            self.archipelago.tell(told if self.strata is None else replace(told, u=asked))
            self._retire(local)
        self.generation += 1

    def _within_quota(self, proposal: Proposal) -> tuple[Ints, Floats, Ints, Bools]:
        """Number the proposed points within their islands, and drop those beyond an island's share."""
        local, u, probe = proposal.island, proposal.u, proposal.probes
        position = np.arange(len(local)) - np.searchsorted(local, local, side="left")
        index = self.counts[local] + position
        allowed = index < self.quota[local]
        if allowed.all():
            return local, u, index, probe
        return local[allowed], u[allowed], index[allowed], probe[allowed]

    def _stored(self, x: Floats, island: Ints, index: Ints) -> Bools:
        """Return (n,) True for the points that an earlier session has stored."""
        if self.replay is not None and self.generation > self.replay.last_generation:
            self.replay = None  # the store has no more: from here on points are new
            self.clock.end_replay(self.totals.evaluations + self.recent.evaluations)
        if self.replay is None:
            return np.zeros(len(island), dtype=bool)
        self.replay.seek(self.generation)
        return self.replay.stored(x, island, index)

    def _evaluate(self, x: Floats, island: Ints, index: Ints, stored: Bools) -> Evaluation:
        """Take the answers of stored points from the store, and have the model compute the others."""
        if self.replay is None:
            return self._run_model(x, np.arange(len(x)))
        known, answer = self.replay.answer(island, index, stored)
        if known.all():
            return answer
        return _interleave(answer, self._run_model(x[~known], np.flatnonzero(~known)), known)

    def _stored_of(
        self, u: Floats, x: Floats, island: Ints, generation: Ints, index: Ints, stored: Bools
    ) -> Totals:
        """Count the points of a batch that an earlier session stored before the batch was broken off."""
        counted = Totals()
        if self.replay is not None and stored.any() and not stored.all():
            known, answer = self.replay.answer(island, index, stored)
            counted.add(
                self.problem.batch(u[known], x[known], answer, island[known], generation[known], index[known])
            )
        return counted

    def _run_model(self, x: Floats, rows: Ints) -> Evaluation:
        self.watch.rows = rows
        evaluation = self.executor.evaluate(x)
        if len(evaluation.status) != len(x):
            raise ContractError(
                f"executor {self.executor.name!r} returned {len(evaluation.status)} rows for {len(x)} points"
            )
        return evaluation

    def _retire(self, local: Ints) -> None:
        """Take out the islands whose share is used up."""
        used_up = self.counts[local] >= self.quota[local]
        if used_up.any():
            for island in np.unique(local[used_up]):
                self.archipelago.retire(int(island))

    def _account(self, batch: Batch, local: Ints) -> None:
        """Count a batch, and mark what its valid points cover."""
        self.counts += np.bincount(local, minlength=self.share.count)
        self.recent.add(batch)
        if batch.found.any():
            self.coverage.add(batch.u[batch.found])

    # ----------------------------------------------------------------------------------------------------------
    # epochs

    def run(self) -> str:
        """Go on until the budget is used up or someone asks to stop.

        Returns:
            why it stopped: "evaluations", "valid", "wall", "sampler" (it had nothing more to propose), "signal"
            or "interrupt" (Ctrl-C).

        Raises:
            RankFailed: another rank left with an exception.
            ContractError: a constraint has failed at every point.
        """
        if self.replay is not None:
            self.progress.message("going through the stored points first; new ones follow")
        try:
            while True:
                met = self._meet(self._epoch())
                if met.broken_off:
                    # Some rank broke off within the epoch: nothing is exchanged, so that a resumed scan, which
                    # replays these generations, meets the others where a scan that was never stopped would.
                    self._publish(met.broken_off, final=True)
                    return met.broken_off
                reason = self._exchange(met)
                self._publish(reason or RUNNING, final=bool(reason))
                if reason:
                    self.problem.require_answers()
                    return reason
        finally:
            self.checkpointing.tidy()

    def _epoch(self) -> str:
        """Step to the next multiple of the epoch's length; return why it was broken off, or ""."""
        length = self.config.parallel.epoch
        target = (self.generation // length + 1) * length
        while self.generation < target and not self._exhausted:
            try:
                self.watch.poll()
                self.step()
            except Interrupted:
                self.watch.end()
                self.recent = self.recent.merged([self._incomplete])
                return self._why_broken_off()
            if self.status.display_is_due:
                self.status.show(self.totals.merged([self.recent]), self.coverage, self.generation)
        self.generation = target  # an exhausted rank keeps in step with the others
        return ""

    def _why_broken_off(self) -> str:
        if not self.stop.signal:
            return "wall"
        return "interrupt" if self.stop.signal == signal.SIGINT else "signal"

    def _out_of_time(self) -> bool:
        wall = self.config.budget.wall
        return wall is not None and self.replay is None and self.clock.seconds >= wall

    def _meet(self, broken_off: str) -> Report:
        """Hear how far the other ranks are, and add what every one has counted since the last time."""
        with self.timings.of("exchange"):
            used_up = bool((self.counts >= self.quota).any())
            due = self.checkpointing.due
            report = Report(broken_off, self.recent, self._exhausted, used_up, due, self.sealing.due())
            met = meet(self.world, report)
            self.totals, self.recent = self.totals.merged([met.totals]), Totals()
        return met

    def _exchange(self, met: Report) -> str:
        """Share with all ranks what was learnt in this epoch; return why to stop, or ""."""
        with self.timings.of("exchange"):
            pending = {_SAMPLER + name: values for name, values in self.archipelago.pending().items()}
            total = self.world.allreduce_sum({**pending, _COVERAGE: self.coverage.pending()})
            self.coverage.merge(total.pop(_COVERAGE))
            self.archipelago.merge({name.removeprefix(_SAMPLER): values for name, values in total.items()})
        with self.timings.of("store"):
            if met.seal_due:
                self.sealing.together()
        with self.timings.of("exchange"):
            # The share cuts an island's last generation short. That island is not where it would be with a larger
            # budget, and a checkpoint would make its cut the state that every resumed scan goes on from. Without
            # one, a larger budget replays that generation, evaluates what was cut off, and visits the same points
            # as a scan that had this budget from the start.
            if met.checkpoint_due and not met.used_up:
                self.checkpointing.save(LoopState(self.generation, self.counts, self.totals, self.clock.seconds))
        budget = self.config.budget
        if budget.evaluations is not None and self.totals.evaluations >= budget.evaluations:
            return "evaluations"
        if budget.valid is not None and self.totals.valid >= budget.valid:
            return "valid"
        return "sampler" if met.exhausted else ""

    def _publish(self, state: str, *, final: bool) -> None:
        self.status.publish(
            state,
            self.totals,
            self.coverage,
            self.generation,
            self.timings.seconds,
            final=final,
            behind_store=self.replay is not None
            and self.replay.is_ahead_of(self.generation, self._incomplete.evaluations),
        )


def _interleave(stored: Evaluation, fresh: Evaluation, known: Bools) -> Evaluation:
    """Put stored and fresh rows back in the order proposed; `known` (n,) is True for the stored ones."""
    order = np.empty(len(known), dtype=np.int64)
    order[known] = np.arange(len(stored.status))
    order[~known] = len(stored.status) + np.arange(len(fresh.status))
    reasons = [*stored.reason, *fresh.reason]

    def pick(of_stored: Array, of_fresh: Array) -> Array:
        return np.concatenate([of_stored, of_fresh])[order]

    return Evaluation(
        pick(stored.observables, fresh.observables),
        pick(stored.status, fresh.status),
        [reasons[int(i)] for i in order],
        pick(stored.stage, fresh.stage),
        pick(stored.seconds, fresh.seconds),
    )
