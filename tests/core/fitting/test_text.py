"""What a fit found, in sentences."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from terranova.fitting.best import BestFit
from terranova.fitting.calibration import MODEL_ALONE, WITH_SURROGATE, Calibration
from terranova.fitting.convergence import Diagnosis
from terranova.fitting.findings import About, Quantity
from terranova.fitting.intervals import Interval
from terranova.fitting.text import (
    convergence_sentences,
    correction_sentences,
    goodness,
    interval_sentence,
    posterior_sentence,
    spent_text,
    surrogate_sentences,
    trust_sentences,
)

QUANTITIES = (Quantity("ctau", "observable", "cm"), Quantity("x", "free"))


def _fit(**words: Any) -> Any:
    words = {"best": SimpleNamespace(parameters=5, jumps=()), **words}
    return SimpleNamespace(about=About("m", (), QUANTITIES, (), ()), **words)


@pytest.mark.parametrize(
    ("name", "parts", "text"),
    [
        ("ctau", ((62.1, None),), "ctau at 95 % CL (profile): above 62.1 cm"),
        ("ctau", ((None, 3.0),), "below 3 cm"),
        ("x", ((1.0, 2.0), (3.0, 4.0)), "x at 95 % CL (profile): 1 to 2 or 3 to 4"),
        ("ctau", ((1.0, 1.120011), (1.120042, 4.0)), "1 to 1.12001 cm or 1.12004 to 4 cm"),
        ("x", ((None, None),), "nothing in the range is excluded"),
        ("x", (), "everything is excluded"),
    ],
)
def test_intervals(name: str, parts: Any, text: str) -> None:
    result: Any = SimpleNamespace(profile=SimpleNamespace(axes=[SimpleNamespace(name=name)]))
    assert text in interval_sentence(_fit(), result, Interval(0.95, parts))


@pytest.mark.parametrize(("surrogate", "measured"), [(None, MODEL_ALONE), (SimpleNamespace(), WITH_SURROGATE)])
def test_beside_ends_stands_how_often_such_ends_were_wrong(surrogate: Any, measured: Calibration) -> None:
    """Of fits of the same kind; nothing where no end is quoted."""
    ends = [Interval(0.68, ((math.nan, 2.0),), (("a jump", None),)), Interval(0.95, ((None, None),))]
    fit = _fit(surrogate=surrogate, profiles=[SimpleNamespace(intervals=ends)])
    assert trust_sentences(fit) == [measured.sentence(5)]
    nothing = [Interval(0.68, ((math.nan, math.nan),), (("a jump", "a jump"),)), Interval(0.95, ())]
    assert trust_sentences(_fit(surrogate=surrogate, profiles=[SimpleNamespace(intervals=nothing)])) == []


@pytest.mark.parametrize(
    ("constraints", "p_value", "text"),
    [(5, 0.25, ", p = 0.25"), (5, None, "up to a constant only"), (2, None, "no degree of freedom is left")],
)
def test_goodness(constraints: int, p_value: float | None, text: str) -> None:
    best = BestFit(np.zeros(2), -1.5, {}, 3.0, constraints, 2, p_value, {}, 7)
    assert goodness(_fit(best=best)).startswith(f"chi2 = 3.000 of {constraints} measurements with 2 free")
    assert text in goodness(_fit(best=best))


def test_limits_are_no_measurements_and_a_bound_says_why() -> None:
    """Six limits count neither in the p-value nor in its degrees of freedom."""
    limits = tuple(f"l{i}" for i in range(6))
    best = BestFit(
        np.zeros(16), -4.61, {}, 9.22, 23, 16, 0.249, {}, 7, limits=limits, chi2_measured=9.05, p_is="at least",
        p_because=("limits pull at the point",),
    )  # fmt: skip
    assert goodness(_fit(best=best)) == (
        "chi2 = 9.220: 9.050 of 23 measurements with 16 free parameters, 0.170 of 6 limits, p ≥ 0.249 of the "
        "measurements (limits pull at the point)"
    )
    assert ", p ≈ 0.249 (n)" in goodness(_fit(best=replace(best, limits=(), p_is="about", p_because=("n",))))


def test_posteriors() -> None:
    posterior: Any = SimpleNamespace(
        method="mcmc", converged=False, effective=1234.0, log_evidence=None, correction=None, reasons=()
    )
    assert posterior_sentence(posterior) == "mcmc (NOT converged): 1,234 effective points"
    posterior.reasons = ("too short", "too few")
    assert posterior_sentence(posterior).startswith("mcmc (NOT converged: too short; too few): 1,234 ")
    assert correction_sentences(posterior) == []
    posterior.log_evidence, posterior.log_evidence_error, posterior.converged = 1.0, 0.1, True
    assert posterior_sentence(posterior).endswith(", ln Z = 1.000 ± 0.100")
    posterior.correction = SimpleNamespace(used=True, weighted=2000, shape=math.inf)
    assert "corrected with 2,000 evaluations; Pareto k of the weights none" in correction_sentences(posterior)[0]
    posterior.correction.used = False
    assert "does not serve here" in correction_sentences(posterior)[0]


def test_the_worst_of_every_measure_is_said() -> None:
    well = Diagnosis("x", 1.001, 900.0, 800.0, 20.0, 0.02, 1.0, 0.01, 1.0)
    worse = Diagnosis("ctau", 1.004, 700.0, 950.0, 30.0, 0.6, 20.0, 0.4, 1.2)
    posterior: Any = SimpleNamespace(ensembles=4, diagnoses=(well, worse))
    chains, errors = convergence_sentences(posterior)
    assert chains == (
        "4 independent ensembles: R-hat at most 1.0040 (ctau), at least 700 effective points in bulk and tails "
        "(ctau), autocorrelation time at most 30 steps (ctau)"
    )
    assert "of means 3.0 % of the standard deviation (ctau), of standard deviations 2.0 % (ctau)" in errors
    posterior.diagnoses = ()
    assert convergence_sentences(posterior) == []


def test_surrogates_and_costs() -> None:
    assert surrogate_sentences(_fit(surrogate=None)) == []
    summary = SimpleNamespace(plugin="gp", calls=5000, error=0.125)
    assert surrogate_sentences(_fit(surrogate=summary))[0].startswith("surrogate gp: 5,000 predictions")
    assert spent_text(_fit(spent={"best fit": 1200, "mcmc": 3})) == "best fit: 1,200; mcmc: 3"
