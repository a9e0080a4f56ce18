"""The loop: ask the islands, evaluate, store, tell; at the end of an epoch, meet the other ranks."""

from __future__ import annotations

import json
import logging
import math
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from terranova.config import ScanConfig
from terranova.engine.display import Progress, Snapshot
from terranova.engine.islands import Share, check_proposal, quotas
from terranova.engine.replay import Replay
from terranova.engine.totals import Timings, Totals
from terranova.engine.watch import EngineWatch
from terranova.errors import ContractError
from terranova.evaluation.executor import Executor
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch, Evaluation
from terranova.interfaces.sampler import Archipelago, Proposal
from terranova.parallel.world import World
from terranova.runs.coverage import Coverage
from terranova.runs.run import SUMMARY, Run
from terranova.store import Writer
from terranova.store.checkpoint import Checkpoint, save_checkpoint
from terranova.system.atomic import write_atomic
from terranova.system.signals import Interrupted, StopRequest
from terranova.types import Array, Bools, Floats, Ints

log = logging.getLogger("terranova")

CHECKPOINT_INTERVAL = 20.0
"""Seconds between checkpoints. They only save time when resuming: the store is what counts."""

EARLY = ("signal", "interrupt", "wall")
"""Why ranks break off within an epoch; when their reasons differ, the first of these is that of the scan."""

PROGRESS_INTERVAL = 0.5
"""Seconds between two updates of the display."""


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
        self.everyone, self.stop = everyone, stop
        self.writer, self.replay, self.progress = writer, replay, progress
        self.directory = directory.absolute()  # a model may change the current directory
        self.watch = executor.watch = EngineWatch(everyone, stop, self._out_of_time)
        self.timings = Timings()
        self.generation = 0
        self.counts = np.zeros(share.count, dtype=np.int64)
        self.quota = quotas(config.budget.evaluations, config.sampler.islands, share)
        self.totals = Totals()  # of all ranks, at the last exchange
        self.recent = Totals()  # of this rank, since then
        self._part = Totals()  # of the batch that is evaluated now, what is stored of it already
        self.coverage = Coverage(problem.model.space.dimension)
        self._exhausted = False
        self._earlier_seconds = 0.0
        if checkpoint is not None:
            self._restore(checkpoint)
        for island in np.flatnonzero(self.counts >= self.quota):
            self.archipelago.retire(int(island))
        summary = Run(directory).summary
        self._earlier_seconds = max(self._earlier_seconds, float(summary.get("seconds") or 0.0))
        self._started = time.monotonic()
        self._started_with = self.totals.evaluations
        self._shown_at = self._saved_at = -math.inf
        self._checkpoint_at = self._started

    # ----------------------------------------------------------------------------------------------------------
    # one point's way through: propose -> evaluate -> score -> store -> tell

    def step(self) -> None:
        """Advance every island of this rank by one generation."""
        with self.timings.of("ask"):
            proposal = self.archipelago.ask()
            check_proposal(proposal, self.config.sampler.name, self.problem.model.space.dimension, self.share.count)
            local, u, index, probe = self._within_quota(proposal)
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
            self._part.add(early)
            stored[rows] = True

        self._part = self._part_of(u, x, island, generation, index, stored)

        # What a run that keeps only valid points drops is counted in order, so nothing may be stored early.
        self.watch.begin(store if self.config.store.keep == "all" else None)
        with self.timings.of("model"):
            evaluation = self._evaluate(x, island, index, stored.copy())
        with self.timings.of("score"):
            batch = self.problem.batch(u, x, evaluation, island, generation, index, probe)
        with self.timings.of("store"):
            self.writer.append(batch if not stored.any() else batch.take(~stored))
            self.watch.begin(None)  # nothing of this batch is left to be stored
            self._part = Totals()
            self._account(batch, local)
        with self.timings.of("tell"):
            self.archipelago.tell(replace(batch, island=local))
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
        if self.replay is not None and self.generation > self.replay.last_generation:
            self._end_replay()
        if self.replay is None:
            return np.zeros(len(island), dtype=bool)
        self.replay.seek(self.generation)
        return self.replay.stored(x, island, index)

    def _end_replay(self) -> None:
        """From here on points are new; the clock starts, for going through the stored ones is not scanning."""
        self.replay = None
        self._started = time.monotonic()
        self._started_with = self.totals.evaluations + self.recent.evaluations

    def _evaluate(self, x: Floats, island: Ints, index: Ints, stored: Bools) -> Evaluation:
        if self.replay is None:
            return self._run_model(x, np.arange(len(x)))
        known, answer = self.replay.answer(island, index, stored)
        if known.all():
            return answer
        return _interleave(answer, self._run_model(x[~known], np.flatnonzero(~known)), known)

    def _part_of(self, u: Floats, x: Floats, island: Ints, generation: Ints, index: Ints, stored: Bools) -> Totals:
        """Count the points of a batch that an earlier session stored before the batch was broken off."""
        part = Totals()
        if self.replay is not None and stored.any() and not stored.all():
            known, answer = self.replay.answer(island, index, stored)
            part.add(self.problem.batch(u[known], x[known], answer, island[known], generation[known], index[known]))
        return part

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
        for island in np.unique(local[self.counts[local] >= self.quota[local]]):
            self.archipelago.retire(int(island))

    def _account(self, batch: Batch, local: Ints) -> None:
        """Count what was found."""
        self.counts += np.bincount(local, minlength=self.share.count)
        self.recent.add(batch)
        found = batch.found
        if found.any():
            self.coverage.add(batch.u[found])

    # ----------------------------------------------------------------------------------------------------------
    # epochs

    def run(self) -> str:
        """Go on until the budget is used up or someone asks to stop.

        Returns:
            why it stopped: "evaluations", "valid", "wall", "sampler" (it had nothing more to propose), "signal"
            or "interrupt" (Ctrl-C).

        Raises:
            RankFailed: another rank left with an exception.
        """
        if self.replay is not None:
            self.progress.message("going through the stored points first; new ones follow")
        while True:
            reason = self._epoch()
            reasons = self.world.allgather(reason)
            early = [r for r in EARLY if r in reasons]
            if early:
                # Some rank broke off within the epoch: nothing is exchanged, so that a resumed scan, which
                # replays these generations, meets the others where a scan that was never stopped would.
                reason = early[0]
                self._publish(reason, final=True)
                return reason
            reason = self._exchange()
            self._publish(reason or "running", final=bool(reason))
            if reason:
                return reason

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
                self.recent = self.recent.merged([self._part])
                return self._broken_off()
            if self.world.is_root and time.monotonic() - self._shown_at > PROGRESS_INTERVAL:
                self._show(self.totals.merged([self.recent]))
        self.generation = target  # an exhausted rank keeps in step with the others
        return ""

    def _broken_off(self) -> str:
        if not self.stop.signal:
            return "wall"
        return "interrupt" if self.stop.signal == signal.SIGINT else "signal"

    def _out_of_time(self) -> bool:
        wall = self.config.budget.wall
        return wall is not None and self.replay is None and self.seconds >= wall

    def _exchange(self) -> str:
        """Share with all ranks what was learnt in this epoch; return why to stop, or ""."""
        with self.timings.of("exchange"):
            self.archipelago.merge(self.world.allreduce_sum(self.archipelago.pending()))
            seen = self.world.allreduce_sum({"coverage": self.coverage.pending()})
            self.coverage.merge(seen["coverage"])
            self.totals = self.totals.merged(self.world.allgather(self.recent))
            self.recent = Totals()
            exhausted = all(self.world.allgather(self._exhausted))
            self._save_checkpoint()
        budget = self.config.budget
        if budget.evaluations is not None and self.totals.evaluations >= budget.evaluations:
            return "evaluations"
        if budget.valid is not None and self.totals.valid >= budget.valid:
            return "valid"
        return "sampler" if exhausted else ""

    # ----------------------------------------------------------------------------------------------------------
    # checkpoints: a cache of the samplers' states, by island, so that any number of ranks can go on

    def _save_checkpoint(self) -> None:
        """Save where everybody is, if it is time and no island's share has ended.

        An island whose last generation was cut short by its share is not where it would be with a larger
        budget; without a checkpoint of that, a run can be resumed with more evaluations.
        """
        due = time.monotonic() - self._checkpoint_at > CHECKPOINT_INTERVAL
        if not self.world.bcast(due) or self.world.any(bool((self.counts >= self.quota).any())):
            return
        self._checkpoint_at = time.monotonic()
        self.writer.sync()  # every rank, before anyone relies on the checkpoint: gathering waits for all
        gathered = self.world.gather((self.archipelago.state(), self.counts))
        states = [state for state, _ in gathered or () if state is not None]
        if gathered is None or len(states) < len(gathered):
            return  # not the first rank; or a sampler that only a replay can restore
        arrays: dict[str, Array] = {"counts": np.concatenate([counts for _, counts in gathered])}
        for name, value in states[0].items():
            parts = [state[name] for state in states]
            arrays[f"sampler_{name}"] = value if name.startswith("shared_") else np.concatenate(parts)
        arrays["coverage"] = self.coverage.state()
        meta = {"totals": vars(self.totals), "seconds": self.seconds, "sampler": self.archipelago.version}
        try:
            save_checkpoint(self.directory, self.generation, arrays, meta)
        except OSError as error:
            log.warning("no checkpoint was saved, so that resuming may take longer: %s", error)

    def _restore(self, checkpoint: Checkpoint) -> None:
        mine = slice(self.share.first, self.share.first + self.share.count)
        state: dict[str, Array] = {}
        for name, value in checkpoint.arrays.items():
            if name.startswith("sampler_"):
                short = name.removeprefix("sampler_")
                state[short] = value if short.startswith("shared_") else value[mine]
        self.archipelago.restore(state)
        self.coverage.restore(checkpoint.arrays["coverage"])
        self.counts = checkpoint.arrays["counts"][mine].copy()
        self.totals = Totals(**checkpoint.meta["totals"])
        self._earlier_seconds = float(checkpoint.meta["seconds"])
        self.generation = checkpoint.generation

    # ----------------------------------------------------------------------------------------------------------
    # telling people

    @property
    def seconds(self) -> float:
        """Wall time of this scan, earlier sessions included; going through stored points does not count."""
        session = 0.0 if self.replay is not None else time.monotonic() - self._started
        return self._earlier_seconds + session

    def _show(self, totals: Totals) -> Snapshot:
        self._shown_at = time.monotonic()
        session = self._shown_at - self._started
        rate = (totals.evaluations - self._started_with) / max(session, 1e-9)
        fraction, left = self._remaining(totals, rate)
        fraction = min(fraction, 1.0)
        snapshot = Snapshot(
            seconds=self.seconds,
            evaluations=totals.evaluations,
            rate=rate,
            valid=totals.valid,
            probes=totals.probes,
            failed=totals.failed,
            best_violation=totals.best_violation,
            best_loglike=totals.best_loglike,
            coverage=self.coverage.mean,
            generation=self.generation,
            fraction=fraction,
            seconds_left=left,
        )
        self.progress.update(snapshot)
        return snapshot

    def _remaining(self, totals: Totals, rate: float) -> tuple[float, float]:
        """Return the part of the budget that is used, and the seconds that remain (NaN if unknown)."""
        budget = self.config.budget
        options: list[tuple[float, float]] = []
        if budget.evaluations is not None:
            rest = max(0, budget.evaluations - totals.evaluations)
            options.append((totals.evaluations / budget.evaluations, rest / rate if rate > 0 else math.nan))
        if budget.wall is not None:
            options.append((self.seconds / budget.wall, max(0.0, budget.wall - self.seconds)))
        if budget.valid is not None:
            options.append((totals.valid / budget.valid, math.nan))
        return max(options, key=lambda pair: pair[0], default=(0.0, math.nan))

    def _publish(self, state: str, *, final: bool) -> None:
        """Write where the run stands beside its points, for `resume` and for whoever looks in."""
        if final and state in EARLY:
            self.totals = self.totals.merged(self.world.allgather(self.recent))
            self.recent = Totals()
        if not self.world.is_root:
            return
        if state in ("running", *EARLY) and self._behind():
            return  # while stored points are gone through, what was written before is further on
        if not final and time.monotonic() - self._saved_at < PROGRESS_INTERVAL:
            return
        self._saved_at = time.monotonic()
        snapshot = self._show(self.totals)
        summary = {
            "state": state,
            "ranks": self.world.size,
            **snapshot.to_dict(),
            "timings": dict(self.timings.seconds),
        }
        try:
            write_atomic(self.directory / SUMMARY, json.dumps(summary, indent=1) + "\n")
        except OSError as error:
            log.warning("%s could not be written: %s", SUMMARY, error)

    def _behind(self) -> bool:
        """True while what is stored holds more than this session has gone through."""
        last = -1 if self.replay is None else self.replay.last_generation
        return self.generation < last or (self.generation == last and not self._part.evaluations)


def _interleave(stored: Evaluation, fresh: Evaluation, known: Bools) -> Evaluation:
    """Put stored and fresh rows back in the order proposed; `known` (n,) is True for the stored ones."""
    order = np.empty(len(known), dtype=np.int64)
    order[known] = np.arange(len(stored.status))
    order[~known] = len(stored.status) + np.arange(len(fresh.status))
    reasons = [*stored.reason, *fresh.reason]
    pick: Callable[[Array, Array], Array] = lambda a, b: np.concatenate([a, b])[order]  # noqa: E731
    return Evaluation(
        pick(stored.observables, fresh.observables),
        pick(stored.status, fresh.status),
        [reasons[int(i)] for i in order],
        pick(stored.stage, fresh.stage),
        pick(stored.seconds, fresh.seconds),
    )
