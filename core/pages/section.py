"""The pieces that sections of the page are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Picture:
    """A figure with what it shows in words.

    Args:
        svg: made by `terranova.pages.svg`, trusted to be clean.
        caption: says how many points are plotted, and what.
        narrow: True for figures that need not fill the page.
    """

    svg: str
    caption: str
    narrow: bool = False

    def __post_init__(self) -> None:
        # Readers who cannot see the figure get its caption.
        labelled = self.svg.replace('role="img"', Markup('role="img" aria-label="{}"').format(self.caption), 1)
        object.__setattr__(self, "svg", Markup(labelled))


@dataclass(frozen=True)
class Section:
    """A titled part of the page: paragraphs, then figures."""

    anchor: str
    title: str
    words: Sequence[str] = ()
    figures: Sequence[Picture] = field(default_factory=tuple)
