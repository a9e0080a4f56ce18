"""Rules of the conformance suite for samplers: what every one must do, whatever its algorithm."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from terranova.engine.islands import check_proposal
from terranova.engine.restart import other_arrays
from terranova.interfaces.batch import Batch
from terranova.interfaces.sampler import Proposal, SearchSpace
from terranova.registry.kinds import options
from terranova.testing.rules import demand
from terranova.testing.sampler_case import AT_LEAST, EPOCH, ISLANDS, Case
from terranova.types import Array, Bools, Floats, Ints


def _same(first: Sequence[Proposal], again: Sequence[Proposal]) -> bool:
    pairs = zip(first, again, strict=False)
    return len(first) == len(again) and all(
        np.array_equal(a.u, b.u) and np.array_equal(a.island, b.island) for a, b in pairs
    )


def options_are_keywords_with_defaults_and_documented(case: Case) -> None:
    """Every option has a default and a line in the docstring; the plugin describes itself."""
    kind = case.plugin
    demand(bool(kind.description or kind.__doc__), "it has neither a description nor a docstring")
    for option in options("sampler", kind):
        demand(not option.required, f"option {option.name!r} has no default")
        demand(bool(option.description), f"option {option.name!r} is not explained under Args: in the docstring")


def points_lie_in_the_cube(case: Case) -> None:
    """Proposals have the shape they must have, and rows of an island stand together."""
    for proposal in case.run(case.make()):
        present = np.unique(proposal.island)
        demand(len(present) == ISLANDS, f"islands {present.tolist()} proposed points, {ISLANDS} were asked")


def same_stream_same_points(case: Case) -> None:
    """A run is determined by its seed: that is what makes a killed scan resumable."""
    first, again = (list(case.run(case.make())) for _ in range(2))
    demand(_same(first, again), "two runs with the same seed proposed different points")


def other_streams_other_points(case: Case) -> None:
    """Seeds and islands differ."""
    one, other = case.ask(case.make(1)), case.ask(case.make(2))
    demand(not np.array_equal(one.u, other.u), "another seed made no difference to the first points")
    first, second = (one.u[one.island == island] for island in (0, 1))
    demand(not np.array_equal(first, second), "two islands proposed the same points")


def no_global_random_state(case: Case) -> None:
    """Neither numpy's nor Python's global generator is used or changed."""
    kept = np.random.get_state(), random.getstate()  # noqa: NPY002 - the global state is what this is about
    runs = []
    try:
        for seed in (1, 2):
            np.random.seed(seed)  # noqa: NPY002
            random.seed(seed)
            before = np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]  # noqa: NPY002
            runs.append(list(case.run(case.make())))
            after = np.random.get_state()[1].tolist(), random.getstate()  # type: ignore[index]  # noqa: NPY002
            demand(before == after, "a global random generator was used; take `self.rng`")
    finally:
        np.random.set_state(kept[0])  # noqa: NPY002
        random.setstate(kept[1])
    demand(_same(*runs), "points depend on a global random generator; take `self.rng`")


def batches_are_left_alone(case: Case) -> None:
    """What is told is not changed, and what was proposed is not changed afterwards: others have it, too."""
    sampler = case.make()
    asked = []
    for _ in range(AT_LEAST):
        proposal = case.ask(sampler)
        batch = case.evaluate(proposal)
        names = ("u", "x", "observables", "violations", "loglike", "island", "status")
        copies = {name: getattr(batch, name).copy() for name in names}
        asked.append((proposal, proposal.u.copy()))
        sampler.tell(batch)
        for name, copy in copies.items():
            demand(np.array_equal(getattr(batch, name), copy, equal_nan=True), f"tell() changed the batch's {name}")
    case.ask(sampler)
    for proposal, copy in asked:
        demand(np.array_equal(proposal.u, copy), "points changed after ask() had returned them: return a copy")


def failed_points_do_not_stop_it(case: Case) -> None:
    """All points fail, half of them, or one of a batch; some fail late, or have an unknown and do not fail."""
    for which in ("all", "half", "one", "late", "partly"):
        sampler = case.make()
        rng = np.random.default_rng(3)
        spent = 0
        while spent < case.points:
            proposal = case.ask(sampler)
            n = len(proposal.u)
            rows = {"all": np.ones(n, bool), "one": np.arange(n) == 0}.get(which, rng.random(n) < 0.5)
            sampler.tell(_with_failures(case.evaluate(proposal), rows, which))
            spent += n


def _with_failures(batch: Batch, rows: Bools, which: str) -> Batch:
    """Return the batch with the given rows failed, "late" with only their last constraint unknown.

    Or, "partly", with that one unknown and no failure.
    """
    violations, status = batch.violations.copy(), batch.status.copy()
    observables, loglike = batch.observables.copy(), batch.loglike.copy()
    loglike[rows] = -np.inf
    if which in ("late", "partly"):
        violations[rows, -1:], observables[rows, 2:3] = np.inf, np.nan
    else:
        violations[rows], observables[rows] = np.inf, np.nan
    if which != "partly":
        status[rows] = 3
    margins = np.where(np.isinf(violations), np.inf, batch.margins)
    return replace(
        batch, violations=violations, status=status, observables=observables, loglike=loglike, margins=margins
    )


def last_batch_may_be_shorter(case: Case) -> None:
    """When an island's share of the budget ends, its last rows are missing; the others go on unharmed."""
    short, whole = case.make(), case.make()
    for _ in range(2):
        for sampler in (short, whole):
            sampler.tell(case.evaluate(case.ask(sampler)))
    proposal, _ = case.ask(short), case.ask(whole)
    batch = case.evaluate(proposal)
    mine = np.flatnonzero(batch.island == 1)
    keep = np.sort(np.concatenate([np.flatnonzero(batch.island != 1), mine[: max(1, len(mine) // 2)]]))
    short.tell(batch.take(keep))
    whole.tell(batch)
    for sampler in (short, whole):
        sampler.retire(1)
    after, expected = case.ask(short), case.ask(whole)
    demand(1 not in after.island, "a retired island proposed points")
    demand(np.array_equal(after.u, expected.u), "an island whose last batch was short changed the others' points")


def retired_islands_propose_nothing(case: Case) -> None:
    """When all islands are retired, ask() returns no points."""
    sampler = case.make()
    for island in range(ISLANDS):
        sampler.retire(island)
    proposal = case.ask(sampler)
    demand(len(proposal.u) == 0, "all islands are retired, and points were proposed")


def restored_sampler_goes_on(case: Case) -> None:
    """A sampler that was saved and restored proposes what the first one would have."""
    sampler = case.make()
    steps = len(list(case.run(sampler)))
    state = sampler.state()
    if state is None:
        return  # the engine replays the store instead
    for key, value in state.items():
        good = isinstance(value, np.ndarray) and value.dtype != object
        demand(good, f"state() must hold arrays of numbers; {key!r} is none")
        counts = key.startswith("shared_") or (value.ndim > 0 and len(value) == ISLANDS)
        demand(counts, f"state()[{key!r}] has shape {value.shape}: its first axis must count the {ISLANDS} islands")
    restored = case.make(seed=99)
    # A checkpoint is recognised by this when a scan is resumed: one of another form is passed over.
    other = other_arrays(state, restored.state(), ISLANDS)
    demand(not other, f"state() is not of the form that it has at the start: {other}")
    restored.restore({key: value.copy() for key, value in state.items()})
    going_on, resumed = (list(case.run(s, start=steps)) for s in (sampler, restored))
    demand(_same(going_on, resumed), "a restored sampler went on with other points")


def islands_do_not_see_one_another(case: Case) -> None:
    """An island's points are the same, to the last bit, on however many ranks the islands are."""
    expected = _points(case, [ISLANDS])
    for shares in ([1] * ISLANDS, [1, ISLANDS - 1]):
        shared_out = _points(case, shares)
        for island, points in expected.items():
            demand(
                len(points) == len(shared_out[island]) and np.array_equal(points, shared_out[island]),
                f"island {island} proposed other points when the islands were shared out as {shares}",
            )


def _points(case: Case, shares: Sequence[int]) -> dict[int, Floats]:
    """Run all islands, on ranks that have so many of them each; return every island's points (n, d)."""
    starts = np.cumsum([0, *shares[:-1]]).tolist()
    ranks = [case.make(first=first, count=count) for first, count in zip(starts, shares, strict=True)]
    seen: dict[int, list[Floats]] = {island: [] for island in range(ISLANDS)}
    while len(seen[0]) % EPOCH or len(seen[0]) < EPOCH or sum(map(len, seen[0])) < case.points // ISLANDS:
        for first, count, rank in zip(starts, shares, ranks, strict=True):
            proposal = case.ask(rank)
            for island in range(count):
                seen[first + island].append(proposal.u[proposal.island == island])
            rank.tell(case.evaluate(proposal))
        if not len(seen[0][-1]):
            break
        if len(seen[0]) % EPOCH == 0:
            total: dict[str, Array] = {}
            for rank in ranks:
                for key, value in rank.pending().items():
                    total[key] = total[key] + value if key in total else value
            for rank in ranks:
                rank.merge(total)
    return {island: np.concatenate(points) for island, points in seen.items()}


def one_parameter_is_enough(case: Case) -> None:
    """A problem with one axis, one constraint and no observable works."""
    space = SearchSpace(("a",), np.zeros(1, dtype=bool), constraints=("c",), groups={"c": "set"})
    _bare(case, space, lambda u: np.maximum(0.0, np.abs(u - 0.3) - 0.01))


def periodic_axes_wrap(case: Case) -> None:
    """Where all axes wrap around, and what is valid lies across the seam, the sampler goes on."""
    space = SearchSpace(
        ("a", "b"), np.ones(2, dtype=bool), constraints=("c",), groups={"c": "set"}, reads={"c": ("a", "b")}
    )
    _bare(case, space, lambda u: np.maximum(0.0, np.minimum(u, 1.0 - u) - 0.1).max(axis=1, keepdims=True))


def no_constraints_no_problem(case: Case) -> None:
    """Where nothing is constrained every point is valid, and the sampler goes on."""
    space = SearchSpace(("a", "b"), np.array([False, True]))
    _bare(case, space, lambda u: np.empty((len(u), 0)))


def _bare(case: Case, space: SearchSpace, violations: Callable[[Floats], Floats]) -> None:
    sampler = case.make(count=1, space=space)
    spent = 0
    while spent < case.points // ISLANDS:
        proposal = sampler.ask()
        check_proposal(proposal, case.plugin.name, space.dimension, 1)
        if not len(proposal.u):
            return
        n = len(proposal.u)
        nothing: Ints = np.zeros(n, dtype=np.int64)
        sampler.tell(
            Batch(
                island=proposal.island,
                generation=nothing,
                index=nothing,
                u=proposal.u,
                x=proposal.u,
                observables=np.empty((n, 0)),
                violations=violations(proposal.u),
                loglike=np.zeros(n),
                status=np.zeros(n, dtype=np.int8),
                reason=[""] * n,
                stage=np.zeros(n, dtype=np.int8),
                seconds=np.zeros(n),
            )
        )
        spent += n


RULES: tuple[Callable[[Case], None], ...] = (
    options_are_keywords_with_defaults_and_documented,
    points_lie_in_the_cube,
    same_stream_same_points,
    other_streams_other_points,
    no_global_random_state,
    batches_are_left_alone,
    failed_points_do_not_stop_it,
    last_batch_may_be_shorter,
    retired_islands_propose_nothing,
    restored_sampler_goes_on,
    islands_do_not_see_one_another,
    one_parameter_is_enough,
    periodic_axes_wrap,
    no_constraints_no_problem,
)
"""All rules, in order."""
