"""What every registered sampler must do, whatever its algorithm."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import numpy as np
import problems
import pytest

from terranova.batch import Batch
from terranova.errors import ContractError
from terranova.options import options_of
from terranova.registry import registry
from terranova.sampler import Archipelago
from terranova.scoring import Problem
from terranova.types import Floats

NAMES = ["cmaes", "cmaes-novelty", "de", "ensemble", "lhs", "nsga2", "nsga3", "random", "sobol"]
STEPS = 25


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problems.isles()


def make(name: str, problem: Problem, seed: int = 1, islands: tuple[int, ...] = (0, 1, 2)) -> Archipelago:
    kind = registry().get("sampler", name).thing
    return problems.archipelago(kind, problem.search_space, seed, islands)


def proposals(problem: Problem, sampler: Archipelago, steps: int = STEPS) -> list[Floats]:
    """Run and return every step's points."""
    seen: list[Floats] = []
    problems.run(problem, sampler, steps, watch=lambda batch: seen.append(batch.u))
    return seen


def with_failures(batch: Batch, failed: Any) -> Batch:
    """Return the batch with the given rows failed, as the engine tells it."""
    from dataclasses import replace

    violations, status = batch.violations.copy(), batch.status.copy()
    observables, loglike = batch.observables.copy(), batch.loglike.copy()
    violations[failed], status[failed] = np.inf, 3
    observables[failed], loglike[failed] = np.nan, -np.inf
    return replace(batch, violations=violations, status=status, observables=observables, loglike=loglike)


def test_all_are_registered() -> None:
    assert set(NAMES) <= set(registry().names("sampler"))


@pytest.mark.parametrize("name", NAMES)
def test_the_options_are_keywords_with_defaults_and_documented(name: str) -> None:
    kind = registry().get("sampler", name).thing
    assert kind.description
    for option in options_of(kind, skip=2):
        assert not option.required
        assert f"{option.name}:" in kind.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_points_are_in_the_cube_and_rows_of_an_island_stand_together(name: str, problem: Problem) -> None:
    sampler = make(name, problem)
    for _ in range(STEPS):
        proposal = sampler.ask()
        assert proposal.u.shape == (len(proposal.island), 16)
        assert np.all((proposal.u >= 0) & (proposal.u <= 1))
        assert np.all(np.diff(proposal.island) >= 0)
        assert set(proposal.island) == {0, 1, 2}
        sampler.tell(problems.evaluate(problem, proposal.u, proposal.island))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_stream_gives_the_same_points(name: str, problem: Problem) -> None:
    first, again = (proposals(problem, make(name, problem)) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_other_streams_give_other_points(name: str, problem: Problem) -> None:
    one = make(name, problem, islands=(0, 1)).ask()
    other = make(name, problem, seed=2, islands=(0, 1)).ask()
    assert not np.array_equal(one.u, other.u)
    assert not np.array_equal(one.u[one.island == 0], one.u[one.island == 1])


@pytest.mark.parametrize("name", NAMES)
def test_global_random_state_is_neither_used_nor_changed(name: str, problem: Problem) -> None:
    np.random.seed(1)  # noqa: NPY002 - the global state is what this is about
    before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
    first = proposals(problem, make(name, problem), 3)
    after = np.random.get_state()[1]  # type: ignore[index]  # noqa: NPY002
    assert np.array_equal(before, after)
    np.random.seed(2)  # noqa: NPY002
    again = proposals(problem, make(name, problem), 3)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("which", ["all", "half", "one"])
def test_failed_points_do_not_stop_it(name: str, which: str, problem: Problem) -> None:
    sampler = make(name, problem)
    rng = np.random.default_rng(3)
    for _ in range(3 * STEPS):
        proposal = sampler.ask()
        assert np.all(np.isfinite(proposal.u))
        n = len(proposal.u)
        failed = {"all": np.ones(n, bool), "half": rng.random(n) < 0.5, "one": np.arange(n) == 0}[which]
        sampler.tell(with_failures(problems.evaluate(problem, proposal.u, proposal.island), failed))


@pytest.mark.parametrize("name", NAMES)
def test_the_last_batch_of_an_island_may_be_shorter(name: str, problem: Problem) -> None:
    short, whole = make(name, problem), make(name, problem)
    for _ in range(3):
        for sampler in (short, whole):
            proposal = sampler.ask()
            sampler.tell(problems.evaluate(problem, proposal.u, proposal.island))
    proposal, _ = short.ask(), whole.ask()
    batch = problems.evaluate(problem, proposal.u, proposal.island)
    short.tell(
        batch.take(np.flatnonzero(batch.island != 1).tolist() + np.flatnonzero(batch.island == 1)[:5].tolist())
    )
    whole.tell(batch)
    for sampler in (short, whole):
        sampler.retire(1)
    after, expected = short.ask(), whole.ask()
    assert set(after.island) == {0, 2}
    assert np.array_equal(after.u, expected.u)


@pytest.mark.parametrize("name", NAMES)
def test_when_all_islands_are_retired_nothing_is_proposed(name: str, problem: Problem) -> None:
    sampler = make(name, problem)
    for island in range(3):
        sampler.retire(island)
    proposal = sampler.ask()
    assert proposal.u.shape == (0, 16)
    assert len(proposal.island) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_restored_sampler_goes_on_as_the_first_would_have(name: str, problem: Problem) -> None:
    sampler = make(name, problem)
    proposals(problem, sampler, 2 * 16)
    state = sampler.state()
    if state is None:  # the engine replays the store instead
        with pytest.raises(ContractError):
            sampler.restore({})
        return
    restored = make(name, problem, seed=99)
    restored.restore({key: value.copy() for key, value in state.items()})
    going_on, resumed = proposals(problem, sampler, 40), proposals(problem, restored, 40)
    assert all(np.array_equal(a, b) for a, b in zip(going_on, resumed, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_state_array_counts_islands_or_is_shared(name: str, problem: Problem) -> None:
    state = make(name, problem).state()
    for key, value in (state or {}).items():
        assert key.startswith("shared_") or len(value) == 3


@pytest.mark.parametrize("name", NAMES)
def test_one_parameter_is_enough(name: str) -> None:
    from terranova.sampler import SearchSpace

    space = SearchSpace(("a",), np.zeros(1, dtype=bool), constraints=("c",))
    kind = registry().get("sampler", name).thing
    sampler = problems.archipelago(kind, space, 1, (0,))
    for _ in range(100):
        proposal = sampler.ask()
        n = len(proposal.u)
        sampler.tell(
            Batch(
                island=proposal.island,
                generation=proposal.island,
                index=proposal.island,
                u=proposal.u,
                x=proposal.u,
                observables=np.empty((n, 0)),
                violations=np.maximum(0.0, np.abs(proposal.u - 0.3) - 0.01),
                loglike=np.zeros(n),
                status=np.zeros(n, dtype=np.int8),
                reason=[""] * n,
                stage=np.zeros(n, dtype=np.int8),
                seconds=np.zeros(n),
            )
        )


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("random", {"batch": 0}),
    ("sobol", {"batch": 12}),
    ("cmaes", {"popsize": 3}),
    ("cmaes", {"loss": "sum"}),
    ("cmaes-novelty", {"sigma0": -1.0}),
    ("cmaes-novelty", {"patience": 0}),
    ("cmaes-novelty", {"focus": "parameter"}),
    ("cmaes-novelty", {"observables": ["rong0"]}),
]


@pytest.mark.parametrize(("name", "options"), WRONG)
def test_wrong_options_are_refused_by_name(name: str, options: dict[str, Any], problem: Problem) -> None:
    kind = registry().get("sampler", name).thing
    with pytest.raises(ValueError, match=next(iter(options)).rstrip("s")):
        problems.archipelago(kind, problem.search_space, 1, (0,), **options)


def test_sobol_fills_the_cube_evenly(problem: Problem) -> None:
    u = make("sobol", problem, islands=(0,)).ask().u
    counts = np.stack([np.bincount((column * 64).astype(int), minlength=64) for column in u.T])
    assert np.all(counts == 1)


def test_offering_the_samplers_loads_nothing_heavy() -> None:
    code = (
        "import sys; import terranova.plugins.samplers as s, terranova.plugins.novelty as n;"
        "s.terranova_samplers(); n.terranova_novelty_detectors();"
        "print([m for m in ('cma', 'numba', 'scipy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def run_until_valid(problem: Problem, sampler: Archipelago, budget: int) -> float:
    """Return the number of evaluations up to the first valid point, inf when the budget is not enough."""
    spent, found = 0, math.inf

    def watch(batch: Batch) -> bool:
        nonlocal spent, found
        if batch.valid.any():
            found = spent + int(np.argmax(batch.valid)) + 1
        spent += len(batch)
        return math.isfinite(found) or spent >= budget

    problems.run(problem, sampler, budget, watch=watch)
    return found


@pytest.mark.parametrize("name", ["cmaes", "cmaes-novelty"])
def test_a_valid_point_of_a_hundred_trillionth_is_found(name: str, problem: Problem) -> None:
    """1.5e-16 of the cube is valid; one island alone needs about a thousand points."""
    model = problem.model.plugin
    assert isinstance(model, problems.Isles)
    assert 1e-16 < model.volume < 2e-16
    found = [run_until_valid(problem, make(name, problem, seed, (0,)), 6000) for seed in range(5)]
    assert max(found) <= 6000
    assert np.median(found) <= 2000
