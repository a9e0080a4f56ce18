"""The profile likelihoods of the 2HDM example by searches that are no part of the fit: the table it is measured by.

    pip install ./examples/thdm2
    python benchmarks/thdm2_reference.py --seeds 1 2 --output benchmarks/thdm2_reference.json

For 40 values of tan(beta), 40 of cos(beta - alpha) and the 40 bins around these, the smallest chi2 is searched by
two methods that differ in kind:

- differential evolution (R. Storn and K. Price, J. Global Optim. 11 (1997) 341) of all bins side by side, with
  penalties that grow while it runs;
- sequential quadratic programming (SLSQP of scipy) from what evolution found and its populations when they were
  young, with every eigenvalue and every condition of boundedness as a constraint of its own, and from the minima of
  neighbours on both sides, until none gains by it.

Nothing of `terranova.fitting` is used. The coordinates are log tan(beta), cos(beta - alpha), the masses, and
lambda_1 + lambda_2 in place of m12^2, in which what is allowed is as wide at tan(beta) = 50 as it is at 1: m12^2 is
linear in it. Every row was evaluated once more as a fit evaluates it. The lowest value of all seeds stands in the
table, and beside it by how much the seeds differ.

The bins of pairs of parameters that can be reached are in `completeness.py`.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from thdm2 import physics

import terranova
from terranova.types import Array, Floats, Ints

Say = Callable[[str], None]

PROBLEM = terranova.problem("thdm2", ["thdm2-theory", "thdm2-data"])
MEASURED = [c for c in PROBLEM.constraints if isinstance(c, terranova.Asymmetric)]
VALUE, SIGMA_UP, SIGMA_DOWN = np.array([(c.value, c.sigma_up, c.sigma_down) for c in MEASURED]).T
OTHER = [c for c in PROBLEM.constraints if not c.hard and c not in MEASURED]
COLUMNS = ("log_tan_beta", "cos_ba", "m_H", "m_A", "m_C", "sum_lambda")
UNITARITY = 8.0 * np.pi
LOWEST = np.array([np.log(0.3), -1.0, 130.0, 80.0, 580.0, 0.0])
HIGHEST = np.array([np.log(50.0), 1.0, 1000.0, 1000.0, 1000.0, 2.0 * UNITARITY / 3.0])
VALUES = 40
COS_RANGE = (-0.5, 0.5)

POPULATION, GENERATIONS, YOUNG = 48, 600, 150
"""Of differential evolution; after `YOUNG` generations its members are starts of the other method."""

STARTS = 6
"""Of these, for each bin."""

LOOKS = 80
"""Points at which a programme looks, with the slopes there, at most: one that is stuck at a kink ends by this."""

THREADS = 140
"""Of it, side by side."""

KEPT, DISTINCT = 3, 0.03
"""Minima that a bin keeps for its neighbours, and how far apart they are at least, in units of its box."""

INSET = 5e-5
"""Of a bin of cos(beta - alpha) this much is left out at each of its ends, as a fit does."""

STEP, MARGIN = 1e-7, 1e-9
"""Of differences, and by how much bounds are kept, in their units."""

GAIN = 1e-4
ROUNDS = 40
NEAR = 12.0
"""Delta chi2 beyond which a minimum is not handed on."""


def masses(x: Floats) -> dict[str, Floats]:
    """Return the parameters of the model at x (n, 6)."""
    tan_beta, cos_ba, m_H, m_A, m_C = np.exp(x[:, 0]), *x[:, 1:5].T
    beta = np.arctan(tan_beta)
    alpha = beta - np.arccos(np.clip(cos_ba, -1.0, 1.0))
    alpha = np.where(alpha < -np.pi / 2, alpha + np.pi, alpha)
    s2, c2, sa2, ca2 = (f(angle) ** 2 for angle in (beta, alpha) for f in (np.sin, np.cos))
    M2 = m_H**2 * (ca2 * s2 + sa2 * c2) + physics.M_H**2 * (sa2 * s2 + ca2 * c2)
    M2 = (M2 - x[:, 5] * s2 * c2 * physics.V**2) / (s2**2 + c2**2)
    columns = (alpha, tan_beta, m_H, m_A, m_C, M2 * np.sqrt(s2 * c2))
    return dict(zip(PROBLEM.model.space.names, columns, strict=True))


def terms(x: Floats) -> tuple[Floats, Floats]:
    """Return chi2 (n,) without hard bounds, and those (n, k), not negative where they are met."""
    p = masses(x)
    coupling = physics.couplings(*(p[name] for name in ("alpha", "tan_beta", "m_H", "m_A", "m_C", "m12sq")))
    observables = PROBLEM.model.plugin.evaluate(p)
    off = np.column_stack([observables[c.observables[0]] for c in MEASURED]) - VALUE
    chi2 = ((off / np.where(off > 0.0, SIGMA_UP, SIGMA_DOWN)) ** 2).sum(axis=1)
    for c in OTHER:
        chi2 -= 2.0 * c.loglike(np.column_stack([observables[name] for name in c.observables]))
    l1, l2, l3, l4, l5 = coupling
    root = np.sqrt(np.maximum(l1, 0.0) * np.maximum(l2, 0.0))
    eigenvalues = physics.unitarity(coupling) / UNITARITY
    bounds = [
        *(1.0 - eigenvalues),
        *(1.0 + eigenvalues),
        l1,
        l2,
        l3 + root,
        l3 + l4 + l5 + root,
        l3 + l4 - l5 + root,
    ]
    prior = [p["m12sq"] / 10.0 - 1.0, 1.0 - p["m12sq"] / 1e6]
    return chi2, np.column_stack([*bounds, *prior])


def confirmed(x: Floats) -> Floats:
    """Return chi2 (n,) as a fit evaluates it, in the masses; infinite where a point is excluded."""
    space = PROBLEM.model.space
    p = masses(x)
    with np.errstate(invalid="ignore"):
        inside = np.clip(space.to_unit(np.column_stack([p[name] for name in space.names])), 0.0, 1.0)
    physical = space.to_physical(inside)
    return np.asarray(-2.0 * PROBLEM.score(physical, PROBLEM.evaluate(physical).observables)[1])


def boxes(curve: str) -> Floats:
    """Return the ends (bins, 2, 6) of what is searched in each bin of a curve."""
    ends = np.tile(np.stack([LOWEST, HIGHEST]), (VALUES, 1, 1))
    if curve == "tan_beta":
        edges = np.linspace(LOWEST[0], HIGHEST[0], VALUES + 1)
        ends[:, :, 0] = (0.5 * (edges[1:] + edges[:-1]))[:, None]
        return ends
    edges = np.linspace(*COS_RANGE, VALUES + 1)
    if curve == "cos_ba":
        ends[:, :, 1] = (0.5 * (edges[1:] + edges[:-1]))[:, None]
    else:
        ends[:, 0, 1], ends[:, 1, 1] = edges[:-1] + INSET, edges[1:] - INSET
    return ends


def evolved(ends: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """Search all bins by differential evolution.

    Returns:
        members x (bins, POPULATION, 6) when they were young; and the best allowed point x (bins, 6) with its chi2
        (bins,).
    """
    bins, low, span = len(ends), ends[:, None, 0], (ends[:, 1] - ends[:, 0])[:, None]
    u = rng.random((bins, POPULATION, 6))
    best, best_u, young = np.full(bins, np.inf), u[:, 0].copy(), u

    def cost(u: Floats, price: float) -> tuple[Floats, Floats]:
        chi2, bounds = terms((low + u * span).reshape(-1, 6))
        short = np.minimum(bounds, 0.0)
        allowed = np.where((short < 0.0).any(axis=1), np.inf, chi2).reshape(bins, -1)
        paid = chi2 + price * np.abs(short).sum(axis=1) + price * (short**2).sum(axis=1)
        return np.where(np.isfinite(paid), paid, 1e30).reshape(bins, -1), allowed

    for generation in range(GENERATIONS):
        price = 10.0 * 10.0 ** (5.0 * generation / GENERATIONS)
        if generation % 25 == 0:
            paid, _ = cost(u, price)
        one, two, three = (rng.integers(0, POPULATION, (bins, POPULATION)) for _ in range(3))
        rows = np.arange(bins)[:, None]
        lead = paid.argsort(axis=1)[rows, rng.integers(0, POPULATION // 5, (bins, POPULATION))]
        length = rng.uniform(0.4, 0.9, (bins, POPULATION, 1))
        towards = rng.random((bins, POPULATION, 1)) < 0.5
        base = np.where(towards, u + length * (u[rows, lead] - u), u[rows, one])
        tried = base + length * (u[rows, two] - u[rows, three])
        kept = rng.random(u.shape) > 0.9
        kept[rows, np.arange(POPULATION), rng.integers(0, 6, (bins, POPULATION))] = False
        tried = np.where(kept, u, tried)
        tried = np.where(
            (tried < 0.0) | (tried > 1.0), rng.random(u.shape) * 0.5 * (u + np.clip(tried, 0, 1)), tried
        )
        value, allowed = cost(tried, price)
        first = allowed.argmin(axis=1)
        gained = allowed[rows[:, 0], first] < best
        best[gained], best_u[gained] = allowed[rows[:, 0], first][gained], tried[rows[:, 0], first][gained]
        better = value <= paid
        u[better], paid[better] = tried[better], value[better]
        if generation + 1 == YOUNG:
            young = u.copy()
    return low + young * span, low[:, 0] + best_u * span[:, 0], best


class Together:
    """Evaluates what many threads ask for in one call of the model, as soon as all of them wait."""

    def __init__(self, threads: int) -> None:
        self._running, self._asked = threads, threading.Condition()
        self._waiting: list[tuple[Floats, list[tuple[Floats, Floats]]]] = []

    def __call__(self, x: Floats) -> tuple[Floats, Floats]:
        """Return the terms at x (n, 6)."""
        answer: list[tuple[Floats, Floats]] = []
        with self._asked:
            self._waiting.append((x, answer))
            self._answer()
            self._asked.wait_for(lambda: answer)
        return answer[0]

    def leave(self) -> None:
        """A thread asks no more."""
        with self._asked:
            self._running -= 1
            self._answer()

    def _answer(self) -> None:
        if self._waiting and len(self._waiting) == self._running:
            chi2, bounds = terms(np.concatenate([x for x, _ in self._waiting]))
            first = 0
            for x, answer in self._waiting:
                last = first + len(x)
                answer.append((chi2[first:last], bounds[first:last]))
                first = last
            self._waiting = []
            self._asked.notify_all()


class Enough(Exception):
    """A programme has looked at all the points that it may."""


class Programme:
    """Sequential quadratic programming in one bin, of ends (2, 6), from a start x (6,)."""

    def __init__(self, ends: Floats, start: Floats, evaluate: Together) -> None:
        self._low, self._span, self._evaluate = ends[0], ends[1] - ends[0], evaluate
        self._free: Ints = np.flatnonzero(self._span > 0.0)
        self._start = np.clip((start - self._low)[self._free] / self._span[self._free], 0.0, 1.0)
        self._at = np.full(len(self._free), np.nan)
        self.best, self.x, self._looks = np.inf, start, 0

    def whole(self, v: Floats) -> Floats:
        """Return x (n, 6) of the free ones v (n, k), in units of the box."""
        x = np.tile(self._low, (len(v), 1))
        x[:, self._free] += v * self._span[self._free]
        return x

    def _look(self, v: Floats) -> None:
        if np.array_equal(v, self._at):
            return
        self._at = v.copy()
        self._looks += 1
        if self._looks > LOOKS:
            raise Enough
        step = np.where(v > 0.5, -STEP, STEP)
        chi2, bounds = self._evaluate(self.whole(np.vstack([v, v + step * np.eye(len(v))])))
        self.chi2, self.slope = chi2[0], (chi2[1:] - chi2[0]) / step
        self.bounds, self.slopes = bounds[0] - MARGIN, ((bounds[1:] - bounds[0]) / step[:, None]).T
        if bounds[0].min() >= 0.0 and self.chi2 < self.best:
            self.best, self.x = float(self.chi2), self.whole(v[None])[0]

    def __call__(self) -> None:
        """Search; the best allowed point on the way, `x`, has chi2 `best`."""

        def get(name: str) -> Any:
            def of(v: Floats) -> Any:
                self._look(v)
                return getattr(self, name)

            return of

        try:
            with np.errstate(all="ignore"):
                minimize(
                    get("chi2"),
                    self._start,
                    jac=get("slope"),
                    method="SLSQP",
                    bounds=[(0.0, 1.0)] * len(self._start),
                    constraints={"type": "ineq", "fun": get("bounds"), "jac": get("slopes")},
                    options={"maxiter": LOOKS, "ftol": 1e-8},
                )
        except Enough:
            pass
        finally:
            self._evaluate.leave()


def programmed(ends: Floats, cells: Sequence[int], starts: Sequence[Floats]) -> list[Programme]:
    """Search cells, each from its start x (6,), side by side."""
    done: list[Programme] = []
    for first in range(0, len(cells), THREADS):
        some = range(first, min(first + THREADS, len(cells)))
        together = Together(len(some))
        programmes = [Programme(ends[cells[i]], starts[i], together) for i in some]
        with ThreadPoolExecutor(len(some)) as pool:
            for future in [pool.submit(programme) for programme in programmes]:
                future.result()
        done += programmes
    return done


def search(ends: Floats, seed: int, say: Say) -> dict[str, Array]:
    """Search all bins by both methods; return the chi2 (bins,) of each, and x (bins, 6) of the lower."""
    rng = np.random.default_rng(seed)
    young, evolved_x, first = evolved(ends, rng)
    say(f"differential evolution: {np.isfinite(first).sum()} of {len(ends)} bins")
    minima: list[list[tuple[float, Floats]]] = [[] for _ in ends]
    cells = np.repeat(np.arange(len(ends)), STARTS + 1).tolist()
    members = [young[cell, rng.choice(POPULATION, STARTS, replace=False)] for cell in range(len(ends))]
    starts = [x for cell, some in enumerate(members) for x in (evolved_x[cell], *some)]
    for cell, programme in zip(cells, programmed(ends, cells, starts), strict=True):
        keep(minima[cell], programme.x, programme.best)
    say(f"from its populations, by quadratic programming: {sum(map(bool, minima))} of {len(ends)} bins")
    told: set[tuple[int, float]] = set()
    for turn in range(ROUNDS):
        found = np.array([kept[0][0] if kept else np.inf for kept in minima])
        cells, starts = [], []
        for cell in range(len(ends)):
            for beside in (cell - 2, cell - 1, cell + 1, cell + 2):
                for value, x in minima[beside] if 0 <= beside < len(ends) else ():
                    if value < found.min() + NEAR and (cell, value) not in told:
                        told.add((cell, value))
                        cells.append(cell)
                        starts.append(x)
        for cell, programme in zip(cells, programmed(ends, cells, starts), strict=True):
            keep(minima[cell], programme.x, programme.best)
        now = np.array([kept[0][0] if kept else np.inf for kept in minima])
        gained = int((now < found - GAIN).sum())
        say(f"round {turn + 1}, {len(cells)} searches from neighbours: {gained} bins gained")
        if not gained:
            break
    x = np.array([kept[0][1] if kept else np.full(6, np.nan) for kept in minima])
    x[first < now] = evolved_x[first < now]
    return {"evolution": first, "programming": now, "x": x}


def keep(minima: list[tuple[float, Floats]], x: Floats, chi2: float) -> None:
    """Put a minimum among the distinct ones of its bin."""
    if not np.isfinite(chi2):
        return
    unit = HIGHEST - LOWEST
    near = [i for i, (_, other) in enumerate(minima) if (np.abs(other - x) / unit).max() < DISTINCT]
    if any(minima[i][0] <= chi2 + 1e-9 for i in near):
        return
    minima[:] = sorted([m for i, m in enumerate(minima) if i not in near] + [(chi2, x)], key=lambda m: m[0])[:KEPT]


def rows_of(curve: str, seed: int, say: Say) -> list[dict[str, Any]]:
    """Return a row for each bin of a curve: its ends, and what the searches of one seed found."""
    ends = boxes(curve)
    started = time.process_time()
    found = search(ends, seed, lambda what: say(f"{curve}, seed {seed}: {what}"))
    say(f"{curve}, seed {seed}: {time.process_time() - started:.0f} s of CPU time")
    chi2 = confirmed(found["x"])
    rows = []
    for i in range(len(ends)):
        held = np.exp(ends[i, :, 0]) if curve == "tan_beta" else ends[i, :, 1]
        row: dict[str, Any] = {"from": float(held[0]), "to": float(held[1])}
        if np.isfinite(chi2[i]):
            x = found["x"][i : i + 1]
            row |= {"chi2": float(chi2[i]), "seeds": {str(seed): float(chi2[i])}}
            row |= {way: float(found[way][i]) for way in ("evolution", "programming")}
            row["point"] = {name: float(column[0]) for name, column in masses(x).items()} | {
                "cos_ba": float(x[0, 1])
            }
        rows.append(row)
    return rows


def joined(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a bin that two sets of seeds amount to: the lower value counts."""
    low, high = sorted((old, new), key=lambda row: float(row.get("chi2", np.inf)))
    both = {**high, **low, "seeds": {**high.get("seeds", {}), **low.get("seeds", {})}}
    for way in ("evolution", "programming"):
        both[way] = min(row.get(way, np.inf) for row in (old, new))
    return both if "chi2" in both else low


def show(curves: dict[str, list[dict[str, Any]]]) -> None:
    """Print the table."""
    best = min(row["chi2"] for rows in curves.values() for row in rows if "chi2" in row)
    print("| curve | from | to | Delta chi2 | seeds differ by | evolution, programming above |")
    print("| --- | --- | --- | --- | --- | --- |")
    for curve, rows in curves.items():
        for row in (row for row in rows if "chi2" in row):
            above = ", ".join(f"{row[way] - row['chi2']:.4f}" for way in ("evolution", "programming"))
            delta = f"{row['chi2'] - best:.4f} | {np.ptp(list(row['seeds'].values())):.4f}"
            print(f"| {curve} | {row['from']:.4f} | {row['to']:.4f} | {delta} | {above} |")


def main() -> None:
    """Make the table, or add seeds to it, and print it with how far seeds and methods agree."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--curves", nargs="+", default=["tan_beta", "cos_ba", "cos_ba_bins"])
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    args = parser.parse_args()
    curves: dict[str, list[dict[str, Any]]] = {}
    if args.output.exists():
        curves = json.loads(args.output.read_text(encoding="utf-8"))["curves"]
    for seed in args.seeds:
        for curve in args.curves:
            rows = rows_of(curve, seed, lambda what: print(what, flush=True))
            curves[curve] = [joined(*pair) for pair in zip(curves.get(curve, rows), rows, strict=True)]
            best = min(row["chi2"] for rows in curves.values() for row in rows if "chi2" in row)
            table = {"made by": f"benchmarks/{Path(__file__).name}", "best": best, "curves": curves}
            args.output.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    show(curves)


if __name__ == "__main__":
    main()
