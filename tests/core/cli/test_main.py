"""The command: what it prints without doing anything."""

from __future__ import annotations

import pytest

from terranova.cli.main import main


def _leave(words: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["terranova", *words])
    for name in ("end_on_second_ctrl_c", "let_go"):  # they are for a process that ends with the command
        monkeypatch.setattr(f"terranova.cli.main.{name}", lambda: None)
    with pytest.raises(SystemExit) as leaving:
        main()
    return leaving.value.code  # type: ignore[return-value]


def test_help_lists_the_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _leave(["--help"], monkeypatch) == 0
    printed = capsys.readouterr().out
    assert all(
        f" {word} " in printed for word in ("scan", "resume", "report", "fit", "compare", "doctor", "verify")
    )


def test_an_unknown_command_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _leave(["skan"], monkeypatch) == 2
    assert "skan" in capsys.readouterr().err


def test_an_error_for_people_has_its_exit_code_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _leave(["report", "/nowhere/at/all"], monkeypatch) == 4
    printed = capsys.readouterr().err
    assert "/nowhere/at/all" in printed
    assert "Traceback" not in printed
