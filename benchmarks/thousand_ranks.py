"""What 1,024 ranks cost, put together from measured pieces: a few of these ranks are carried out, one by one.

    python benchmarks/thousand_ranks.py                          # explorer and cmaes-novelty, 12 ranks, 40 epochs
    python benchmarks/thousand_ranks.py --samplers explorer --ranks 24 --epochs 60 --of 4096
    python benchmarks/thousand_ranks.py --pair                   # two ranks over one, 16 islands in all

Each of the ranks has the islands that it would have among all, with their random streams; it asks, evaluates the
3HDM, scores, stores and tells, and they exchange what they learnt at the end of each epoch. Measured are processor
times, which other programs on the machine change little, and bytes, which they do not change at all. Put
together (`Pieces.epoch`): an epoch takes as long as the slowest of all ranks, the exchange, and a share of sealing
and of checkpoints. How much more than the others the slowest rank has to do is worked out from its points, for the
times of single epochs have the noise of the machine in them. What the network takes is assumed, not measured: see
`NETWORK`.

"Before" prices with the same pieces what was done before: bases and states gathered by the first
rank, and each rank sealing when its own rows fill a part.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy

import numpy as np
from scan_cost import SETS

import terranova
from terranova.engine.inheritance import take_over
from terranova.engine.islands import Share, deal, make_archipelago
from terranova.engine.sealing import Sealing
from terranova.evaluation.problem import Problem
from terranova.interfaces.batch import Batch
from terranova.parallel.sums import sum_whole
from terranova.parallel.world import serial_world
from terranova.registry import registry
from terranova.runs.coverage import Coverage
from terranova.store import Manifest, Schema, Writer
from terranova.store.checkpoint import save_piece
from terranova.store.schema import Field
from terranova.types import Array, Floats

EPOCH = 20
CHECKPOINT_EVERY = 20.0
POINTS = 1_000_000
"""Of each rank, for what is told of a whole scan."""


class Network(NamedTuple):
    """What an exchange takes, in seconds: for each one; for each byte that all ranks send; that one gathers."""

    exchange: float = 1e-3
    byte: float = 1e-9
    gathered: float = 2e-10


NETWORK = Network()
"""A millisecond is what the pauses between two looks for a message add up to; a gigabyte a second is what a rank
has of a network that it shares with the others of its node; to one that gathers belongs all of it, five gigabytes a
second with what is copied there."""


DISK = 1e-9
"""Seconds for each byte that one process writes."""


@dataclass
class Rank:
    """One of the ranks that are carried out."""

    share: Share
    archipelago: terranova.Archipelago
    writer: Writer
    sealing: Sealing
    coverage: Coverage
    counts: Array
    seconds: list[float] = field(default_factory=list)  # of each epoch, without sealing and exchange
    points: list[int] = field(default_factory=list)  # of each epoch


@dataclass
class Pieces:
    """What was measured. Seconds are of a processor.

    Attributes:
        points, seconds: (epochs, ranks) of an epoch on a rank, sealing and exchange left out.
        seal: seconds to seal a part. rows: in a part.
        merge: seconds to take in what all have learnt, on each rank.
        exchanged: bytes that a rank sends in an exchange. exchanged_before: those of all arrays as they are; bases:
            those of the bases among these.
        own, shared: bytes of a rank's state that are its own, and that all have.
        save: seconds to write its own.
        row: bytes of a row on disk. take_over: seconds to check and recover one row's share of what a rank left.
    """

    points: Floats
    seconds: Floats
    seal: float
    rows: float
    merge: float
    exchanged: int
    exchanged_before: int
    bases: int
    own: int
    shared: int
    save: float
    row: float
    take_over: float

    @property
    def step(self) -> tuple[float, float]:
        """Seconds of an epoch on a rank without points, and of each point: a line through all epochs."""
        if np.ptp(self.points) < 1.0:
            return 0.0, float(self.seconds.sum() / self.points.sum())
        slope, start = np.polyfit(self.points.reshape(-1), self.seconds.reshape(-1), 1)
        if start < 0.0 or slope < 0.0:  # too few epochs, or all alike: all of it is points
            return 0.0, float(self.seconds.sum() / self.points.sum())
        return float(start), float(slope)

    def slowest(self, ranks: int) -> tuple[float, float]:
        """Seconds of an epoch on a mean rank, and on the slowest of many, by their points."""
        start, slope = self.step
        relative = (self.points / self.points.mean(axis=1, keepdims=True)).reshape(-1)
        draws = np.random.default_rng(1).choice(relative, (200, ranks)).max(axis=1).mean()
        mean = float(self.points.mean())
        return start + slope * mean, start + slope * mean * float(draws)

    def epoch(self, ranks: int, *, before: bool) -> dict[str, float]:
        """Seconds of an epoch of many ranks, by what they are spent on."""
        mean, slowest = self.slowest(ranks)
        each = float(self.points.mean()) / self.rows  # parts that fill up in an epoch
        parts = {"mean rank": mean, "waiting for the slowest": slowest - mean, "merge": self.merge}
        depth = math.ceil(math.log2(ranks))
        # Each way of an Allreduce moves everything once; a gather brings all that others have to one rank.
        sent = self.exchanged_before - self.bases if before else self.exchanged
        parts["exchange"] = (9 if before else 4) * NETWORK.exchange + 2 * sent * NETWORK.byte
        parts["exchange"] += depth * 5e-6
        parts["seal"] = self.seal * each
        checkpoint = self.save + NETWORK.exchange
        if before:
            parts["exchange"] += ranks * self.bases * NETWORK.gathered
            alike = np.ptp(self.points) < 1.0  # then the parts of all ranks fill up in the same epoch
            somebody = each if alike else 1.0 - (1.0 - min(1.0, each)) ** ranks
            parts["seal"] = 2 * self.seal * somebody  # sealing took twice as long
            checkpoint = ranks * ((self.own + self.shared) * NETWORK.gathered + self.own * DISK)
        total = sum(parts.values())
        parts["checkpoint"] = checkpoint * total / max(CHECKPOINT_EVERY, checkpoint)
        return parts

    def efficiency(self, ranks: int, *, before: bool) -> float:
        """Part of what as many ranks would do that know nothing of each other."""
        each = float(self.points.mean()) / self.rows
        alone = self.slowest(1)[0] + self.merge + (2 if before else 1) * self.seal * each
        return alone / sum(self.epoch(ranks, before=before).values())


@contextmanager
def timed(into: list[float]) -> Iterator[None]:
    """Note the processor time of the block."""
    started = time.process_time()
    yield
    into.append(time.process_time() - started)


def run_epoch(rank: Rank, problem: Problem, generation: int) -> None:
    """Carry out an epoch of a rank, and note what it took; sealing is left to its end."""
    points = 0
    started = time.process_time()
    for step in range(EPOCH):
        proposal = rank.archipelago.ask()
        local = proposal.island
        index = rank.counts[local] + np.arange(len(local)) - np.searchsorted(local, local, side="left")
        x = problem.model.space.to_physical(proposal.u)
        evaluation = problem.evaluate(x)
        step_number = np.full(len(local), generation + step)
        island = local + rank.share.first
        batch: Batch = problem.batch(proposal.u, x, evaluation, island, step_number, index, proposal.probes)
        rank.writer.append(batch)
        rank.counts += np.bincount(local, minlength=rank.share.count)
        if batch.found.any():
            rank.coverage.add(batch.u[batch.found])
        rank.archipelago.tell(replace(batch, island=local))
        points += len(local)
    rank.seconds.append(time.process_time() - started)
    rank.points.append(points)


def exchange(ranks: list[Rank], merges: list[float], of: int) -> tuple[int, int, int]:
    """Share what all have learnt; return the bytes that each sends, those before, and those of bases then."""
    pending = [rank.archipelago.pending() for rank in ranks]
    total = {name: sum(np.asarray(each[name]) for each in pending) for name in pending[0]}
    covered = sum(rank.coverage.pending() for rank in ranks)
    for rank in ranks:
        with timed(merges):
            rank.archipelago.pending()
            rank.archipelago.merge({name: np.array(values) for name, values in total.items()})
            rank.coverage.merge(np.asarray(covered))
    sent: list[int] = []

    def add(array: Array) -> Array:
        # The outline of all that these ranks have, as if it were shared out among as many as there would be.
        sent.append(array.nbytes)
        return array * (of // len(ranks)) if array.dtype == np.int32 and len(sent) == 1 else array

    whole = {name: np.asarray(values) for name, values in total.items()} | {"coverage": np.asarray(covered)}
    sum_whole(whole, add, of)
    sizes = {name: values.nbytes for name, values in whole.items()}
    return sum(sent), sum(sizes.values()), sizes.get("bases", 0)


def measure(sampler: str, ranks: int, of: int, islands: int, epochs: int, warm: int, seed: int) -> Pieces:
    """Carry out some of the ranks."""
    problem = terranova.problem("thdm3", SETS)
    space, plugin = problem.search_space, registry().get("sampler", sampler).target
    numbers = [of * number // ranks for number in range(ranks)]
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        schema = schema_with(problem)
        Manifest(schema, seed, "thdm3").save(directory)
        team = []
        for number in numbers:
            share = deal(islands * of, number, of)
            archipelago = make_archipelago(plugin, space, seed, share, {})
            writer = Writer(directory, schema, writer=number)
            sealing = Sealing(writer, of)
            counts = np.zeros(share.count, dtype=np.int64)
            team.append(Rank(share, archipelago, writer, sealing, Coverage(space.dimension), counts))
        merges: list[float] = []
        seals: list[float] = []
        rows: list[int] = []
        for epoch in range(warm + epochs):
            if epoch == warm:
                merges.clear()
                for rank in team:
                    rank.seconds.clear()
                    rank.points.clear()
            for rank in team:
                run_epoch(rank, problem, epoch * EPOCH)
            exchanged, exchanged_before, bases = exchange(team, merges, of)
            due = [rank.sealing.due() for rank in team]
            if any(due):
                for rank in team:
                    rows.append(rank.writer.unsealed)
                    with timed(seals):
                        rank.sealing.together()
        if not seals:
            for rank in team:
                rows.append(rank.writer.unsealed)
                with timed(seals):
                    rank.writer.seal()
        own, shared, saves = states(team[0], directory, epochs)
        for rank in team:
            rank.writer.close()
        stored = sum(path.stat().st_size for path in (directory / "points").iterdir())
        count = int(sum(rank.counts.sum() for rank in team))
        taken: list[float] = []
        with timed(taken):
            take_over(serial_world(), directory, schema, team[0].share)
    # A rank alone seals at its capacity, and one among others sooner; what a row costs is the same.
    return Pieces(
        points=np.array([rank.points for rank in team], dtype=float).T,
        seconds=np.array([rank.seconds for rank in team]).T,
        seal=sum(seals) / len(seals),
        rows=sum(rows) / len(rows),
        merge=sum(merges) / len(merges),
        exchanged=exchanged,
        exchanged_before=exchanged_before,
        bases=bases,
        own=own,
        shared=shared,
        save=saves,
        row=stored / count,
        take_over=taken[0] / count,
    )


def schema_with(problem: Problem) -> Schema:
    """Every column of the problem."""
    parameters = [Field(name) for name in problem.model.space.names]
    observables = [Field(o.name) for o in problem.model.observables]
    return Schema(parameters, observables, [Field(c.name) for c in problem.constraints])


def states(rank: Rank, directory: Path, generation: int) -> tuple[int, int, float]:
    """Return the bytes of a rank's state that are its own and that all have, and the seconds to save its own."""
    state = rank.archipelago.state() or {}
    own = {name: values for name, values in state.items() if not name.startswith("shared_")}
    spent: list[float] = []
    with timed(spent):
        save_piece(directory, generation, own, 0, 0, 2)
    size = sum(values.nbytes for values in own.values())
    return size, sum(values.nbytes for values in state.values()) - size, spent[0]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samplers", nargs="*", default=["explorer", "cmaes-novelty"])
    parser.add_argument("--ranks", type=int, default=12, help="ranks that are carried out")
    parser.add_argument("--of", type=int, default=1024, help="ranks that there would be")
    parser.add_argument("--islands", type=int, default=16, help="of each rank")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--warm", type=int, default=20, help="epochs before these, in which valid points are found")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pair", action="store_true", help="two ranks over one with the same islands")
    given = parser.parse_args()
    for sampler in given.samplers:
        if given.pair:
            show_pair(sampler, given.islands, given.epochs, given.warm, given.seed)
            continue
        pieces = measure(sampler, given.ranks, given.of, given.islands, given.epochs, given.warm, given.seed)
        show(sampler, pieces, given.of)


def show_pair(sampler: str, islands: int, epochs: int, warm: int, seed: int) -> None:
    """Print how much faster two ranks are than one with as many islands in all, each on a core of its own."""
    one = measure(sampler, 1, 1, islands, epochs, warm, seed)
    two = measure(sampler, 2, 2, islands // 2, epochs, warm, seed)

    def each(pieces: Pieces) -> float:
        """Seconds of an epoch, sealing included; the slower rank counts."""
        full = pieces.points.sum(axis=1).mean() / pieces.rows / pieces.points.shape[1]
        slower = pieces.seconds.sum(axis=1).mean() / pieces.points.shape[1]
        slower *= (pieces.points.max(axis=1) / pieces.points.mean(axis=1)).mean()
        return float(slower + pieces.merge + pieces.seal * full)

    alone = each(one) / one.points.mean()
    pair = (each(two) + 2 * NETWORK.exchange) / two.points.sum(axis=1).mean()
    print(
        f"{sampler}: {islands} islands, us of a point: {1e6 * alone:.2f} on one rank, {1e6 * pair:.2f} on two, ",
        end="",
    )
    print(f"ratio {alone / pair:.2f}", flush=True)


def show(sampler: str, pieces: Pieces, ranks: int) -> None:
    """Print what was measured of a sampler, and what it makes."""
    points = float(pieces.points.mean())
    relative = pieces.points / pieces.points.mean(axis=1, keepdims=True)
    each = 1e6 * pieces.seconds.sum() / pieces.points.sum()
    print(f"\n{sampler}: {points:,.0f} points an epoch on a rank, {each:.1f} us each")
    print(f"  points of a rank over the mean: standard deviation {relative.std():.3f}, most {relative.max():.2f}")
    print(f"{'milliseconds of an epoch':32}{'now':>10}{'before':>10}")
    now, before = (pieces.epoch(ranks, before=old) for old in (False, True))
    for name in now:
        print(f"  {name:30}{1e3 * now[name]:10.1f}{1e3 * before[name]:10.1f}")
    print(f"  {'all of it':30}{1e3 * sum(now.values()):10.1f}{1e3 * sum(before.values()):10.1f}")
    rates = [pieces.efficiency(ranks, before=old) for old in (False, True)]
    print(f"{f'efficiency of {ranks:,} ranks':32}{rates[0]:10.2f}{rates[1]:10.2f}")
    parts = math.ceil(POINTS / pieces.rows)
    old = pieces.own + pieces.shared
    lines = (
        ("MB an epoch, each rank", pieces.exchanged / 1e6, (pieces.exchanged_before - pieces.bases) / 1e6),
        ("MB an epoch, gathered by the first", 0.0, ranks * pieces.bases / 1e6),
        ("MB a checkpoint, each rank's file", pieces.own / 1e6, 0.0),
        ("MB a checkpoint, at the first rank", (pieces.shared + 400 * ranks) / 1e6, ranks * old / 1e6),
        ("files of 1e6 points a rank", ranks * (parts + 1 + 2) + 6, ranks * (parts / 1.0 + 1) + 6),
        ("GB of 1e6 points a rank, all", ranks * POINTS * pieces.row / 1e9, ranks * POINTS * pieces.row / 1e9),
        ("s to check and take over, resuming", POINTS * pieces.take_over, ranks * POINTS * pieces.take_over),
    )
    for what, one, other in lines:
        print(f"{what:38}{one:12,.1f}{other:12,.1f}")


if __name__ == "__main__":
    main()
