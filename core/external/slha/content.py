"""Content of an SLHA file: blocks with their entries, decay tables with their channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from terranova.errors import PointFailed, did_you_mean


class SlhaError(PointFailed):
    """A file cannot be read, or does not say what was asked for. `reason` begins with file and line."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, unphysical=False)


@dataclass(frozen=True)
class Entry:
    """One line of a block.

    Attributes:
        index: the whole numbers in front of the value.
        value: number or text; NaN where the file has NaN, an infinity, or the asterisks of an overflow.
        rest: numbers behind the value, such as the daughters in FLHA.
        comment: what follows `#`.
        line: in the file, from 1.
        text: the value as written.
    """

    index: tuple[int, ...]
    value: float | str
    rest: tuple[float, ...] = ()
    comment: str = ""
    line: int = 0
    text: str = ""


@dataclass
class Block:
    """A block, at one scale.

    Attributes:
        name: in upper case.
        q: scale in GeV; None when the header has none.
        comment: of the header.
        line: of the header.
        entries: in the order of the file.
    """

    name: str
    q: float | None = None
    comment: str = ""
    line: int = 0
    entries: list[Entry] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Name and scale, for messages."""
        return self.name if self.q is None else f"{self.name} at Q = {self.q:g} GeV"


@dataclass(frozen=True)
class Channel:
    """One decay: branching ratio, PDG numbers of the products, comment, line."""

    branching: float
    products: tuple[int, ...]
    comment: str = ""
    line: int = 0


@dataclass
class Decay:
    """A decay table: PDG number of the particle, its width in GeV, its channels."""

    pdg: int
    width: float
    channels: list[Channel] = field(default_factory=list)
    line: int = 0

    def branching(self, *products: int) -> float:
        """Return the branching ratio into these products, in any order; 0 for a channel that is not listed."""
        return math.fsum(c.branching for c in self.channels if sorted(c.products) == sorted(products))


class Slha:
    """What an SLHA file says.

    Attributes:
        file: its path, for messages.
        blocks: in the order of the file.
        decays: (keyword, PDG number) -> table; the keyword is "DECAY" or "DECAY1L".
    """

    def __init__(self, file: str = "") -> None:
        self.file = file
        self.blocks: list[Block] = []
        self.decays: dict[tuple[str, int], Decay] = {}

    def __repr__(self) -> str:
        return f"<SLHA {self.file}: {len(self.blocks)} blocks, {len(self.decays)} decay tables>"

    def fail(self, message: str, line: int = 0) -> NoReturn:
        """Raise an `SlhaError` about a line of this file."""
        raise SlhaError(f"{self.file or 'SLHA'}:{line}: {message}" if line else f"{self.file or 'SLHA'}: {message}")

    def __contains__(self, name: str) -> bool:
        return any(block.name == name.upper() for block in self.blocks)

    def block(self, name: str, *, q: float | None = None) -> Block:
        """Return a block.

        Args:
            name: in any case.
            q: its scale in GeV, to a part in a million; may be left out when there is only one.

        Raises:
            SlhaError: it is not there, or there are several and `q` does not say which.
        """
        blocks = [block for block in self.blocks if block.name == name.upper()]
        if not blocks:
            self.fail(f"no block {name.upper()}{did_you_mean(name.upper(), {b.name for b in self.blocks})}")
        if q is not None:
            at_scale = [b for b in blocks if b.q is not None and math.isclose(b.q, q, rel_tol=1e-6)]
            if not at_scale:
                self.fail(f"block {name.upper()} is not given at Q = {q:g} GeV, but {_scales(blocks)}")
            return at_scale[0]
        if len(blocks) > 1:
            self.fail(f"block {name.upper()} is given {_scales(blocks)}: say which one with q=...")
        return blocks[0]

    def entry(self, name: str, *index: int, q: float | None = None, comment: str | None = None) -> Entry:
        """Return a line of a block.

        Args:
            name: of the block.
            index: the numbers in front of the value; none for a block of a single number, such as ALPHA.
            q: scale of the block.
            comment: what the trailing comment has to contain, whatever its case and blanks. For programs whose
                numbering changed between versions.

        Raises:
            SlhaError: there is no such line, or more than one.
        """
        block = self.block(name, q=q)
        where = f"block {block.title}"
        entries = [entry for entry in block.entries if entry.index == index]
        if not entries:
            self.fail(f"{where} has no entry {index_text(index)}", block.line)
        if comment is not None:
            comments = "; ".join(entry.comment for entry in entries)
            entries = [entry for entry in entries if _squeezed(comment) in _squeezed(entry.comment)]
            if not entries:
                message = f"{where}: entry {index_text(index)} is called {comments!r}, expected {comment!r}"
                self.fail(message, block.line)
        if len(entries) > 1:
            lines = ", ".join(str(entry.line) for entry in entries)
            message = f"several entries {index_text(index)}, in lines {lines}: comment=... tells them apart"
            self.fail(f"{where}: {message}")
        return entries[0]

    def value(self, name: str, *index: int, q: float | None = None, comment: str | None = None) -> float:
        """Return a number of a block, see `entry`.

        Raises:
            SlhaError: there is no such entry, or it is no finite number.
        """
        entry = self.entry(name, *index, q=q, comment=comment)
        if isinstance(entry.value, str) or not math.isfinite(entry.value):
            self.fail(
                f"block {name.upper()}, entry {index_text(index)}: {entry.text!r} is no finite number", entry.line
            )
        return entry.value

    def text(self, name: str, *index: int) -> str:
        """Return an entry as it is written, for names and versions."""
        return self.entry(name, *index).text

    def decay(self, pdg: int, *, table: str = "DECAY") -> Decay:
        """Return the decay table of a particle.

        Raises:
            SlhaError: there is none, its width is no finite number of at least 0, or a branching ratio is not
                one between 0 and 1.
        """
        decay = self.decays.get((table.upper(), pdg))
        if decay is None:
            self.fail(f"no {table.upper()} table for particle {pdg}")
        if not 0.0 <= decay.width < math.inf:
            self.fail(
                f"the width of particle {pdg} is {decay.width:g}, expected a number of at least 0", decay.line
            )
        for channel in decay.channels:
            if not 0.0 <= channel.branching <= 1.0 + 1e-6:
                self.fail(f"a branching ratio of {channel.branching:g}, expected 0 to 1", channel.line)
        return decay


def _scales(blocks: Sequence[Block]) -> str:
    return " and ".join("without a scale" if b.q is None else f"at Q = {b.q:g} GeV" for b in blocks)


def index_text(index: tuple[int, ...]) -> str:
    """Return the index of an entry as messages write it."""
    return " ".join(str(i) for i in index) or "without an index"


def _squeezed(text: str) -> str:
    return "".join(text.split()).lower()
