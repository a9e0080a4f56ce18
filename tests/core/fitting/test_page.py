"""The page and the figures of a fit: what they say, and that a figure costs itself at most; and what is printed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from support.fit_problems import measured, words

import terranova
from terranova.cli.fit import show_fit
from terranova.fitting import figures
from terranova.fitting.figures import write_figures
from terranova.fitting.page import render
from terranova.fitting.steps import Fit


@pytest.fixture
def fit(tmp_path: Path) -> Fit:
    data = [measured(f"y{i}", value, unit="GeV") for i, value in enumerate((1.0, -2.0, 3.0))]
    more: dict[str, Any] = {
        "profile": [{"a0": None, "bins": 8}, {"a0": [-3, 3], "a1": [-3, 3], "bins": 4}],
        "best": {"starts": 2, "generations": 60},
        "output": str(tmp_path / "f"),
    }
    done = terranova.fit({**words({"name": "fit-linear", "free": 2, "measured": 3}, data), **more}, quiet=True)
    assert done is not None
    return done


def test_one_page_and_one_terminal_say_the_same(fit: Fit, capsys: pytest.CaptureFixture[str]) -> None:
    page = render(fit)
    assert re.findall(r'<section id="(\w+)"', page) == ["best", "chi2", "profiles", "effort", "citations"]
    names = re.findall(r'\bid="([^"]*)"', page)
    assert len(names) == len(set(names))
    assert page.count("<svg") == page.count("<figcaption>") == 2
    show_fit(fit)
    printed = capsys.readouterr().out
    value = f"{fit.best.values['a0']:.6g}"
    assert f'<td class="n">{value}</td>' in page
    assert f"a0         {value}  GeV" in re.sub(r" +(?=\S+  GeV)", "         ", printed)
    for interval in ("a0 at 68 % CL (profile): ", "a0 at 95 % CL (profile): "):
        assert interval in page
        assert interval in printed
    assert f"{fit.evaluations:,} evaluations of the model" in printed


def test_a_figure_that_cannot_be_drawn_costs_neither_page_nor_files(
    fit: Fit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no such font")

    monkeypatch.setattr(figures, "delta_chi2_curve", broken)
    page = render(fit)
    assert "A figure could not be drawn (RuntimeError: no such font). It would have shown: Profile" in page
    assert page.count("<svg") == 1
    assert [path.name for path in write_figures(fit)] == ["profile-a0-a1.pdf"]
    assert "profile-a0.pdf could not be drawn: no such font" in caplog.text
