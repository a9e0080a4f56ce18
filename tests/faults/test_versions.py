"""Runs of other versions: old ones are read for ever, newer ones are refused or understood, never misread."""

from __future__ import annotations

import json
import logging
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support import golden

import terranova
from terranova.comparison.config_reading import load_comparison
from terranova.comparison.results import Comparison
from terranova.comparison.worker import CONFIG_FILE
from terranova.errors import RunError, RunMismatch, StoreCorrupt, TerranovaError
from terranova.registry import registry
from terranova.runs.run import SUMMARY
from terranova.store.checkpoint import checkpoints, read_checkpoint, save_checkpoint
from terranova.store.journal import HEAD
from terranova.store.ledger import checked_json, read_checked_json
from terranova.store.manifest import MANIFEST

pytestmark = pytest.mark.fault("F65")

RELEASES = Path(__file__).parents[1] / "data" / "golden"


@pytest.fixture(autouse=True)
def _golden_model() -> Iterator[None]:
    shared = registry()
    before = list(shared.plugins)
    shared.register(golden, name="golden", origin="tests")
    yield
    shared.plugins[:] = before


def _number(path: Path) -> list[int]:
    return [int(part) for part in path.name.split(".")]


KEPT = sorted((path for path in RELEASES.iterdir() if path.is_dir()), key=_number)


@pytest.fixture(params=[path.name for path in KEPT])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of what a release wrote."""
    return Path(shutil.copytree(RELEASES / request.param, tmp_path / "old"))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy of the newest run."""
    return Path(shutil.copytree(KEPT[-1] / "run", tmp_path / "run"))


def _expected(old: Path) -> dict[str, Any]:
    content = json.loads((old / golden.EXPECTED).read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


# -- older --------------------------------------------------------------------------------------------------


def test_every_column_of_an_old_run_is_read_as_it_was_written(old: Path, tmp_path: Path) -> None:
    run, expected = terranova.open(old / "run"), _expected(old)
    assert run.count == expected["count"]
    found = golden.digests(run.to_pandas())
    assert {name: found.get(name) for name in expected["columns"]} == expected["columns"]
    assert run.best(3)[["island", "index"]].to_numpy().tolist() == expected["best"]
    assert run.verify().ok, str(run.verify())
    assert [field.unit for field in run.parameters] == ["GeV", "1"]
    path = terranova.export(run, to="csv", output=tmp_path / "points.csv")
    assert len(path.read_text(encoding="utf-8").splitlines()) == expected["count"] + 1
    assert terranova.open(old / "run").sql("select count(*) as n from points where valid")["n"][0].as_py() > 0


def test_an_old_run_is_resumed_or_refused_and_keeps_its_rows(old: Path, caplog: pytest.LogCaptureFixture) -> None:
    expected = _expected(old)
    with suppress(RunMismatch):
        terranova.resume(old / "run", quiet=True)
    after = terranova.open(old / "run").to_pandas()
    assert len(after) in (expected["count"], golden.LARGER)
    first = after.sort_values(["island", "index"]).groupby("island").head(expected["count"] // 2)
    kept = golden.digests(first)
    assert {name: kept.get(name) for name in expected["columns"]} == expected["columns"]


def test_an_old_fit_is_read(old: Path) -> None:
    expected, fit = _expected(old), terranova.open_fit(old / "fit")
    assert {name: repr(value) for name, value in fit.best.items()} == expected["fit"]
    assert fit.profiled == [("x",)]
    assert fit.profile("x")["delta_chi2"].min() >= 0.0
    assert fit.intervals("x").keys()
    points = golden.digests(terranova.open(old / "fit").to_pandas())
    assert {name: points.get(name) for name in expected["fit points"]} == expected["fit points"]


def test_an_old_comparison_is_read_without_repeating_it(old: Path) -> None:
    comparison = Comparison(load_comparison(old / "comparison" / CONFIG_FILE, output=old / "comparison"))
    assert comparison.complete
    assert len(comparison.trials_csv().splitlines()) == 3


# -- newer --------------------------------------------------------------------------------------------------


def _manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        content = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
        change(content)
        (run / MANIFEST).write_text(json.dumps(content), encoding="utf-8")

    return edit


def _ledger(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        (path,) = (run / "points").glob("ledger-*.json")
        content = read_checked_json(path.read_bytes())
        change(content)
        path.write_text(checked_json(content))

    return edit


def _journal(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """Change what the head of the journal says, with a checksum that fits."""

    def edit(run: Path) -> None:
        (path,) = (run / "points").glob("journal-*.log")
        data = path.read_bytes()
        magic, length, _ = struct.unpack_from("<4sQI", data)
        assert magic == HEAD
        head = json.loads(data[16 : 16 + length])
        change(head)
        path.write_bytes(_frame(HEAD, json.dumps(head).encode()) + data[16 + length :])

    return edit


def _frame(magic: bytes, payload: bytes) -> bytes:
    length = struct.pack("<Q", len(payload))
    return magic + length + struct.pack("<I", zlib.crc32(payload, zlib.crc32(length))) + payload


def _summary(run: Path) -> None:
    content = json.loads((run / SUMMARY).read_text())
    (run / SUMMARY).write_text(json.dumps({**content, "novel": {"a": [1]}, "format": 9}))


def _checkpoints(**meta: Any) -> Callable[[Path], None]:
    def edit(run: Path) -> None:
        for path in checkpoints(run):
            found = read_checkpoint(path)
            save_checkpoint(run, found.generation, found.arrays, {**found.meta, **meta})

    return edit


def _add_to_field(content: dict[str, Any]) -> None:
    content["schema"]["parameters"][0]["novel"] = "x"


ADDED: dict[str, Callable[[Path], None]] = {
    "a key of the manifest": _manifest(lambda content: content.update(novel={"a": 1})),
    "a key of a column in the manifest": _manifest(_add_to_field),
    "a key of the schema": _manifest(lambda content: content["schema"].update(novel=1)),
    "a key of the ledger": _ledger(lambda content: content.update(novel=1)),
    "a key of a part in the ledger": _ledger(lambda content: content["parts"][0].update(novel=1)),
    "a key of the journal's head": _journal(lambda head: head.update(novel=1)),
    "a key of the journal's origin": _journal(lambda head: head["origin"].update(novel=1)),
    "a key of a column in the journal": _journal(_add_to_field),
    "keys of the summary": _summary,
    "a key of the checkpoints": _checkpoints(novel=1),
}


@pytest.mark.parametrize("what", ADDED)
def test_what_a_newer_version_adds_does_no_harm(run: Path, what: str) -> None:
    ADDED[what](run)
    opened, expected = terranova.open(run), _expected(KEPT[-1])
    found = golden.digests(opened.to_pandas())
    assert {name: found.get(name) for name in expected["columns"]} == expected["columns"]
    assert opened.verify().ok, str(opened.verify())
    terranova.resume(run, quiet=True)
    assert terranova.open(run).count == golden.LARGER


def test_what_a_newer_version_added_to_the_manifest_is_kept(run: Path) -> None:
    _manifest(lambda content: content.update(novel={"a": 1}))(run)
    terranova.resume(run, quiet=True)
    content = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    assert content["novel"] == {"a": 1}
    assert len(content["history"]) >= 2


RAISED: dict[str, Callable[[Path], None]] = {
    "manifest": _manifest(lambda content: content.update(format=2)),
    "ledger": _ledger(lambda content: content.update(format=2)),
    "journal": _journal(lambda head: head.update(format=2)),
}


@pytest.mark.parametrize("what", RAISED)
def test_a_newer_format_is_refused_in_words_and_left_as_it_is(run: Path, what: str) -> None:
    RAISED[what](run)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for attempt in (
        lambda: terranova.open(run).table(),
        lambda: terranova.resume(run, quiet=True),
        lambda: terranova.salvage(run),
        lambda: terranova.resume(run, recompute_missing=True, quiet=True),
    ):
        with pytest.raises(RunError, match="Update terranova to open it") as caught:
            attempt()
        assert not isinstance(caught.value, StoreCorrupt), "it is not damaged"
    after = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert {path for path in before if after[path] != before[path]} == set()


def test_totals_of_a_newer_version_cost_the_checkpoint_only(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    newest = read_checkpoint(checkpoints(run)[0])
    _checkpoints(totals={**newest.meta["totals"], "novel": 1})(run)
    with caplog.at_level(logging.WARNING):
        terranova.resume(run, quiet=True)
    assert caplog.text.count("was skipped") == 2
    assert terranova.open(run).count == golden.LARGER


def test_a_summary_of_another_shape_is_none(run: Path) -> None:
    for content in ("[]", '{"state": 7, "seconds": "long", "evaluations": null}', '{"state": {}}', "{"):
        (run / SUMMARY).write_text(content)
        try:
            terranova.open(run).describe()
            terranova.resume(run, quiet=True)
        except TerranovaError as error:
            raise AssertionError(f"{content}: {error}") from error
