"""The rest of a run directory: manifest, lock and checkpoints."""

import json

import pytest

from terranova.errors import RunError
from terranova.store import Manifest, load_manifest
from terranova.testing.fake_points import fake_schema

# -- manifest ---------------------------------------------------------------------------------------------


def a_manifest() -> Manifest:
    return Manifest(
        schema=fake_schema(),
        seed=7,
        model="thdm",
        model_options={"tan_beta": [1.0, 50.0]},
        constraints={"higgs": "2024.1"},
        config_hash="ab12",
        citations=["Größe:2024"],
    )


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    manifest = a_manifest()
    manifest.save(tmp_path / "new" / "run")
    loaded = load_manifest(tmp_path / "new" / "run")
    assert loaded.schema == manifest.schema
    assert (loaded.run_id, loaded.seed, loaded.model_options) == (
        manifest.run_id,
        7,
        {"tan_beta": [1.0, 50.0]},
    )
    assert list(loaded.citations) == ["Größe:2024"]
    assert {"terranova", "python", "numpy"} <= set(loaded.versions)
    assert loaded.created.endswith("+00:00")


def test_each_run_has_its_own_id():
    assert a_manifest().run_id != a_manifest().run_id


def test_not_a_run_directory(tmp_path):
    with pytest.raises(RunError, match=r"is not a run directory: it has no manifest\.json"):
        load_manifest(tmp_path)
    with pytest.raises(RunError, match="is not a run directory"):
        load_manifest(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "schema": {}}', "\xff"])
def test_a_damaged_manifest(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(RunError, match="is damaged"):
        load_manifest(tmp_path)


def test_a_newer_format_is_refused(tmp_path):
    a_manifest().save(tmp_path)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    content["format"] = 99
    content["versions"]["terranova"] = "9.0"
    path.write_text(json.dumps(content))
    with pytest.raises(RunError, match=r"format 99, written by terranova 9\.0; .* Update terranova"):
        load_manifest(tmp_path)


# -- lock -------------------------------------------------------------------------------------------------


# -- checkpoints ------------------------------------------------------------------------------------------
