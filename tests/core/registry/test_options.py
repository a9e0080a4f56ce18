"""Options of plugins: read from the signature, described by the docstring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from terranova.registry.options import Option, Program, naming_programs, options_of


class Documented:
    """A sampler.

    Args:
        popsize: points of a step;
            two lines of it.
        sigma (float): a width.

    Attributes:
        other: not an option.
    """

    def __init__(
        self, space: object, rng: object, popsize: int, sigma: float = 0.5, *more: Any, **words: Any
    ) -> None:
        """Make one."""


class Explained:
    """Its `__init__` says it."""

    def __init__(self, size: int = 3, other=None) -> None:  # type: ignore[no-untyped-def]
        """Make one.

        Args:
            size: of it.
        """


def test_options_have_type_default_and_description() -> None:
    popsize, sigma = options_of(Documented, 2)
    assert (popsize.name, popsize.annotation, popsize.required) == ("popsize", "int", True)
    assert popsize.description == "points of a step; two lines of it."
    assert sigma == Option("sigma", "float", 0.5, "a width.")


def test_what_is_not_skipped_counts() -> None:
    assert [option.name for option in options_of(Documented)] == ["space", "rng", "popsize", "sigma"]


def test_an_init_may_describe_its_arguments_itself() -> None:
    assert options_of(Explained) == [Option("size", "int", 3, "of it."), Option("other", "", None, "")]


def test_a_class_without_a_signature_has_no_options() -> None:
    assert options_of(type) == []


class Programmed:
    """Has options that name programs."""

    def __init__(
        self,
        program: Program = "",
        others: tuple[Program, ...] = (),
        maybe: Program | None = None,
        table: Path | None = None,
        word: str = "Program",
    ) -> None:
        """Make one."""


class Inheriting(Programmed):
    """Passes on whatever it gets, beside a word of its own."""

    def __init__(self, maybe: str | None = None, own: str = "", **words: Any) -> None:
        super().__init__(maybe=maybe, **words)


def _unreadable(self: Any, program: Program, word: OnlyForTypeCheckers) -> None:  # type: ignore[name-defined]  # noqa: F821
    """Has annotations that cannot be evaluated."""


def test_options_that_name_programs_are_known_wherever_the_annotation_stands() -> None:
    options = options_of(Programmed)
    assert {o.name for o in options if o.program} == {"program", "others", "maybe"}
    assert next(o for o in options if o.name == "program").annotation == "Program"
    assert next(o for o in options if o.name == "word").annotation == "str"


def test_an_option_that_a_base_declares_as_a_program_stays_one() -> None:
    assert {o.name for o in options_of(Inheriting) if o.program} == {"maybe"}
    assert naming_programs(Inheriting) == {"program", "others", "maybe"}, "those that it takes without naming them"


def test_of_annotations_that_cannot_be_evaluated_the_words_count() -> None:
    assert {o.name for o in options_of(type("Unreadable", (), {"__init__": _unreadable})) if o.program} == {
        "program"
    }
