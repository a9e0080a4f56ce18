"""The rest of a run directory: manifest, lock and checkpoints."""

import json
import logging
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from terranova.errors import RunError, RunLocked
from terranova.store import Manifest, RunLock, load_checkpoint, load_manifest, save_checkpoint
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


def test_a_lock_is_exclusive_until_released(tmp_path):
    with RunLock(tmp_path), pytest.raises(RunLocked, match=f"process {os.getpid()} on .*, since "):
        RunLock(tmp_path)
    lock = RunLock(tmp_path)
    lock.release()
    lock.release()
    RunLock(tmp_path).release()


def test_a_killed_process_frees_its_lock(tmp_path):
    script = "import sys, pathlib\nfrom terranova.store import RunLock\n"
    script += "lock = RunLock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunLocked, match=f"in use: process {process.pid} on"):
            RunLock(tmp_path)
        process.send_signal(signal.SIGKILL)
        process.wait()
    RunLock(tmp_path).release()


def test_a_file_system_without_locks_only_warns(tmp_path, monkeypatch, caplog):
    import fcntl

    def unsupported(fd, operation):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with caplog.at_level(logging.WARNING):
        RunLock(tmp_path).release()
    assert "cannot be locked" in caplog.text


# -- checkpoints ------------------------------------------------------------------------------------------


def test_a_checkpoint_is_read_as_it_was_saved(tmp_path):
    arrays = {
        "mean": np.array([1.0, np.nan, -np.inf]),
        "file": np.arange(6, dtype=np.int32).reshape(2, 3).T,
        "empty": np.empty((0, 4)),
        "scalar": np.array(3.5),
        "names": np.array(["α", "beta"]),
    }
    meta = {"rng": {"state": 2**120 + 1}, "text": "ü", "none": None}
    path = save_checkpoint(tmp_path, 42, arrays, meta)
    assert path.name == "00000042.npz"
    loaded = load_checkpoint(tmp_path)
    assert loaded is not None
    assert (loaded.generation, loaded.meta) == (42, meta)
    assert list(loaded.arrays) == list(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(loaded.arrays[name], values)
        assert loaded.arrays[name].dtype == values.dtype


def test_the_last_two_are_kept(tmp_path):
    for generation in (5, 10, 99_999_999, 100_000_000):
        save_checkpoint(tmp_path, generation, {}, None)
    assert sorted(os.listdir(tmp_path / "checkpoint")) == ["100000000.npz", "99999999.npz"]
    assert load_checkpoint(tmp_path).generation == 100_000_000


def test_no_checkpoint(tmp_path):
    assert load_checkpoint(tmp_path) is None


def test_a_damaged_checkpoint_is_skipped_wherever_it_is_damaged(tmp_path, caplog):
    save_checkpoint(tmp_path, 1, {"a": np.zeros(3)}, "old")
    path = save_checkpoint(tmp_path, 2, {"a": np.arange(20.0)}, "new")
    good = path.read_bytes()
    for position in range(0, len(good), 3):
        data = bytearray(good)
        data[position] ^= 16
        path.write_bytes(data)
        loaded = load_checkpoint(tmp_path)
        assert loaded is not None
        if loaded.generation == 2:  # a byte without meaning, such as a date in the archive
            np.testing.assert_array_equal(loaded.arrays["a"], np.arange(20.0))
    for size in (0, 1, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:size])
        caplog.clear()
        assert load_checkpoint(tmp_path).meta == "old"
        assert "00000002.npz is damaged and was skipped" in caplog.text


def test_python_objects_are_refused(tmp_path):
    with pytest.raises(TypeError, match="array 'a' of a checkpoint holds Python objects"):
        save_checkpoint(tmp_path, 1, {"a": np.array([{}])}, None)
    with pytest.raises(TypeError):
        save_checkpoint(tmp_path, 1, {}, {"a": object()})
    assert load_checkpoint(tmp_path) is None
