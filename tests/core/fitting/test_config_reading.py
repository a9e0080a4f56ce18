"""Reading fits: what is refused, with the key it stands at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.fit_problems import measured, words

from terranova.errors import ConfigError
from terranova.fitting.config_reading import load_fit

VALUES = np.array([1.0, -2.0, 3.0])


MODEL = {"name": "fit-linear", "free": 2, "measured": 3}


DATA = [measured(f"y{i}", float(v), unit="GeV") for i, v in enumerate(VALUES)]


def _words(output: Path, **more: Any) -> dict[str, Any]:
    small = {"best": {"starts": 2, "generations": 60}, "output": str(output)}
    return {**words(MODEL, DATA), **small, **more}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"profile": ["a9"]}, "no free parameter or observable is named 'a9'"),
        ({"profile": "a0"}, "expected a list of names"),
        ({"profile": [["a0", "a1", "y0"]]}, "one or two quantities, got 3"),
        ({"profile": [{"a0": [3, 1]}]}, "expected a range [low, high]"),
        ({"profile": [{"a0": [-30, 1]}]}, "within that of the prior, -10 to 10"),
        ({"profile": [{"y0": [-1, 1], "scale": "log"}]}, "positive range"),
        ({"profile": [{"y0": [1, 2], "scale": "cubic"}]}, "linear or log"),
        ({"profile": ["a0", {"a0": [1, 2]}]}, "asked for twice"),
        ({"levels": [1.5]}, "levels"),
        ({"search": {"until": "convergd"}}, "converged"),
        ({"search": {"curve": -1}}, "curve"),
        ({"search": {"curves": 1000}}, "curve"),
        ({"nested": {"lives": 300}}, "lives"),
        ({"nested": {"live": 3}}, "50"),
        ({"columns": "every"}, "expected needed, all or a list of observables, got 'every'"),
        ({"columns": ["y0", "y9"]}, "model 'fit-linear' has no observable 'y9'"),
        ({"sampler": "random"}, "sampler"),
        ({"model": "fit-liner"}, "fit-linear"),
    ],
)
def test_wrong_words_are_said(tmp_path: Path, more: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_fit(_words(tmp_path / "f", **more))
    assert said in str(caught.value)
    assert not (tmp_path / "f").exists()


def test_output_is_needed() -> None:
    with pytest.raises(ConfigError, match="output"):
        load_fit(words(MODEL, DATA))
