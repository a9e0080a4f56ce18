"""A plugin as the registry knows it."""

from __future__ import annotations

from terranova import ConstraintSet, Window
from terranova.registry import registry
from terranova.registry.plugin import Plugin


def test_options_are_what_a_user_may_set() -> None:
    """Not what the engine passes: the search space and the random stream, the parameter space and the seed."""
    for kind, name, passed in (("surrogate", "gp", {"space", "seed"}), ("sampler", "cmaes", {"space", "rng"})):
        names = {option.name for option in registry().get(kind, name).options}
        assert names
        assert not names & passed


def test_the_keys_of_a_constraint_kind_are_its_options() -> None:
    options = {option.name: option for option in registry().get("constraint-kind", "gaussian").options}
    assert options["sigma"].required
    assert "sigma_up" not in options
    assert not options["nsigma"].required
    assert options["observables"].description


def test_a_set_has_no_options_and_says_for_which_model_it_is() -> None:
    ring = Window(name="ring", observables=("r",), lower=1.0, source="theory: a ring")
    plugin = Plugin("constraints", "rings", ConstraintSet("rings", (ring,)), "1", "a package", "", "annulus")
    assert plugin.options == []
    assert plugin.title == "rings (annulus)"
