"""SLHA files, read and written: the text format in which spectrum generators and their successors talk.

Blocks and decay tables: hep-ph/0311123 (SLHA1, its section 3 for the format), arXiv:0801.0045 (SLHA2),
arXiv:1008.0762 (FLHA, several numbers a line). Nothing is guessed: what cannot be read, or could be read in two
ways, is an `SlhaError` with file and line, which makes the point a failed row.

Why our own: pyslha is GPL; xslha and pylha have not been maintained since 2019; yaslha (MIT) needs NumPy 1, warns
of a header that it does not understand, and reads on as if the lines below belonged to the block before.
"""

from __future__ import annotations

from terranova.external.slha.content import Block, Channel, Decay, Entry, Slha, SlhaError
from terranova.external.slha.reading import MAX_BYTES, parse_slha, read_slha
from terranova.external.slha.writing import Value, slha_text, write_slha

__all__ = [
    "MAX_BYTES",
    "Block",
    "Channel",
    "Decay",
    "Entry",
    "Slha",
    "SlhaError",
    "Value",
    "parse_slha",
    "read_slha",
    "slha_text",
    "write_slha",
]
