"""The model agrees with an independent program on 27 points, and a point's numbers never depend on its
batch.
"""

from __future__ import annotations

import numpy as np
import pytest
from support.thdm3_reference import Vectors

import terranova
from terranova.models.thdm3 import ThreeHiggsDoublet
from terranova.models.thdm3.cross_sections import OFF_SHELL_TOP_BELOW
from terranova.models.thdm3.observables import COLUMN
from terranova.models.thdm3.parameters import ArctanUniform

SETS = ("theory", "electroweak-2402.07661", "higgs-lhc-2402.07661", "flavour-2402.07661")
NEUTRAL, CHARGED = ("h2", "h3", "A1", "A2"), ("H1p", "H2p")
GONE = tuple(f"r_{state}" for state in (*NEUTRAL, *CHARGED))
"""Ratios to limits that were lines between two points; the set `scalars` has tables in their place."""
EXTENDED = (
    *(f"{name}_{state}" for state in NEUTRAL for name in ("width", "br_tautau")),
    *(f"{name}_{state}" for state in CHARGED for name in ("width", "br_taunu", "br_tb")),
)
"""The program had fewer decays: `test_widths_agree_in_the_decays_that_both_have`."""
UNITARITY_BLOCKS = (
    (1, 2),
    (3, 4),
    (5, 6),
    (7,),
    (8,),
    (9,),
    (10, 11, 12),
    (13, 14, 15),
    (16, 17, 18),
    (19, 20, 21),
)


@pytest.fixture(scope="module")
def thdm3() -> ThreeHiggsDoublet:
    return ThreeHiggsDoublet()


@pytest.fixture(scope="module")
def box(thdm3: ThreeHiggsDoublet) -> np.ndarray:
    """2000 points of the box from a fixed seed, corners included."""
    u = np.random.default_rng(20240213).random((2000, 16))
    u[:2] = [[0.0] * 16, [1.0] * 16]
    columns = [p.prior.to_physical(u[:, i]) for i, p in enumerate(thdm3.parameters)]
    return np.ascontiguousarray(np.column_stack(columns))


def test_declares_what_the_vectors_have(thdm3: ThreeHiggsDoublet, vectors: Vectors) -> None:
    assert [p.name for p in thdm3.parameters] == vectors.parameters
    names = [o.name for o in thdm3.observables]
    assert [name for name in vectors.observables if name not in names] == list(GONE)
    assert len(vectors.observables) == 149


def compared(vectors: Vectors) -> list[str]:
    """What must agree as it is."""
    return [name for name in vectors.observables if name not in (*GONE, *EXTENDED)]


def test_every_observable_agrees(thdm3: ThreeHiggsDoublet, vectors: Vectors) -> None:
    names = compared(vectors)
    columns = [COLUMN[name] for name in names]
    o = np.column_stack([vectors.column(name) for name in names])
    tolerance = 1e-8 * np.maximum(1.0, np.abs(o))
    for block in UNITARITY_BLOCKS:
        within = [names.index(f"uni_{k:02d}{s}") for k in block for s in ("", "_signed")]
        largest = np.abs(o[:, within]).max(axis=1, keepdims=True)
        tolerance[:, within] = 1e-9 * np.maximum(1.0, largest)
    deviation = np.abs(thdm3.evaluate_array(vectors.x)[:, columns] - o) / tolerance
    point, column = np.unravel_index(np.argmax(deviation), deviation.shape)
    assert deviation.max() <= 1.0, (vectors.labels[point], names[column])


def test_widths_agree_in_the_decays_that_both_have(thdm3: ThreeHiggsDoublet, vectors: Vectors) -> None:
    o = dict(zip(COLUMN, thdm3.evaluate_array(vectors.x).T, strict=True))
    for state in NEUTRAL:
        old = 1.0 - o[f"br_mumu_{state}"] - o[f"br_gamgam_{state}"] - o[f"br_Zgam_{state}"]
        assert o[f"width_{state}"] * old == pytest.approx(vectors.column(f"width_{state}"), rel=1e-8)
        assert o[f"br_tautau_{state}"] / old == pytest.approx(vectors.column(f"br_tautau_{state}"), rel=1e-8)
    for state, column in zip(CHARGED, (11, 12), strict=True):
        width, tb = vectors.column(f"width_{state}"), vectors.column(f"br_tb_{state}")
        on_shell = vectors.x[:, column] > OFF_SHELL_TOP_BELOW
        assert 5 < on_shell.sum() < len(on_shell)
        without = o[f"width_{state}"] * (1.0 - o[f"br_munu_{state}"] - o[f"br_tb_{state}"])
        assert np.max(np.abs(without - width * (1.0 - tb)) / width) < 1e-9  # ten digits of br_tb near 1
        assert o[f"width_{state}"] * o[f"br_taunu_{state}"] == pytest.approx(
            width * vectors.column(f"br_taunu_{state}"), rel=1e-8
        )
        top_bottom = o[f"width_{state}"] * o[f"br_tb_{state}"]
        assert top_bottom[on_shell] == pytest.approx((width * tb)[on_shell], rel=1e-8)


def test_the_fifty_five_violations_agree(vectors: Vectors) -> None:
    problem = terranova.problem("thdm3", constraints=list(SETS))
    violations, loglike = problem.score(vectors.x, problem.evaluate(vectors.x).observables)
    names = [constraint.column for constraint in problem.constraints]
    assert sorted(set(vectors.constraints) - set(names)) == sorted(f"C_{name}" for name in GONE)
    assert len(names) == 55
    expected = vectors.c[:, [vectors.constraints.index(name) for name in names]]
    assert np.max(np.abs(violations - expected) / np.maximum(1.0, expected)) < 1e-9
    assert np.isfinite(loglike[vectors.valid]).all()


def test_default_point_is_valid_and_standard(vectors: Vectors) -> None:
    problem = terranova.problem("thdm3", constraints=[*SETS, "scalars"])
    observables = problem.model.evaluate()
    x = np.array([[p.default_value for p in problem.model.space]])
    violations, _ = problem.score(x, np.column_stack(list(observables.values())))
    assert violations.max() == 0.0
    for name in ("kappa_W", "kappa_t", "kappa_b", "kappa_tau", "kappa_lambda"):
        assert observables[name][0] == pytest.approx(1.0, abs=1e-12)


def test_box_map(thdm3: ThreeHiggsDoublet, vectors: Vectors) -> None:
    for check in vectors.box_map_checks:
        u = np.array([check["u"]])
        x = [p.prior.to_physical(u[:, i])[0] for i, p in enumerate(thdm3.parameters)]
        assert x == pytest.approx(check["x"], rel=1e-12)


@pytest.mark.parametrize("size", [1, 7, 12, 768])
def test_a_point_has_the_same_bits_in_every_batch(thdm3: ThreeHiggsDoublet, box: np.ndarray, size: int) -> None:
    whole = thdm3.evaluate_array(box)
    rows = np.random.default_rng(size).permutation(len(box))[:size]
    assert np.array_equal(thdm3.evaluate_array(box[rows]), whole[rows])


def test_the_whole_box_has_finite_observables(thdm3: ThreeHiggsDoublet, box: np.ndarray) -> None:
    assert np.isfinite(thdm3.evaluate_array(box)).all()


@pytest.mark.parametrize("mass", [125.0, 172.5, 345.0, 2 * 172.5 + 1e-9, 91.1876 + 125.0, 250.0])
def test_thresholds_and_degeneracies_are_finite(thdm3: ThreeHiggsDoublet, box: np.ndarray, mass: float) -> None:
    x = box[:50].copy()
    x[:, 7:13] = mass
    assert np.isfinite(thdm3.evaluate_array(x)).all()


def test_dictionary_and_array_interfaces_agree(thdm3: ThreeHiggsDoublet, box: np.ndarray) -> None:
    points = {p.name: box[:20, i] for i, p in enumerate(thdm3.parameters)}
    answer = thdm3.evaluate(points)
    assert np.array_equal(np.column_stack(list(answer.values())), thdm3.evaluate_array(box[:20]))


def test_rotating_heavy_states_by_half_a_turn_changes_signs_only(
    thdm3: ThreeHiggsDoublet, vectors: Vectors
) -> None:
    turned = vectors.x.copy()
    turned[:, 2:5] += np.pi
    before, after = thdm3.evaluate_array(vectors.x), thdm3.evaluate_array(turned)
    flips = [COLUMN[f"{c}{a}"] for c in "XYZ" for a in (1, 2)]
    flips += [COLUMN[f"kappa_t_{state}"] for state in NEUTRAL]
    before[:, flips] *= -1.0
    scale = np.maximum(1.0, np.abs(before))
    # lambda_7 of order 1e4 from masses of order 1e6 GeV^2 carries rounding of 1e-11.
    assert np.max(np.abs(after - before) / scale) < 1e-8


def test_kernel_is_what_the_interpreter_computes(vectors: Vectors) -> None:
    """Compiled and interpreted arithmetic agree: no fast-math, no reordering."""
    from terranova.models.thdm3.kernel import kernel

    compiled = np.empty((2, len(COLUMN)))
    interpreted = np.empty((2, len(COLUMN)))
    x = np.ascontiguousarray(vectors.x[[12, 20]])
    kernel()(x, 1.0, compiled)
    kernel().py_func(x, 1.0, interpreted)  # type: ignore[attr-defined]
    assert interpreted == pytest.approx(compiled, rel=1e-11, abs=1e-11)


def test_stricter_boundedness_accepts_less(box: np.ndarray, vectors: Vectors) -> None:
    loose, strict = ThreeHiggsDoublet(bfb_factor=1.0), ThreeHiggsDoublet(bfb_factor=2.0)
    columns = [COLUMN[name] for name in vectors.observables if name.startswith("bfb_")]
    x = np.concatenate([vectors.x, box])
    accepted = [(m.evaluate_array(x)[:, columns] >= 0).all(axis=1) for m in (loose, strict)]
    assert not (accepted[1] & ~accepted[0]).any()
    assert (accepted[0] & ~accepted[1]).any()


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="bfb_factor"):
        ThreeHiggsDoublet(bfb_factor=1.5)
    with pytest.raises(ValueError, match="tan_beta_prior"):
        ThreeHiggsDoublet(tan_beta_prior="quadratic")


def test_arctan_prior_is_flat_in_beta() -> None:
    prior = ThreeHiggsDoublet(tan_beta_prior="arctan").parameters[5].prior
    assert isinstance(prior, ArctanUniform)
    u = np.linspace(0.0, 1.0, 101)
    x = prior.to_physical(u)
    assert np.arctan(x) == pytest.approx(np.arctan(10.0) * u, abs=1e-14)
    assert prior.to_unit(x) == pytest.approx(u, abs=1e-12)
    assert np.trapezoid(np.exp(prior.logpdf(np.linspace(0, 10, 20001))), dx=10 / 20000) == pytest.approx(
        1.0, abs=1e-6
    )
    assert prior.logpdf(np.array([10.5]))[0] == -np.inf
