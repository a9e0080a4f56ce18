"""Numbers: models that answer with nonsense, samplers that ask for nonsense, objectives without a shape."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import terranova
from terranova import (
    Angle,
    Archipelago,
    Batch,
    BoundModel,
    ConstraintSet,
    Correlated,
    Function,
    Gaussian,
    Limit,
    LogUniform,
    Model,
    Normal,
    NoveltyDetector,
    Observable,
    Parameter,
    Prior,
    Problem,
    Proposal,
    Sampler,
    SignedLogUniform,
    Tabulated,
    Uniform,
    Window,
    hookimpl,
)
from terranova.engine.islands import Share, check_proposal, make_archipelago
from terranova.errors import ContractError, TerranovaError
from terranova.interfaces.batch import Status
from terranova.registry import registry
from terranova.runs.coverage import Coverage
from terranova.runs.run import Run

SAMPLERS = registry().names("sampler")
NAMES = ("a", "b", "c")
SOURCE = "theory: a test"
PROPERTY = settings(max_examples=200, deadline=None, derandomize=True)


class Bowl(Model):
    """Three parameters; subclasses say what the one observable is."""

    name = "bowl"
    parameters = tuple(Parameter(name, Uniform(0.0, 1.0)) for name in NAMES)
    observables = (Observable("p"),)

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """One function of three numbers."""
        return {"p": self.function(*(points[p.name] for p in self.parameters))}

    @staticmethod
    def function(*x: Any) -> Any:
        """A bowl."""
        return sum((value - 0.3) ** 2 for value in x)


def _model(function: Any, parameters: int = 3) -> type[Model]:
    words = {"function": staticmethod(function), "parameters": Bowl.parameters[:parameters]}
    return type("Shape", (Bowl,), {"name": "shape", **words})


NARROW = (Window(name="w", observables=("p",), lower=-1e-3, upper=1e-3, source=SOURCE),)


def _problem(function: Any, constraints: Any = NARROW, parameters: int = 3) -> Problem:
    sets = [ConstraintSet("set", tuple(constraints))] if constraints else []
    return Problem(BoundModel(_model(function, parameters)()), sets)


def _drive(name: str, problem: Problem, points: int = 400, options: Mapping[str, Any] | None = None) -> int:
    """Run a registered sampler on a problem; look at every batch it is told. Return the points evaluated."""
    plugin = registry().get("sampler", name).target
    sampler = make_archipelago(plugin, problem.search_space, 1, Share(0, 2), options or {})
    spent = step = 0
    while spent < points:
        proposal = sampler.ask()
        check_proposal(proposal, name, problem.model.space.dimension, 2)
        if not len(proposal.u):
            break
        x = problem.model.space.to_physical(proposal.u)
        n = len(x)
        ints = np.full(n, step, dtype=np.int64)
        batch = problem.batch(
            proposal.u, x, problem.evaluate(x), proposal.island, ints, np.arange(n, dtype=np.int64), proposal.probes
        )
        for told in (batch.violations, batch.loglike, batch.u, batch.x):
            assert not np.isnan(told).any()
        assert (batch.violations >= 0).all()
        assert (batch.loglike < np.inf).all()
        failed = batch.status != Status.OK
        assert (batch.violations[failed] == np.inf).all()
        assert (batch.loglike[failed] == -np.inf).all()
        assert not batch.valid[failed].any()
        assert np.isfinite(batch.observables[~failed]).all()
        sampler.tell(batch)
        spent += n
        step += 1
        if step % 5 == 0:
            sampler.merge(sampler.pending())
    return spent


# -- F36, F38: every registered sampler ---------------------------------------------------------------------


def _raises(*x: Any) -> Any:
    raise ValueError("no luck anywhere")


SHAPES: dict[str, Any] = {
    "NaN for half": lambda *x: np.where(x[0] > 0.5, np.nan, x[1] - 0.5),
    "infinite for half": lambda *x: np.where(x[0] > 0.5, np.inf, np.where(x[1] > 0.5, -np.inf, x[2])),
    "NaN everywhere": lambda *x: x[0] * np.nan,
    "beyond any square": lambda *x: 1e308 * (x[0] - 0.5),
    "an exception everywhere": _raises,
    "flat and invalid": lambda *x: x[0] * 0.0 + 7.0,
    "flat and valid": lambda *x: x[0] * 0.0,
    "a needle": lambda *x: 1e6 * sum((v - 0.3) ** 2 for v in x) + 1e-4,
    "steps": lambda *x: np.floor(4 * x[0]) + 1.0,
    "denormal": lambda *x: 1e-310 * x[0],
}
FAST = ("NaN for half", "beyond any square", "flat and invalid", "flat and valid")


@pytest.mark.fault("F36", "F38")
@pytest.mark.parametrize("name", SAMPLERS)
def test_whatever_the_objective_no_sampler_is_told_a_nan_and_every_one_goes_on(name: str) -> None:
    for shape in FAST:
        assert _drive(name, _problem(SHAPES[shape]), 60) > 0, shape


@pytest.mark.slow
@pytest.mark.fault("F36", "F38")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_on_every_shape(name: str, shape: str) -> None:
    assert _drive(name, _problem(SHAPES[shape]), 600) > 0
    assert _drive(name, _problem(SHAPES[shape], parameters=1), 300) > 0
    assert _drive(name, _problem(SHAPES[shape], ()), 300) > 0


@pytest.mark.fault("F38")
@pytest.mark.parametrize("name", SAMPLERS)
def test_one_axis_and_no_constraint_are_enough(name: str) -> None:
    assert _drive(name, _problem(lambda a: a - 0.3, parameters=1), 100) > 0
    assert _drive(name, _problem(lambda *x: x[0], ()), 100) > 0
    both = (Window(name="w", observables=("a",), upper=0.5, source=SOURCE),)
    assert _drive(name, _problem(lambda a: a, both, parameters=1), 100) > 0


@pytest.fixture
def shapes(toy_registry: None) -> Any:
    """Register a model of one shape under the name "shape"."""

    def register(function: Any, parameters: int = 3) -> None:
        cls = _model(function, parameters)
        module = SimpleNamespace(terranova_models=hookimpl(lambda: [cls]))
        registry().register(module, name="shape")

    return register


def _scan(output: Path, sampler: Any = "random", **changes: Any) -> Run:
    words = {
        "model": "shape",
        "constraints": list(NARROW),
        "sampler": sampler if isinstance(sampler, dict) else {"name": sampler, "islands": 2},
        "budget": {"evaluations": 101},
        "output": str(output),
    }
    return terranova.scan({**words, **changes}, quiet=True)


@pytest.mark.fault("F36", "F38")
@pytest.mark.parametrize(
    ("shape", "ranking", "words"),
    [
        ("NaN everywhere", "every point failed", "Failed points"),
        pytest.param("an exception everywhere", "every point failed", "no luck anywhere", marks=pytest.mark.slow),
        ("beyond any square", "every point failed", "observables not finite (beyond #)"),
        pytest.param("flat and invalid", "no point is valid", "None of the", marks=pytest.mark.slow),
        pytest.param("flat and valid", "valid points", "valid points", marks=pytest.mark.slow),
    ],
)
def test_reports_and_best_points_say_what_happened(
    shape: str, ranking: str, words: str, shapes: Any, tmp_path: Path
) -> None:
    from terranova.reporting import write_report

    shapes(SHAPES[shape])
    run = _scan(tmp_path / "run")
    assert run.count == 101
    assert run.summary["state"] == "evaluations"
    assert run.best(3).attrs["ranking"].startswith(ranking)
    page = write_report(run, random_points=5).read_text(encoding="utf-8")
    assert words in html.unescape(page)


@pytest.mark.fault("F38")
@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_ends_by_its_budget(name: str, shapes: Any, tmp_path: Path) -> None:
    shapes(SHAPES["a needle"])
    run = _scan(tmp_path / "run", name, parameters={"a": 0.3, "b": 0.3})
    assert run.count <= 101
    assert run.summary["state"] in ("evaluations", "sampler")
    assert (run.count == 101) == (run.summary["state"] == "evaluations")


# -- F37: samplers that ask for nonsense --------------------------------------------------------------------


class Asks(Sampler):
    """Asks for whatever a test wants."""

    name = "asks"
    answer: Any = None

    def ask(self) -> Any:
        """The test's answer."""
        return type(self).answer(self.rng, self.space.dimension)

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""


class Nothing(Archipelago):
    """Never has a point, and is never done."""

    name = "nothing"

    def ask(self) -> Proposal:
        """No points."""
        return Proposal(np.empty((0, self.space.dimension)), np.empty(0, dtype=np.int64))

    def tell(self, batch: Batch) -> None:
        """Learn nothing."""


def _ask_of(answer: Any) -> None:
    cls = type("Asks", (Asks,), {"answer": staticmethod(answer)})
    registry().register(SimpleNamespace(terranova_samplers=hookimpl(lambda: [cls, Nothing])), name="asks")


def _memory(rng: Any, d: int) -> Any:
    raise MemoryError("unable to allocate 10 TiB")


@pytest.mark.fault("F37")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rng, d: np.full((3, d), 1.0 + 1e-12), "outside"),
        (lambda rng, d: np.full((3, d), -1e-300), "outside"),
        (lambda rng, d: np.full((3, d), np.nan), "NaN"),
        (lambda rng, d: np.full((3, d), np.inf), "outside"),
        (lambda rng, d: rng.random((3, d + 1)), "expected"),
        (lambda rng, d: rng.random(d), "expected"),
        (lambda rng, d: rng.random((1, 3, d)), "expected"),
        (lambda rng, d: np.empty((0, d)), "n >= 1"),
        (lambda rng, d: [], "n >= 1"),
        (lambda rng, d: None, "asks"),
        (lambda rng, d: "u", "not an array of numbers"),
        (lambda rng, d: [[0.5], [0.5, 0.5]], "not an array of numbers"),
        (lambda rng, d: np.full((3, d), 0.5 + 0j), "complex"),
        (_memory, "more memory than there is"),
    ],
)
def test_nonsense_is_one_error_that_names_the_sampler(answer: Any, words: str, shapes: Any, tmp_path: Path) -> None:
    shapes(SHAPES["flat and valid"])
    _ask_of(answer)
    with pytest.raises(ContractError, match=words) as caught:
        _scan(tmp_path / "run", "asks")
    assert "sampler 'asks'" in str(caught.value)


@pytest.mark.fault("F37")
def test_a_sampler_without_points_ends_the_scan_instead_of_spinning(shapes: Any, tmp_path: Path) -> None:
    shapes(SHAPES["flat and valid"])
    _ask_of(lambda rng, d: rng.random((1, d)))
    run = _scan(tmp_path / "run", "nothing")
    assert (run.count, run.summary["state"]) == (0, "sampler")


@pytest.mark.fault("F37")
def test_a_million_points_at_once_are_cut_to_the_budget(shapes: Any, tmp_path: Path) -> None:
    shapes(SHAPES["flat and valid"])
    _ask_of(lambda rng, d: rng.random((1_000_000, d)))
    assert _scan(tmp_path / "run", "asks").count == 101


@pytest.mark.fault("F37")
def test_more_points_than_fit_into_memory_are_refused() -> None:
    proposal = Proposal(np.broadcast_to(0.5, (10**8, 3)), np.broadcast_to(np.int64(0), 10**8))
    with pytest.raises(ContractError, match="100,000,000 points at once"):
        check_proposal(proposal, "greedy", 3, 1)


@pytest.mark.fault("F37")
def test_options_beyond_reason_are_refused_before_the_first_point(shapes: Any, tmp_path: Path) -> None:
    shapes(SHAPES["flat and valid"])
    for sampler in ({"name": "random", "islands": 10**12}, {"name": "random", "islands": 0}):
        with pytest.raises(TerranovaError, match=r"sampler\.islands"):
            _scan(tmp_path / "run", sampler)


# -- priors at their extremes -------------------------------------------------------------------------------

_BOUND = st.floats(-1e150, 1e150)
_SIZE = st.floats(1e-150, 1e150)


def _ordered(kind: type[Prior], bounds: Any) -> Any:
    def make(pair: tuple[float, float]) -> Prior | None:
        try:
            return kind(min(pair), max(pair))  # type: ignore[call-arg]
        except ValueError:  # equal, or neighbours that the logarithm does not tell apart
            return None

    return st.tuples(bounds, bounds).map(make).filter(lambda prior: prior is not None)


EXTREME = st.one_of(
    _ordered(Uniform, _BOUND),
    _ordered(Angle, _BOUND),
    _ordered(LogUniform, st.one_of(_SIZE, st.floats(5e-324, 1e-300))),
    _ordered(SignedLogUniform, st.one_of(_SIZE, st.floats(5e-324, 1e-300))),
    st.builds(Normal, _BOUND, _SIZE),
)
UNIT = st.lists(st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 5e-324, 0.5, 1 - 2**-53, 1.0])), min_size=1)


def _resolution(prior: Prior, x: Any) -> Any:
    """The distance in u between x and its neighbours among floating-point numbers, generously."""
    spacing = np.spacing(np.abs(x))
    if isinstance(prior, Normal):
        return 4 * (spacing + np.spacing(abs(prior.mean))) / prior.sd
    low, high = prior.support
    if isinstance(prior, Uniform):
        return 4 * (spacing + np.spacing(max(abs(low), abs(high)))) / (high - low)
    sizes = (prior.min_abs, prior.max_abs) if isinstance(prior, SignedLogUniform) else (low, high)
    logs = [math.log(size) for size in sizes]
    width = logs[1] - logs[0]
    rounding = 8 * np.spacing(max(abs(v) for v in logs))  # the logarithm of a bound is rounded as well
    with np.errstate(divide="ignore", invalid="ignore"):
        return 4 * (spacing / np.abs(x) + rounding) / width if width > 0 else np.inf


@PROPERTY
@given(prior=EXTREME, points=UNIT)
def test_every_prior_is_inverted_as_well_as_numbers_allow(prior: Prior, points: list[float]) -> None:
    u = np.sort(np.array(points))
    x = prior.to_physical(u)
    low, high = prior.support
    assert np.isfinite(x).all()
    assert ((x >= low) & (x <= high)).all()
    resolution = np.broadcast_to(_resolution(prior, x), x.shape)
    sharp = resolution < 1e-3  # where neighbouring numbers are far apart in u there is nothing to invert
    back = prior.to_unit(x)
    assert (np.abs(back - u)[sharp] <= 1e-12 + resolution[sharp]).all()
    halves = [x[u < 0.5][::-1], x[u >= 0.5]] if isinstance(prior, SignedLogUniform) else [x]
    for half in halves:
        assert (np.diff(np.abs(half) if isinstance(prior, SignedLogUniform) else half) >= 0).all()
    density = prior.logpdf(x[sharp])
    assert not np.isnan(density).any()
    assert not np.isposinf(density).any()


# -- constraints --------------------------------------------------------------------------------------------

_COMMON = {"source": SOURCE}
ONE_OF_EACH = (
    Window(name="window", observables=("x",), lower=-1, upper=2, **_COMMON),
    Gaussian(name="gaussian", observables=("y",), value=0.5, sigma=1, **_COMMON),
    Limit(name="limit", observables=("z",), upper=1.5, cl=0.95, **_COMMON),
    Limit(name="step", observables=("p",), lower=-2.0, **_COMMON),
    Tabulated(name="table", observables=("x", "y"), x_grid=(-1, 0, 2), limit=(1, 2, 3), cl=0.9, **_COMMON),
    Tabulated(name="profile", observables=("z",), x_grid=(-3, 0, 3), limit=(9, 0, 9), **_COMMON),
    Correlated(
        name="pair", observables=("x", "z"), values=(0, 1), sigmas=(1, 2), correlation=((1, 0.9), (0.9, 1)),
        max_chi2=6.18, **_COMMON,
    ),
    Function(name="function", observables=("y", "p"), violation_of=lambda y, p: np.maximum(0, y - p), **_COMMON),
)  # fmt: skip


class Four(Model):
    """Its observables are its parameters, and one is a parameter itself."""

    name = "four"
    parameters = (*(Parameter(f"q_{n}", Uniform(-5, 5)) for n in "xyz"), Parameter("p", Uniform(-5, 5)))
    observables = tuple(Observable(n) for n in "xyz")

    def evaluate(self, points: Mapping[str, Any]) -> Mapping[str, Any]:
        """Copy."""
        return {n: points[f"q_{n}"] for n in "xyz"}


ANY = st.one_of(
    st.floats(-5, 5), st.sampled_from([math.nan, math.inf, -math.inf, 1e150, -1e150, 0.0, -0.0, 5e-324])
)


@PROPERTY
@given(
    rows=st.lists(st.tuples(ANY, ANY, ANY, st.floats(-5, 5)), min_size=1, max_size=12),
    order=st.permutations(range(len(ONE_OF_EACH))),
    cut=st.integers(0, len(ONE_OF_EACH)),
    seed=st.integers(0, 100),
)
def test_scores_add_up_and_do_not_depend_on_order_company_or_sets(
    rows: list[Any], order: list[int], cut: int, seed: int
) -> None:
    table = np.array(rows)
    x, observables = table, table[:, :3].copy()
    model = BoundModel(Four())
    problem = Problem(model, [ConstraintSet("all", ONE_OF_EACH)])
    violations, loglike = problem.score(x, observables)
    assert (violations >= 0).all()
    assert not np.isnan(violations).any()
    assert not np.isnan(loglike).any()
    assert (loglike < np.inf).all()
    # Other sets, other order: the same columns, and the sum up to rounding.
    shuffled = [ONE_OF_EACH[i] for i in order]
    sets = [ConstraintSet("one", tuple(shuffled[:cut])), ConstraintSet("two", tuple(shuffled[cut:]))]
    again = Problem(model, sets).score(x, observables)
    np.testing.assert_array_equal(again[0], violations[:, order])
    np.testing.assert_allclose(again[1], loglike, rtol=1e-12)
    # Additive: each alone, summed.
    alone = [Problem(model, [ConstraintSet("alone", (c,))]).score(x, observables) for c in ONE_OF_EACH]
    np.testing.assert_array_equal(np.column_stack([v[:, 0] for v, _ in alone]), violations)
    np.testing.assert_allclose(sum(lnl for _, lnl in alone), loglike, rtol=1e-12)
    # Points in another order, or one by one: the same bits.
    permuted = np.random.default_rng(seed).permutation(len(x))
    for rows_of in ([permuted], [[i] for i in permuted]):
        parts = [problem.score(x[rows], observables[rows]) for rows in rows_of]
        np.testing.assert_array_equal(np.concatenate([p[0] for p in parts]), violations[permuted])
        np.testing.assert_array_equal(np.concatenate([p[1] for p in parts]), loglike[permuted])


@PROPERTY
@given(factor=st.sampled_from([1e-6, 0.5, 2.0, 1e6]), values=st.lists(st.floats(-5, 5), min_size=1))
def test_the_scale_divides_the_violation_and_nothing_else(factor: float, values: list[float]) -> None:
    from dataclasses import replace

    for constraint in ONE_OF_EACH:
        table = np.column_stack([np.roll(values, i) for i in range(len(constraint.observables))])
        scaled = replace(constraint, scale=factor)
        np.testing.assert_allclose(scaled.violation(table), constraint.violation(table) / factor, rtol=1e-14)
        np.testing.assert_array_equal(scaled.violation(table) == 0, constraint.violation(table) == 0)
        np.testing.assert_array_equal(scaled.loglike(table), constraint.loglike(table))


# -- what adds up over ranks --------------------------------------------------------------------------------

DETECTORS = registry().names("novelty")
CLOUD = st.lists(st.tuples(*[st.floats(0.0, 1.0)] * 3), min_size=0, max_size=20)


def _detector(name: str) -> NoveltyDetector:
    kind: type[NoveltyDetector] = registry().get("novelty", name).target
    return kind(3, 1)


def _fed(name: str, points: list[Any]) -> NoveltyDetector:
    detector = _detector(name)
    if points:
        detector.update(np.array(points), np.zeros(len(points), dtype=np.int64))
    return detector


@pytest.mark.parametrize("name", DETECTORS)
@PROPERTY
@given(clouds=st.lists(CLOUD, min_size=3, max_size=3), order=st.permutations(range(3)))
def test_novelty_archives_add_up_in_any_order_to_one_that_saw_everything(
    name: str, clouds: list[list[Any]], order: list[int]
) -> None:
    questions = np.random.default_rng(0).random((20, 3))
    nobody = np.zeros(20, dtype=np.int64)
    parts = [_fed(name, cloud).pending() for cloud in clouds]
    one = _fed(name, [point for cloud in clouds for point in cloud])
    together = one.pending()
    one.merge(together)
    np.testing.assert_array_equal(parts[0] + parts[1] + parts[2], together)
    np.testing.assert_array_equal(parts[order[0]] + (parts[order[1]] + parts[order[2]]), together)
    for cloud in clouds:
        rank = _fed(name, cloud)
        rank.merge(parts[order[0]] + parts[order[1]] + parts[order[2]])
        np.testing.assert_array_equal(rank.score(questions, nobody), one.score(questions, nobody))
        assert not rank.pending().any()


@PROPERTY
@given(clouds=st.lists(CLOUD, min_size=2, max_size=3))
def test_coverage_adds_up_over_ranks(clouds: list[list[Any]]) -> None:
    ranks = [Coverage(3) for _ in clouds]
    for rank, cloud in zip(ranks, clouds, strict=True):
        rank.add(np.array(cloud).reshape(-1, 3))
    total = sum(rank.pending() for rank in ranks)
    one = Coverage(3)
    one.add(np.array([point for cloud in clouds for point in cloud]).reshape(-1, 3))
    for rank in ranks:
        rank.merge(total)
        np.testing.assert_array_equal(rank.occupied, one.occupied)
        assert rank.mean == one.mean
        again = Coverage(3)
        again.restore(rank.state())
        np.testing.assert_array_equal(again.occupied, one.occupied)
