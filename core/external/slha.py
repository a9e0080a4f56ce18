"""Reads and writes SLHA files, the text format in which spectrum generators and their successors talk.

Blocks and decay tables: hep-ph/0311123 (SLHA1, its section 3 for the format), arXiv:0801.0045 (SLHA2),
arXiv:1008.0762 (FLHA, several numbers a line). Nothing is guessed: what cannot be read, or could be read in two
ways, is an `SlhaError` with file and line, which makes the point a failed row.

Why our own: pyslha is GPL; xslha and pylha have not been maintained since 2019; yaslha (MIT) needs NumPy 1, warns
of a header that it does not understand, and reads on as if the lines below belonged to the block before.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from terranova.errors import PointFailed, did_you_mean

MAX_BYTES = 20_000_000
"""Longest file that is read; those of spectrum generators have some ten kilobytes."""

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[EeDd]([+-]?\d+)|([+-]\d{3}))?")  # 1.0D-3, and 1.0-100
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_HEADER = re.compile(r"BLOCK\s+(\S+?)(?:\s+Q\s*=\s*(\S+))?", re.IGNORECASE)
_DECAYS = ("DECAY", "DECAY1L")
"""Keywords of decay tables; the second is SARAH's, for widths at one loop."""


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
        wanted = sorted(products)
        return math.fsum(c.branching for c in self.channels if sorted(c.products) == wanted)


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
        found = [block for block in self.blocks if block.name == name.upper()]
        if not found:
            self.fail(f"no block {name.upper()}{did_you_mean(name.upper(), {b.name for b in self.blocks})}")
        if q is not None:
            at = [block for block in found if block.q is not None and math.isclose(block.q, q, rel_tol=1e-6)]
            if not at:
                self.fail(f"block {name.upper()} is not given at Q = {q:g} GeV, but {_scales(found)}")
            return at[0]
        if len(found) > 1:
            self.fail(f"block {name.upper()} is given {_scales(found)}: say which one with q=...")
        return found[0]

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
        found = [entry for entry in block.entries if entry.index == index]
        if not found:
            self.fail(f"{where} has no entry {_words(index)}", block.line)
        if comment is not None:
            said = "; ".join(entry.comment for entry in found)
            found = [entry for entry in found if _squeezed(comment) in _squeezed(entry.comment)]
            if not found:
                self.fail(f"{where}: entry {_words(index)} is called {said!r}, expected {comment!r}", block.line)
        if len(found) > 1:
            lines = ", ".join(str(entry.line) for entry in found)
            self.fail(f"{where}: several entries {_words(index)}, in lines {lines}: comment=... tells them apart")
        return found[0]

    def value(self, name: str, *index: int, q: float | None = None, comment: str | None = None) -> float:
        """Return a number of a block, see `entry`.

        Raises:
            SlhaError: there is no such entry, or it is no finite number.
        """
        entry = self.entry(name, *index, q=q, comment=comment)
        if isinstance(entry.value, str) or not math.isfinite(entry.value):
            self.fail(
                f"block {name.upper()}, entry {_words(index)}: {entry.text!r} is no finite number", entry.line
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


def _words(index: tuple[int, ...]) -> str:
    return " ".join(str(i) for i in index) or "without an index"


def _squeezed(text: str) -> str:
    return "".join(text.split()).lower()


# ------------------------------------------------------------------------------------------------------------
# reading


def read_slha(path: str | os.PathLike[str]) -> Slha:
    """Read an SLHA file. Messages name it without its folder, which may be another each time.

    Raises:
        SlhaError: it is missing, empty or cut off, has a line that cannot be understood, or says a thing twice.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise SlhaError(f"{Path(path).name}: cannot be read: {error.strerror or error}") from error
    return parse_slha(data, Path(path).name)


def parse_slha(data: str | bytes, file: str = "") -> Slha:
    """Read SLHA from text; `file` is what messages call it. Raises what `read_slha` does."""
    slha = Slha(file)
    if len(data) > MAX_BYTES:
        slha.fail(f"longer than {MAX_BYTES:,} bytes")
    text = data.decode("utf-8", errors="replace") if isinstance(data, bytes) else data
    if not text.strip():
        slha.fail("empty, expected SLHA blocks")
    if not text.endswith("\n"):
        slha.fail("cut off: the last line does not end", text.count("\n") + 1)
    reader = _Reader(slha)
    for number, line in enumerate(text[:-1].split("\n"), start=1):
        reader.take(number, line)
    if not slha.blocks and not slha.decays:
        slha.fail("no block and no decay table")
    return slha


class _Reader:
    """Takes line after line; knows to what the next one belongs."""

    def __init__(self, slha: Slha) -> None:
        self._slha = slha
        self._into: Block | Decay | None = None
        self._passing = False  # over a cross section, which we do not read
        self._seen: dict[object, int] = {}

    def take(self, number: int, line: str) -> None:
        content, _, comment = line.partition("#")
        content, comment = content.strip(), comment.strip()
        if not content:
            return
        if not all(character == "\t" or " " <= character <= "~" for character in content):
            self._slha.fail(f"characters that SLHA does not have: {content[:40]!r}", number)
        word = content.split(None, 1)[0].upper()
        if word == "BLOCK":
            self._block(number, content, comment)
        elif word in _DECAYS:
            self._decay(number, word, content)
        elif word == "XSECTION":
            self._into, self._passing = None, True
        elif isinstance(self._into, Block):
            self._entry(self._into, number, content, comment)
        elif isinstance(self._into, Decay):
            self._channel(self._into, number, content, comment)
        elif not self._passing:
            self._slha.fail(f"{content[:40]!r} before the first block", number)

    def _once(self, what: str, key: object, number: int) -> None:
        before = self._seen.setdefault(key, number)
        if before != number:
            self._slha.fail(f"{what} again; it is given in line {before}", number)

    def _block(self, number: int, content: str, comment: str) -> None:
        found = _HEADER.fullmatch(content)
        if not found:
            self._slha.fail(f"expected BLOCK NAME or BLOCK NAME Q= SCALE, got {content[:60]!r}", number)
        q = None
        if found[2] is not None:
            q = _number(found[2])
            if q is None or not 0.0 < q < math.inf:
                self._slha.fail(f"Q= {found[2]!r} is no scale", number)
        block = Block(found[1].upper(), q, comment, number)
        self._once(f"block {block.title}", (block.name, q), number)
        self._slha.blocks.append(block)
        self._into, self._passing = block, False

    def _entry(self, block: Block, number: int, content: str, comment: str) -> None:
        entry = _entry(block, number, content, comment)
        if not block.name.endswith("INFO"):  # SPINFO 3 and 4, warnings and errors, may be there several times
            what = f"entry {_words(entry.index)} of block {block.title}"
            self._once(what, (block.name, block.q, entry.index, entry.rest), number)
        block.entries.append(entry)

    def _decay(self, number: int, word: str, content: str) -> None:
        fields = content.split()
        width = _number(fields[2]) if len(fields) == 3 else None
        if width is None or not _INTEGER.fullmatch(fields[1]):
            self._slha.fail(f"expected {word} PDG-NUMBER WIDTH, got {content[:60]!r}", number)
        decay = Decay(int(fields[1]), width, line=number)
        self._once(f"{word} table of particle {decay.pdg}", (word, decay.pdg), number)
        self._slha.decays[word, decay.pdg] = decay
        self._into, self._passing = decay, False

    def _channel(self, decay: Decay, number: int, content: str, comment: str) -> None:
        fields = content.split()
        branching = _number(fields[0])
        integers = [int(f) for f in fields[1:] if _INTEGER.fullmatch(f)]
        if branching is None or len(integers) < 2 or len(integers) != len(fields) - 1:
            self._slha.fail(f"expected BRANCHING-RATIO NUMBER PDG-NUMBERS, got {content[:60]!r}", number)
        if integers[0] != len(integers) - 1:
            self._slha.fail(f"a decay into {integers[0]} particles, but {len(integers) - 1} are listed", number)
        decay.channels.append(Channel(branching, tuple(integers[1:]), comment, number))


def _entry(block: Block, number: int, content: str, comment: str) -> Entry:
    """Read a line of a block: whole numbers, the value, perhaps more numbers; or the value first."""
    if block.name.endswith("INFO"):
        first, text = (*content.split(None, 1), "")[:2]
        if _INTEGER.fullmatch(first):
            return Entry((int(first),), text, (), comment, number, text)
        return Entry((), content, (), comment, number, content)
    fields = content.split()
    numbers = [_number(f) for f in fields]
    whole = [bool(_INTEGER.fullmatch(f)) for f in fields]
    lead = min(whole.index(False) if False in whole else len(fields), len(fields) - 1)
    index = tuple(int(f) for f in fields[:lead])
    values = [n for n in numbers[lead:] if n is not None]
    if len(values) < len(fields) - lead:
        text = content.split(None, lead)[lead] if lead else content
        return Entry(index, text, (), comment, number, text)
    if lead == 0 and len(fields) > 1:  # value first, as in the effective couplings of HiggsBounds
        firsts = whole.index(True) if True in whole else len(fields)
        index = tuple(int(f) for f in fields[firsts:] if _INTEGER.fullmatch(f))
        return Entry(index, values[0], tuple(values[1:firsts]), comment, number, fields[0])
    return Entry(index, values[0], tuple(values[1:]), comment, number, fields[lead])


def _number(text: str) -> float | None:
    """Return a number as FORTRAN writes it, NaN for one that it could not write, None for anything else."""
    found = _NUMBER.fullmatch(text)
    if found and len(text) <= 60:
        return float(f"{found[1]}E{found[2] or found[3] or 0}")
    if re.fullmatch(r"[+-]?(nan(\(.*\))?|inf(inity)?)|\*+", text, re.IGNORECASE):
        return math.nan
    return None


# ------------------------------------------------------------------------------------------------------------
# writing

Value = float | int | str


def slha_text(
    blocks: Mapping[str, Mapping[int | tuple[int, ...], Value | tuple[Value, str]]],
    *,
    q: Mapping[str, float] | None = None,
    decays: Sequence[Decay] = (),
) -> str:
    """Return the text of an SLHA file.

    Args:
        blocks: name -> index -> value, or value and comment. The index is a whole number, several, or () for a
            block of a single number. Numbers are written with all their digits.
        q: name -> scale in GeV, for headers that have one.
        decays: tables to write.

    Raises:
        ValueError: a number that is not finite, or text that could not be read back.
    """
    lines = []
    for name, entries in blocks.items():
        if not re.fullmatch(r"[^\s#]+", name):
            raise ValueError(f"{name!r} cannot be the name of a block")
        lines.append(f"BLOCK {name}" + (f" Q= {_written(q[name])}" if q and name in q else ""))
        for index, given in entries.items():
            value, comment = given if isinstance(given, tuple) else (given, "")
            numbers = "".join(f" {i:5d}" for i in (index if isinstance(index, tuple) else (index,)))
            lines.append(f"{numbers}   {_written(value)}{_comment(comment)}")
    for decay in decays:
        lines.append(f"DECAY {decay.pdg:9d}   {_written(decay.width)}")
        for channel in decay.channels:
            products = "".join(f" {pdg:9d}" for pdg in channel.products)
            count = len(channel.products)
            lines.append(f"   {_written(channel.branching)}   {count:2d}{products}{_comment(channel.comment)}")
    return "".join(f"{line}\n" for line in lines)


def write_slha(
    path: str | os.PathLike[str],
    blocks: Mapping[str, Mapping[int | tuple[int, ...], Value | tuple[Value, str]]],
    *,
    q: Mapping[str, float] | None = None,
    decays: Sequence[Decay] = (),
) -> None:
    """Write an SLHA file; see `slha_text`."""
    Path(path).write_text(slha_text(blocks, q=q, decays=decays), encoding="utf-8")


def _written(value: Value) -> str:
    if isinstance(value, str):
        if not value.strip() or not re.fullmatch(r"[ -\"$-~]+", value):
            raise ValueError(f"{value!r} cannot be written as the value of an entry")
        return value
    if isinstance(value, int) or (hasattr(value, "dtype") and value.dtype.kind in "iu"):
        return str(int(value))
    if not math.isfinite(value):
        raise ValueError(f"{value!r} cannot be written as a number")
    return f"{value:.16E}"


def _comment(comment: str) -> str:
    if any(c in comment for c in "\r\n"):
        raise ValueError(f"a comment must be one line, got {comment!r}")
    return f"   # {comment}" if comment else ""
