"""What a page is made of: sections, and the blocks within them.

Texts are strings, which are escaped, or `Markup`, which is trusted: `name` and `titled` make some.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from markupsafe import Markup

from terranova.pages.table import Table
from terranova.pages.text import Citation

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Paragraph:
    """Some sentences.

    Attributes:
        text: of the paragraph.
        look: "" for an ordinary one, "lead" for the result of it all, "note" for a warning, "soft" for an aside.
    """

    macro: ClassVar = "paragraph"
    text: str
    look: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure, with what it shows in words.

    It is drawn when the page is rendered. If that fails, the page has a sentence in its place.

    Attributes:
        draw: makes the matplotlib figure.
        caption: says how many points are plotted, and what.
        narrow: True for figures that need not fill the page.
    """

    macro: ClassVar = "picture"
    draw: Callable[[], Figure]
    caption: str
    narrow: bool = False


@dataclass(frozen=True)
class Facts:
    """Terms and what they are, as (label, text) pairs.

    Attributes:
        rows: the pairs.
        names: whether the labels are names in the sense of code.
    """

    macro: ClassVar = "facts"
    rows: Sequence[tuple[str, str]]
    names: bool = False


@dataclass(frozen=True)
class Code:
    """Text that keeps its lines, such as a command or a file."""

    macro: ClassVar = "code"
    text: str


@dataclass(frozen=True)
class Tile:
    """A headline number."""

    label: str
    value: str
    more: str = ""


@dataclass(frozen=True)
class Tiles:
    """Headline numbers side by side."""

    macro: ClassVar = "tiles"
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Sources:
    """A numbered list of what to cite, and for what."""

    macro: ClassVar = "sources"
    citations: Sequence[Citation]


@dataclass(frozen=True)
class Fold:
    """A block that opens on a click.

    Attributes:
        summary: what is seen while it is closed.
        block: what is inside.
        open: whether it is open from the beginning.
    """

    macro: ClassVar = "fold"
    summary: str
    block: Table | Facts
    open: bool = False


Block = Paragraph | Picture | Facts | Code | Tiles | Sources | Fold | Table


@dataclass(frozen=True)
class Section:
    """A titled part of the page.

    Attributes:
        anchor: its name in addresses, unique in the page.
        title: its heading.
        blocks: from top to bottom.
        short: what the list of contents calls it; the title if "".
    """

    anchor: str
    title: str
    blocks: Sequence[Block]
    short: str = ""


@dataclass(frozen=True)
class Page:
    """A whole page.

    Attributes:
        title: in the browser's tab.
        kind: what sort of page it is, above the heading.
        heading: at the top.
        state: below the heading, one line.
        opening: blocks before the first section.
        sections: in order.
        contents: whether the page begins with links to its sections.
        closing: at the very end; "" for nothing.
    """

    title: str
    kind: str
    heading: str
    state: str
    opening: Sequence[Block] = ()
    sections: Sequence[Section] = ()
    contents: bool = True
    closing: str = ""


def paragraphs(texts: Sequence[str], look: str = "") -> list[Paragraph]:
    """Return a paragraph for each text."""
    return [Paragraph(text, look) for text in texts]


def name(text: str) -> Markup:
    """Return a name as pages show it."""
    return Markup('<span class="name">{}</span>').format(text)


def titled(title: str, subtitle: str) -> Markup:
    """Return a heading of two parts, the second of less weight."""
    return Markup('{}<span class="soft"> / {}</span>').format(title, subtitle)
