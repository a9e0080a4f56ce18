"""Files and directories of strangers: looking runs nothing, and what has to run says first what it would be."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from support import program_models
from support.program_models import WINDOW, write_map, write_scan
from support.scan_processes import MPIRUN, PATIENCE, Lab

import terranova
from terranova.config import consent
from terranova.engine.supervisor import launch
from terranova.errors import NotTrusted
from terranova.registry import registry
from terranova.runs.diagnosis import diagnose
from terranova.runs.run import Run
from terranova.surrogates import training
from terranova.surrogates.about import ABOUT, About, rows_pieces
from terranova.surrogates.archive import write_archive
from terranova.surrogates.dataset import Rows
from terranova.surrogates.trained import TrainedSurrogate

pytestmark = [pytest.mark.fault("F49")]

SHELL = {"name": "toy-programmed", "program": "/bin/sh"}


class Stranger:
    """A folder with what a stranger made; its program touches a file.

    Attributes:
        folder: with scan.yaml, map.yaml and perhaps run/.
        canary: is there once the program has run.
    """

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.canary, self._monkeypatch = tmp_path, tmp_path / "canary", monkeypatch
        self.map = write_map(tmp_path, self.canary)
        self.model = {**SHELL, "map": "map.yaml"}
        self.scan = write_scan(tmp_path, self.model)
        self.problem = {"model": self.model, "constraints": [WINDOW]}
        self.leave()

    def run(self) -> Path:
        """Scan as the stranger, who trusts himself; return the run."""
        terranova.scan(self.scan, quiet=True, trust=True)
        assert self.ran()
        self.leave()
        return self.folder / "run"

    def file(self, name: str, words: dict[str, Any]) -> Path:
        """Write a file into the folder."""
        path = self.folder / name
        path.write_text(yaml.safe_dump(words))
        return path

    def surrogate(self) -> Path:
        """Write what a surrogate's file says before anything learnt."""
        model = {**self.model, "map": str(self.map)}
        problem = yaml.safe_dump({**self.problem, "model": model})
        about = About("xgboost", "3", {}, 0, problem, ("loglike",), 1.0, 0.0, 0, {}, {})
        rows = Rows(*(np.empty((0, 1)) for _ in range(3)), np.empty(0))
        write_archive(self.folder / "s.surrogate", {ABOUT: about.piece(), **rows_pieces(rows)})
        return self.folder / "s.surrogate"

    def ran(self) -> bool:
        """Say whether the program has run, and take its witness away."""
        there = self.canary.exists()
        self.canary.unlink(missing_ok=True)
        return there

    def leave(self) -> None:
        """From here on, somebody else works here, who has agreed to nothing."""
        number = len(list(self.folder.glob("state-*")))
        (self.folder / f"state-{number}").mkdir()
        self._monkeypatch.setenv("XDG_STATE_HOME", str(self.folder / f"state-{number}"))
        consent._agreed.clear()


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stranger]:
    """What a stranger made, in a process that has the models of `program_models`."""
    monkeypatch.setattr(consent, "_agreed", set())
    shared = registry()
    before = list(shared.plugins)
    shared.register(program_models, name="program_models", origin="tests")
    yield Stranger(tmp_path, monkeypatch)
    shared.plugins[:] = before


def _scan(s: Stranger, trust: bool) -> Any:
    return terranova.scan(s.scan, quiet=True, trust=trust)


def _fit(s: Stranger, trust: bool) -> Any:
    words = {**s.problem, "output": str(s.folder / "fit"), "profile": ["a"], "parallel": {"isolation": "none"}}
    return terranova.fit(s.file("fit.yaml", words), quiet=True, trust=trust)


def _compare(s: Stranger, trust: bool) -> Any:
    words = {
        "samplers": ["random"],
        "problems": [s.problem],
        "budget": {"evaluations": 2},
        "seeds": 1,
        "workers": 0,
    }
    return terranova.compare(
        s.file("compare.yaml", {**words, "output": str(s.folder / "c")}), quiet=True, trust=trust
    )


def _resume(s: Stranger, trust: bool) -> Any:
    return terranova.resume(s.folder / "run", evaluations=8, quiet=True, trust=trust)


def _report(s: Stranger, trust: bool) -> Any:
    return terranova.report(s.folder / "run", random=2, trust=trust)


def _problem(s: Stranger, trust: bool) -> Any:
    return terranova.open(s.folder / "run", trust=trust).problem()


def _rescore(s: Stranger, trust: bool) -> Any:
    return terranova.rescore(s.folder / "run", [{**WINDOW, "upper": 0.7}], s.folder / "again", trust=trust)


def _train(s: Stranger, trust: bool) -> Any:
    return training.train([Run(s.folder / "run", trust=trust)])


def _check(s: Stranger, trust: bool) -> Any:
    return TrainedSurrogate.load(s.surrogate(), trust=trust)


def _launch(s: Stranger, trust: bool) -> Any:
    return launch(s.scan, 1, quiet=True, trust=trust)


def _launch_run(s: Stranger, trust: bool) -> Any:
    return launch(s.folder / "run", 1, quiet=True, trust=trust)


OF_A_FILE = [_scan, _fit, _compare, _check, _launch]
OF_A_RUN = [_resume, _report, _problem, _rescore, _train, _launch_run]


@pytest.mark.parametrize("act", [*OF_A_FILE, *OF_A_RUN])
def test_a_strangers_program_does_not_run_and_is_named(
    act: Callable[[Stranger, bool], Any], stranger: Stranger
) -> None:
    if act in OF_A_RUN:
        stranger.run()
    before = sorted(stranger.folder.rglob("*"))
    with pytest.raises(NotTrusted) as refused:
        act(stranger, False)
    assert not stranger.ran()
    for word in ("toy-programmed", "program: /bin/sh", str(stranger.map), "--trust"):
        assert word in str(refused.value)
    left = [path for path in sorted(stranger.folder.rglob("*")) if path not in before]
    assert [path.name for path in left if path.suffix not in (".yaml", ".surrogate")] == [], "nothing was begun"


@pytest.mark.parametrize("act", [_scan, _compare, _resume, _report])
def test_with_trust_it_runs_and_is_remembered_until_it_changes(
    act: Callable[[Stranger, bool], Any], stranger: Stranger
) -> None:
    if act in OF_A_RUN:
        stranger.run()
    act(stranger, True)
    assert stranger.ran()
    consent._agreed.clear()  # another command of the same user
    directory = stranger.folder / ("c" if act is _compare else "run")
    if act is not _compare:
        assert terranova.open(directory).problem().model.name == "toy-programmed"
        assert diagnose(terranova.open(directory), 2).random is not None
        assert stranger.ran()
    stranger.map.write_text(stranger.map.read_text() + "# and more\n")
    with pytest.raises(NotTrusted):
        act(stranger, False)
    assert not stranger.ran()


@pytest.mark.parametrize("act", [_problem, _rescore])
def test_with_trust_a_problem_is_built(act: Callable[[Stranger, bool], Any], stranger: Stranger) -> None:
    stranger.run()
    assert act(stranger, True) is not None


def test_spheno_is_such_a_program(stranger: Stranger) -> None:
    """The report that started this: a shell in the place of SPheno, with arguments from the map."""
    model = {"name": "scotogenic-spheno", "spheno": "/bin/sh", "micromegas": "cat", "map": "map.yaml"}
    with pytest.raises(
        NotTrusted, match=r"scan.yaml:\d+:\d+: model: .*micromegas: /\S*/cat, spheno: /bin/sh; with map: /"
    ):
        terranova.scan(write_scan(stranger.folder, model), quiet=True)
    assert {o.name for o in registry().get("model", "scotogenic-spheno").options if o.program} == {
        "spheno",
        "micromegas",
    }


# -- looking -------------------------------------------------------------------------------------------------


def _witnesses(folder: Path) -> set[str]:
    found = {name for name in ("made", "evaluated") if (folder / name).exists()}
    for name in found:
        (folder / name).unlink()
    return found


@pytest.fixture
def witnessed(stranger: Stranger) -> Stranger:
    """A stranger's run of a model without programs, whose options lead to files."""
    stranger.scan = write_scan(stranger.folder, {"name": "toy-witnessed", "folder": str(stranger.folder)})
    terranova.scan(stranger.scan, quiet=True)
    assert _witnesses(stranger.folder) == {"made", "evaluated"}
    stranger.leave()
    return stranger


def test_looking_neither_makes_nor_asks_a_strangers_model(witnessed: Stranger) -> None:
    directory = witnessed.folder / "run"
    run = terranova.open(directory)
    assert "4 evaluated" in repr(run)
    assert len(terranova.best(directory)) == 2
    assert len(run.to_pandas()) == 4
    terranova.export(directory, to="csv")
    assert terranova.verify(directory).ok
    terranova.salvage(directory)
    assert terranova.plugins("toy-witnessed")
    page = terranova.report(directory).read_text(encoding="utf-8")
    assert _witnesses(witnessed.folder) == set()
    assert "was not made here" in page
    assert "--trust" in page
    with pytest.raises(NotTrusted, match="was not made here"):
        terranova.report(directory, random=3)
    assert _witnesses(witnessed.folder) == set()


def test_a_report_of_ones_own_run_measures_random_points_as_ever(witnessed: Stranger) -> None:
    terranova.scan(witnessed.scan, quiet=True, output=str(witnessed.folder / "mine"))
    _witnesses(witnessed.folder)
    consent._agreed.clear()
    page = terranova.report(witnessed.folder / "mine").read_text(encoding="utf-8")
    assert _witnesses(witnessed.folder) == {"made", "evaluated"}
    assert "was not made here" not in page


@pytest.mark.parametrize("own", [True, False])
def test_with_trust_or_once_resumed_a_report_does_too(own: bool, witnessed: Stranger) -> None:
    directory = witnessed.folder / "run"
    if own:
        diagnose(terranova.open(directory, trust=True))
    else:
        terranova.resume(directory, evaluations=6, quiet=True)
    _witnesses(witnessed.folder)
    consent._agreed.clear()
    assert diagnose(terranova.open(directory), 1).problem_missing == ""
    assert _witnesses(witnessed.folder) == {"made", "evaluated"}


# -- where nothing can be remembered -------------------------------------------------------------------------


def test_without_a_state_folder_a_scan_is_unaffected(
    stranger: Stranger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (stranger.folder / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(stranger.folder / "file"))
    consent._say_forgetful.cache_clear()
    run = terranova.scan(stranger.scan, quiet=True, trust=True)
    assert stranger.ran()
    assert run.count == 4
    assert len([r for r in caplog.records if "cannot be remembered" in r.getMessage()]) == 1
    assert (stranger.folder / "file").read_text() == ""


# -- whole commands ------------------------------------------------------------------------------------------


@pytest.fixture
def lab(stranger: Stranger) -> Lab:
    """Commands with the same models."""
    made = Lab(stranger.folder, ["support.program_models"])
    made.environment["XDG_STATE_HOME"] = os.environ["XDG_STATE_HOME"]
    return made


@pytest.mark.integration
def test_the_command_says_what_it_would_run_and_leaves_with_2(stranger: Stranger, lab: Lab) -> None:
    done = lab.run("scan", stranger.scan, "--quiet")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"{stranger.scan}:" in done.stderr
    assert "program: /bin/sh" in done.stderr
    assert not stranger.ran()
    assert not (stranger.folder / "run").exists()


@pytest.mark.integration
@pytest.mark.parametrize("answer", ["y", "n"])
def test_on_a_terminal_it_asks(answer: str, stranger: Stranger, lab: Lab) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        lab.command("scan", stranger.scan, "--quiet"),
        env=lab.environment, stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    said, deadline = b"", time.monotonic() + PATIENCE
    try:
        while process.poll() is None and time.monotonic() < deadline:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            try:
                said += os.read(ours, 4096)
            except OSError:  # the terminal's other end is closed
                break
            if said.rstrip().endswith(b"[y/N]:"):
                os.write(ours, answer.encode() + b"\n")
        assert process.wait(PATIENCE) == (0 if answer == "y" else 2), said
    finally:
        process.kill()
        os.close(ours)
    assert b"program: /bin/sh" in said
    assert stranger.ran() is (answer == "y")
    assert (Path(os.environ["XDG_STATE_HOME"]) / "terranova" / "trusted.json").exists() is (answer == "y")


@pytest.mark.integration
@pytest.mark.slow
@pytest.mark.parametrize("command", ["launch", "compare"])
def test_processes_that_a_command_starts_have_its_consent(command: str, stranger: Stranger, lab: Lab) -> None:
    """Also where it cannot be remembered."""
    (stranger.folder / "file").touch()
    lab.environment["XDG_STATE_HOME"] = str(stranger.folder / "file")
    words = {"samplers": ["random"], "problems": [stranger.problem], "budget": {"evaluations": 2}, "seeds": 1}
    comparison = stranger.file("compare.yaml", {**words, "workers": 1, "output": str(stranger.folder / "c")})
    file = stranger.scan if command == "launch" else comparison
    refused = lab.run(command, file, "--quiet")
    assert refused.returncode == 2
    assert not stranger.ran()
    done = lab.run(command, file, "--quiet", "--trust")
    assert done.returncode == 0, done.stderr
    assert stranger.ran()


@pytest.mark.mpi
@pytest.mark.integration
@pytest.mark.slow
def test_of_several_ranks_the_first_decides(stranger: Stranger, lab: Lab) -> None:
    assert MPIRUN is not None
    scan = write_scan(stranger.folder, stranger.model, sampler={"name": "random", "islands": 2})
    refused = lab.run("scan", scan, "--quiet", ranks=2)
    assert refused.returncode == 2
    assert refused.stderr.count("program: /bin/sh") == 1
    assert not stranger.ran()
    done = lab.run("scan", scan, "--quiet", "--trust", ranks=2)
    assert done.returncode == 0, done.stderr
    assert stranger.ran()
    again = lab.run("resume", stranger.folder / "run", "--evaluations", 12, "--quiet", ranks=2)
    assert again.returncode == 0, again.stderr
    assert terranova.open(stranger.folder / "run").count == 12
