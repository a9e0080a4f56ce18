"""Points per second of the models on one core; the 3HDM kernel beside a vectorised numpy code for a part of it.

The numpy code computes 24 of the observables, the 21 unitarity eigenvalues and S, T, U, from quartic couplings
and mixing matrices that are handed to it. Both are timed on the same points in the same run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from terranova.models.alp import AxionLikeParticle
from terranova.models.physics import sm
from terranova.models.thdm3 import ThreeHiggsDoublet
from terranova.types import Floats

BATCHES = (1, 12, 768, 10_000)
SECONDS = 1.0
W2, Z2, REF2 = sm.M_W**2, sm.M_Z**2, sm.M_HIGGS**2


def symmetric(a: Floats, b: Floats, c: Floats, ab: Floats, ac: Floats, bc: Floats) -> Floats:
    """Stack of symmetric 3x3 matrices (n, 3, 3)."""
    return np.stack([a, ab, ac, ab, b, bc, ac, bc, c], axis=-1).reshape(-1, 3, 3)


def numpy_unitarity(lam: Floats) -> Floats:
    """Eigenvalues (n, 21) from quartic couplings lam (12, n)."""
    l1, l2, l3, l4, l5, l6, l7, l8, l9, l10, l11, l12 = lam
    pairs = []
    for a, b, c in (
        (2 * l1, 2**0.5 * l10, l6 + l9),
        (2 * l2, 2**0.5 * l11, l5 + l8),
        (2 * l3, 2**0.5 * l12, l4 + l7),
    ):
        root = np.sqrt(0.25 * (a - c) ** 2 + b * b)
        pairs += [0.5 * (a + c) - root, 0.5 * (a + c) + root]
    blocks = [
        symmetric(2 * l1, 2 * l2, 2 * l3, l7, l8, l9),
        symmetric(l4, l6, l5, l11, l10, l12),
        symmetric(6 * l1, 6 * l2, 6 * l3, 2 * l4 + l7, 2 * l5 + l8, 2 * l6 + l9),
        symmetric(l4 + 2 * l7, l6 + 2 * l9, l5 + 2 * l8, 3 * l11, 3 * l10, 3 * l12),
    ]
    triples = [np.linalg.eigvalsh(block) for block in blocks]
    return np.column_stack([*pairs, l4 - l7, l5 - l8, l6 - l9, *triples])


def small_f(t: Floats, r: Floats) -> Floats:
    """f(t, r) of arXiv:0802.4353."""
    root = np.sqrt(np.abs(r))
    with np.errstate(divide="ignore", invalid="ignore"):
        above = root * np.log(np.abs((t - root) / (t + root)))
    return np.where(r > 0, above, 2 * root * np.arctan(root / t))


def big_f(x: Floats, y: Floats) -> Floats:
    """F(x, y) of arXiv:0711.4022."""
    return 0.5 * (x + y) - x * y / (x - y) * np.log(x / y)


def big_g(i: Floats, j: Floats, q: float) -> Floats:
    """G(I, J, Q) of arXiv:0802.4353, for different masses."""
    total, gap = i + j, i - j
    r = q * q - 2 * q * total + gap * gap
    bracket = ((i * i + j * j) / gap - total * gap / q + gap**3 / (3 * q * q)) * np.log(i / j)
    return -16 / 3 + 5 * total / q - 2 * gap**2 / q**2 + 3 / q * bracket + r / q**3 * small_f(total - q, r)


def big_g_hat(i: Floats, q: float) -> Floats:
    """Ghat(I, Q) of arXiv:0802.4353."""
    x = i / q
    log = (-10 + 18 * x - 6 * x**2 + x**3 - 9 * (x + 1) / (x - 1)) * np.log(x)
    return -79 / 3 + 9 * x - 2 * x**2 + log + (12 - 4 * x + x**2) * small_f(i, i * i - 4 * i * q) / q


def numpy_oblique(even: Floats, odd: Floats, charged: Floats, mix: Floats) -> Floats:
    """S, T, U (n, 3) up to constants of the SM; squared masses (3|2|2, n), mix (3, 3, n) for every mixing."""
    t = np.zeros(even.shape[1])
    s, u = np.zeros_like(t), np.zeros_like(t)
    for a in range(2):
        for i in range(3):
            t += mix[a, i] * big_f(charged[a], even[i])
            u += mix[a, i] * big_g(charged[a], even[i], W2)
        for j in range(2):
            t += mix[j, a] * big_f(charged[a], odd[j])
            u += mix[j, a] * big_g(charged[a], odd[j], W2)
        s += big_g(charged[a], charged[a] * (1 + 1e-9), Z2)
    for i in range(3):
        for j in range(2):
            t -= mix[i, j] * big_f(even[i], odd[j])
            s += mix[i, j] * big_g(even[i], odd[j], Z2)
        t += 3 * mix[i, 2] * (big_f(even[i], np.full_like(t, Z2)) - big_f(even[i], np.full_like(t, W2)))
        hat = big_g_hat(even[i], Z2)
        s += mix[i, 2] * hat
        u += mix[i, 2] * (big_g_hat(even[i], W2) - hat)
    return np.column_stack([s, t, u])


def per_point(work: Callable[[], object], n: int) -> float:
    """Best time of one point in microseconds."""
    work()
    best, end = np.inf, time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return 1e6 * best / n


def scotogenic() -> None:
    """CPU time of the scotogenic model: all observables but the relic density, and the relic density."""
    import terranova

    print(f"\n{'model':<20} {'batch':>6} {'stage 0':>14} {'relic density':>14}   (CPU time)")
    for name in ("scotogenic-ci37", "scotogenic-ci37c", "scotogenic-full43"):
        bound = terranova.model(name)
        for n in (100, 1000):
            x = bound.space.to_physical(np.random.default_rng(1).random((n, bound.space.dimension)))
            first = bound.plugin.evaluate_array(x)
            speeds = []
            for work in (
                lambda x=x, bound=bound: bound.plugin.evaluate_array(x),
                lambda x=x, bound=bound, first=first: bound.plugin.evaluate_stage(1, x, first),
            ):
                work()
                best = np.inf
                for _ in range(10):
                    started = time.process_time()
                    work()
                    best = min(best, time.process_time() - started)
                speeds.append(n / best)
            print(f"{name:<20} {n:6d} {speeds[0]:11,.0f} /s {speeds[1]:11,.0f} /s")


def alp() -> None:
    """The ALP model: all its observables, for points from the priors."""
    model = AxionLikeParticle()
    rng = np.random.default_rng(1)
    print(f"\n{'batch':>6} {f'ALP, {len(model.observables)} observables':>26}")
    for n in BATCHES:
        x = np.column_stack([p.prior.to_physical(rng.random(n)) for p in model.parameters])
        x = np.ascontiguousarray(x)
        cost = per_point(lambda x=x: model.evaluate_array(x), n)
        column = f"{1e6 / cost:11,.0f} /s {cost:8.2f} us"
        print(f"{n:6d} {column:>26}")


def main() -> None:
    """Print the tables."""
    model = ThreeHiggsDoublet()
    rng = np.random.default_rng(1)
    print(f"{'batch':>6} {f'kernel, {len(model.observables)} observables':>26} {'numpy, 24 observables':>26}")
    for n in BATCHES:
        x = np.column_stack([p.prior.to_physical(rng.random(n)) for p in model.parameters])
        x = np.ascontiguousarray(x)
        lam = np.ascontiguousarray(model.evaluate_array(x)[:, :12].T)
        m2 = np.ascontiguousarray(x[:, 7:13].T) ** 2
        even = np.vstack([np.full((1, n), REF2), m2[:2]])
        mix = rng.random((3, 3, n))
        kernel = per_point(lambda x=x: model.evaluate_array(x), n)
        part = per_point(
            lambda lam=lam, even=even, m2=m2, mix=mix: (
                numpy_unitarity(lam),
                numpy_oblique(even, m2[2:4], m2[4:6], mix),
            ),
            n,
        )
        columns = [f"{1e6 / cost:11,.0f} /s {cost:8.2f} us" for cost in (kernel, part)]
        print(f"{n:6d} {columns[0]:>26} {columns[1]:>26}")
    alp()
    scotogenic()


if __name__ == "__main__":
    main()
