"""Reader of SLHA files: line by line, strictly."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path

from terranova.external.slha.content import Block, Channel, Decay, Entry, Slha, SlhaError, index_text

MAX_BYTES = 20_000_000
"""Longest file that is read; those of spectrum generators have some ten kilobytes."""

_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[EeDd]([+-]?\d+)|([+-]\d{3}))?")  # 1.0D-3, and 1.0-100
_INTEGER = re.compile(r"[+-]?\d{1,18}")
_HEADER = re.compile(r"BLOCK\s+(\S+?)(?:\s+Q\s*=\s*(\S+))?", re.IGNORECASE)
_DECAYS = ("DECAY", "DECAY1L")
"""Keywords of decay tables; the second is SARAH's, for widths at one loop."""


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
        self._first_lines: dict[object, int] = {}

    def take(self, number: int, line: str) -> None:
        content, _, comment = line.partition("#")
        content, comment = content.strip(), comment.strip()
        if not content:
            return
        if not all(character == "\t" or " " <= character <= "~" for character in content):
            self._slha.fail(f"characters that SLHA does not have: {content[:40]!r}", number)
        keyword = content.split(None, 1)[0].upper()
        if keyword == "BLOCK":
            self._block(number, content, comment)
        elif keyword in _DECAYS:
            self._decay(number, keyword, content)
        elif keyword == "XSECTION":
            self._into, self._passing = None, True
        elif isinstance(self._into, Block):
            self._entry(self._into, number, content, comment)
        elif isinstance(self._into, Decay):
            self._channel(self._into, number, content, comment)
        elif not self._passing:
            self._slha.fail(f"{content[:40]!r} before the first block", number)

    def _once(self, what: str, key: object, number: int) -> None:
        first = self._first_lines.setdefault(key, number)
        if first != number:
            self._slha.fail(f"{what} again; it is given in line {first}", number)

    def _block(self, number: int, content: str, comment: str) -> None:
        header = _HEADER.fullmatch(content)
        if not header:
            self._slha.fail(f"expected BLOCK NAME or BLOCK NAME Q= SCALE, got {content[:60]!r}", number)
        q = None
        if header[2] is not None:
            q = _number(header[2])
            if q is None or not 0.0 < q < math.inf:
                self._slha.fail(f"Q= {header[2]!r} is no scale", number)
        block = Block(header[1].upper(), q, comment, number)
        self._once(f"block {block.title}", (block.name, q), number)
        self._slha.blocks.append(block)
        self._into, self._passing = block, False

    def _entry(self, block: Block, number: int, content: str, comment: str) -> None:
        entry = _entry(block, number, content, comment)
        if not block.name.endswith("INFO"):  # SPINFO 3 and 4, warnings and errors, may be there several times
            what = f"entry {index_text(entry.index)} of block {block.title}"
            self._once(what, (block.name, block.q, entry.index, entry.rest), number)
        block.entries.append(entry)

    def _decay(self, number: int, keyword: str, content: str) -> None:
        fields = content.split()
        width = _number(fields[2]) if len(fields) == 3 else None
        if width is None or not _INTEGER.fullmatch(fields[1]):
            self._slha.fail(f"expected {keyword} PDG-NUMBER WIDTH, got {content[:60]!r}", number)
        decay = Decay(int(fields[1]), width, line=number)
        self._once(f"{keyword} table of particle {decay.pdg}", (keyword, decay.pdg), number)
        self._slha.decays[keyword, decay.pdg] = decay
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
    number = _NUMBER.fullmatch(text)
    if number and len(text) <= 60:
        return float(f"{number[1]}E{number[2] or number[3] or 0}")
    if re.fullmatch(r"[+-]?(nan(\(.*\))?|inf(inity)?)|\*+", text, re.IGNORECASE):
        return math.nan
    return None
