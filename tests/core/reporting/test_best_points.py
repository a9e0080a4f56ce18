"""Best points for other programs: every number comes back as it was."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.stored_runs import scanned

from terranova import api
from terranova.errors import RunError
from terranova.external.slha import parse_slha, slha_text
from terranova.reporting.best_points import OBSERVABLES, PARAMETERS, best_text
from terranova.runs.run import Run


@pytest.fixture(scope="module")
def _runs() -> dict[str, Run]:
    return {}


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory, toy_registry: None, _runs: dict[str, Run]) -> Run:
    if not _runs:
        _runs["run"] = scanned(tmp_path_factory.mktemp("best") / "run", budget={"evaluations": 40})
    return _runs["run"]


def expected(run: Run, n: int) -> list[dict[str, float]]:
    names = [field.name for field in (*run.parameters, *run.observables)]
    return [{name: row[name] for name in names} for row in run.best(n).to_dict("records")]


@pytest.mark.parametrize("to", ["json", "yaml"])
def test_nested_formats_hold_every_bit(run: Run, to: str) -> None:
    content = (json.loads if to == "json" else yaml.safe_load)(best_text(run, to, 3))
    assert [{**p["parameters"], **p["observables"]} for p in content["points"]] == expected(run, 3)
    assert content["model"] == "toy-shell"
    assert set(content["points"][0]["violations"]) == {c.name for c in run.constraints}


def test_a_table_holds_every_bit(run: Run) -> None:
    read = list(csv.DictReader(io.StringIO(best_text(run, "csv"))))
    assert len(read) == 10
    for row, point in zip(read, expected(run, 10), strict=True):
        assert {name: float(row[name]) for name in point} == point


def test_slha_holds_every_bit_of_one_point(run: Run) -> None:
    slha = parse_slha(best_text(run, "slha"), "best.slha")
    (point,) = expected(run, 1)
    for block, fields in ((PARAMETERS, run.parameters), (OBSERVABLES, run.observables)):
        for i, field in enumerate(fields, start=1):
            if np.isfinite(point[field.name]):
                assert slha.value(block, i) == point[field.name]
                assert field.name in slha.entry(block, i).comment
    with pytest.raises(RunError, match="an SLHA file holds one point, not 3"):
        best_text(run, "slha", 3)


def test_the_model_s_own_map_is_written() -> None:
    import terranova
    from terranova.models.scotogenic.parameters import G_NAMES

    model = terranova.model("scotogenic-ci37")
    values = {**dict.fromkeys(G_NAMES, 0.25), **model.defaults}
    blocks = model.plugin.slha(values)
    assert blocks is not None
    entries = [entry for block in blocks.values() for entry in block.values() if isinstance(entry, tuple)]
    assert set(G_NAMES) <= {comment for _, comment in entries}
    read = parse_slha(slha_text(blocks), "in.slha")
    for name, block in blocks.items():
        for index, entry in block.items():
            if isinstance(entry, tuple):
                assert read.value(name, *(index if isinstance(index, tuple) else (index,))) == entry[0]


def test_files_are_written_once(run: Run, tmp_path: Path) -> None:
    path = api.best(run, 2, to="json", output=tmp_path / "best.json")
    assert len(json.loads(path.read_text())["points"]) == 2
    with pytest.raises(RunError, match="exists"):
        api.best(run, 2, to="json", output=path)
    with pytest.raises(RunError, match=r"unknown format 'jsn', expected one of .*did you mean 'json'"):
        api.best(run, to="jsn")
    with pytest.raises(RunError, match="a file needs a format"):
        api.best(run, output=tmp_path / "x")  # type: ignore[call-overload]
    with pytest.raises(RunError, match="cannot be written"):
        api.best(run, to="json", output=tmp_path / "nowhere" / "x.json")
