"""What `terranova compare` prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import terranova
from terranova.cli.comparison import show_comparison


@pytest.mark.usefixtures("toy_registry")
def test_a_table_for_each_problem_and_what_it_means(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    comparison = terranova.compare(
        {
            "samplers": ["random", "lhs"],
            "problems": [{"model": "toy-shell", "constraints": ["toy-windows"]}],
            "budget": {"evaluations": 200},
            "seeds": 2,
            "workers": 0,
        },
        output=str(tmp_path / "c"),
    )
    capsys.readouterr()
    show_comparison(comparison)
    printed = capsys.readouterr().out
    assert "toy-shell: 4 parameters" in printed
    assert re.search(r"random +\d of 2", printed)
    assert "With 2 seeds no test can tell much" in printed
    assert "ERT: expected number of evaluations" in printed
