"""The registry: what is offered is checked, what is broken is kept apart, names are looked up."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from terranova.errors import PluginBroken, PluginConflict, PluginMissing
from terranova.interfaces.constraint_set import ConstraintSet
from terranova.interfaces.model import Model
from terranova.interfaces.sampler import Sampler
from terranova.registry import Registry
from terranova.registry.hooks import hookimpl


def _model(name: Any, **attributes: Any) -> type[Model]:
    def evaluate(self: object, points: Mapping[str, Any]) -> Mapping[str, Any]:
        return {}

    return type("Made", (Model,), {"name": name, "evaluate": evaluate, **attributes})


def _sampler(name: str, preference: int = 0) -> type[Sampler]:
    methods = {"ask": lambda self: None, "tell": lambda self, batch: None}
    return type("Made", (Sampler,), {"name": name, "preference": preference, **methods})


def _offering(**offers: Any) -> Any:
    def offer(offered: Any) -> Any:
        def implementation() -> Any:
            if isinstance(offered, Exception):
                raise offered
            return offered

        return implementation

    hooks = {}
    for hook, offered in offers.items():
        implementation = offer(offered)
        hooks[f"terranova_{hook}"] = staticmethod(hookimpl(implementation))
    return type("Plugin", (), hooks)


def _registry(**offers: Any) -> Registry:
    made = Registry()
    made.register(_offering(**offers), name="mine")
    return made


def test_what_is_offered_is_found_by_kind_and_name() -> None:
    made = _registry(models=[_model("beta"), _model("alpha")], samplers=[_sampler("alpha")])
    assert made.names("model") == ["alpha", "beta"]
    assert made.get("model", "alpha").target.name == "alpha"
    assert [plugin.kind for plugin in made.find("alpha")] == ["model", "sampler"]
    assert len(made.find()) == 3


def test_a_name_that_is_not_there_gets_the_nearest() -> None:
    made = _registry(models=[_model("thdm3")])
    with pytest.raises(PluginMissing, match=r"no model is named 'thdm' \(did you mean 'thdm3'\?\)"):
        made.get("model", "thdm")
    with pytest.raises(PluginMissing, match="no plugin is named 'xyz'"):
        made.find("xyz")


def test_two_of_one_name_are_a_conflict_only_when_asked_for() -> None:
    made = _registry(models=[_model("alpha"), _model("alpha"), _model("beta")])
    assert len(made.conflicts()) == 1
    assert made.get("model", "beta")
    with pytest.raises(PluginConflict, match="'alpha'"):
        made.get("model", "alpha")


@pytest.mark.parametrize(
    ("offers", "words"),
    [
        ({"models": [int]}, "expected a subclass of Model"),
        ({"models": 7}, "expected a list"),
        ({"models": [_model("two words")]}, "expected letters, digits"),
        ({"models": [type("Half", (Model,), {"name": "half"})]}, "does not implement: evaluate"),
        ({"models": RuntimeError("no licence")}, "no licence"),
        ({"constraint_sets": [7]}, "expected a path or a ConstraintSet"),
    ],
)
def test_what_is_broken_is_kept_apart_with_its_reason(offers: dict[str, Any], words: str) -> None:
    made = Registry.discover([SimpleNamespace(name="mine", load=lambda: _offering(**offers), dist=None, value="m")])  # type: ignore[list-item]
    assert made.find() == []
    assert words in str(made.broken[0])


def test_a_broken_entry_point_does_not_hide_the_others() -> None:
    def fail() -> Any:
        raise ImportError("no such library")

    points = [
        SimpleNamespace(name="bad", load=fail, dist=None, value="bad"),
        SimpleNamespace(name="good", load=lambda: _offering(models=[_model("alpha")]), dist=None, value="good"),
    ]
    made = Registry.discover(points)  # type: ignore[arg-type]
    assert made.names("model") == ["alpha"]
    with pytest.raises((PluginMissing, PluginBroken), match="no such library"):
        made.get("model", "bad")


def test_the_highest_preference_is_taken_where_none_is_named() -> None:
    assert _registry(samplers=[_sampler("a", 1), _sampler("b", 2)]).preferred("sampler").name == "b"
    with pytest.raises(PluginConflict):
        _registry(samplers=[_sampler("a", 2), _sampler("b", 2)]).preferred("sampler")
    with pytest.raises(PluginMissing, match="offers itself where none is named"):
        _registry(samplers=[_sampler("a")]).preferred("sampler")


def test_a_constraint_set_of_another_model_may_have_the_same_name() -> None:
    sets = [ConstraintSet("limits", (), model="a"), ConstraintSet("limits", (), model="b")]
    made = _registry(constraint_sets=sets)
    assert made.conflicts() == []
    assert made.get("constraints", "limits", model="b").target.model == "b"


def test_outdated_are_sets_that_nobody_has_looked_up() -> None:
    old, new = ConstraintSet("old", (), updated="1999-01"), ConstraintSet("new", (), updated="9000-01")
    made = _registry(models=[_model("old")], constraint_sets=[old, new])
    assert [plugin.kind for plugin in made.find("old")] == ["model", "constraints"]
    assert [plugin.target for plugin in made.find(outdated=True)] == [old]
    assert made.find("new", outdated=True) == []
    with pytest.raises(PluginMissing, match="did you mean"):
        made.find("odl", outdated=True)
