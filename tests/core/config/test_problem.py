"""The configuration of a problem: its keys repeat it."""

from __future__ import annotations

from terranova.config.problem import ModelChoice, ProblemConfig
from terranova.interfaces.constraint_kinds import Window
from terranova.interfaces.constraint_set import ConstraintSet, PartOfSet
from terranova.interfaces.priors import Fixed, LogUniform
from terranova.parsing.strict_yaml import dump, parse

WINDOW = Window(name="w", observables=("m",), lower=0.0, source="this test")


def test_every_kind_of_entry_has_its_keys() -> None:
    config = ProblemConfig(
        ModelChoice("thdm3", {"type": 2}),
        ("theory", PartOfSet("higgs", ("mu_h",)), WINDOW, ConstraintSet("mine", (WINDOW,))),
        {"tan_beta": Fixed(3.0), "m": LogUniform(1.0, 10.0)},
    )
    keys = config.to_dict()
    assert keys["model"] == {"name": "thdm3", "type": 2}
    assert keys["constraints"][:2] == ["theory", {"name": "higgs", "without": ["mu_h"]}]
    assert keys["constraints"][2]["kind"] == "window"
    assert [c["name"] for c in keys["constraints"][3]["constraints"]] == ["w"]
    assert keys["parameters"] == {"tan_beta": 3.0, "m": {"prior": "log", "lower": 1.0, "upper": 10.0}}
    assert parse(dump(keys)).data == keys
