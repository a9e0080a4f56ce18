"""`gp-active`, `tpe` and `optuna:NAME`: the regression against scikit-learn, bounded histories, what is missing."""

from __future__ import annotations

import math
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import terranova
from terranova import Batch, ConstraintSet, Gaussian, Problem, Proposal, Sampler
from terranova.engine.islands import Share, make_archipelago
from terranova.errors import ConfigError, PluginMissing
from terranova.plugins._gp import GaussianProcess
from terranova.plugins.samplers.active.gp_active import GpActive
from terranova.plugins.samplers.active.targets import Outputs, log_mass
from terranova.plugins.samplers.active.xgb_active import XgbActive
from terranova.plugins.samplers.optuna_samplers import OptunaSampler, Tpe
from terranova.plugins.samplers.shared.compressed import compressed_loss, units_of
from terranova.registry import registry
from terranova.testing.problems import ring
from terranova.testing.samplers import Case


def smooth(n: int, seed: int = 0) -> tuple[Any, Any]:
    u = np.random.default_rng(seed).random((n, 4))
    return u, np.column_stack([np.sin(3 * u[:, 0]) + u[:, 1] ** 2, 1e3 * u[:, 2] * np.cos(2 * u[:, 3])])


def test_predictions_agree_with_scikit_learn() -> None:
    regression = pytest.importorskip("sklearn.gaussian_process")
    kernels = pytest.importorskip("sklearn.gaussian_process.kernels")
    u, y = smooth(50)
    gp = GaussianProcess(np.zeros(4, dtype=bool))
    gp.log_scales, gp.log_noise = np.log([0.4, 0.8, 1.5, 0.6]), np.log(1e-3)
    gp.learn(u, y)
    at = np.random.default_rng(1).random((20, 4))
    found = gp.predict(at)
    kernel = kernels.Matern(np.exp(gp.log_scales), nu=2.5)
    standard = (y - y.mean(axis=0)) / y.std(axis=0)
    other = regression.GaussianProcessRegressor(kernel, alpha=1e-3 + 1e-10, optimizer=None).fit(u, standard)
    mean, deviation = other.predict(at, return_std=True)
    assert found.mean == pytest.approx(mean * y.std(axis=0) + y.mean(axis=0), rel=1e-9, abs=1e-9)
    assert np.sqrt(found.variance) == pytest.approx(deviation[:, 0], rel=1e-5)


def test_the_gradient_of_the_likelihood_is_its_derivative() -> None:
    from scipy.optimize import approx_fprime

    u, y = smooth(40)
    gp = GaussianProcess(np.array([False, True, False, True]))
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    p = np.log([0.3, 0.5, 1.0, 0.2, 1e-3])
    z = gp._embedded(u)
    _, gradient = gp._loss(p, z, y)
    assert gradient == pytest.approx(approx_fprime(p, lambda q: gp._loss(q, z, y)[0], 1e-6), rel=1e-3, abs=1e-2)


def test_learnt_scales_predict_better_and_tell_axes_apart() -> None:
    u, _ = smooth(80)
    y = np.sin(6.0 * u[:, :1])
    gp = GaussianProcess(np.zeros(4, dtype=bool))
    at, _ = smooth(200, seed=1)
    errors = []
    for _ in range(2):
        gp.learn(u, y)
        errors.append(np.abs(gp.predict(at).mean[:, 0] - np.sin(6.0 * at[:, 0])).mean())
        gp.learn_scales(u, y)
    assert errors[1] < 0.2 * errors[0]
    assert gp.log_scales[0] < gp.log_scales[1:].min() - 1.0


def test_a_periodic_axis_is_a_circle() -> None:
    """Turning everything changes nothing, and what lies across the seam is near."""
    gp = GaussianProcess(np.array([True]))
    gp.log_scales = np.log([0.1])
    u, y, at = np.array([[0.02], [0.3], [0.6]]), np.array([[1.0], [-1.0], [0.5]]), np.array([[0.97], [0.4], [0.8]])
    found = []
    for turn in (0.0, 0.5, 0.9):
        gp.learn((u + turn) % 1.0, y)
        found.append(gp.predict((at + turn) % 1.0).mean[:, 0])
    assert found[1] == pytest.approx(found[0], rel=1e-9)
    assert found[2] == pytest.approx(found[0], rel=1e-9)
    assert found[0][0] > 0.7


def test_believing_a_prediction_is_learning_it() -> None:
    u, y = smooth(30)
    gp = GaussianProcess(np.zeros(4, dtype=bool))
    gp.learn(u, y)
    at, _ = smooth(10, seed=2)
    believed = gp.predict(at)
    guess = believed.mean[3:4].copy()
    believed.believe(3)
    gp.learn(np.concatenate([u, at[3:4]]), np.concatenate([y, guess]))
    learnt = gp.predict(at)
    rows = np.delete(np.arange(10), 3)
    assert believed.variance[rows] == pytest.approx(learnt.variance[rows], rel=1e-2)


def test_the_mass_of_an_interval_is_right_in_the_tails() -> None:
    low, high = np.array([-1.0, 8.0, -40.0, -np.inf]), np.array([1.0, 9.0, -39.0, np.inf])
    tail = 0.5 * (math.erfc(8 / math.sqrt(2)) - math.erfc(9 / math.sqrt(2)))
    # Far out Phi(-x) is phi(x)/x (1 - 1/x^2 + 3/x^4), and what lies beyond the other end is nothing beside it.
    far = -0.5 * 39**2 - math.log(39 * math.sqrt(2 * math.pi)) + math.log1p(-1 / 39**2 + 3 / 39**4)
    expected = [math.log(math.erf(1 / math.sqrt(2))), math.log(tail), far, 0.0]
    assert log_mass(low, high) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def batch_of(case: Case, n: int) -> Batch:
    return case.evaluate(Proposal(np.random.default_rng(7).random((n, 4)), np.zeros(n, dtype=np.int64)))


def test_outputs_are_in_their_intervals_exactly_where_points_are_valid() -> None:
    case = Case(GpActive)
    batch = batch_of(case, 4000)
    outputs = Outputs(case.space)
    target = outputs.constraints(outputs.of(batch))
    inside = ((target.y >= target.low) & (target.y <= target.high)).all(axis=1)
    assert np.array_equal(inside, batch.valid)
    assert batch.valid.any()


def test_unknown_outputs_are_the_worst() -> None:
    case = Case(GpActive)
    batch = batch_of(case, 50)
    observables = batch.observables.copy()
    observables[3] = np.nan
    outputs = Outputs(case.space)
    y = outputs.constraints(outputs.of(replace(batch, observables=observables))).y
    assert np.isfinite(y).all()
    target = outputs.constraints(outputs.of(batch))
    assert not ((y[3] >= target.low) & (y[3] <= target.high)).any()


def run(kind: type, points: int, **options: Any) -> list[Batch]:
    case = Case(kind, options)
    sampler = make_archipelago(kind, case.space, 1, Share(0, 1), options)
    seen: list[Batch] = []
    while sum(map(len, seen)) < points:
        seen.append(case.evaluate(sampler.ask()))
        sampler.tell(seen[-1])
    return seen


def two_measurements(sigma: float) -> Problem:
    """turn = 0.5 and free = 0.4, each with that error."""

    def measured(name: str, observable: str, value: float) -> Gaussian:
        return Gaussian(
            name=name,
            observables=(observable,),
            source="by construction",
            value=value,
            sigma=sigma,
        )

    return Problem(ring().model, [ConstraintSet("two", (measured("a", "turn", 0.5), measured("b", "free", 0.4)))])


def test_gp_active_finds_the_ring_and_goes_round_it() -> None:
    """A part of 3e-4 of the cube is valid; random points would find none among 200."""
    seen = run(GpActive, 200, pool=256)
    u = np.concatenate([batch.u[batch.valid] for batch in seen])
    assert len(u) > 30
    x, y = 2.0 * u[:, 0] - 1.0, 2.0 * u[:, 1] - 1.0
    assert len(np.unique(np.floor((np.arctan2(y, x) + np.pi) / (np.pi / 4)))) >= 6
    assert (u[:, 2] < 0.1).any()
    assert (u[:, 2] > 0.9).any()  # both sides of the seam


@pytest.mark.parametrize(
    ("kind", "options", "batches"),
    [
        (GpActive, {"target": "loglike", "pool": 256}, 20),
        (GpActive, {"target": "loglike", "aim": "surrogate", "level": 3.0, "pool": 512}, 25),
        (XgbActive, {"level": 4.0, "batch": 16, "anywhere": 0.0}, 20),
    ],
)
def test_they_map_where_chi_squared_is_low(kind: type[Sampler], options: dict[str, Any], batches: int) -> None:
    """Two Gaussian measurements: the points within 4 of the smallest chi squared fill 3 % of the square."""
    problem = two_measurements(0.05)
    case = Case(kind, options, problem=problem)
    sampler = make_archipelago(kind, case.space, 1, Share(0, 1), options)
    chi2, places = [], []
    for _ in range(batches):
        batch = case.evaluate(sampler.ask())
        sampler.tell(batch)
        chi2.append(-2.0 * batch.loglike)
        places.append(batch.u)
    last = np.concatenate(chi2[-8:])
    assert (last < 4.0).mean() > 0.4
    assert (np.concatenate(chi2[:1]) < 4.0).mean() < 0.1
    # No two points of a batch are the same but for rounding.
    for u in places[-8:]:
        gaps = np.linalg.norm(u[:, None] - u, axis=2) + np.eye(len(u))
        assert gaps.min() > 1e-4


def test_points_for_a_surrogate_teach_more_than_points_of_the_region() -> None:
    """Errors of a Gaussian process where chi squared is low, learned from either kind of points."""
    problem = two_measurements(0.03)
    draw = np.random.default_rng(5).random((20_000, problem.model.space.dimension))
    chi2 = -2.0 * problem.score((x := problem.model.space.to_physical(draw)), problem.evaluate(x).observables)[1]
    error = {}
    for aim in ("region", "surrogate"):
        case = Case(GpActive, {}, problem=problem)
        options = {"target": "loglike", "aim": aim, "pool": 256}
        sampler = make_archipelago(GpActive, case.space, 1, Share(0, 1), options)
        seen: list[Batch] = []
        for _ in range(25):
            seen.append(case.evaluate(sampler.ask()))
            sampler.tell(seen[-1])
        gp = GaussianProcess(problem.model.space.periodic)
        u, y = np.concatenate([b.u for b in seen]), np.concatenate([-2.0 * b.loglike for b in seen])[:, None]
        gp.learn_scales(u, np.log1p(y))
        gp.learn(u, np.log1p(y))
        here = chi2 < 6.0
        error[aim] = np.abs(np.expm1(gp.predict(draw[here]).mean[:, 0]) - chi2[here]).mean()
    assert error["surrogate"] < error["region"]


@pytest.mark.slow
def test_xgb_active_finds_valid_points() -> None:
    """A part of 3e-4 of the cube is valid."""
    seen = run(XgbActive, 800, target="violations", batch=16)
    assert sum(int(batch.valid.sum()) for batch in seen) > 30
    late = np.concatenate([batch.valid for batch in seen[-10:]])
    assert late.mean() > 0.1


def test_memory_and_learning_are_bounded() -> None:
    options = {"startup": 12, "batch": 6, "max_points": 20, "pool": 128, "memory": 40}
    sampler = GpActive(ring().search_space, np.random.default_rng(1), **options)
    case = Case(GpActive, options)
    best = np.inf
    for _ in range(15):
        u = sampler.ask()
        batch = case.evaluate(Proposal(u, np.zeros(len(u), dtype=np.int64)))
        sampler.tell(batch)
        best = min(best, float(batch.violations.sum(axis=1).min()))
        assert sampler._count <= 40
        assert len(sampler._chosen(sampler._loss())) <= 20
    assert sampler._violations[: sampler._count].sum(axis=1).min() == best  # the best is never forgotten


# --------------------------------------------------------------------------------------------------------------
# optuna


def test_units_and_losses() -> None:
    violations = np.array([[1.0, 0.0], [3.0, np.inf], [np.inf, 5.0], [np.inf, np.inf]])
    units = units_of(violations)
    assert units.tolist() == [2.0, 5.0]
    loss = compressed_loss(violations, np.array([False, True, False, True]), units)
    assert loss == pytest.approx([np.log(1.5), 20.0 + np.log(2.5), 20.0 + np.log(2.0), np.inf])


def test_the_history_of_a_study_is_bounded_and_keeps_the_best() -> None:
    case = Case(Tpe)
    sampler = Tpe(case.space, np.random.default_rng(1), batch=4, startup=8, max_history=24)
    best = np.inf
    for _ in range(16):
        u = sampler.ask()
        batch = case.evaluate(Proposal(u, np.zeros(4, dtype=np.int64)))
        sampler.tell(batch)
        best = min(best, float(compressed_loss(batch.violations, batch.status != 0, np.ones(3)).min()))
        assert len(sampler._study.get_trials(deepcopy=False)) <= 24
        assert len(sampler._violations) <= 24
    kept = compressed_loss(sampler._violations, sampler._failed, np.ones(3))
    assert kept.min() <= best + 5.0  # ranked in units of the moment; nothing near the best is lost


def test_tpe_learns() -> None:
    seen = run(Tpe, 160, batch=8, startup=40)
    loss = [np.log1p(batch.violations).sum(axis=1).mean() for batch in seen]
    assert np.mean(loss[-5:]) < 0.9 * np.mean(loss[:5])  # random points differ by 2 %, releases of optuna by 10 %


def test_any_sampler_of_optuna_goes_by_its_name() -> None:
    plugin = registry().get("sampler", "optuna:RandomSampler")
    assert plugin.name == "optuna:RandomSampler"
    assert issubclass(plugin.target, Sampler)
    assert registry().get("sampler", "optuna:RandomSampler").target is plugin.target
    with pytest.raises(PluginMissing, match=r"'optuna:TPESample': .*did you mean 'TPESampler'"):
        registry().get("sampler", "optuna:TPESample")
    with pytest.raises(PluginMissing, match="did you mean 'optuna:GPSampler'"):
        registry().get("sampler", "tpe:GPSampler")
    with pytest.raises(PluginMissing, match="'random' has no variants"):
        registry().get("sampler", "random:walk")


def test_a_scan_asks_for_one_by_its_name(tmp_path: Any) -> None:
    words = {
        "model": "islands-2",
        "constraints": ["islands-2"],
        "sampler": {"name": "optuna:QMCSampler", "islands": 2, "scramble": True},
        "budget": {"evaluations": 48},
        "output": str(tmp_path / "run"),
    }
    assert terranova.scan(words, quiet=True).count == 48
    wrong = words | {"sampler": {"name": "optuna:QMCSampler", "scrambel": True}, "output": str(tmp_path / "other")}
    with pytest.raises(ConfigError, match=r"no option 'scrambel'.*did you mean 'scramble'"):
        terranova.scan(wrong, quiet=True)


def test_optuna_is_silent_and_left_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    import optuna

    before = optuna.logging.get_verbosity()
    run(OptunaSampler, 16, sampler="TPESampler", multivariate=True, group=True)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "module", "package"),
    [
        ("nsga2", "pymoo", "pymoo"),
        ("nsga3", "pymoo", "pymoo"),
        ("tpe", "optuna", "optuna"),
        ("gp-active", "threadpoolctl", "threadpoolctl"),
        ("xgb-active", "xgboost", "xgboost-cpu"),
    ],
)
def test_what_is_missing_is_said_with_what_to_install(
    name: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = registry().get("sampler", name).target
    for loaded in [m for m in sys.modules if m == module or m.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=rf"'?{name}.* needs the package {package} .*terranova\[(optimisers|ml)\]"):
        make_archipelago(kind, ring().search_space, 1, Share(0, 1), {})
