"""Stored machine code is stale when a source that it was made of changes, and only then."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

from terranova.models.physics import _collector, _jit
from terranova.system import source_fingerprint

pytestmark = pytest.mark.integration

FILES = {
    "__init__.py": "",
    "kernel.py": "from made_up_models import (\n    loops,\n)\nfrom made_up_models.masses import mass\n",
    "loops.py": "def loop():\n    from made_up_models.late import number\n    return number\n",
    "late.py": "import made_up_models.constants\nnumber = 1\n",
    "constants.py": "G_F = 1.0\n",
    "masses.py": "import numpy as np\nmass = 2.0\n",
    "relic.py": "import made_up_models.kernel\n",
    "table.json": "[1]",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of models whose parts import each other in every way."""
    folder = tmp_path / "made_up_models"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(_jit, "PACKAGE", "made_up_models")
    source_fingerprint.module_path.cache_clear()
    for name in [name for name in sys.modules if name.startswith("made_up_models")]:
        del sys.modules[name]
    return folder


@pytest.mark.parametrize("edited", sorted(FILES))
def test_what_a_kernel_uses_counts(folder: Path, edited: str) -> None:
    before = _jit.source_fingerprint("made_up_models.kernel")
    assert _jit.source_fingerprint("made_up_models.kernel") == before
    path = folder / edited
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    used = edited not in ("__init__.py", "relic.py")
    assert (_jit.source_fingerprint("made_up_models.kernel") != before) == used


def test_parts_of_a_model_are_stored_by_themselves() -> None:
    """An edit of the relic density compiles nothing else, and one of the constants everything."""
    names = {
        part: {
            path.name for path in source_fingerprint.sources(f"terranova.models.scotogenic.{part}", _jit.PACKAGE)
        }
        for part in ("flavour", "theory", "relic")
    }
    assert all({"sm.py", "spectrum.py", "lz2024.json"} <= found for found in names.values())
    assert "annihilation.py" in names["relic"]
    assert "annihilation.py" not in names["flavour"] | names["theory"]
    assert "vertices.py" in names["flavour"]
    assert "vertices.py" not in names["relic"] | names["theory"]


def test_the_collector_rests_while_numba_compiles() -> None:
    """Importing the module is enough."""
    assert _collector.PausedCollector
    seen = []

    def function(x: float) -> float:
        return x + 1.0

    class Probe(numba.core.event.Listener):  # type: ignore[misc]
        def on_start(self, event: object) -> None:
            seen.append(gc.isenabled())

        def on_end(self, event: object) -> None:
            pass

    assert gc.isenabled()
    with numba.core.event.install_listener("numba:compile", Probe()):
        assert numba.njit(function)(1.0) == 2.0
    assert seen == [False]
    assert gc.isenabled()


def test_the_collector_works_again_after_a_failure() -> None:
    def function(x: Any) -> Any:
        return x.no_such_thing

    with pytest.raises(numba.TypingError):
        numba.njit(function)(1.0)
    assert gc.isenabled()


def test_listing_plugins_does_not_wait_for_numba() -> None:
    script = (
        "import sys; from terranova.registry import registry; assert registry().names('model'); "
        "sys.exit('numba' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


PLUGIN = {
    "__init__.py": "",
    "model.py": "from .masses import mass\nfrom . import widths\nclass Mine:\n    m = mass\n",
    "masses.py": "mass = 2.0\n",
    "widths.py": "from foreign_models import other\n",
    "unused.py": "x = 1\n",
    "table.csv": "1,2\n",
    "data/limits.json": "[1]",
    "data/__pycache__/junk.pyc": "",
}


@pytest.fixture
def plugin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "plugin_of_a_stranger"
    for name, text in PLUGIN.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    source_fingerprint.module_path.cache_clear()
    return folder


def _hash_of_plugin() -> str:
    for name in [name for name in sys.modules if name.startswith("plugin_of_a_stranger")]:
        del sys.modules[name]
    source_fingerprint.module_path.cache_clear()
    source_fingerprint._imports.cache_clear()
    sys.modules["foreign_models"] = type(sys)("foreign_models")
    sys.modules["foreign_models"].other = 1  # type: ignore[attr-defined]
    return source_fingerprint.plugin_fingerprint(importlib.import_module("plugin_of_a_stranger.model").Mine)


@pytest.mark.parametrize("edited", sorted(PLUGIN))
def test_source_and_data_of_a_plugin_count(plugin_folder: Path, edited: str) -> None:
    before = _hash_of_plugin()
    assert _hash_of_plugin() == before
    path = plugin_folder / edited
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    # What is imported from another package has a version of its own; what nobody imports matters to nobody.
    assert (_hash_of_plugin() != before) == (
        edited not in ("__init__.py", "unused.py", "data/__pycache__/junk.pyc")
    )


def test_plugins_of_terranova_count_without_the_core() -> None:
    files = source_fingerprint.sources("terranova.models.alp.model", "terranova.models")
    assert all("core" not in path.resolve().parts[-3:-1] for path in files)


def test_a_class_without_a_file_counts_with_its_name() -> None:
    assert source_fingerprint.plugin_fingerprint(type("Here", (), {"__module__": "__main__"}))


def _made(limit: float, inner: Any = None) -> Any:
    def violation(x: Any) -> Any:
        """How far x is above a limit."""
        return x - limit if inner is None else inner(x) - limit

    return violation


def test_functions_count_with_source_and_what_they_close_over() -> None:
    hash_of = source_fingerprint.function_fingerprint
    assert hash_of(_made(1.0)) == hash_of(_made(1.0))
    assert hash_of(_made(1.0)) != hash_of(_made(2.0))
    assert hash_of(_made(1.0, _made(2.0))) != hash_of(_made(1.0, _made(3.0)))
    assert hash_of(partial(_made, 1.0)) != hash_of(partial(_made, 2.0))
    assert hash_of(lambda x: x + 1) != hash_of(lambda x: x + 2)
    assert hash_of(np.maximum) == hash_of(np.maximum)
    assert hash_of(_made(np.array([1.0]))) != hash_of(_made(np.array([1.5])))


def test_comments_blanks_and_docstrings_of_functions_do_not_count(tmp_path: Path) -> None:
    hashes = []
    for i, text in enumerate(
        (
            "def f(x):\n    return x + 1\n",
            "def f( x ):\n    'Add.'\n    # one\n    return x+1\n",
            "def f(x):\n    return x + 2\n",
        )
    ):
        path = tmp_path / f"made_{i}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        hashes.append(source_fingerprint.function_fingerprint(module.f))
    assert hashes[0] == hashes[1] != hashes[2]
