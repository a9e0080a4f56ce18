"""External programs: whatever they do, a point has an answer or a reason, in time, and nothing of them is left."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import external_programs
from support.leftover_processes import nothing_is_left

import terranova
from terranova import PointFailed, Status
from terranova.errors import ConfigError, ContractError
from terranova.external import KEEP_FOLDERS, ProgramFailed, find_program, run_program, scratch
from terranova.external.slha import SlhaError
from terranova.registry import registry

__all__ = ["nothing_is_left"]

PYTHON = [sys.executable, "-IS", "-c"]


@pytest.fixture
def spectrum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Path]]:
    """The model of the documents, registered, and its program."""
    program, _ = external_programs.install(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("FAULTS", "1")
    module = importlib.import_module("spectrum_model")
    shared = registry()
    before = list(shared.plugins)
    shared.register(module, name="spectrum_model", origin="documents")
    yield module, program
    shared.plugins[:] = before
    sys.modules.pop("spectrum_model")


def test_the_model_of_the_documents_scans_with_its_program(
    spectrum: tuple[Any, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAULTS")
    heavy = {
        "name": "heavy",
        "observable": "m_heavy",
        "kind": "window",
        "lower": 300,
        "unit": "GeV",
        "source": "test",
    }
    run = terranova.scan(
        model={"name": "spectrum", "program": str(spectrum[1])},
        constraints=[heavy],
        sampler={"name": "sobol", "islands": 1},
        budget={"evaluations": 64},
        output=tmp_path / "run",
        quiet=True,
        trust=True,
    )
    rows = run.to_pandas()
    good = rows[rows.status == Status.OK]
    assert len(rows) == 64
    assert len(good) > 50
    trace = 125.0**2 + good.m_S * good.m_S.abs()
    np.testing.assert_allclose(good.m_light**2 + good.m_heavy**2, trace, rtol=1e-12)
    np.testing.assert_allclose(
        good.m_light**2 * good.m_heavy**2, 125.0**2 * good.m_S * good.m_S.abs() - good.kappa**4, rtol=1e-7
    )
    assert set(good.br_two_light) == {0.0, 0.25}
    assert ((good.br_two_light > 0) == (good.m_heavy > 2 * good.m_light)).all()
    lost = rows[rows.status != Status.OK]
    assert set(lost.status) == {Status.UNPHYSICAL}
    assert set(lost.reason) == {"tachyon"}
    assert (125.0**2 * lost.m_S * lost.m_S.abs() <= lost.kappa**4).all()


@pytest.mark.slow
@pytest.mark.fault("F23", "F24")
def test_every_fault_of_a_program_is_a_row_with_its_reason(
    spectrum: tuple[Any, Path], tmp_path: Path, nothing_is_left: Callable[[], bool]
) -> None:
    module, program = spectrum
    reasons = {
        900: "gave no answer within 20 s; its last words: spectrum generator 1.0 | reading in.slha",
        905: "spectrum-generator printed more than 10 MB; its last words: ...",
        910: "spectrum-generator wrote more than 200 MB",
        915: "out.slha: empty",
        920: "out.slha:8: block MASS, entry 35: 'NaN' is no finite number",
        925: "out.slha:8: block MASS, entry 35: '**************' is no finite number",
        930: "out.slha:8: cut off",
        935: "spectrum-generator left with code 7; its last words: step 30 | step 31",
        940: "spectrum-generator was killed by SIGSEGV",
        945: "spectrum-generator left with code 1; its last words: ",
        950: "block MASS again; it is given in line 6",
        955: "out.slha: cannot be read: No such file or directory",
        960: "left with code 1; its last words: spectrum generator 1.0 | reading in.slha | got ''",
    }
    model = terranova.BoundModel(module.Spectrum(str(program), timeout=20.0, keep_failed=str(tmp_path / "kept")))
    masses = np.array([*reasons, 965, 300])
    started = time.monotonic()
    rows = model.evaluate_array(np.column_stack([masses, np.full(len(masses), 10.0)]))
    assert time.monotonic() - started < 120
    assert rows.status.tolist() == [Status.RAISED] * len(reasons) + [Status.OK] * 2
    for (mass, expected), reason in zip(reasons.items(), rows.reason, strict=False):
        assert expected in reason, mass
    assert "step 49" in rows.reason[list(reasons).index(935)], "the end of what it printed"
    assert "MemoryError" in rows.reason[list(reasons).index(945)]
    assert not any("terranova-point" in reason for reason in rows.reason), "the same words when it is run again"
    assert nothing_is_left(), "grandchildren too, in whatever session"
    kept = sorted((tmp_path / "kept").iterdir())
    assert len(kept) == len(reasons)
    assert all((folder / "in.slha").exists() for folder in kept)
    assert any(
        "step 0" in (folder / "last-output.txt").read_text()
        for folder in kept
        if (folder / "last-output.txt").exists()
    )
    assert sum(f.stat().st_blocks * 512 for folder in kept for f in folder.iterdir()) < 4e8


@pytest.mark.fault("F23")
def test_a_grandchild_that_holds_the_pipe_holds_up_nobody(nothing_is_left: Callable[[], bool]) -> None:
    code = (
        "import subprocess, sys\n"
        "subprocess.Popen([sys.executable, '-IS', '-c', 'import time; time.sleep(600)'])\n"
        "print('done')"
    )
    with scratch() as folder:
        started = time.monotonic()
        done = run_program([*PYTHON, code], folder=folder, timeout=60)
        assert time.monotonic() - started < 30
    assert done.stdout == "done\n"
    assert nothing_is_left()


CHAIN = """
import os, time
if os.fork():
    time.sleep(600)
for generation in range(1000):
    if os.fork():
        time.sleep(600 if generation % 5 == 0 else 0.2)
        os._exit(0)
    os.setsid()
    time.sleep(0.4)
"""
"""Each generation leaves session and parent, and has a child; some stay."""


@pytest.mark.fault("F23")
def test_a_tree_that_grows_is_cut_down(nothing_is_left: Callable[[], bool]) -> None:
    with scratch() as folder, pytest.raises(ProgramFailed, match="no answer within 1 s"):
        run_program([*PYTHON, CHAIN], folder=folder, timeout=1.0)
    assert nothing_is_left()


GIVEN = """
import os, sys
print(os.getcwd())
print(sys.stdin.read())
print("PMI_RANK" in os.environ, os.environ["OMP_NUM_THREADS"], os.environ["MINE"], os.getsid(0) == os.getpid())
sys.stderr.write("words")
"""


def test_what_a_program_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PMI_RANK", "3")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    done = run_program([*PYTHON, GIVEN], folder=tmp_path, timeout=60, stdin="a question", environment={"MINE": "x"})
    assert done.stdout.splitlines() == [str(tmp_path), "a question", "False 1 x True"]
    assert done.stderr == "words"
    assert (done.returncode, done.seconds > 0) == (0, True)
    again = run_program(
        [*PYTHON, "raise SystemExit(4)"], folder=tmp_path, timeout=60, accept=lambda code: code == 4
    )
    assert again.returncode == 4


def fail(parent: Path, *, unphysical: bool = False) -> None:
    with scratch(parent=parent, keep_failed=parent / "kept") as folder:
        (folder / "file").write_text("x")
        raise PointFailed("no", unphysical=unphysical)


def test_scratch_folders_leave_nothing_but_the_failures_one_asked_for(tmp_path: Path) -> None:
    with scratch(parent=tmp_path) as folder:
        (folder / "file").write_text("x")
        assert folder.parent == tmp_path
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(PointFailed):
        fail(tmp_path, unphysical=True)
    assert list(tmp_path.iterdir()) == []
    for _ in range(KEEP_FOLDERS + 5):
        with pytest.raises(PointFailed):
            fail(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert len(list((tmp_path / "kept").iterdir())) == KEEP_FOLDERS


def test_a_program_that_is_not_there_ends_the_scan_before_its_first_point(
    spectrum: tuple[Any, Path], tmp_path: Path
) -> None:
    with pytest.raises(ContractError, match="'no-such-program' is not there"):
        run_program(["no-such-program"], folder=tmp_path, timeout=1)
    with pytest.raises(ContractError, match="cannot be executed"):
        find_program(external_programs.PAGE)
    with pytest.raises(ConfigError, match="'no-such-program' is not there"):
        terranova.scan(
            model={"name": "spectrum", "program": "no-such-program"},
            constraints=[],
            sampler="sobol",
            budget={"evaluations": 1},
            output=tmp_path / "run",
        )


@pytest.mark.parametrize(
    "words",
    [
        {"timeout": 0.0},
        {"timeout": float("nan")},
        {"timeout": 1, "memory": "much"},
        {"timeout": 1, "disk_limit": 0},
    ],
)
def test_limits_without_sense_are_refused(tmp_path: Path, words: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be|expected bytes"):
        run_program(["true"], folder=tmp_path, **words)


def test_errors_survive_the_journey_from_a_worker() -> None:
    import pickle

    for error in (ProgramFailed("a", "b", 3, "c"), SlhaError("d")):
        again = pickle.loads(pickle.dumps(error))
        assert (again.reason, again.unphysical, vars(again)) == (error.reason, False, vars(error))
