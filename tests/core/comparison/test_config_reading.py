"""Reading comparisons: what is refused with its place, and what survives its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from terranova.comparison.config_reading import load_comparison
from terranova.errors import ConfigError

pytestmark = pytest.mark.usefixtures("toy_registry")


WORDS: dict[str, Any] = {
    "samplers": ["random", {"name": "cmaes", "islands": 2, "label": "two islands"}],
    "problems": [{"model": "toy-shell", "constraints": ["toy-windows"]}],
    "budget": {"evaluations": 800},
    "seeds": 3,
    "workers": 0,
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"samplers": ["rundom"]}, "samplers[0]: no sampler is named 'rundom' (did you mean 'random'"),
        ({"problems": ["toy-shall"]}, "problems[0].model: no model is named 'toy-shall'"),
        ({"budget": {}}, "budget: expected evaluations or wall"),
        ({"budget": {"valid": 10}}, "budget.valid: unknown key"),
        ({"seeds": 0}, "seeds: expected a number of seeds"),
        ({"seeds": [1, 1]}, "seeds: a seed is given twice"),
        ({"samplers": ["random", "random"]}, "samplers[1]: there is another 'random'"),
        ({"observables": {"rong": [0, 1]}}, "observables: model 'toy-shell' has no observable 'rong'"),
        ({"observables": {"ring": [1, 0]}}, "observables.ring: expected a range with low < high"),
    ],
)
def test_bad_words_are_named_with_their_place(change: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_comparison({**WORDS, **change}, output=str(tmp_path))
    assert words in str(caught.value)


def test_a_configuration_survives_its_file(tmp_path: Path) -> None:
    config = load_comparison(WORDS, output=str(tmp_path))
    (tmp_path / "c.yaml").write_text(config.to_yaml())
    assert load_comparison(tmp_path / "c.yaml") == config
