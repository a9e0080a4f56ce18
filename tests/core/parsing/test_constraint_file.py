"""Constraint sets from files: all kinds, their way back into words, and the sources of the built-in ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from terranova import Asymmetric, Correlated, Function, Gaussian, Limit, Tabulated, Window
from terranova.errors import ConfigError
from terranova.interfaces.constraint import Constraint
from terranova.parsing.constraint_file import (
    REFERENCE,
    ConstraintKinds,
    constraint_keys,
    read_constraint_set,
    set_keys,
)
from terranova.parsing.strict_yaml import dump
from terranova.registry import registry
from terranova.registry.plugin import Plugin
from terranova.types import Floats

KINDS = registry().constraint_kinds()

ALL_KINDS = """\
name: everything
model: toy
version: "2026.1"
description: one of each kind
exclusive_group: alternatives
updated: 2026-06
reproduces: "arXiv:2402.07661"
constraints:
  - {name: g, observable: kappa_W, kind: gaussian, value: 1.04, sigma: 0.10, nsigma: 3, unit: "1",
     theory_relative: 0.0,
     source: "arXiv:2207.00092, table 3", date: 2022-07-01}
  - {name: a, observable: kappa_Z, kind: asymmetric, value: 1.0, sigma_up: 0.1, sigma_down: 0.2,
     accept: [0.5, 1.5], source: "arXiv:2207.00092", date: 2022-07-01, note: a note, scale: 2}
  - {name: w, observable: lambda_1, kind: window, upper: 4e0, source: "theory: unitarity, arXiv:hep-ph/9802391"}
  - {name: l, observable: mu, kind: limit, upper: 1.7e-11, cl: 0.9, date: 2016-08,
     source: "doi:10.1103/PhysRevD.1.1"}
  - name: c
    observables: [S, T]
    kind: correlated
    values: [-0.01, 0.04]
    sigmas: [0.07, 0.06]
    correlation: [[1, 0.92], [0.92, 1]]
    max_chi2: 6.18
    theory: {ggF: {relative: 0.05}, PDF: {sigma: [0.02, -0.01], on: [T, S]}}
    source: arXiv:2204.03796
    date: 2022-04-08
  - {name: t, observables: [y, x], kind: tabulated, x_grid: [1, 2, 3], limit: [3, 4, 5], log: true, cl: 0.95,
     source: "arXiv:2207.00092", date: 2022-07-01}
  - {name: n, observable: events, kind: counting, observed: 7, background: 4.2, sigma_background: 1.1,
     source: "arXiv:2207.00092", date: 2022-07-01}
  - {name: b, observable: br, kind: background-free, upper: 1.5e-13, cl: 0.9, theory_relative: 0.1,
     source: "arXiv:2207.00092", date: 2022-07-01}
  - {name: s, observable: r, kind: cls-limit, observed: 1.2, expected: 0.8, theory_sigma: 0.1,
     source: "arXiv:2207.00092", date: 2022-07-01}
  - {name: m, observables: [s23, dm31], kind: chi2-table, x_grid: [0.4, 0.5], y_grid: [2.4, 2.5, 2.6], unit: "1",
     y_unit: eV2, chi2: [[1, 2], [0, 3], [9, 9]], source: "arXiv:2207.00092", date: 2022-07-01}
  - {name: u, observable: y, kind: tabulated, x_grid: [1, 2, 3], limit: [3, 0, 5], max_chi2: 3.84,
     source: "arXiv:2207.00092v2", date: 2022-07-01}
"""


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    path = tmp_path / "everything.yaml"
    path.write_text(ALL_KINDS)
    return path


def test_every_kind_is_read(everything: Path) -> None:
    found = read_constraint_set(everything, KINDS)
    assert (found.name, found.model, found.version, found.description) == (
        "everything",
        "toy",
        "2026.1",
        "one of each kind",
    )
    assert found.origin == str(everything)
    by_name = {c.name: c for c in found}
    assert isinstance(by_name["g"], Gaussian)
    assert by_name["g"].window() == pytest.approx((0.74, 1.34))
    assert isinstance(by_name["a"], Asymmetric)
    assert by_name["a"].window() == (0.5, 1.5)
    assert (by_name["a"].scale, by_name["a"].note) == (2.0, "a note")
    assert isinstance(by_name["w"], Window)
    assert isinstance(by_name["l"], Limit)
    assert isinstance(by_name["c"], Correlated)
    assert by_name["c"].theory == {"ggF": {"relative": 0.05}, "PDF": {"sigma": [0.02, -0.01], "on": ["T", "S"]}}
    assert isinstance(by_name["t"], Tabulated)
    assert by_name["u"].observables == ("y",)
    # Kinds that read a user's files have tests of their own.
    assert {c.kind for c in found} == {name for name, kind in KINDS.classes.items() if not kind.paths}


def test_the_words_of_a_set_are_read_back(everything: Path, tmp_path: Path) -> None:
    found = read_constraint_set(everything, KINDS)
    again = tmp_path / "again.yaml"
    again.write_text(dump(set_keys(found)))
    read = read_constraint_set(again, KINDS)
    assert read.constraints == found.constraints
    assert (read.exclusive_group, read.updated, read.reproduces) == ("alternatives", "2026-06", "arXiv:2402.07661")


@dataclass(frozen=True, kw_only=True)
class Below(Constraint):
    """Accepts what its own key names where it is below zero; reads a file."""

    observables: tuple[str, ...] = ()
    file: str
    what: str
    kind: ClassVar[str] = "below"
    names_observables: ClassVar[bool] = True
    paths: ClassVar[tuple[str, ...]] = ("file",)

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "observables", (self.what,))

    def violation(self, values: Floats) -> Floats:
        return np.maximum(0.0, values[:, 0])

    def loglike(self, values: Floats) -> Floats:
        return np.zeros(len(values))


def test_a_kind_may_name_its_observables_and_files_by_itself(tmp_path: Path) -> None:
    kinds = ConstraintKinds({"below": Below})
    entry = {"name": "b", "kind": "below", "file": "numbers.txt", "what": "x", "source": "theory: arXiv:2207.00092"}
    path = tmp_path / "set.yaml"
    path.write_text(dump({"name": "s", "constraints": [entry]}))
    (found,) = read_constraint_set(path, kinds)
    assert (found.observables, constraint_keys(found)) == (("x",), {**entry, "file": str(tmp_path / "numbers.txt")})
    path.write_text(dump({"name": "s", "constraints": [{**entry, "observable": "x", "file": "~nobody-here/f"}]}))
    with pytest.raises(ConfigError, match=r"observable: unknown key") as caught:
        read_constraint_set(path, kinds)
    assert len(caught.value.diagnostics) == 1
    path.write_text(dump({"name": "s", "constraints": [{**entry, "file": "~nobody-here/f"}]}))
    with pytest.raises(ConfigError, match=r"file: nobody's home directory is known as '~nobody-here'"):
        read_constraint_set(path, kinds)


def test_a_function_has_no_words() -> None:
    function = Function(name="f", observables=("x",), source="theory: x", violation_of=abs)
    with pytest.raises(ValueError, match="Python function"):
        constraint_keys(function)


@pytest.mark.parametrize(
    ("source", "accepted"),
    [
        ("arXiv:2207.00092", True),
        ("ATLAS, arXiv:2207.00092v2, fig. 3", True),
        ("arXiv:hep-ph/9802391", True),
        ("arXiv:physics/0406120", True),
        ("arXiv: 0802.4353", True),
        ("doi:10.1093/ptep/ptac097", True),
        ("theory: unitarity, arXiv:hep-ph/9802391", True),
        ("theory: perturbativity", False),
        ("arXiv:220.00092", False),
        ("2207.00092", False),
        ("CMS-PAS-HIG-20-001", False),
        ("https://pdg.lbl.gov", False),
    ],
)
def test_a_source_can_be_looked_up(source: str, accepted: bool, tmp_path: Path) -> None:
    entry = {"name": "x", "observable": "x", "kind": "window", "lower": 0, "source": source, "date": "2022-07-01"}
    path = tmp_path / "f.yaml"
    path.write_text(dump({"name": "f", "constraints": [entry]}))
    if accepted:
        assert len(read_constraint_set(path, KINDS)) == 1
    else:
        with pytest.raises(ConfigError, match="expected an arXiv number"):
            read_constraint_set(path, KINDS)


@pytest.mark.parametrize(
    ("words", "place", "message"),
    [
        ({"kind": "gaussian", "value": 1, "sigma": 1, "theory_relative": 5}, "theory_relative", "must be below 1"),
        ({"kind": "gaussian", "value": 1, "sigma": 1, "theory_sigma": "5 %"}, "theory_sigma", "expected a number"),
        (
            {"kind": "gaussian", "value": 1, "sigma": 1, "theory_sgma": 1},
            "theory_sgma",
            "did you mean 'theory_sigma'",
        ),
        ({"kind": "limit", "upper": 1, "theory_sigma": 1}, "theory_sigma", "needs cl"),
        ({"kind": "counting", "observed": 1.5, "background": 1, "sigma_background": 0}, "observed", "whole number"),
        ({"kind": "counting", "observed": 1, "background": 1}, "sigma_background", "missing"),
        ({"kind": "background-free", "upper": 0}, "upper", "must be above 0"),
        ({"kind": "cls-limits"}, "kind", "did you mean 'cls-limit'"),
        ({"kind": "cls-limit", "observed": 1}, "expected", "missing"),
        ({"kind": "chi2-table", "x_grid": [1, 2, 2], "chi2": [[1, 2, 3]]}, "x_grid[2]", "must increase"),
        ({"kind": "chi2-table", "x_grid": [1, 2], "chi2": [[1, 2, 3]]}, "chi2[0]", "expected 2 numbers"),
        ({"kind": "chi2-table", "x_grid": [1, 2], "chi2": [[1, 2], [1, 2]]}, "chi2", "expected 1 row"),
        ({"kind": "chi2-table", "x_grid": [1, 2], "y_grid": [1, 2], "chi2": [[1, 2]]}, "y_grid", "no effect"),
        ({"kind": "chi2-table", "x_grid": [1, 2], "chi2": [[5, 6]], "max_chi2": 4}, "max_chi2", "accepts nothing"),
        ({"kind": "correlated", "theory": 3}, "theory", "expected keys with values"),
        ({"kind": "correlated", "theory": {"QCD": {"sigma": 1, "on": ["z"]}}}, "theory.QCD.on[0]", "no observable"),
        ({"kind": "correlated", "theory": {"QCD": {"sigma": 1e200}}}, "theory.QCD.sigma", "beyond"),
    ],
)
def test_what_is_wrong_is_shown_at_its_place(
    words: dict[str, Any], place: str, message: str, tmp_path: Path
) -> None:
    reads: dict[str, Any] = {"observable": "x"}
    if words["kind"] == "correlated":
        reads = {"observables": ["x", "y"], "values": [0, 0], "sigmas": [1, 1], "max_chi2": 4}
    entry = {"name": "x", **reads, **words, "source": "arXiv:2207.00092", "date": "2022-07-01"}
    path = tmp_path / "f.yaml"
    path.write_text(dump({"name": "f", "constraints": [entry]}))
    with pytest.raises(ConfigError) as found:
        read_constraint_set(path, KINDS)
    assert f"constraints[0].{place}:" in str(found.value)
    assert message in str(found.value)


@pytest.mark.parametrize("word", ["nan", "huge", "list"])
def test_numbers_that_would_break_the_arithmetic(word: str, tmp_path: Path) -> None:
    value: Any = {"nan": float("nan"), "huge": 1e300, "list": [1.0]}[word]
    entry = {"name": "x", "observable": "x", "kind": "gaussian", "value": value, "sigma": 1.0}
    path = tmp_path / "f.yaml"
    path.write_text(
        dump({"name": "f", "constraints": [{**entry, "source": "arXiv:2207.00092", "date": "2022-07-01"}]})
    )
    with pytest.raises(ConfigError, match=r"constraints\[0\]\.value"):
        read_constraint_set(path, KINDS)


def _built_in() -> list[tuple[Plugin, Constraint]]:
    """All constraints on physics: those of analytic problems are what they are by construction."""
    sets = [p for p in registry().of_kind("constraints") if "terranova " in p.origin]
    analytic = {
        p.name for p in registry().of_kind("model") if p.target.__module__.startswith("terranova.models.analytic")
    }
    return [(p, c) for p in sets if p.name not in analytic for c in p.target]


def test_built_in_constraints_say_where_they_come_from() -> None:
    assert _built_in()
    for plugin, constraint in _built_in():
        where = f"{constraint.name} of {plugin.title}: {constraint.source!r}, {constraint.date!r}"
        assert REFERENCE.search(constraint.source), where
        assert constraint.date or constraint.source.startswith("theory:"), where
