"""Fits that go on from a checkpoint: what was done is not done again, and the numbers are those of one session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import measured, words

from terranova.fitting import checkpoints
from terranova.fitting.config_reading import load_fit
from terranova.fitting.findings import Findings
from terranova.fitting.likelihood import Likelihood
from terranova.fitting.session import run_fit
from terranova.fitting.steps import Fit
from terranova.store.checkpoint import CHECKPOINTS
from terranova.store.packed import pack
from terranova.types import Array

pytestmark = pytest.mark.integration

MODEL = {"name": "fit-linear", "free": 2, "measured": 3}
DATA = [measured(f"y{i}", value, unit="GeV") for i, value in enumerate((1.0, -2.0))]
KEYS: dict[str, Any] = {
    "best": {"starts": 1, "generations": 30},
    "profile": [{"a0": None, "bins": 3}, {"y0": [-3, 5], "bins": 3}, {"a0": [-3, 3], "a1": [-3, 3], "bins": 2}],
    "levels": [0.68],
}


class Died(BaseException):
    """Stands for the death of the process."""


class Deaths:
    """Counts the points that are asked for, and dies when there are enough."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.most = 0, 10**9
        plain = Likelihood._batch

        def counted(likelihood: Likelihood, u: Any, **more: Any) -> Any:
            if self.asked + len(u) > self.most:
                raise Died
            self.asked += len(u)
            return plain(likelihood, u, **more)

        monkeypatch.setattr(Likelihood, "_batch", counted)

    def session(self, directory: Path, most: int = 10**9, **keys: Any) -> Fit | None:
        """Run a fit until so many points were asked for; None if it died of that."""
        self.asked, self.most = 0, most
        config = load_fit(words(MODEL, DATA), **{**KEYS, **keys}, output=str(directory))
        try:
            return run_fit(config, quiet=True)
        except Died:
            return None


@pytest.fixture
def deaths(monkeypatch: pytest.MonkeyPatch) -> Deaths:
    """With a checkpoint after every unit of work."""
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    monkeypatch.setattr(checkpoints, "SHARE", np.inf)
    return Deaths(monkeypatch)


def content(fit: Fit | None) -> tuple[Any, dict[str, Array]]:
    """Return everything that a fit found, but for the seconds."""
    assert fit is not None
    arrays: dict[str, Array] = {}
    names = [name for name in Findings.__dataclass_fields__ if name not in ("seconds", "directory")]
    return {name: pack(getattr(fit, name), arrays, name) for name in names}, arrays


def require_same(one: Fit | None, other: Fit | None) -> None:
    """Compare two fits, bit for bit."""
    (numbers, arrays), (others, other_arrays) = content(one), content(other)
    assert numbers == others
    assert arrays.keys() == other_arrays.keys()
    for name, values in arrays.items():
        np.testing.assert_array_equal(values, other_arrays[name], err_msg=name)


def test_a_fit_that_dies_again_and_again_has_the_same_numbers(tmp_path: Path, deaths: Deaths) -> None:
    whole = deaths.session(tmp_path / "whole")
    total = deaths.asked
    goes, sessions, cut = 0, 0, None
    while cut is None:
        cut = deaths.session(tmp_path / "cut", most=total // 2)
        goes, sessions = goes + deaths.asked, sessions + 1
        assert sessions < 12, "it does not come to its end"
    require_same(cut, whole)
    assert sessions > 2
    assert goes < 2 * total, "most of it is done again each time"


@pytest.mark.slow
def test_a_checkpoint_without_its_points_is_not_believed(
    tmp_path: Path, deaths: Deaths, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor is a damaged one: all is gone through again, and the numbers are the same."""
    whole = deaths.session(tmp_path / "whole")
    total = deaths.asked
    assert deaths.session(tmp_path / "cut", most=total // 2) is None
    newest, older = sorted((tmp_path / "cut" / CHECKPOINTS).iterdir(), reverse=True)
    newest.write_bytes(newest.read_bytes()[:-1000])
    for path in (tmp_path / "cut" / "points").iterdir():
        path.unlink()
    require_same(deaths.session(tmp_path / "cut"), whole)
    assert f"{newest} is not used, so that going on takes longer: it is damaged: " in caplog.text
    assert f"{older} is not used, so that going on takes longer: points on which it relies are not " in caplog.text
    assert deaths.asked == total


def test_chains_that_were_sampled_are_not_sampled_again(tmp_path: Path, deaths: Deaths) -> None:
    pytest.importorskip("emcee", reason="the fit extra is not installed")
    keys = {"mcmc": {"lengths": 1, "steps": 40}, "profile": [{"a0": None, "bins": 2}]}
    whole = deaths.session(tmp_path / "whole", **keys)
    assert whole is not None
    sampled = whole.spent["best fit"] + whole.spent["mcmc"]
    assert deaths.session(tmp_path / "cut", most=sampled + 300, **keys) is None
    require_same(deaths.session(tmp_path / "cut", **keys), whole)
    assert deaths.asked < whole.evaluations - sampled + 300


@pytest.mark.slow
@pytest.mark.parametrize("plugin", ["gp", "xgboost"])
def test_what_a_surrogate_has_learned_is_not_learned_again(tmp_path: Path, deaths: Deaths, plugin: str) -> None:
    """Nor are the points asked for again from which it did; the numbers are those of one session."""
    keys = {
        "surrogate": {
            "plugin": plugin,
            "batch": 40,
            "rounds": 5,
            "options": {"gp": {"scales": 60}}.get(plugin, {}),
        },
        "profile": [{"a0": None, "bins": 4}, {"y0": [-3, 5], "bins": 4}],
    }
    whole = deaths.session(tmp_path / "whole", **keys)
    total = deaths.asked
    goes, sessions, cut = 0, 0, None
    while cut is None:
        cut = deaths.session(tmp_path / "cut", most=total // 3, **keys)
        goes, sessions = goes + deaths.asked, sessions + 1
        assert sessions < 12, "it does not come to its end"
    require_same(cut, whole)
    assert sessions > 2
    assert goes < 2 * total, "most of it is done again each time"
