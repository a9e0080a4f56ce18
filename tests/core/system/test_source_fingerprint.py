"""Stored machine code is stale when a source that it was made of changes, and only then."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
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
    source_fingerprint._path.cache_clear()
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
