"""Points per second of ALPaca, of the native model and of a surrogate, one by one and in batches, on one core.

    python benchmarks/surrogate_speed.py            # where terranova[alpaca] is not installed that row is left out

CPU time, chi2 included. The surrogates learn 2000 random points of the native model: what they say does not matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

import terranova
from terranova.errors import PluginMissing
from terranova.surrogates.dataset import LOGLIKE
from terranova.surrogates.trained import chi2_of, make
from terranova.types import Floats

SETS = ("alp-belle2-2311.14629", "alp-babar", "alp-babar-kstar", "alp-belle", "alp-displaced", "alp-flavour")
SECONDS = 1.0
TRAINING, BATCH, SLOW = 2_000, 10_000, 3


def rate(call: Callable[[Floats], object], u: Floats, size: int, least: int) -> float:
    """Points per CPU second, in calls of `size` points."""
    call(u[:size])
    done, start = 0, time.process_time()
    while done < least or time.process_time() - start < SECONDS * (least > SLOW):
        first = done % max(1, len(u) - size + 1)
        call(u[first : first + size])
        done += size
    return done / (time.process_time() - start)


def main() -> None:
    """Print the table."""
    native = terranova.problem("alp", SETS)
    space = native.model.space
    u = np.random.default_rng(1).random((BATCH, space.dimension))

    def true(problem: terranova.Problem) -> Callable[[Floats], object]:
        def call(v: Floats) -> object:
            x = problem.model.space.to_physical(v)
            return problem.score(x, problem.evaluate(x).observables)

        return call

    rows: list[tuple[str, float, float]] = []
    try:
        slow = terranova.problem("alp-alpaca", SETS)
        single = rate(true(slow), u, 1, SLOW)
        rows.append(("alp-alpaca", single, single))
    except PluginMissing as missing:
        print(missing)
    rows.append(("alp", rate(true(native), u, 1, 100), rate(true(native), u, BATCH, BATCH)))
    x = space.to_physical(u[:TRAINING])
    observables = native.evaluate(x).observables
    loglike = native.score(x, observables)[1]
    names = [o.name for o in native.model.observables]
    read = sorted({n for c in native.constraints for n in c.observables} - set(space.names))
    near = loglike > np.quantile(loglike, 0.7)
    for title, targets in (("surrogate, loglike", [LOGLIKE]), ("surrogate, observables", read)):
        columns = [loglike if t == LOGLIKE else observables[:, names.index(t)] for t in targets]
        made = make("xgboost", native, 0, {})
        made.fit(u[:TRAINING], np.column_stack(columns), near)

        def call(v: Floats, made: terranova.Surrogate = made, targets: list[str] = targets) -> object:
            return made.trust(v), chi2_of(native, targets, v, made.predict(v)[0])

        rows.append((title, rate(call, u, 1, 100), rate(call, u, BATCH, BATCH)))
    print(f"{'':<26}{'single, points/s':>18}{f'batch of {BATCH:,}':>18}{'over first, single':>20}{'batch':>12}")
    for title, single, batch in rows:
        print(f"{title:<26}{single:>18.3g}{batch:>18.3g}{single / rows[0][1]:>20.3g}{batch / rows[0][2]:>12.3g}")


if __name__ == "__main__":
    main()
