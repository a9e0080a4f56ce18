"""Every example is a valid input of the command that it says it is for."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.comparison.config_reading import load_comparison
from terranova.config import load_config
from terranova.fitting.config_reading import load_fit

EXAMPLES = Path(__file__).parents[2] / "examples"
LOADERS = {"scan": load_config, "fit": load_fit, "compare": load_comparison}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_an_example_is_valid_for_the_command_in_its_head(path: Path) -> None:
    head = path.read_text(encoding="utf-8")
    commands = [word for word in LOADERS if f"terranova {word} examples/{path.name}" in head]
    assert commands, "a comment says how to start it"
    for command in commands:
        LOADERS[command](path)
