"""What `terranova fit` prints."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from support.fit_problems import measured, problem

from terranova.cli.fit import show_fit
from terranova.fitting.findings import about


def test_the_best_fit_and_what_it_cost(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from support import fit_problems

    from terranova.registry import registry

    monkeypatch.setattr(registry(), "plugins", list(registry().plugins))
    registry().register(fit_problems, name="fit_problems", origin="tests")
    values = {"phi": 0.5, "size": 12.25, "x": -1.0}
    best = SimpleNamespace(
        chi2=2.5,
        constraints=4,
        parameters=3,
        p_value=0.1,
        p_is="exact",
        p_because=(),
        limits=(),
        chi2_measured=2.5,
        values=values,
        contributions={"a": 2.4, "b": 0.001},
        ends={},
        jumps=(),
    )
    fit: Any = SimpleNamespace(
        about=about(problem({"name": "fit-simple"}, [measured("same", 0.0)]), (0.68,)),
        best=best,
        profiles=(),
        posteriors=(),
        surrogate=None,
        spent={"best fit": 1234},
        evaluations=1234,
        known=5,
        seconds=1.0,
    )
    show_fit(fit)
    printed = capsys.readouterr().out
    assert "chi2 = 2.500" in printed
    assert "12.25" in printed
    assert "largest parts of chi2: a 2.40" in printed
    assert "1,234 evaluations of the model, 5 points from scans" in printed
