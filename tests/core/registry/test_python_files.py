"""Python files as modules: their names, their digests, and what they may not do."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from terranova.errors import ConfigError
from terranova.registry.python_files import (
    FileReference,
    content_digest,
    file_reference,
    files_of,
    import_file,
    placeless,
    refuse_while_importing,
)


def test_references_are_told_from_names() -> None:
    assert file_reference("./a/my_model.py") == FileReference(Path("a/my_model.py"))
    assert file_reference("my_model.py:Mine") == FileReference(Path("my_model.py"), "Mine")
    assert [file_reference(name) for name in ("thdm3", "optuna:GPSampler", "set.yaml", "python:mine")] == [None] * 4


def test_places_are_left_out_of_references_only() -> None:
    assert placeless("/models/my_model.py:Mine") == "my_model.py:Mine"
    assert placeless("thdm3") == "thdm3"


def test_files_of_one_name_do_not_meet_and_edited_ones_are_imported_anew(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "model.py").write_text(f"where = {folder!r}\n")
    first = import_file(tmp_path / "a" / "model.py")
    assert [first.where, import_file(tmp_path / "b" / "model.py").where] == ["a", "b"]
    assert import_file(tmp_path / "a" / "model.py") is first
    (tmp_path / "a" / "model.py").write_text("where = 'new'\n")
    assert import_file(tmp_path / "a" / "model.py").where == "new"


def test_what_lies_beside_is_imported_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "model.py").write_text("import numpy\nfrom helper_of_a_model import VALUE\n")
    (tmp_path / "helper_of_a_model.py").write_text("VALUE = 1\n")
    assert import_file(tmp_path / "model.py").VALUE == 1
    assert [path.name for path in files_of(tmp_path / "model.py")] == ["helper_of_a_model.py", "model.py"]
    before = content_digest(tmp_path / "model.py")
    (tmp_path / "helper_of_a_model.py").write_text("VALUE = 2\n")
    assert content_digest(tmp_path / "model.py") != before


@pytest.mark.integration
def test_another_process_unpickles_what_a_file_defines_unless_it_has_changed(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("class Mine:\n    value = 3\n")
    pickled = pickle.dumps(import_file(tmp_path / "model.py").Mine())
    code = f"import pickle, terranova.registry.python_files; print(pickle.loads({pickled!r}).value)"

    def run() -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert run().stdout == "3\n"
    assert (
        subprocess.run([sys.executable, "-c", code.replace(", terranova.registry.python_files", "")]).returncode
        == 0
    )
    (tmp_path / "model.py").write_text("class Mine:\n    value = 4\n")
    assert "model.py has changed since it was first imported" in run().stderr


def test_a_file_that_starts_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(
        "from terranova.registry import python_files\npython_files.refuse_while_importing('terranova.scan')\n"
    )
    with pytest.raises(ConfigError, match=r"model\.py: .* calls terranova\.scan: .*__name__ == '__main__'"):
        import_file(tmp_path / "model.py")
    refuse_while_importing("terranova.scan")  # the import is over
