"""Options of plugins: read from the signature, described by the docstring."""

from __future__ import annotations

from typing import Any

from terranova.registry.options import Option, options_of


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
