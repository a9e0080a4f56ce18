"""Directories that were derived from runs are not resumed as scans."""

from __future__ import annotations

from pathlib import Path

import pytest

from terranova.errors import RunMismatch
from terranova.runs.derived import FITTED, MERGED, RESCORED, refuse_derived


def test_a_scan_is_no_derived_run(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").touch()
    refuse_derived(tmp_path)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (RESCORED, "`terranova rescore` from another run; resume that one"),
        (MERGED, "resume these"),
        (FITTED, "`terranova fit`"),
    ],
)
def test_what_is_to_be_resumed_instead_is_said(tmp_path: Path, file: str, words: str) -> None:
    (tmp_path / file).touch()
    with pytest.raises(RunMismatch, match=words):
        refuse_derived(tmp_path)
