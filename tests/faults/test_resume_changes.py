"""What may change between two sessions of a run, what must not, and what is noted."""

from __future__ import annotations

import json
import logging
import os
import re
from pathlib import Path
from typing import Any

import pytest

import terranova
from terranova.errors import RunMismatch
from terranova.registry import registry
from terranova.store import load_manifest

WINDOWS = """
name: shell
version: "1"
constraints:
  - name: ring
    observable: ring
    kind: window
    lower: 0.0
    upper: {upper}
    source: "arXiv:2207.00092"
    date: 2022-07
  - name: ratio
    observable: ratio
    kind: window
    lower: -1.0
    upper: 1.0
    unit: GeV
    source: "arXiv:2207.00092"
    date: 2022-07
"""

WORDS: dict[str, Any] = {
    "model": "toy-shell",
    "constraints": ["shell.yaml"],
    "sampler": {"name": "cmaes-novelty", "islands": 3},
    "budget": {"evaluations": 300},
    "parallel": {"epoch": 4},
    "seed": 5,
}


@pytest.fixture
def half(tmp_path: Path, toy_registry: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that ended within its budget, as a wall time of nothing makes it."""
    monkeypatch.chdir(tmp_path)
    Path("shell.yaml").write_text(WINDOWS.format(upper=10.0))
    _file("scan.yaml")
    terranova.scan("scan.yaml", output="run", budget={"evaluations": 300, "wall": 0.001}, quiet=True)
    assert terranova.open("run").count < 300
    return tmp_path / "run"


def _file(name: str, **words: Any) -> Path:
    from terranova.parsing.strict_yaml import dump

    path = Path(name)
    path.write_text(dump({**WORDS, "output": "elsewhere", **words}))
    return path


@pytest.mark.fault("F17")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"seed": 6}, ["seed: 5 -> 6"]),
        ({"model": "toy-holes"}, ["model.name: 'toy-shell' -> 'toy-holes'"]),
        ({"sampler": {"name": "cmaes-novelty", "islands": 4}}, ["sampler.islands: 3 -> 4"]),
        ({"sampler": {"name": "sobol", "islands": 3}}, ["sampler.name: 'cmaes-novelty' -> 'sobol'"]),
        (
            {"sampler": {"name": "cmaes-novelty", "islands": 3, "novelty": "hbos"}},
            ["sampler.novelty: 'hbos-pairs' -> 'hbos'"],
        ),
        ({"parallel": {"epoch": 5}}, ["parallel.epoch: 4 -> 5"]),
        ({"parameters": {"a": {"prior": "uniform", "lower": 0.0, "upper": 9.0}}}, ["priors.a.upper: 10.0 -> 9.0"]),
        ({"parameters": {"a": 1.0}}, ["parameters.a: added 1.0"]),
        ({"store": {"keep": "valid"}}, ["store.keep: 'all' -> 'valid'"]),
        ({"store": {"observables": ["ring"]}}, []),
        ({"seed": 6, "parallel": {"epoch": 5}}, ["seed: 5 -> 6", "parallel.epoch: 4 -> 5"]),
    ],
)
def test_another_scan_is_refused_with_the_differences(half: Path, words: dict[str, Any], told: list[str]) -> None:
    before = terranova.open(half).to_pandas()
    try:
        path = _file("other.yaml", **words)
        if not told:
            terranova.resume(half, path, wall="1h", quiet=True)  # all observables are constrained here
            return
        with pytest.raises(RunMismatch) as refused:
            terranova.resume(half, path, quiet=True)
        for word in told:
            assert word in str(refused.value)
        assert "Traceback" not in str(refused.value)
    finally:
        assert terranova.open(half).to_pandas().iloc[: len(before)].equals(before)


@pytest.mark.fault("F17")
def test_changed_data_of_a_constraint_are_refused_by_name_and_value(half: Path) -> None:
    Path("shell.yaml").write_text(WINDOWS.format(upper=11.0))
    terranova.resume(half, quiet=True, wall="1h")  # the data that the run was started with are in its directory
    with pytest.raises(RunMismatch, match=re.escape("constraint.ring.upper: 10.0 -> 11.0")):
        terranova.resume(half, _file("other.yaml"), quiet=True)


@pytest.mark.fault("F17")
def test_changed_data_of_an_installed_set_are_refused(tmp_path: Path, toy_registry: None) -> None:
    from dataclasses import replace

    terranova.scan(
        {**WORDS, "constraints": ["toy-windows"], "output": str(tmp_path / "run")},
        budget={"evaluations": 300, "wall": 0.001},
        quiet=True,
    )
    shared = registry()
    plugin = shared.get("constraints", "toy-windows")
    first, *rest = plugin.target.constraints
    newer = replace(plugin.target, constraints=(replace(first, upper=4.3), *rest))
    shared.plugins[shared.plugins.index(plugin)] = replace(plugin, target=newer)
    with pytest.raises(RunMismatch, match=re.escape("constraint.ring.upper: 4.2 -> 4.3")):
        terranova.resume(tmp_path / "run", quiet=True)


@pytest.mark.fault("F17")
def test_budget_output_and_execution_may_change_and_are_noted(half: Path) -> None:
    path = _file(
        "other.yaml",
        budget={"evaluations": 400},
        parallel={"epoch": 4, "executor": "processes", "workers": 1, "patience": "10m"},
        store={"durability": "power"},
    )
    run = terranova.resume(half, path, quiet=True)
    assert run.directory == half, "the run stays where it is"
    assert run.count == 400
    (entry,) = load_manifest(half).history
    assert entry["ranks"] == 1
    assert entry["resumed"]
    changes = "\n".join(entry["changes"])
    for word in (
        "budget.evaluations: 300 -> 400",
        "budget.wall: 0.001 -> None",
        "parallel.executor: 'serial' -> 'processes'",
        "parallel.patience: 3600.0 -> 600.0",
        "store.durability: 'process' -> 'power'",
    ):
        assert word in changes
    assert "output" not in changes
    # From now on that is its configuration.
    terranova.resume(half, evaluations=500, quiet=True)
    assert load_manifest(half).history[1]["changes"] == ["budget.evaluations: 400 -> 500"]
    assert terranova.open(half).config.parallel.executor == "processes"
    whole = terranova.scan("scan.yaml", output="whole", budget={"evaluations": 500}, quiet=True)
    columns = [name for name in whole.schema.names if name != "seconds"]
    order = ["island", "index"]
    one, other = (
        r.to_pandas()[columns].sort_values(order, ignore_index=True) for r in (whole, terranova.open(half))
    )
    assert one.equals(other)


@pytest.mark.fault("F17")
def test_a_smaller_budget_is_refused(half: Path) -> None:
    with pytest.raises(RunMismatch, match="it can grow, but 200 is less"):
        terranova.resume(half, _file("other.yaml", budget={"evaluations": 200}), quiet=True)


# -- versions


@pytest.mark.fault("F18")
def test_other_versions_get_a_warning_and_are_noted_once(half: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = half / "manifest.json"
    content = json.loads(path.read_text())
    for name in ("numpy", "sampler cmaes-novelty", "novelty hbos-pairs", "executor serial", "model toy-shell"):
        assert name in content["versions"]
    content["versions"]["numpy"] = "1.0"
    content["versions"]["novelty hbos-pairs"] = "0.0"
    path.write_text(json.dumps(content))
    with caplog.at_level(logging.WARNING):
        terranova.resume(half, wall="1h", quiet=True)
    now = terranova.open(half).manifest.history[0]["versions"]
    assert set(now) == {"numpy", "novelty hbos-pairs"}
    assert now["numpy"][0] == "1.0"
    assert f"made with numpy 1.0; it goes on with {now['numpy'][1]}" in caplog.text
    assert "made with novelty hbos-pairs 0.0" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        terranova.resume(half, evaluations=350, quiet=True)
    assert "made with" not in caplog.text
    assert terranova.open(half).count == 350


@pytest.mark.fault("F18")
def test_another_version_of_the_model_is_refused(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from support.toys import Shell

    monkeypatch.setattr(Shell, "version", "2")
    with pytest.raises(RunMismatch, match=re.escape("model version: '0' -> '2'")):
        terranova.resume(half, quiet=True)


@pytest.mark.fault("F18")
def test_other_columns_are_refused(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from support.toys import OBSERVABLES, Shell

    from terranova import Observable

    more = (*OBSERVABLES, Observable("extra"))
    monkeypatch.setattr(Shell, "observables", more)
    with pytest.raises(RunMismatch, match=re.escape("column extra: added '1'")):
        terranova.resume(half, quiet=True)
    monkeypatch.setattr(Shell, "observables", (OBSERVABLES[0], Observable("ratio", unit="1")))
    with pytest.raises((RunMismatch, terranova.ConfigError), match="ratio"):
        terranova.resume(half, quiet=True)


# -- finished


def _times(directory: Path) -> dict[Path, tuple[int, int]]:
    return {p: (p.stat().st_mtime_ns, p.stat().st_size) for p in [directory, *directory.rglob("*")]}


@pytest.mark.fault("F19")
def test_a_finished_run_is_not_touched(half: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from terranova.cli.commands import app

    terranova.resume(half, wall="1h", quiet=True)
    before = _times(half)
    assert app(["resume", str(half)], standalone_mode=False) in (None, 0)
    assert "it is finished: nothing was left to do" in capfd.readouterr().out
    app(
        ["resume", str(half), str(_file("same.yaml", budget={"evaluations": 300, "wall": "1h"}))],
        standalone_mode=False,
    )
    assert "it is finished" in capfd.readouterr().out
    assert _times(half) == before
    assert os.listdir(half / "points")
