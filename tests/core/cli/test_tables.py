"""What `terranova plugins NAME` prints."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from terranova.cli.commands import app
from terranova.cli.tables import console, show_one, show_outdated
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.registry import Registry, registry
from terranova.registry.hooks import hookimpl


@pytest.mark.parametrize(
    ("model", "fitting", "others"),
    [("thdm3", "higgs-lhc", "alp-belle"), ("alp", "alp-belle", "g2-wp25"), ("scotogenic-ci37", "g2-wp25", "alp-")],
)
def test_a_model_lists_the_constraint_sets_that_read_what_it_has(model: str, fitting: str, others: str) -> None:
    with console.capture() as printed:
        show_one(registry(), model)
    listed = printed.get().partition("Constraint sets for it")[2]
    assert fitting in listed
    assert others not in listed


def _with(*sets: ConstraintSet) -> Registry:
    made = Registry()
    made.register(SimpleNamespace(terranova_constraint_sets=hookimpl(lambda: list(sets))), name="mine")
    return made


def test_sets_that_nobody_has_looked_up_are_listed_with_their_age(monkeypatch: pytest.MonkeyPatch) -> None:
    old = ConstraintSet("old", (), updated="1999-01")
    frozen = ConstraintSet("frozen", (), updated="1999-01", reproduces="arXiv:2402.07661")
    with console.capture() as printed:
        assert show_outdated(_with(old, frozen)) == 1
        assert show_outdated(_with(frozen)) == 0
        show_one(_with(old, frozen), "frozen")
    text = printed.get()
    assert "old" in text
    assert "1999-01" in text
    assert "no constraint set is older than 2 years" in text
    assert "reproduces arXiv:2402.07661" in text
    for made, code in ((_with(old), 3), (_with(frozen), 0)):
        monkeypatch.setattr("terranova.registry.registry", lambda made=made: made)
        assert CliRunner().invoke(app, ["plugins", "--outdated"]).exit_code == code


def test_a_kind_of_constraint_is_shown_as_any_other_plugin() -> None:
    with console.capture() as printed:
        show_one(registry(), "higgs-limits")
        show_one(registry(), "explorer")
    text = printed.get()
    assert "directory" in text
    assert text.count("Please cite") == 1
