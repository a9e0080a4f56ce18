"""The same rows whatever is around a scan: threads of linear algebra, the order of hashes, what NumPy may use."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from support.digests import PROBLEMS

pytestmark = [pytest.mark.integration, pytest.mark.fault("F66")]

USUAL = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
OTHERWISE = {
    "threads": {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2"},
    "hashes": {"PYTHONHASHSEED": "12345"},
    # What NumPy itself computes; names of features that the machine lacks are of no effect.
    "numpy": {"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX2 FMA3"},
}
"""What does not change a row."""

SAMPLERS = ["cmaes", "cmaes-novelty", "de", "ensemble", "explorer", "gp-active", "lhs", "nsga2", "nsga3", "random"]
SAMPLERS += ["sobol", "tpe", "xgb-active"]


def _rows(model: str, evaluations: int, samplers: list[str], surroundings: dict[str, str]) -> dict[str, Any]:
    """Scan in a process of its own; return sampler -> column -> digest."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("NPY_", "NUMBA_CPU", "OPENBLAS_"))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "support.digests", model, str(evaluations), *samplers],
        env={**environment, **USUAL, **surroundings}, capture_output=True, text=True, timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def _compare(model: str, evaluations: int, samplers: list[str], surroundings: dict[str, str]) -> None:
    one, other = (_rows(model, evaluations, samplers, around) for around in ({}, surroundings))
    assert one.keys() == other.keys() == set(samplers)
    assert {s: [c for c in one[s] if one[s][c] != other[s][c]] for s in samplers} == {s: [] for s in samplers}


def test_rows_do_not_depend_on_threads_and_hashes() -> None:
    _compare("toy-shell", 60, ["de", "gp-active"], OTHERWISE["threads"] | OTHERWISE["hashes"])


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("what", OTHERWISE)
@pytest.mark.parametrize(("model", "evaluations"), [("toy-shell", 600), ("thdm3", 200), ("alp", 200)])
def test_no_sampler_depends_on_what_is_around(model: str, evaluations: int, what: str) -> None:
    assert model in PROBLEMS
    _compare(model, evaluations, SAMPLERS, OTHERWISE[what])
