"""One hash of what JSON can hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.config.content_hash import content_hash


def test_a_hash_depends_on_content_only() -> None:
    assert content_hash({"a": 1, "b": [1.5, "x"]}) == content_hash({"b": [1.5, "x"], "a": 1})
    assert content_hash({"a": 1}) != content_hash({"a": 1.5})
    assert content_hash({"a": Path("x")}, default=str) == content_hash({"a": "x"})
    with pytest.raises(TypeError):
        content_hash({"a": Path("x")})
