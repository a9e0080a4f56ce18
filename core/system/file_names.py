"""Names of quantities as parts of names of files."""

from __future__ import annotations

import hashlib
from urllib.parse import quote, unquote

LONGEST = 80
"""Characters of a part; names of files may have 255, of which several parts and an ending are made."""

_CUT = "~"
"""Before the digest of a name that was cut; it stands in no part otherwise."""


def file_part(name: str) -> str:
    """Return a name as a part of the name of a file, on any file system.

    ASCII letters, digits, `_` and `.` stay. All else becomes `%` and two hexadecimal digits a byte, dots at the
    beginning too, and `-`, so that parts joined by it stay apart. Equal parts mean equal names: one that comes out
    too long ends in a digest of it.
    """
    text = quote(name, safe="").replace("-", "%2D").replace("~", "%7E")
    bare = text.lstrip(".")
    text = "%2E" * (len(text) - len(bare)) + bare
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{text[: LONGEST - 17].rstrip('%')}{_CUT}{digest}"


def name_of_part(part: str) -> str | None:
    """Return the name that `file_part` was given; None where it was too long to be kept."""
    return None if _CUT in part else unquote(part)
