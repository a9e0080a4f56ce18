"""The sampler `explorer`: maps the valid region with the vector of observables, not only with their violations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import Archipelago, Batch, Proposal, SearchSpace, pack_streams, unpack_streams
from terranova.plugins.samplers.cma.strategy import check_settings, default_popsize, strategy
from terranova.plugins.samplers.explorer.bandit import ARMS, PIN, ROAM, SOLVE, TREE, Bandit
from terranova.plugins.samplers.explorer.bases import Bases
from terranova.plugins.samplers.explorer.bins import Bins
from terranova.plugins.samplers.explorer.pins import Pins
from terranova.plugins.samplers.explorer.roamer import Roamer
from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.explorer.scouts import Scouts
from terranova.plugins.samplers.explorer.solver import Solver
from terranova.plugins.samplers.explorer.tree import OVER, Told, Tree
from terranova.plugins.samplers.shared.archive import Archive
from terranova.plugins.samplers.shared.loss import check_loss
from terranova.types import Array, Bools, Floats, Ints

SLEEP = ARMS
"""Beside the arms of the bandit: an island that waits for others to find the first valid point."""

EPISODE = 6
"""Generations of CMA-ES between two decisions."""

LURE = 0.02
"""What an empty bin adds to the novelty of a point that is yet to be evaluated."""


class Explorer(Archipelago):
    """Islands that share the most novel valid points found, and look further from there.

    Every island chooses between four arms by how many new bins each opens for the points it spends. ROAM is
    CMA-ES, as in `cmaes-novelty`. TREE takes a novel valid point, evaluates one Jacobian of all observables there,
    and draws steps from the ellipsoid that the windows leave; steps that end outside are led back. SOLVE goes from
    a random point to the windows by Levenberg-Marquardt, which takes a few Jacobians where observables are smooth.
    PIN holds one parameter in a bin without valid points and solves for the others: it goes along valleys.

    Args:
        space: the axes and the constraints.
        streams: one random stream an island.
        steps: points drawn at a base at a time.
        rounds: how many times that is done at each base.
        trials: steps drawn for each point, of which the most novel is taken.
        repairs: attempts to lead a point back inside.
        hope: least estimated chance at which that is tried.
        sharpness: how strongly novel bases are preferred: weights are exp(sharpness * novelty), with novelty in
            standard deviations.
        floor: least share of the points for each arm but PIN.
        pin_share: share of the points for PIN while it succeeds and there are empty bins to try.
        scouts: islands that search while no valid point is known; the others wait, at one point a step.
        solve_first: attempts of the solver before CMA-ES begins.
        popsize: points of a generation of CMA-ES; 0 takes 4 + floor(3 ln d).
        sigma0: its first step size, in units of the cube.
        patience: generations without progress after which CMA-ES starts anew.
        cap: valid points after which it starts anew; 0 for never.
        widen: factor by which its step size grows when most points are valid.
        loss: how it scales violations: "minmax" or "rank".
        novelty: name of the novelty detector for parameters.
        novelty_observables: name of the novelty detector for observables.
        focus: what novelty looks at: "parameters", "observables" or "both".
        observables: names of the observables novelty looks at; None takes all with a two-sided window.
    """

    name: ClassVar[str] = "explorer"
    version: ClassVar[str] = "2"
    description: ClassVar[str] = "maps the valid region: local ellipsoids, CMA-ES and solvers, chosen by yield"
    citations: ClassVar[Sequence[str]] = (
        "arXiv:2402.07661 CMA-ES with novelty reward for parameter scans",
        "arXiv:1604.00772 the CMA evolution strategy",
    )
    preference: ClassVar[int] = 1
    completeness_calibrated: ClassVar[bool] = True

    def __init__(
        self,
        space: SearchSpace,
        streams: Sequence[np.random.Generator],
        *,
        steps: int = 16,
        rounds: int = 3,
        trials: int = 8,
        repairs: int = 4,
        hope: float = 0.3,
        sharpness: float = 3.0,
        floor: float = 0.05,
        pin_share: float = 0.05,
        scouts: int = 2,
        solve_first: int = 1,
        popsize: int = 0,
        sigma0: float = 0.4,
        patience: int = 60,
        cap: int = 200,
        widen: float = 1.15,
        loss: str = "minmax",
        novelty: str = "hbos-pairs",
        novelty_observables: str = "hbos",
        focus: str = "both",
        observables: list[str] | None = None,
    ) -> None:
        super().__init__(space, streams)
        check_loss(loss)
        check_settings(popsize, sigma0, patience)
        least = {"steps": steps, "rounds": rounds, "trials": trials, "scouts": scouts}
        _check({**least, "sharpness": sharpness}, {"repairs": repairs, "solve_first": solve_first, "cap": cap})
        shares = (("floor", floor, 0, 0.3), ("pin_share", pin_share, 0, 0.3))
        for option, value, low, high in (("hope", hope, 0, 1), *shares, ("widen", widen, 1, 2)):
            if not low <= value <= high:
                raise ValueError(f"{option} must be between {low} and {high}, got {value:g}")
        islands, d = len(self.streams), space.dimension
        self.popsize, self.sharpness, self.solve_first = popsize or default_popsize(d), sharpness, solve_first
        self._archive = Archive(space, islands, (novelty, novelty_observables), focus, observables)
        self._bins = Bins(d, islands)
        self._scouts = Scouts(self.streams, scouts)
        self._roamer = Roamer(
            strategy(d, self.popsize), self.streams, self._archive,
            sigma0=sigma0, patience=patience, loss=loss, widen=widen, cap=cap,
        )  # fmt: skip
        self._rows = Rows(space)
        self._tree = Tree(
            self._rows,
            space.periodic,
            islands,
            steps=steps,
            rounds=rounds,
            trials=trials,
            repairs=repairs,
            hope=hope,
        )
        self._solver = Solver(self._rows, space.periodic, islands)
        self._bases = Bases(d, len(self._rows), islands)
        self._pins = Pins(self._rows, space.periodic, islands)
        self._bandit = Bandit(islands, floor, pin_share)
        self._active = np.ones(islands, dtype=bool)
        self._arm = np.full(islands, SLEEP, dtype=np.int64)
        self._left = np.zeros(islands, dtype=np.int64)  # generations of this episode of ROAM
        self._asked = np.zeros(islands, dtype=np.int64)

    # -- proposing ----------------------------------------------------------------------------------------------

    def ask(self) -> Proposal:
        who = np.flatnonzero(self._active)
        if not len(who):
            return Proposal(np.empty((0, self.space.dimension)), np.empty(0, dtype=np.int64))
        for i in who.tolist():
            if self._episode_is_over(i):
                self._begin_episode(i)
        blocks: dict[int, tuple[Floats, Bools]] = {}
        roaming = who[self._arm[who] == ROAM]
        if len(roaming):
            u = self._roamer.ask(roaming, self.space.periodic)
            blocks.update({i: (u[a], np.zeros(self.popsize, dtype=bool)) for a, i in enumerate(roaming.tolist())})
        blocks.update(self._tree.ask(who[self._arm[who] == TREE].tolist(), self.streams, self._promise))
        blocks.update(self._solver.ask(who[self._arm[who] == SOLVE].tolist()))
        blocks.update(self._pins.ask(who[self._arm[who] == PIN].tolist()))
        for i in who[self._arm[who] == SLEEP].tolist():
            self._scouts.sleep(i)
            blocks[i] = self.streams[i].random((1, self.space.dimension)), np.zeros(1, dtype=bool)
        self._asked[...] = 0
        for i, (points, _) in blocks.items():
            self._asked[i] = len(points)
        return Proposal(
            np.concatenate([blocks[i][0] for i in who.tolist()]),
            np.repeat(who, self._asked[who]),
            np.concatenate([blocks[i][1] for i in who.tolist()]),
        )

    def _episode_is_over(self, i: int) -> bool:
        if self._arm[i] == ROAM:
            return bool(self._left[i] == 0)
        if self._arm[i] == TREE:
            return bool(self._tree.stage[i] == OVER)
        if self._arm[i] == PIN:
            return self._pins.over(i)
        return bool(self._arm[i] == SLEEP or self._solver.stage[i] == OVER)

    def _begin_episode(self, i: int) -> None:
        """Decide what an island does next."""
        rng = self.streams[i]
        if self._bases.known(i):
            arm = self._bandit.draw(i, self._pins.hopeful(i), rng)
        elif not self._scouts.awake(i):
            arm = SLEEP
        else:
            arm = SOLVE if self._bandit.solves[i, 0] < self.solve_first else ROAM
        self._arm[i] = arm
        if arm == ROAM:
            self._left[i] = EPISODE
        elif arm == TREE:
            self._tree.begin(i, *self._bases.choose(i, rng, self.sharpness))
        elif arm == SOLVE:
            self._bandit.solve_begins(i)
            self._solver.begin(i, rng.random(self.space.dimension))
        elif arm == PIN:
            self._bandit.pin_begins(i)
            self._pins.begin(i, self._bases, rng)

    def _promise(self, u: Floats, island: Ints) -> Floats:
        """Return how novel (n,) points u (n, d) would be that are yet to be evaluated."""
        return self._archive.novelty_of_parameters(u, island) + LURE * self._bins.empty(u, island)

    # -- learning -----------------------------------------------------------------------------------------------

    def tell(self, batch: Batch) -> None:
        features, rows = self._archive.features(batch), self._rows.of(batch)
        islands = len(self.streams)
        told = np.bincount(batch.island, minlength=islands)
        start = np.concatenate([[0], np.cumsum(told)])
        finds = np.flatnonzero(batch.found)
        novelty, opened = np.zeros(len(batch)), np.zeros(len(batch), dtype=np.int64)
        novelty[finds] = self._archive.novelty(features, finds, batch.island[finds])
        opened[finds] = self._bins.enter(batch.u[finds], batch.island[finds])
        self._pins.note(batch.u[finds], batch.island[finds])
        answers: dict[int, dict[int, Told]] = {TREE: {}, SOLVE: {}, PIN: {}}
        for i in np.flatnonzero(told).tolist():
            mine = slice(start[i], start[i + 1])
            arm = int(self._arm[i])
            if arm != SLEEP:
                self._bandit.pay(i, arm, int(told[i]), int(opened[mine].sum()))
            good = np.flatnonzero(batch.found[mine]) + start[i]
            if len(good):
                # A pinned solve enters a bin of every pair by design: that is no sign that more lie around.
                new = np.zeros(len(good), dtype=np.int64) if arm == PIN else opened[good]
                self._bases.add(i, batch.u[good], rows[good], novelty[good], new)
            # An island whose budget ends within an episode does not go on, but what it found counts.
            if arm in answers and told[i] == self._asked[i]:
                answers[arm][i] = Told(
                    batch.u[mine], rows[mine], batch.valid[mine], batch.found[mine], novelty[mine], opened[mine]
                )
        self._tree.tell(answers[TREE])
        self._solver.tell(answers[SOLVE])
        solving = np.array(list(answers[SOLVE]), dtype=np.int64)
        self._bandit.solve_succeeds(solving[self._solver.solved[solving]])
        self._bandit.pin_ends(*self._pins.tell(answers[PIN]))
        roaming = np.flatnonzero((told == self._asked) & (told > 0) & (self._arm == ROAM))
        if len(roaming):
            self._left[roaming] -= 1
            generation = start[roaming][:, None] + np.arange(self.popsize)
            self._left[self._roamer.tell(roaming, batch, features, generation)] = 0
        self._archive.add(features, finds, batch.island[finds])

    def retire(self, island: int) -> None:
        self._active[island] = False

    # -- what islands share ---------------------------------------------------------------------------------------

    def pending(self) -> dict[str, Array]:
        return {
            **self._archive.pending(),
            **self._bases.pending(),
            "bins": self._bins.pending(),
            "lots": self._scouts.pending(),
            "strata": self._pins.pending(),
        }

    def merge(self, total: Mapping[str, Array]) -> None:
        self._archive.merge(total)
        self._bins.merge(total["bins"])
        self._scouts.merge(total["lots"])
        self._pins.merge(total["strata"])
        self._bases.merge(total, self._novelty_of)

    def _novelty_of(self, u: Floats, rows: Floats) -> Floats:
        """Return the novelty (n,) of known points, right after a merge, when all islands know the same."""
        features = self._archive.features_of(u, self._rows.observables(rows))
        return self._archive.novelty(features, np.arange(len(u)), np.zeros(len(u), dtype=np.int64))

    def state(self) -> dict[str, Array]:
        state = {"active": self._active.copy(), "arm": self._arm.copy(), "left": self._left.copy()}
        for part in self._parts():
            state.update(part.state())
        return {**state, "streams": pack_streams(self.streams), **self._archive.state()}

    def restore(self, state: Mapping[str, Array]) -> None:
        for part in self._parts():
            part.restore(state)
        self._active[...], self._arm[...], self._left[...] = state["active"], state["arm"], state["left"]
        unpack_streams(state["streams"], self.streams)
        self._archive.restore(state)

    def _parts(self) -> tuple[Roamer, Tree, Solver, Pins, Bandit, Bases, Scouts, Bins]:
        """Return what has a state of its own."""
        return (
            self._roamer, self._tree, self._solver, self._pins, self._bandit, self._bases, self._scouts, self._bins
        )  # fmt: skip


def _check(positive: Mapping[str, float], others: Mapping[str, float]) -> None:
    """Raise ValueError for an option that must be positive and is not, or must not be negative and is."""
    for name, value in positive.items():
        if value <= 0:
            raise ValueError(f"{name} must be greater than 0, got {value:g}")
    for name, value in others.items():
        if value < 0:
            raise ValueError(f"{name} must not be negative, got {value:g}")
