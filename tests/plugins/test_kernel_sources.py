"""Kernels may call kernels of other modules: an edit of any of them makes stored machine code stale."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from terranova.system.source_fingerprint import sources

CALLED = "from terranova.plugins._jit import kernel\n\n@kernel\ndef scale(x):\n    return {} * x\n"
CALLING = (
    "from terranova.plugins._jit import kernel\nfrom made_up_plugins.shared import scale\n\n"
    "@kernel\ndef shifted(x):\n    return scale(x) + 1.0\n"
)
SCRIPT = """
import terranova.plugins._jit as jit

jit.PACKAGE = "made_up_plugins"
from made_up_plugins.user import shifted

print(shifted(10.0), sum(shifted.stats.cache_hits.values()))
"""


def run(folder: Path) -> str:
    """Call the kernel in a process of its own: the result, and how often stored code was taken."""
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path, "NUMBA_CACHE_DIR": str(folder / "cache")}
    done = subprocess.run([sys.executable, "-P", "-c", SCRIPT], env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_an_edit_of_a_called_kernel_recompiles_its_callers(tmp_path: Path) -> None:
    package = tmp_path / "made_up_plugins"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "shared.py").write_text(CALLED.format("2.0"), encoding="utf-8")
    (package / "user.py").write_text(CALLING, encoding="utf-8")
    assert run(tmp_path) == "21.0 0"
    assert run(tmp_path) == "21.0 1"
    (package / "shared.py").write_text(CALLED.format("3.0"), encoding="utf-8")
    assert run(tmp_path) == "31.0 0"
    assert run(tmp_path) == "31.0 1"


@pytest.mark.parametrize("user", ["cma.kernels", *(f"explorer.{n}_kernels" for n in ("tree", "attempts"))])
def test_the_shared_linear_algebra_counts_for_its_callers(user: str) -> None:
    files = sources(f"terranova.plugins.samplers.{user}", "terranova.plugins")
    assert {path.name for path in files} == {f"{user.split('.')[1]}.py", "linear_algebra.py", "_jit.py"}
