"""What hooks offer: everything but what was asked for is refused in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from terranova import ConstraintSet, Model, NoveltyDetector, Window
from terranova.errors import ConfigError, PluginMissing
from terranova.registry import registry
from terranova.registry.kinds import KINDS
from terranova.registry.offers import as_list, class_plugin, constraint_plugin, hook_words, message_of, variant_of
from terranova.registry.plugin import Plugin


class Line(Model):
    """A model that is complete."""

    name = "line"

    def evaluate(self, points: Any) -> Any:
        return {}


def test_a_list_is_a_list_and_nothing_is_empty() -> None:
    assert as_list("h", None) == []
    assert as_list("h", (1, 2)) == [1, 2]
    for wrong in ("abc", Path("x"), 7):
        with pytest.raises(TypeError, match="expected a list"):
            as_list("h", wrong)


def test_classes_are_taken_with_name_version_and_first_line() -> None:
    plugin = class_plugin(KINDS["model"], Line, "a package", "1.2")
    assert (plugin.name, plugin.version, plugin.description) == ("line", "1.2", "A model that is complete.")


@pytest.mark.parametrize(
    ("kind", "offered", "message"),
    [
        ("model", Line(), "expected a subclass of Model"),
        ("sampler", Line, "expected a subclass of Sampler or Archipelago"),
        ("novelty", type("Half", (NoveltyDetector,), {"name": "half"}), "does not implement: merge"),
        ("model", type("Nameless", (Line,), {"name": ""}), "has no name"),
    ],
)
def test_other_things_are_refused(kind: str, offered: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        class_plugin(KINDS[kind], offered, "a package", "1")


@pytest.mark.parametrize("name", ["two words", "../up", "-", ""])
def test_names_that_no_file_can_say_are_refused(name: str) -> None:
    with pytest.raises((TypeError, ValueError), match=r"named|no name"):
        class_plugin(KINDS["model"], type("Odd", (Line,), {"name": name}), "a package", "1")


def test_sets_are_objects_or_files(tmp_path: Path) -> None:
    kinds = registry().constraint_kinds()
    ring = Window(name="ring", observables=("r",), lower=1.0, source="theory: a ring")
    made = constraint_plugin(KINDS["constraints"], ConstraintSet("rings", (ring,)), "a package", kinds)
    assert (made.name, made.description) == ("rings", "1 constraints")
    with pytest.raises(TypeError, match="a path or a ConstraintSet"):
        constraint_plugin(KINDS["constraints"], 7, "a package", kinds)
    with pytest.raises(ConfigError):
        constraint_plugin(KINDS["constraints"], tmp_path / "absent.yaml", "a package", kinds)


def test_a_variant_is_made_by_the_family_or_refused() -> None:
    class Family(Line):
        @classmethod
        def variant(cls, word: str) -> type[Model]:
            if word != "known":
                raise ValueError(f"no {word}")
            return Line

    family = Plugin("model", "family", Family, "1", "a package", "")
    assert variant_of(family, "family:known").target is Line
    with pytest.raises(PluginMissing, match="no other"):
        variant_of(family, "family:other")
    with pytest.raises(PluginMissing, match="has no variants"):
        variant_of(Plugin("model", "line", Line, "1", "a package", ""), "line:x")


def test_complaints_are_put_into_sentences() -> None:
    assert "did you mean 'terranova_models'" in hook_words("unknown hook 'terranova_model' in plugin <x>")

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert "cannot be shown" in message_of(Mute())
