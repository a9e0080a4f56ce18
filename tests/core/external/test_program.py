"""External programs: run in a folder, within limits, and gone afterwards. See tests/faults/test_external.py."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from terranova.errors import ContractError, PointFailed
from terranova.external.program import KEEP_FOLDERS, ProgramFailed, find_program, run_program, scratch


def _run(folder: Path, code: str, **words: Any) -> Any:
    return run_program([sys.executable, "-S", "-c", code], folder=folder, timeout=60.0, **words)


@pytest.mark.integration
def test_what_a_program_prints_is_returned(tmp_path: Path) -> None:
    done = _run(
        tmp_path, "import os, sys; print(os.getcwd(), sys.stdin.read()); print('hm', file=sys.stderr)", stdin="x"
    )
    assert done.stdout.split() == [str(tmp_path), "x"]
    assert (done.stderr, done.returncode) == ("hm\n", 0)
    assert done.seconds > 0.0


@pytest.mark.integration
def test_an_exit_code_is_a_failure_unless_it_is_accepted(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="no solution") as caught:
        _run(tmp_path, "print('no solution'); raise SystemExit(3)")
    assert (caught.value.returncode, caught.value.unphysical) == (3, False)
    assert _run(tmp_path, "raise SystemExit(3)", accept=lambda code: code == 3).returncode == 3


def test_programs_are_found_on_the_path_or_by_their_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "spectrum"
    program.write_text("#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ContractError, match="'spectrum' is not there, or cannot be executed"):
        find_program("spectrum")
    program.chmod(0o755)
    assert find_program("spectrum") == find_program(program) == program


@pytest.mark.parametrize("words", [{"timeout": 0.0}, {"timeout": float("inf")}, {"timeout": float("nan")}])
def test_a_limit_of_time_that_is_none_is_refused(words: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="timeout must be a positive number of seconds"):
        run_program([sys.executable], folder=tmp_path, **words)


def test_a_scratch_folder_is_gone_afterwards(tmp_path: Path) -> None:
    with scratch(parent=tmp_path) as folder:
        (folder / "in").write_text("x")
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_failures_are_kept_for_a_look_but_not_unphysical_points_and_not_too_many(tmp_path: Path) -> None:
    kept = tmp_path / "kept"

    def fail(error: Exception) -> None:
        with suppress(type(error)), scratch(parent=tmp_path, keep_failed=kept) as folder:
            (folder / "out").write_text("half")
            raise error

    fail(PointFailed("tachyon", unphysical=True))
    assert not kept.exists()
    for _ in range(KEEP_FOLDERS + 2):
        fail(ProgramFailed("crashed"))
    assert len(list(kept.glob("*/out"))) == KEEP_FOLDERS
    assert list(tmp_path.iterdir()) == [kept]
