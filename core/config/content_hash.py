"""One hash of configurations, and of what else JSON can hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any


def content_hash(content: Any, *, default: Callable[[Any], Any] | None = None) -> str:
    """Return the SHA-256 of something that JSON can hold, whatever the order of its keys, in hexadecimal.

    Args:
        content: nested mappings, sequences, text and numbers.
        default: returns what stands for a value that JSON cannot hold, such as `str` for paths.

    Raises:
        TypeError: JSON cannot hold it.
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=default).encode()).hexdigest()
