"""Run directories: never overwritten, safe to open whoever made them, and their pages show text as text."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import terranova
from terranova import Model, Observable, Parameter, PointFailed, PointModel, Uniform, Window, hookimpl
from terranova.errors import RunError, RunExists, TerranovaError
from terranova.registry import registry
from terranova.reporting import write_report
from terranova.runs.export import export
from terranova.runs.rescore import rescore
from terranova.runs.run import Run

pytestmark = pytest.mark.usefixtures("toy_registry")


def _words(output: Path, **changes: Any) -> dict[str, Any]:
    base = {"model": "toy-shell", "constraints": ["toy-windows"], "sampler": {"name": "random", "islands": 2}}
    return {**base, "budget": {"evaluations": 60}, "output": str(output), **changes}


def _listing(folder: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(folder)): os.readlink(path) if path.is_symlink() else path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


# -- nothing is overwritten ---------------------------------------------------------------------------------


@pytest.mark.fault("F9", "F31")
def test_a_scan_never_starts_over_anything(tmp_path: Path) -> None:
    run = terranova.scan(_words(tmp_path / "run"), quiet=True)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "thesis.tex").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "run")
    (tmp_path / "link-to-file").symlink_to(tmp_path / "file")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / ".git").mkdir()
    before = _listing(tmp_path)
    for name in ("run", "file", "foreign", "link", "link-to-file", "hidden", "dangling"):
        with pytest.raises(RunError):
            terranova.scan(_words(tmp_path / name), quiet=True)
        if name != "dangling":
            with pytest.raises(RunExists):
                rescore(run, ["toy-windows"], tmp_path / name)
    assert _listing(tmp_path) == before
    with pytest.raises(RunExists, match="never overwritten"):
        terranova.scan(_words(tmp_path / "run", seed=2), quiet=True)
    assert terranova.scan(_words(tmp_path / "run"), quiet=True, next=True).directory.name == "run-2"


@pytest.mark.fault("F31")
def test_an_empty_directory_is_welcome(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert terranova.scan(_words(tmp_path / "run"), quiet=True).count == 60


@pytest.mark.slow
@pytest.mark.fault("F31")
def test_exports_and_reports_do_not_replace_what_is_not_theirs(tmp_path: Path) -> None:
    run = terranova.scan(_words(tmp_path / "run"), quiet=True)
    (tmp_path / "points.csv").write_text("mine")
    (tmp_path / "thesis.html").write_text("<p>mine</p>")
    (tmp_path / "folder").mkdir()
    with pytest.raises(RunError, match="exists already"):
        export(run, "csv", tmp_path / "points.csv")
    for target in ("thesis.html", "folder"):
        with pytest.raises(RunError):
            write_report(run, tmp_path / target, random_points=0)
    assert (tmp_path / "points.csv").read_text() == "mine"
    assert (tmp_path / "thesis.html").read_text() == "<p>mine</p>"
    first = write_report(run, tmp_path / "report.html", random_points=0)
    assert write_report(run, tmp_path / "report.html", random_points=0) == first  # its own report is renewed


# -- queries ------------------------------------------------------------------------------------------------

QUERIES = [
    "select * from read_csv('{file}')",
    "select * from '{file}'",
    "select * from read_text('{file}')",
    "select * from read_blob('{file}')",
    "select * from glob('/etc/*')",
    "select * from parquet_scan('{file}')",
    "copy points to '{out}'",
    "copy (select 1) to '{out}' (format parquet)",
    "select 1; copy points to '{out}'",
    "export database '{out}'",
    "import database '{out}'",
    "attach '{out}'",
    "install httpfs",
    "load httpfs",
    "load '{file}'",
    "set enable_external_access = true",
    "pragma enable_external_access = true",
    "set home_directory = '/'",
    "reset enable_external_access",
    "select * from secret",
    "select getenv('HOME')",
    "select * from sniff_csv('{file}')",
    "select * from read_ndjson_objects('{file}')",
    "select * from parquet_metadata('{file}')",
    "select * from query('select * from read_text(''{file}'')')",
    "select * from query_table('{file}')",
    "select * from duckdb_secrets()",
    "select * from run",
    "select 1; select 2",
    "select 1; drop view points",
    "create or replace view points as select 1 as a",
    "create table mine as select * from points",
    "create macro f(x) as x",
    "drop view points",
    "insert into points select * from points",
    "attach ':memory:' as more",
    "detach memory",
    "use memory",
    "prepare x as select 1",
    "call pragma_version()",
    "pragma database_list",
    "load icu",
    "force install httpfs",
    "copy points to '/dev/stdout'",
    "begin transaction",
    "vacuum",
    "",
]


@pytest.mark.fault("F33", "F67")
def test_a_query_sees_the_points_and_nothing_else(tmp_path: Path) -> None:
    import pandas as pd

    run = terranova.scan(_words(tmp_path / "run"), quiet=True)
    secret = pd.DataFrame({"password": ["hunter2"]})
    (tmp_path / "secret.csv").write_text(secret.to_csv())
    before = _listing(tmp_path)
    for query in QUERIES:
        with pytest.raises(RunError):
            run.sql(query.format(file=tmp_path / "secret.csv", out=tmp_path / "out"))
    for where in (
        f"true; copy points to '{tmp_path / 'out'}'; --",
        f"a in (select password from read_csv('{tmp_path / 'secret.csv'}'))",
        "",
        "a <",
        "nothing > 1",
    ):
        with pytest.raises(RunError):
            run.table(where=where)
    assert _listing(tmp_path) == before
    for query in (
        "from points limit 1;",
        "with one as (select 1 as n) select * from one -- and no more",
        "describe select * from points",
        "summarize points",
        "explain select 1",
        "pivot points on valid using count(*)",
    ):
        assert run.sql(query).num_rows > 0, query
    assert run.sql("select count(*) as n from points")["n"][0].as_py() == 60
    with pytest.raises(RunError):
        run.table(where="true) --", valid=True)  # a comment cannot hide the condition that follows
    assert run.table(where="true -- all of them", valid=True).num_rows == run.valid_count


# -- hostile run directories --------------------------------------------------------------------------------


class _Bomb:
    def __init__(self, witness: Path) -> None:
        self.witness = witness

    def __reduce__(self) -> Any:
        return (open, (str(self.witness), "w"))


@pytest.mark.slow
@pytest.mark.fault("F33")
def test_a_run_directory_cannot_run_code(tmp_path: Path) -> None:
    run = terranova.scan(_words(tmp_path / "run"), quiet=True)
    witness = tmp_path / "witness"
    folder = run.directory / "checkpoint"
    folder.mkdir(exist_ok=True)
    bomb = np.array([_Bomb(witness)], dtype=object)
    np.savez(folder / "00000001.npz", head=bomb, **{"array/counts": bomb})  # type: ignore[arg-type]
    (folder / "00000002.npz").write_bytes(pickle.dumps(_Bomb(witness)))
    (run.directory / "summary.json").write_bytes(pickle.dumps(_Bomb(witness)))
    (run.directory / "points" / "part-0009-00000000.parquet").write_bytes(pickle.dumps(_Bomb(witness)))
    opened = Run(run.directory)
    assert opened.summary == {}
    with pytest.raises(TerranovaError, match="part-0009"):
        opened.table()
    (run.directory / "points" / "part-0009-00000000.parquet").unlink()
    assert terranova.resume(run.directory, evaluations=80, quiet=True).count == 80
    write_report(opened, random_points=0)
    config = run.directory / "config.yaml"
    config.write_text(config.read_text() + f"seed: !!python/object/apply:os.system ['touch {witness}']\n")
    with pytest.raises(TerranovaError, match="not allowed"):
        terranova.resume(run.directory, evaluations=100, quiet=True)
    assert not witness.exists()


@pytest.mark.fault("F9", "F33")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"format": 1}',
        b'{"format": 999}',
        b"[" * 100_000,
        b'{"format": "x"}',
    ],
)
def test_a_hostile_manifest_is_an_error_in_words(content: bytes, tmp_path: Path) -> None:
    run = terranova.scan(_words(tmp_path / "run"), quiet=True)
    (run.directory / "manifest.json").write_bytes(content)
    with pytest.raises(TerranovaError):
        terranova.resume(run.directory, evaluations=80, quiet=True)
    with pytest.raises(TerranovaError):
        terranova.scan(_words(tmp_path / "run"), quiet=True)


# -- pages --------------------------------------------------------------------------------------------------

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Hostile(PointModel):
    """<script>alert(1)</script>"""

    name = "hostile"
    description = HOSTILE
    citations = (f"arXiv:2207.00092 {HOSTILE}", "doi:10.1/\"onmouseover='alert(1)'", "javascript:alert(1)")
    parameters = (
        Parameter(HOSTILE, Uniform(0.0, 1.0), unit=HOSTILE, latex=r"\alpha", description=HOSTILE),
        Parameter("b", Uniform(0.0, 1.0)),
    )
    observables = (Observable("p" + HOSTILE, unit=HOSTILE, latex="p", description=HOSTILE),)

    def evaluate_point(self, point: dict[str, float]) -> Mapping[str, float]:
        """Fail with a hostile reason for half the points."""
        if point[HOSTILE] > 0.5:
            raise PointFailed(HOSTILE)
        return {"p" + HOSTILE: point["b"]}


class _HostilePlugin:
    @staticmethod
    @hookimpl
    def terranova_models() -> list[type[Model]]:
        """The model above."""
        return [Hostile]


@pytest.mark.slow
@pytest.mark.fault("F33")
def test_names_and_reasons_are_text_on_every_page(tmp_path: Path) -> None:
    registry().register(_HostilePlugin, name="hostile")
    limit = Window(
        name="limit", observables=("p" + HOSTILE,), upper=0.5, source=HOSTILE, unit=HOSTILE, note=HOSTILE, date=""
    )
    scan = _words(tmp_path / "run", model="hostile", constraints=[limit], budget={"evaluations": 200})
    scan["parallel"] = {"isolation": "none"}  # a worker could not import this test
    run = terranova.scan(scan, quiet=True)
    assert 0 < run.valid_count < 200
    page = write_report(run, random_points=0).read_text(encoding="utf-8")
    for text in (page, run._repr_html_()):
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert not re.search(r"<[a-z]+[^>]*\son\w+\s*=", text, re.IGNORECASE)
        assert not re.search(r"""href\s*=\s*["']?\s*javascript""", text, re.IGNORECASE)
    assert "&lt;script&gt;alert" in page
    frame = run.best(3)
    assert HOSTILE in frame.columns
    path = export(run, "csv", tmp_path / "points.csv")
    assert path.read_text(encoding="utf-8").count("\n") == 201
    described = json.loads((tmp_path / "points.csv.units.json").read_text(encoding="utf-8"))
    assert described["columns"][HOSTILE]["unit"] == HOSTILE


@pytest.mark.slow
@pytest.mark.fault("F33")
def test_the_terminal_shows_names_as_text(tmp_path: Path) -> None:
    """Markup of the terminal library in a directory's name, or in a reason, is not interpreted."""
    run = terranova.scan(_words(tmp_path / "[red]run[/]"), quiet=True)
    for command in ("best", "report"):
        done = subprocess.run(
            [sys.executable, "-m", "terranova", command, str(run.directory)],
            capture_output=True, text=True, timeout=240, cwd=tmp_path, env={**os.environ, "COLUMNS": "300"},
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        assert done.returncode == 0, done.stderr
