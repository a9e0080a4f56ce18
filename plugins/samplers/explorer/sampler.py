"""The sampler `explorer`: maps the valid region with the vector of observables, not only with their violations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from terranova import Archipelago, Batch, Proposal, SearchSpace, pack_streams, unpack_streams
from terranova.plugins.samplers.cma.strategy import check_settings, default_popsize, strategy
from terranova.plugins.samplers.explorer.attempts import Attempts
from terranova.plugins.samplers.explorer.bandit import ARMS, PIN, ROAM, SOLVE, TREE, WALK, Bandit
from terranova.plugins.samplers.explorer.bases import Bases
from terranova.plugins.samplers.explorer.bins import Bins
from terranova.plugins.samplers.explorer.follow import Followed
from terranova.plugins.samplers.explorer.pins import Pins
from terranova.plugins.samplers.explorer.roamer import Roamer
from terranova.plugins.samplers.explorer.rows import Rows
from terranova.plugins.samplers.explorer.scouts import Scouts
from terranova.plugins.samplers.explorer.solver import Solver
from terranova.plugins.samplers.explorer.tree import OVER, Told, Tree
from terranova.plugins.samplers.explorer.walker import Walker
from terranova.plugins.samplers.shared.archive import Archive
from terranova.plugins.samplers.shared.loss import check_loss
from terranova.plugins.samplers.shared.start import suggested
from terranova.types import Array, Floats, Ints

SLEEP, IDLE = ARMS, ARMS + 1
"""Beside the arms of the bandit: an island that waits for others to find the first valid point, and a lane that has
nothing to do."""

EPISODE = 6
"""Generations of CMA-ES between two decisions."""

LURE = 0.02
"""What an empty bin adds to the novelty of a point that is yet to be evaluated."""


class Explorer(Archipelago):
    """Islands that share the most novel valid points found, and look further from there.

    Every island shares out its points over five arms by how many new bins each opens for the points it spends, and
    has several of them under way, one in each of its lanes. ROAM is
    CMA-ES, as in `cmaes-novelty`. TREE takes a novel valid point, evaluates one Jacobian of all observables there,
    and draws steps from the ellipsoid that the windows leave; steps that end outside are led back. WALK does so
    without derivatives, with steps shaped like the cloud of valid points around. SOLVE goes from
    a random point to the windows by Levenberg-Marquardt, which takes a few Jacobians where observables are smooth.
    PIN holds one parameter in a bin without valid points and solves for the others: it goes along valleys.

    Args:
        space: the axes and the constraints.
        streams: one random stream an island.
        steps: points drawn at a base at a time.
        rounds: how many times that is done at each base, at most.
        lanes: bases, solves and so on that an island has under way at a time.
        trials: steps drawn for each point, of which the most novel is taken.
        repairs: attempts to lead a point back inside.
        hope: least estimated chance at which that is tried.
        sharpness: how strongly novel bases are preferred: weights are exp(sharpness * novelty), with novelty in
            standard deviations.
        floor: least share of the points for each arm but PIN.
        pin_share: share of the points for PIN while it succeeds and there are empty bins to try.
        scouts: islands that search while no valid point is known; the others wait, at one point a step.
        popsize: points of a generation of CMA-ES; 0 takes 4 + floor(3 ln d).
        sigma0: its first step size, in units of the cube.
        patience: generations without progress after which CMA-ES starts anew.
        cap: valid points after which it starts anew in any case; 0 for never.
        widen: factor by which its step size grows when most points are valid.
        loss: how it scales violations: "minmax" or "rank".
        novelty: name of the novelty detector for parameters.
        novelty_observables: name of the novelty detector for observables.
        focus: what novelty looks at: "parameters", "observables" or "both".
        observables: names of the observables novelty looks at; None takes all with a two-sided window.
        start: where solves begin: "prior", random places, or "seeds", places that the model suggests.
    """

    name: ClassVar[str] = "explorer"
    version: ClassVar[str] = "3"
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
        rounds: int = 6,
        lanes: int = 4,
        trials: int = 24,
        repairs: int = 4,
        hope: float = 0.3,
        sharpness: float = 3.0,
        floor: float = 0.02,
        pin_share: float = 0.05,
        scouts: int = 2,
        popsize: int = 0,
        sigma0: float = 0.4,
        patience: int = 60,
        cap: int = 0,
        widen: float = 1.15,
        loss: str = "minmax",
        novelty: str = "hbos-pairs",
        novelty_observables: str = "hbos",
        focus: str = "both",
        observables: list[str] | None = None,
        start: str = "prior",
    ) -> None:
        super().__init__(space, streams)
        check_loss(loss)
        check_settings(popsize, sigma0, patience)
        least = {"steps": steps, "rounds": rounds, "trials": trials, "scouts": scouts, "lanes": lanes}
        _check({**least, "sharpness": sharpness}, {"repairs": repairs, "cap": cap})
        shares = (("floor", floor, 0, 0.3), ("pin_share", pin_share, 0, 0.3))
        for option, value, low, high in (("hope", hope, 0, 1), *shares, ("widen", widen, 1, 2)):
            if not low <= value <= high:
                raise ValueError(f"{option} must be between {low} and {high}, got {value:g}")
        islands, d = len(self.streams), space.dimension
        self.popsize, self.sharpness, self.lanes = popsize or default_popsize(d), sharpness, lanes
        self._archive = Archive(space, islands, (novelty, novelty_observables), focus, observables)
        self._bins = Bins(d, islands)
        self._scouts = Scouts(self.streams, scouts)
        self._roamer = Roamer(
            strategy(d, self.popsize), self.streams, self._archive,
            sigma0=sigma0, patience=patience, loss=loss, widen=widen, cap=cap,
        )  # fmt: skip
        self._rows = Rows(space)
        drawn = {"steps": steps, "rounds": rounds, "trials": trials}
        self._tree = Tree(self._rows, space.periodic, islands, lanes, **drawn, repairs=repairs, hope=hope)
        self._walker = Walker(space.periodic, islands, lanes, **drawn)
        self._attempts = Attempts(self._rows, space.periodic, islands, lanes)
        self._solver = Solver(self._attempts, islands, suggested(space, start))
        self._bases = Bases(d, len(self._rows), islands)
        self._pins = Pins(self._attempts, islands)
        self._bandit = Bandit(islands, floor, pin_share)
        self._followed = Followed(d, len(self._rows), islands * lanes)
        self._active = np.ones(islands, dtype=bool)
        self._arm = np.full(islands * lanes, IDLE, dtype=np.int64)
        self._left = np.zeros(islands, dtype=np.int64)  # generations of this episode of ROAM
        self._searched = np.zeros((islands, 2), dtype=np.int64)  # points before the first valid one: all, SOLVE's
        self._asked = np.zeros(islands * lanes, dtype=np.int64)

    # -- proposing ----------------------------------------------------------------------------------------------

    def ask(self) -> Proposal:
        who = np.flatnonzero(self._active)
        if not len(who):
            return Proposal(np.empty((0, self.space.dimension)), np.empty(0, dtype=np.int64))
        for i in who.tolist():
            self._begin_episodes(i)
        active = np.flatnonzero(np.repeat(self._active, self.lanes))
        lanes = {arm: active[self._arm[active] == arm] for arm in range(ARMS + 1)}
        streams = self.streams
        blocks = self._tree.ask(lanes[TREE].tolist(), streams, self._promise)
        blocks.update(self._walker.ask(lanes[WALK].tolist(), streams, self._promise))
        blocks.update(self._attempts.ask(np.concatenate([lanes[SOLVE], lanes[PIN]]).tolist()))
        if len(lanes[ROAM]):
            u = self._roamer.ask(lanes[ROAM] // self.lanes, self.space.periodic)
            own = np.zeros(self.popsize, dtype=bool)
            blocks.update({lane: (u[a], own) for a, lane in enumerate(lanes[ROAM].tolist())})
        for lane in lanes[SLEEP].tolist():
            i = lane // self.lanes
            self._scouts.sleep(i)
            blocks[lane] = streams[i].random((1, self.space.dimension)), np.zeros(1, dtype=bool)
        self._asked[...] = 0
        order = sorted(blocks)
        self._asked[order] = [len(blocks[lane][0]) for lane in order]
        return Proposal(
            np.concatenate([blocks[lane][0] for lane in order]),
            np.repeat(np.arange(len(self._asked)) // self.lanes, self._asked),
            np.concatenate([blocks[lane][1] for lane in order]),
        )

    def _begin_episodes(self, i: int) -> None:
        """Decide what the lanes of an island do next that have ended what they did."""
        mine = range(i * self.lanes, (i + 1) * self.lanes)
        known = self._bases.known(i)
        worth = float(self._bandit.worth()[i])
        for lane in mine:
            if self._is_over(lane, known):
                follow = self._followed.account[lane] in (SOLVE, PIN) and self._arm[lane] != IDLE
                if follow and self._followed.goes_on(lane, worth):
                    self._arm[lane] = TREE
                    self._tree.begin(lane, *self._followed.next(lane))
                else:
                    self._arm[lane] = IDLE
        if known or self._scouts.awake(i):
            for lane in mine:
                if self._arm[lane] == IDLE:
                    self._begin(lane, known, set(self._arm[mine.start : mine.stop].tolist()))
        else:
            self._arm[mine.start] = SLEEP

    def _is_over(self, lane: int, known: bool) -> bool:
        arm, i = int(self._arm[lane]), lane // self.lanes
        if arm == ROAM:
            return bool(self._left[i] == 0)
        if arm == TREE:
            return bool(self._tree.stage[lane] == OVER)
        if arm == WALK:
            return bool(self._walker.stage[lane] == OVER)
        if arm == SOLVE:
            # What was to find the first valid point, whatever it costs, is of no use once there is one.
            return self._solver.over(lane) or (known and bool(self._solver.long[lane]))
        return arm != PIN or self._pins.over(lane)

    def _begin(self, lane: int, known: bool, busy: set[int]) -> None:
        """Begin an episode in a lane whose island is `busy` with some arms, or leave it idle.

        CMA-ES runs once on an island, and so does the solver until a valid point is known: searches side by side
        would each be as long as one alone.
        """
        i, rng = lane // self.lanes, self.streams[lane // self.lanes]
        ready = self._attempts.ready(i)
        if known:
            barred = set() if ready and self._solver.sees(i) else {SOLVE, PIN}
            barred |= set() if self._tree.sees(i) else {TREE}
            arm = self._bandit.draw(i, [arm for arm in range(ARMS) if arm not in barred])
            if arm == ROAM and ROAM in busy:
                return
        else:
            points, solving = self._searched[i].tolist()
            arm = SOLVE if solving <= self._solver.share(i) * points else ROAM
            if arm in busy:
                return
        self._arm[lane] = arm
        self._followed.begin(lane, arm)
        if arm == ROAM:
            self._left[i] = EPISODE
        elif arm == TREE:
            self._tree.begin(lane, *self._bases.choose(i, rng, self.sharpness))
        elif arm == WALK:
            u, _, novelty = self._bases.choose(i, rng, self.sharpness)
            self._walker.begin(lane, u, novelty, self._bases)
        elif arm == SOLVE:
            self._solver.begin(lane, known, rng)
        else:
            self._pins.begin(lane, self._bases, rng)

    def _promise(self, u: Floats, island: Ints) -> Floats:
        """Return how novel (n,) points u (n, d) would be that are yet to be evaluated."""
        return self._archive.novelty_of_parameters(u, island) + LURE * self._bins.empty(u, island)

    # -- learning -----------------------------------------------------------------------------------------------

    def tell(self, batch: Batch) -> None:
        features, rows = self._archive.features(batch), self._rows.of(batch)
        islands = len(self.streams)
        told = np.bincount(batch.island, minlength=islands)
        asked = self._asked.reshape(islands, self.lanes)
        finds = np.flatnonzero(batch.found)
        novelty, opened = np.zeros(len(batch)), np.zeros(len(batch), dtype=np.int64)
        novelty[finds] = self._archive.novelty(features, finds, batch.island[finds])
        opened[finds] = self._bins.enter(batch.u[finds], batch.island[finds])
        self._pins.note(batch.u[finds], batch.island[finds])
        everything = Told(batch.u, rows, batch.valid, batch.found, novelty, opened)
        # An island whose budget ends within its points does not go on, but what it found counts.
        first = np.concatenate([[0], np.cumsum(told)])[:-1, None] + np.cumsum(asked, axis=1) - asked
        got = np.clip(np.cumsum(told)[:, None] - first, 0, asked).reshape(-1)
        whole = np.flatnonzero(np.repeat(told == asked.sum(axis=1), self.lanes) & (got > 0))
        first, arm = first.reshape(-1), self._arm
        lane = np.repeat(np.arange(len(got)), got)
        self._pay(got, np.bincount(lane, opened, len(got)).astype(np.int64))
        self._keep(lane[finds], finds, everything)
        worth = self._bandit.worth()
        for kind, local in ((TREE, self._tree), (WALK, self._walker)):
            lanes = whole[arm[whole] == kind]
            if len(lanes):
                local.tell(lanes, first[lanes], everything, worth)
        solving, pinning = (
            {
                lane: everything.part(first[lane], first[lane] + got[lane])
                for lane in whole[arm[whole] == kind].tolist()
            }
            for kind in (SOLVE, PIN)
        )
        for i, solved in self._solver.tell(solving):
            self._bandit.solve_ends(i, solved)
        for i, solved in self._pins.tell(pinning):
            self._bandit.pin_ends(i, solved)
        lanes = whole[arm[whole] == ROAM]
        if len(lanes):
            roaming = lanes // self.lanes
            self._left[roaming] -= 1
            generation = first[lanes][:, None] + np.arange(self.popsize)
            news = opened[generation].sum(axis=1)
            over = self._roamer.tell(roaming, batch, features, generation, news, self._bandit.values()[:, ROAM])
            self._left[over] = 0
        self._archive.add(features, finds, batch.island[finds])

    def _pay(self, points: Ints, opened: Ints) -> None:
        """Count the points (lanes,) that lanes spent, and the bins (lanes,) that they opened."""
        self._followed.pay(points, opened)
        points, opened = points.reshape(-1, self.lanes), opened.reshape(-1, self.lanes)
        account = self._followed.account.reshape(-1, self.lanes)
        for i in np.flatnonzero(points.any(axis=1)).tolist():
            if self._arm[i * self.lanes] == SLEEP:
                continue
            spent = np.bincount(account[i], points[i], ARMS).astype(np.int64)
            if self._bases.known(i):
                gained = np.bincount(account[i], opened[i], ARMS).astype(np.int64)
                roaming = self._scouts.islands if self._scouts.leads(i) else 0
                self._bandit.pay(i, spent, gained, self._pins.hopeful(i), roaming)
            else:
                self._searched[i] += np.array([spent.sum(), spent[SOLVE]], dtype=np.int64)

    def _keep(self, lane: Ints, finds: Ints, everything: Told) -> None:
        """Remember valid points, rows `finds` that lanes (n,) found, as bases."""
        if not len(finds):
            return
        self._followed.note(
            lane, everything.u[finds], everything.rows[finds], everything.novelty[finds], everything.opened[finds]
        )
        # A pinned solve enters a bin of every pair by design: that is no sign that more lie around.
        new = np.where(self._arm[lane] == PIN, 0, everything.opened[finds])
        island = lane // self.lanes
        for part in np.split(np.arange(len(finds)), np.flatnonzero(np.diff(island)) + 1):
            mine = finds[part]
            self._bases.add(
                int(island[part[0]]),
                everything.u[mine],
                everything.rows[mine],
                everything.novelty[mine],
                new[part],
            )

    def retire(self, island: int) -> None:
        self._active[island] = False

    # -- what islands share ---------------------------------------------------------------------------------------

    def pending(self) -> dict[str, Array]:
        return {
            **self._archive.pending(),
            **self._bases.pending(),
            **self._bandit.pending(),
            "bins": self._bins.pending(),
            "lots": self._scouts.pending(),
            "strata": self._pins.pending(),
        }

    def merge(self, total: Mapping[str, Array]) -> None:
        self._archive.merge(total)
        self._bins.merge(total["bins"])
        self._scouts.merge(total["lots"])
        self._pins.merge(total["strata"])
        self._bandit.merge(total)
        self._bases.merge(total, self._novelty_of)

    def _novelty_of(self, u: Floats, rows: Floats) -> Floats:
        """Return the novelty (n,) of known points, right after a merge, when all islands know the same."""
        features = self._archive.features_of(u, self._rows.observables(rows))
        return self._archive.novelty(features, np.arange(len(u)), np.zeros(len(u), dtype=np.int64))

    def state(self) -> dict[str, Array]:
        arm = self._arm.reshape(-1, self.lanes)
        state = {"active": self._active.copy(), "arm": arm.copy(), "left": self._left.copy()}
        state["searched"] = self._searched.copy()
        state.update(self._followed.state(len(self.streams)))
        for part in self._parts():
            state.update(part.state())
        return {**state, "streams": pack_streams(self.streams), **self._archive.state()}

    def restore(self, state: Mapping[str, Array]) -> None:
        for part in self._parts():
            part.restore(state)
        self._followed.restore(state)
        self._active[...], self._left[...] = state["active"], state["left"]
        self._arm[...], self._searched[...] = state["arm"].reshape(-1), state["searched"]
        unpack_streams(state["streams"], self.streams)
        self._archive.restore(state)

    def _parts(self) -> tuple[Roamer, Tree, Walker, Attempts, Solver, Pins, Bandit, Bases, Scouts, Bins]:
        """Return what has a state of its own."""
        return (
            self._roamer, self._tree, self._walker, self._attempts, self._solver, self._pins, self._bandit,
            self._bases, self._scouts, self._bins,
        )  # fmt: skip


def _check(positive: Mapping[str, float], others: Mapping[str, float]) -> None:
    """Raise ValueError for an option that must be positive and is not, or must not be negative and is."""
    for name, value in positive.items():
        if value <= 0:
            raise ValueError(f"{name} must be greater than 0, got {value:g}")
    for name, value in others.items():
        if value < 0:
            raise ValueError(f"{name} must not be negative, got {value:g}")
