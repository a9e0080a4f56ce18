"""Writer of SLHA files: numbers with all their digits, and nothing that could not be read back."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from terranova.external.slha.content import Decay

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
