"""Labels of a fit's figures. What is drawn: test_page.py and test_output.py."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.fit_problems import measured, problem

from terranova.fitting.figures import label
from terranova.fitting.findings import about


@pytest.mark.parametrize(
    ("name", "text"), [("size", "$s$ [GeV]"), ("x", "$x$"), ("square", "$x^2$"), ("decades", r"$\log_{10} s$")]
)
def test_labels_are_latex_with_units(name: str, text: str) -> None:
    fit: Any = SimpleNamespace(about=about(problem({"name": "fit-simple"}, [measured("same", 0.0)]), ()))
    assert label(fit, name) == text
