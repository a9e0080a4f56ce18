"""The scalar sector against the Lagrangian: masses, minimum, cubic couplings, unitarity and boundedness."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.thdm3_reference import Lagrangian, Vacuum, Vectors, electroweak_vacuum

from terranova.models.physics import sm
from terranova.models.thdm3 import cubic, mixing, potential, theory
from terranova.models.thdm3 import kernel as thdm3

angle = st.floats(-1.5, 1.5)
tan_beta = st.floats(0.1, 10.0)
mass = st.floats(100.0, 1000.0)
soft = st.floats(-1e6, 1e6)
points = st.tuples(*[angle] * 5, *[tan_beta] * 2, *[st.floats(125.0, 1000.0)] * 2, *[mass] * 4, *[soft] * 3)


def evaluate(x: np.ndarray) -> dict[str, float]:
    row = thdm3.observables(x[None, :], 1.0)[0]
    return dict(zip(thdm3.COLUMN, row, strict=True))


def vacuum_at(x: np.ndarray) -> Vacuum:
    return electroweak_vacuum(x, evaluate(x))


def rotations(x: np.ndarray) -> tuple[np.ndarray, ...]:
    """B, R, P, U of the point."""
    B, R, P, U = (np.empty((3, 3)) for _ in range(4))
    mixing.vacuum_directions(x[5], x[6], B)
    mixing.cp_even_rotation(x[0], x[1], x[2], R)
    mixing.goldstone_rotation(B, x[3], P)
    mixing.goldstone_rotation(B, x[4], U)
    return B, R, P, U


def embed(row: np.ndarray, component: int) -> np.ndarray:
    """Direction in field space: component 0, 1 = Re, Im of charged, 2 = CP-even, 3 = CP-odd."""
    direction = np.zeros(12)
    direction[component::4] = row
    return direction


@settings(max_examples=40, deadline=None)
@given(points)
def test_hessian_has_the_input_masses_and_three_goldstone_bosons(values: tuple[float, ...]) -> None:
    x = np.array(values)
    vacuum = vacuum_at(x)
    eigenvalues = np.linalg.eigvalsh(vacuum.potential.hessian(vacuum.fields))
    squares = [0.0, 0.0, 0.0, sm.M_HIGGS**2, *x[7:11] ** 2, *np.repeat(x[11:13], 2) ** 2]
    # Masses come out of cancellations between quartic and mass terms.
    scale = sm.VEV**2 * np.abs(vacuum.potential.quartic).max() + np.abs(vacuum.potential.diagonal).max()
    assert eigenvalues == pytest.approx(sorted(squares), abs=1e-12 * scale)


@settings(max_examples=40, deadline=None)
@given(points)
def test_electroweak_vacuum_is_stationary(values: tuple[float, ...]) -> None:
    vacuum = vacuum_at(np.array(values))
    gradient = np.array([vacuum.potential.derivatives(vacuum.fields, e)[0] for e in np.eye(12)])
    scale = sm.VEV**2 * np.abs(vacuum.potential.quartic).max() + np.abs(vacuum.potential.diagonal).max()
    assert np.abs(gradient).max() < 1e-12 * sm.VEV * scale


@settings(max_examples=10, deadline=None)
@given(points)
def test_cubic_couplings_are_third_derivatives(values: tuple[float, ...]) -> None:
    x = np.array(values)
    vacuum = vacuum_at(x)
    B, R, P, U = rotations(x)
    v = sm.VEV * B[0]
    hhh, haa, hcc, acc = np.zeros((3, 3, 3)), np.empty((3, 3)), np.empty((3, 3)), np.empty(2)
    lam = potential.Quartics(*vacuum.potential.quartic)
    cubic.cubic_couplings(v, lam, B, R, P, U, hhh, haa, hcc, acc)

    def third(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
        # The vertex does not depend on the mass terms; without them less rounding is left.
        quartic_only = Lagrangian(np.zeros(3), np.zeros(3), vacuum.potential.quartic)
        return quartic_only.third(vacuum.fields, a, b, c)

    h = [embed(R[i], 2) for i in range(3)]
    odd = [embed(P[j], 3) for j in (1, 2)]
    real, imaginary = [embed(U[a], 0) for a in (1, 2)], [embed(U[a], 1) for a in (1, 2)]
    tolerance = 1e-10 * sm.VEV * np.abs(vacuum.potential.quartic).max()
    for i in range(3):
        for n, (a, b) in enumerate([(0, 0), (0, 1), (1, 1)]):
            assert haa[i, n] == pytest.approx(third(h[i], odd[a], odd[b]), abs=tolerance)
            assert hcc[i, n] == pytest.approx(third(h[i], real[a], real[b]), abs=tolerance)
    for i, j, k in [(0, 0, 0), (0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 1, 2), (0, 2, 2), (1, 1, 2), (1, 2, 2)]:
        assert hhh[i, j, k] == pytest.approx(third(h[i], h[j], h[k]), abs=tolerance)
    for j in range(2):
        assert acc[j] == pytest.approx(abs(third(odd[j], real[0], imaginary[1])), abs=tolerance)
        assert abs(third(odd[j], real[0], imaginary[0])) < tolerance  # A H1+ H1- is forbidden


def test_unitarity_eigenvalues_are_those_of_the_full_scattering_matrix() -> None:
    """78 two-body states of twelve real fields: 21 distinct eigenvalues, each with the size of its
    multiplet.
    """
    multiplicity = [6] * 6 + [2] * 3 + [3] * 3 + [6] * 3 + [1] * 3 + [2] * 3
    pairs = [(i, j) for i in range(12) for j in range(i, 12)]
    first, second = np.array(pairs).T
    norm = np.where(first == second, math.sqrt(0.5), 1.0)
    for seed in range(3):
        quartic = np.random.default_rng(seed).uniform(-4.0, 4.0, 12)
        tensor = Lagrangian(np.zeros(3), np.zeros(3), quartic).fourth()
        matrix = tensor[first[:, None], second[:, None], first[None, :], second[None, :]] * np.outer(norm, norm)
        signed = np.empty(21)
        theory.unitarity(potential.Quartics(*quartic), signed)
        assert sorted(np.repeat(signed, multiplicity)) == pytest.approx(np.linalg.eigvalsh(matrix), abs=1e-11)


def test_unitarity_with_one_inert_doublet_removed_is_the_textbook_result() -> None:
    """Two doublets with lambda_5 = 0 and V = l1 (11)^2 + l2 (22)^2 + l4 (11)(22) + l7 (12)(21)."""
    l1, l2, l4, l7 = 1.3, 0.7, 0.9, -0.4
    signed = np.empty(21)
    theory.unitarity(potential.Quartics(l1, l2, 0.0, l4, 0.0, 0.0, l7, *[0.0] * 5), signed)
    lam1, lam2, lam3, lam4 = 2 * l1, 2 * l2, l4, l7  # conventions of arXiv:1106.0034

    def pair(a: float, b: float, c: float) -> tuple[float, float]:
        root = math.sqrt(0.25 * (a - b) ** 2 + c * c)
        return 0.5 * (a + b) - root, 0.5 * (a + b) + root

    expected = [
        *pair(3 * lam1, 3 * lam2, 2 * lam3 + lam4),
        *pair(lam1, lam2, lam4),
        lam1,
        lam2,
        lam3 + 2 * lam4,
        lam3,
        lam3 + lam4,
        lam3 - lam4,
    ]
    for value in expected:
        assert np.min(np.abs(signed - value)) < 1e-14


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(*[st.floats(0.05, 3.0)] * 3, *[st.floats(-2.0, 3.0)] * 6, *[st.floats(-1.0, 1.0)] * 3),
    st.integers(0, 999),
)
def test_declared_bounded_means_positive_in_every_direction(quartic: tuple[float, ...], seed: int) -> None:
    out = np.empty(7)
    theory.boundedness(potential.Quartics(*quartic), 1.0, out)
    directions = np.random.default_rng(seed).normal(size=(2000, 12))
    directions[::2] *= np.repeat(np.random.default_rng(seed + 1).random((1000, 3)) ** 2, 4, axis=1)
    lowest = Lagrangian(np.zeros(3), np.zeros(3), np.array(quartic)).v4(directions).min()
    if (out >= 0.0).all():
        assert lowest >= -1e-12
    if lowest < 0.0:
        assert out.min() < 0.0


def test_boundedness_separates_the_quadrants_of_a_simple_potential() -> None:
    """V4 = x1^2 + x2^2 + x3^2 + c x1 x2 is bounded exactly for c >= -2."""
    out = np.empty(7)
    for c, bounded in [(-1.99, True), (-2.01, False)]:
        theory.boundedness(potential.Quartics(1.0, 1.0, 1.0, c, *[0.0] * 8), 1.0, out)
        assert (out.min() >= 0.0) == bounded


def test_exact_point_has_one_quartic_coupling(vectors: Vectors) -> None:
    """Aligned, degenerate, soft terms from the charged masses: V4 = l (sum phi^dagger phi)^2, largest
    |Lambda| = 14 l.
    """
    i = vectors.labels.index("aligned_decoupling_600_800")
    o = evaluate(vectors.x[i])
    single = sm.M_HIGGS**2 / (2 * sm.VEV**2)
    expected = [single] * 3 + [2 * single] * 3 + [0.0] * 6
    assert [o[f"lambda{k}"] for k in range(1, 13)] == pytest.approx(expected, abs=1e-12)
    assert max(o[f"uni_{k:02d}"] for k in range(1, 22)) == pytest.approx(14 * single, rel=1e-12)
