"""`alp-alpaca`: what it says where ALPaca is missing, and how it compares with the native model where it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support.alp_reference import inputs, read_points

import terranova
from terranova.errors import PluginMissing
from terranova.models.alp import alpaca_model
from terranova.registry import registry

MISSING = alpaca_model.missing()
needs_alpaca = pytest.mark.skipif(bool(MISSING), reason=MISSING or "ALPaca is there")
CONFIG = """\
model: alp-alpaca
constraints: [alp-babar]
sampler: random
budget: {evaluations: 2}
seed: 1
output: run
"""


def test_it_is_listed_and_nothing_is_broken() -> None:
    assert "alp-alpaca" in registry().names("model")
    assert not [b for b in registry().broken if b.name == "alp"]


def test_alpaca_is_not_imported_by_listing_it() -> None:
    code = "import sys; from terranova.registry import registry; registry(); print('alpaca' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("python", "installed", "words"),
    [
        ((3, 11), "1.2.0", "too old"),
        ((3, 12), None, "which is not installed: install it with pip install 'terranova.alpaca.'"),
        ((3, 12), "1.1.0", "needs alpaca-ALPs 1.2.0, found 1.1.0"),
    ],
)
def test_what_is_missing_is_said(
    python: tuple[int, int], installed: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alpaca_model, "_python", lambda: python)
    monkeypatch.setattr(alpaca_model, "_installed", lambda: installed)
    with pytest.raises(PluginMissing, match=words):
        terranova.model("alp-alpaca")


@pytest.mark.skipif(not MISSING, reason="ALPaca is installed")
def test_a_configuration_gets_the_same_answer(tmp_path: Path) -> None:
    from terranova.config import load_config

    path = tmp_path / "scan.yaml"
    path.write_text(CONFIG)
    with pytest.raises(terranova.ConfigError) as caught:
        load_config(path)
    assert [d.message for d in caught.value.diagnostics] == [MISSING]


@needs_alpaca
@pytest.mark.slow
def test_native_and_alpaca_agree() -> None:
    """Five of the vectors, computed here and now; ten CPU seconds to import ALPaca, three a point."""
    tags = ("cqL3", "FV + gluon (fit region)", "universal cuR")
    points = [p for p in read_points() if p["tag"] in tags or "c23L" in p["params"]]
    slow, fast = terranova.model("alp-alpaca"), terranova.model("alp", like_alpaca=True, escape="mean-momentum")
    x = inputs(fast, points)
    theirs, mine = slow.evaluate_array(x), fast.evaluate_array(x)
    assert not theirs.status.any(), theirs.reason
    columns = {o.name: i for i, o in enumerate(fast.observables)}
    for name, tolerance in (
        ("abs_c_sbV", 0.002),
        ("BR_BpKa", 0.005),
        ("BR_B0K0a", 0.005),
        ("BR_B0Ksta", 0.005),
        ("W_mumu", 0.012),
        ("ctau", 0.025),
        ("BR_Bsmumu", 0.015),
        ("DMs", 1e-3),
    ):
        column = columns[name]
        assert mine.observables[:, column] == pytest.approx(theirs.observables[:, column], rel=tolerance), name
    again = slow.evaluate_array(x[::-1])  # the noise of its integrals depends on the point only
    assert np.array_equal(again.observables[::-1], theirs.observables)
