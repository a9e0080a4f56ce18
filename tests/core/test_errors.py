"""Errors: exit codes, places, and the nearest valid name."""

from __future__ import annotations

import errno
import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova import errors
from terranova.errors import (
    ConfigError,
    Diagnostic,
    PointFailed,
    RunError,
    StoreFull,
    TerranovaError,
    did_you_mean,
    disk_error,
    exit_code_of,
    listed,
    nearest,
)

KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, TerranovaError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_for_people_has_a_code_that_is_documented(kind: type[TerranovaError]) -> None:
    error = kind([]) if kind is ConfigError else kind("it")
    assert exit_code_of(error) == kind.exit_code != 0
    assert f" {kind.__name__} " in str(errors.__doc__)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (SystemExit(), 0),
        (SystemExit(3), 3),
        (SystemExit("words"), 1),
        (ValueError("a bug"), 1),
        (RunError("used"), 4),
    ],
)
def test_exit_codes(error: BaseException, code: int) -> None:
    assert exit_code_of(error) == code


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_disk_without_room_is_a_full_store(number: int) -> None:
    error = disk_error("points cannot be written", OSError(number, "no room"))
    assert type(error) is StoreFull
    assert str(error).startswith("points cannot be written: no room. Everything acknowledged before is safe")


def test_other_trouble_of_the_disk_is_said_as_the_system_says_it() -> None:
    error = disk_error("run cannot be written", OSError(errno.EACCES, "Permission denied"))
    assert type(error) is RunError
    assert str(error) == "run cannot be written: Permission denied"
    assert str(disk_error("it", OSError("only words"))) == "it: only words"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (("scan.yaml", 3, 5, "budget"), "scan.yaml:3:5: budget: wrong"),
        (("scan.yaml", 0, 0, "budget"), "scan.yaml: budget: wrong"),
        (("", 0, 0, "budget"), "budget: wrong"),
        (("", 0, 0, ""), "wrong"),
        (("scan.yaml", 3, 0, ""), "scan.yaml:3: wrong"),
    ],
)
def test_a_diagnostic_begins_with_its_place(place: tuple[str, int, int, str], text: str) -> None:
    assert str(Diagnostic(*place, "wrong")) == text


def test_a_config_error_says_everything_at_once() -> None:
    diagnostics = [Diagnostic("", 0, 0, key, "wrong") for key in ("a", "b")]
    error = ConfigError(diagnostics)
    assert error.diagnostics == tuple(diagnostics)
    assert str(error) == "a: wrong\nb: wrong"


def test_names_that_look_alike_are_suggested_best_first() -> None:
    known = ["random", "sobol", "explorer", "cmaes", "cmaes-novelty"]
    assert nearest("CMAES", known)[0] == "cmaes"
    assert did_you_mean("explore", known) == " (did you mean 'explorer'?)"
    assert did_you_mean("xyz", known) == " (there are: cmaes, cmaes-novelty, explorer, random, sobol)"
    assert did_you_mean("xyz", [f"name{i}{i}{i}" for i in range(9)]) == ""
    assert did_you_mean("xyz", []) == ""


@given(st.lists(st.text("abcXYZ-_", min_size=1, max_size=8), min_size=1, unique_by=str.lower))
def test_a_name_is_nearest_to_itself_whatever_its_case(known: list[str]) -> None:
    assert nearest(known[0].swapcase(), known)[0] == known[0]


def test_a_point_that_failed_is_unphysical_unless_said_otherwise() -> None:
    assert PointFailed("tachyon").unphysical
    assert not PointFailed("no convergence", unphysical=False).unphysical
    assert PointFailed("tachyon").reason == str(PointFailed("tachyon")) == "tachyon"


def test_long_lists_of_lines_are_cut_and_say_so() -> None:
    assert listed(["a", "b"], 2) == "  a\n  b"
    assert listed(["a", "b", "c"], 1) == "  a\n  and 2 more"


def test_a_notebook_shows_the_sentences_of_an_error() -> None:
    problems = [Diagnostic("scan.yaml", 1, 8, "model", "no such model"), Diagnostic("", 0, 0, "seed", "negative")]
    (shown,) = ConfigError(problems)._render_traceback_()
    assert shown == "ConfigError: scan.yaml:1:8: model: no such model\nseed: negative"
