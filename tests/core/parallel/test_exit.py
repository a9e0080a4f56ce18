"""The end of a program: errors become words and an exit code, and ranks leave together."""

from __future__ import annotations

import pytest

from terranova.errors import ConfigError, ParallelError
from terranova.parallel.exit import run_guarded


def _raise(error: BaseException) -> None:
    raise error


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ParallelError("ranks are lost"), 5, "error: ranks are lost\n"),
        (ConfigError(["scan.yaml:2:1: model: unknown"]), 2, "scan.yaml:2:1: model: unknown\n"),  # type: ignore[list-item]
        (KeyboardInterrupt(), 130, "interrupted at once; every point that was reported is stored\n"),
        (SystemExit(4), 4, ""),
        (SystemExit(None), 0, ""),
        (SystemExit("no such file"), 1, "no such file\n"),
    ],
)
def test_errors_become_words_and_an_exit_code(
    error: BaseException, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        run_guarded(lambda: _raise(error))
    assert leaving.value.code == code
    assert capsys.readouterr().err == words


def test_a_bug_keeps_its_traceback_and_debug_shows_that_of_every_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        run_guarded(lambda: _raise(ZeroDivisionError("half a rank")))
    assert leaving.value.code == 1
    assert "Traceback" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run_guarded(lambda: _raise(ParallelError("lost")), debug=True)
    assert "Traceback" in capsys.readouterr().err


def test_a_program_that_ends_well_leaves_with_zero() -> None:
    with pytest.raises(SystemExit) as leaving:
        run_guarded(lambda: "anything")
    assert leaving.value.code == 0
