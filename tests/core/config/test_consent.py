"""What a configuration would run: found, named, agreed to, and forgotten once it changes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import program_models

from terranova.config import ModelChoice, ProblemConfig, consent
from terranova.config.consent import Consent, WhatRuns, agree, made_here, require, what_of
from terranova.errors import NotTrusted
from terranova.parsing.strict_yaml import Place
from terranova.registry import registry

NOWHERE = Place("scan.yaml", 1, 8, "model")


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The models of these tests, and a user who has agreed to nothing."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(consent, "_agreed", set())
    shared = registry()
    before = list(shared.plugins)
    shared.register(program_models, name="program_models", origin="tests")
    yield
    shared.plugins[:] = before


def what(**options: Any) -> WhatRuns:
    """What the model with the program would run."""
    found = what_of(ProblemConfig(ModelChoice("toy-programmed", options)))
    assert found is not None
    return found


def forget_process() -> None:
    """Leave only what is remembered on disk."""
    consent._agreed.clear()


def test_it_names_programs_by_their_full_path_and_files(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("arguments: []")
    one = what(program="sh", map=str(tmp_path / "m.yaml"), scale=2.0)
    (path,) = one.programs["program"]
    assert os.path.isabs(path)
    assert one.words == f"model toy-programmed (program: {path}; with map: {tmp_path / 'm.yaml'}, scale: 2.0)"


def test_a_program_that_is_not_there_cannot_run(tmp_path: Path) -> None:
    one = what(program=str(tmp_path / "nowhere"))
    assert one.names_programs
    assert not one.programs
    require(ProblemConfig(ModelChoice("toy-programmed", {"program": str(tmp_path / "nowhere")})), Consent())


def test_models_that_are_not_installed_run_nothing() -> None:
    config = ProblemConfig(ModelChoice("no-such-model"))
    assert what_of(config) is None
    made_here(config)
    require(config, Consent())


def test_consent_holds_until_anything_changes(tmp_path: Path) -> None:
    program, table = tmp_path / "program", tmp_path / "m.yaml"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    table.write_text("arguments: []")
    options = {"program": str(program), "map": str(table)}
    agree(what(**options))
    forget_process()
    config = ProblemConfig(ModelChoice("toy-programmed", options))
    require(config, Consent())
    for changed in (
        lambda: table.write_text("arguments: [-c]"),
        lambda: program.write_text("#!/bin/sh\nexit 1\n"),
        lambda: options.update(scale=3.0),
    ):
        changed()
        with pytest.raises(NotTrusted):
            require(ProblemConfig(ModelChoice("toy-programmed", options)), Consent())
        agree(what(**options))
        require(ProblemConfig(ModelChoice("toy-programmed", options)), Consent())


def test_of_a_large_program_size_and_time_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consent, "LARGEST", 3)
    path = tmp_path / "large"
    path.write_text("1234")
    before = consent.content_of(str(path))
    assert before.startswith("4 bytes")
    os.utime(path, ns=(1, 1))
    assert consent.content_of(str(path)) != before


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert consent.content_of(str(tmp_path / "pipe")) == "no file"
    assert consent.content_of("/dev/zero") == "no file"
    assert consent.content_of(str(tmp_path)) == "a folder"
    assert consent.content_of(str(tmp_path / "nowhere")) == "absent"


def test_the_refusal_says_where_what_and_how_to_agree() -> None:
    plugin = registry().get("model", "toy-programmed")
    asked = Consent()
    assert not asked.allows(plugin, {"program": "/bin/sh"}, NOWHERE)
    words = r"^scan.yaml:1:8: model: .*program: /bin/sh.*--trust.*trust=True"
    with pytest.raises(NotTrusted, match=words) as refused:
        asked.settle()
    assert refused.value.exit_code == 2
    for one in refused.value.asked:
        agree(one)
    assert asked.allows(plugin, {"program": "/bin/sh"}, NOWHERE)
    asked.settle()
    assert asked.given


def test_all_that_would_run_is_said_at_once() -> None:
    plugin = registry().get("model", "toy-programmed")
    asked = Consent(origin="plan.yaml")
    asked.allows(plugin, {"program": "/bin/sh"}, NOWHERE)
    asked.allows(plugin, {"program": "/bin/cat"}, Place("", 0, 0, "problems[1].model"))
    with pytest.raises(NotTrusted) as refused:
        asked.settle()
    first, second = refused.value.diagnostics
    assert "/bin/sh" in first.message
    assert (second.file, second.key) == ("plan.yaml", "problems[1].model")
    assert "/bin/cat" in second.message


def test_who_looks_needs_consent_for_a_model_without_programs_too() -> None:
    config = ProblemConfig(ModelChoice("toy-witnessed"))
    require(config, Consent())
    with pytest.raises(NotTrusted, match="was not made here"):
        require(config, Consent(looking=True))
    require(config, Consent(True, looking=True))
    require(config, Consent(looking=True))
    forget_process()
    require(config, Consent(looking=True))


def test_what_ran_here_may_be_looked_at() -> None:
    config = ProblemConfig(ModelChoice("toy-witnessed"))
    made_here(config)
    forget_process()
    require(config, Consent(looking=True))


def test_consent_that_cannot_be_remembered_holds_for_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    consent._say_forgetful.cache_clear()
    config = ProblemConfig(ModelChoice("toy-programmed", {"program": "/bin/sh"}))
    other = ProblemConfig(ModelChoice("toy-programmed", {"program": "/bin/cat"}))
    with caplog.at_level(logging.WARNING, "terranova"):
        require(config, Consent(True))
        require(other, Consent(True))
        require(config, Consent())
    assert len([r for r in caplog.records if "cannot be remembered" in r.getMessage()]) == 1
    forget_process()
    with pytest.raises(NotTrusted):
        require(config, Consent())


def test_a_script_that_names_a_program_itself_agrees_to_nothing_else() -> None:
    config = ProblemConfig(ModelChoice("toy-programmed", {"program": "/bin/sh"}))
    require(config, Consent(True, remember=False))
    with pytest.raises(NotTrusted):
        require(config, Consent())


class _Ranks:
    """The first of two ranks, or the second, as far as a broadcast goes."""

    size = 2

    def __init__(self, root: bool, said: Any = None) -> None:
        self.is_root, self.said = root, said

    def bcast(self, value: Any) -> Any:
        """What the first rank says."""
        if self.is_root:
            self.said = value
        return self.said


def test_other_ranks_follow_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = ProblemConfig(ModelChoice("toy-programmed", {"program": "/bin/sh"}))
    first = _Ranks(True)
    require(config, Consent(True, team=first))  # type: ignore[arg-type]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another-machine"))
    forget_process()
    require(config, Consent(team=_Ranks(False, first.said)))  # type: ignore[arg-type]
    require(config, Consent())  # what the first allowed holds for all that follows
    forget_process()
    with pytest.raises(NotTrusted) as refused:
        require(config, Consent(True, team=_Ranks(False, (False, None))))  # type: ignore[arg-type]
    assert refused.value.on_all_ranks
