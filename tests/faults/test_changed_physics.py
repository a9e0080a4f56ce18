"""The source of a model is edited and its version is not; a model is no function of its parameters."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support.scan_processes import Lab

import terranova
from terranova.store import load_manifest

pytestmark = pytest.mark.integration

MODEL = '''
import json, os
from pathlib import Path
import numpy as np
from terranova import ConstraintSet, Function, Model, Observable, Parameter, Uniform, Window, hookimpl
SCALE = json.loads((Path(__file__).parent / "tables" / "scale.json").read_text())
class Editable(Model):
    """made to be edited"""
    name = "editable"
    version = "1"
    parameters = (Parameter("a", Uniform(-5.0, 5.0)), Parameter("b", Uniform(-5.0, 5.0)))
    observables = (Observable("o"), Observable("p"))
    def evaluate(self, points):
        return {"o": SCALE * points["a"] ** 2 + points["b"], "p": points["b"]}
class Random(Editable):
    """draws numbers"""
    name = "drawing"
    def evaluate(self, points):
        return {"o": points["a"] + np.random.default_rng().normal(size=len(points["a"])), "p": points["b"]}
def excess(p):
    return np.maximum(0.0, np.abs(p) - 4.0)
@hookimpl
def terranova_models():
    return [Editable, Random]
@hookimpl
def terranova_constraint_sets():
    window = Window(name="o", observables=("o",), lower=-20.0, upper=5.0, source="theory: chosen")
    return [ConstraintSet("editable", (window, Function(name="p", observables=("p",), violation_of=excess,
                                                        source="theory: chosen")))]
'''
SCAN = """
model: {model}
constraints: [editable]
sampler: {{name: random, islands: 2}}
budget: {{evaluations: 400}}
output: run
parallel: {{epoch: 2}}
seed: 3
"""
FIT = "model: editable\nconstraints: [editable]\nscans: [run]\nprofile: [a]\noutput: fit\n"


class Bench(Lab):
    """A laboratory with one plugin that can be edited."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ("editable_models",))
        self.package = folder / "plugins" / "editable_models"
        (self.package / "tables").mkdir(parents=True)
        (self.package / "tables" / "scale.json").write_text("1.0")
        self.source = self.package / "__init__.py"
        self.source.write_text(MODEL)

    def scan(self, model: str = "editable", *, name: str = "run", whole: bool = False) -> None:
        """Scan, half of what there is to scan unless it is to be whole."""
        (self.folder / "scan.yaml").write_text(SCAN.format(model=model).replace("output: run", f"output: {name}"))
        enough = () if whole else ("--evaluations", "200")
        assert self.said("scan", "scan.yaml", "-q", *enough).returncode == 0

    def said(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run terranova in the folder."""
        return subprocess.run(
            self.command(*words), cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=240
        )

    def edit(self, old: str, new: str) -> None:
        """Change the source of the plugin."""
        text = self.source.read_text()
        assert old in text
        self.source.write_text(text.replace(old, new))
        shutil.rmtree(self.package / "__pycache__", ignore_errors=True)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def _files(directory: Path) -> dict[str, bytes]:
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


EDITS: dict[str, Callable[[Bench], object]] = {
    "formula": lambda bench: bench.edit('points["a"] ** 2', '1.001 * points["a"] ** 2'),
    "data": lambda bench: (bench.package / "tables" / "scale.json").write_text("1.5"),
    "failing": lambda bench: bench.edit("        return {", "        raise ValueError('gone')\n        return {"),
}


@pytest.mark.fault("F43")
@pytest.mark.parametrize("edit", ["formula", "data", pytest.param("failing", marks=pytest.mark.slow)])
def test_a_scan_does_not_go_on_with_other_physics(bench: Bench, edit: str) -> None:
    bench.scan()
    before = _files(bench.folder / "run")
    EDITS[edit](bench)
    done = bench.said("resume", "run", "-q", "--evaluations", "400")
    assert done.returncode == 4, done.stderr
    assert "stored points give other values when they are evaluated again" in done.stderr
    assert ("now fails: ValueError: gone" if edit == "failing" else ": o was ") in done.stderr
    assert "Traceback" not in done.stderr
    after = _files(bench.folder / "run")
    assert after["manifest.json"] == before["manifest.json"]
    assert after["config.yaml"] == before["config.yaml"]
    assert terranova.open(bench.folder / "run").verify().ok


@pytest.mark.slow
@pytest.mark.fault("F43")
def test_an_edit_without_effect_is_noted_and_the_rows_are_the_same(bench: Bench) -> None:
    bench.scan("editable", name="whole", whole=True)
    bench.scan()
    bench.edit("made to be edited", "made to be edited, and it was")
    done = bench.said("resume", "run", "-q", "--evaluations", "400")
    assert done.returncode == 0, done.stderr
    assert "source of model editable" in done.stderr
    entry = load_manifest(bench.folder / "run").history[-1]
    assert "source of model editable" in entry["versions"]
    assert entry["points evaluated again"] > 8
    assert entry["differences"] == ""
    columns = ["a", "b", "o", "p", "C_o", "C_p", "loglike"]
    order = ["island", "index"]
    one, other = (
        terranova.open(bench.folder / name).to_pandas().sort_values(order).reset_index(drop=True)
        for name in ("whole", "run")
    )
    assert one[columns].equals(other[columns])


@pytest.mark.slow
@pytest.mark.fault("F43")
def test_a_constraint_that_is_a_function_counts_with_its_source(bench: Bench) -> None:
    bench.scan()
    bench.edit("- 4.0)", "- 3.5)")
    done = bench.said("resume", "run", "-q", "--evaluations", "400")
    assert done.returncode == 4
    assert "violation_of" in done.stderr
    assert "source" in done.stderr


@pytest.mark.slow
@pytest.mark.fault("F43")
def test_what_is_made_of_a_run_is_not_mixed_with_other_physics(bench: Bench) -> None:
    bench.scan(whole=True)
    (bench.folder / "fit.yaml").write_text(FIT)
    assert (
        bench.said("surrogate", "train", "run", "--trials", "0", "--output", "old", "--target", "o").returncode == 0
    )
    EDITS["formula"](bench)
    bench.scan(name="second", whole=True)
    for words in (
        ("surrogate", "check", "old", "--output", "new"),
        ("rescore", "run", "-c", "editable", "--output", "new"),
        ("merge", "run", "second", "--output", "new"),
        ("surrogate", "train", "run", "--trials", "0", "--output", "new"),
        ("fit", "fit.yaml", "-q"),
    ):
        done = bench.said(*words)
        assert done.returncode == 4, (words, done.stdout, done.stderr)
        assert "stored points give other values" in done.stderr, (words, done.stderr)
        assert not (bench.folder / "new").exists()
    assert not (bench.folder / "fit" / "fit.json").exists()


@pytest.mark.slow
@pytest.mark.fault("F43")
def test_runs_that_one_old_state_of_the_source_made_go_together(bench: Bench) -> None:
    bench.scan(whole=True)
    (bench.folder / "scan2.yaml").write_text(SCAN.format(model="editable").replace("seed: 3", "seed: 4"))
    assert bench.said("scan", "scan2.yaml", "--output", "second", "-q").returncode == 0
    EDITS["formula"](bench)
    done = bench.said("merge", "run", "second", "--output", "new")
    assert done.returncode == 0, done.stderr
    assert "one state of its source made them all" in done.stderr


@pytest.mark.fault("F44")
def test_a_model_that_draws_random_numbers_is_noticed(bench: Bench) -> None:
    bench.scan("drawing")
    run = bench.folder / "run"
    assert "not a function of its parameters" in json.loads((run / "summary.json").read_text())["not_reproducible"]
    assert bench.said("report", "run", "--random", "0").returncode == 0
    assert "not a function of its parameters" in (run / "report.html").read_text()
    done = bench.said("resume", "run", "-q", "--evaluations", "400")
    assert done.returncode == 0, done.stderr
    assert "gave other values each time" in done.stderr
    assert "not a function of its parameters" in done.stderr
    assert "not a function of its parameters" in load_manifest(run).history[-1]["differences"]
