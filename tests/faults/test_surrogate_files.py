"""Files of surrogates, damaged or made by somebody who means harm: an equal surrogate, or one message and its file.

They are opened in another process, so that one that dies is seen to die.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support import surrogate_files as files

from terranova.errors import StoreCorrupt

pytest.importorskip("xgboost", reason="surrogates need the extra terranova[ml]")
pytestmark = [pytest.mark.fault("F50"), pytest.mark.integration, pytest.mark.usefixtures("toy_registry")]

PLUGINS = ("gp", "xgboost")
REFUSED = re.compile(r"(StoreCorrupt|RunMismatch|RunError|PluginMissing): ")


def _fuzzed(plugin: str, folder: Path, damaged: int, tampered: int, seed: int) -> Counter[str]:
    """Edit a file in so many ways, open them all, and count what became of them."""
    path = files.make(folder, plugin)
    content, pieces, rng = path.read_bytes(), files.unzip(path), np.random.default_rng(seed)
    paths = [path]
    for number in range(damaged + tampered):
        paths.append(folder / f"{number}.tns")
        edited = files.damage(rng, content) if number < damaged else files.tampered(rng, pieces)
        paths[-1].write_bytes(edited)
    outcomes = files.opened(paths)
    assert outcomes[0].startswith("opened")
    counts: Counter[str] = Counter()
    for number, (file, outcome) in enumerate(zip(paths, outcomes, strict=True)):
        assert outcome.startswith("opened") or REFUSED.match(outcome), f"{file.name}, seed {seed}: {outcome}"
        if not outcome.startswith("opened"):
            counts[outcome.partition(":")[0]] += 1
            assert len(outcome) < 3000, outcome
            assert file.name in outcome or outcome.startswith("PluginMissing"), outcome
        elif 0 < number <= damaged:
            assert outcome == outcomes[0], f"{file.name}, seed {seed}: it was changed, and nobody noticed"
    return counts


@pytest.mark.slow
@pytest.mark.parametrize("plugin", PLUGINS)
def test_an_edited_file_is_refused_or_harmless(plugin: str, tmp_path: Path) -> None:
    counts = _fuzzed(plugin, tmp_path, damaged=15, tampered=45, seed=1)
    assert counts["StoreCorrupt"] > 30


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("seed", range(2, 6))
@pytest.mark.parametrize("plugin", PLUGINS)
def test_thousands_of_edited_files_are_refused_or_harmless(plugin: str, seed: int, tmp_path: Path) -> None:
    counts = _fuzzed(plugin, tmp_path, damaged=200, tampered=800, seed=seed)
    assert counts["StoreCorrupt"] > 500


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, files.Pieces]:
    """The pieces of a file, for each plugin."""
    from support import toys

    from terranova.registry import registry

    before = list(registry().plugins)
    registry().register(toys, name="toys", origin="tests")
    made = {plugin: files.unzip(files.make(tmp_path_factory.mktemp("made"), plugin)) for plugin in PLUGINS}
    registry().plugins[:] = before
    return made


def _array(pieces: files.Pieces, name: str) -> np.ndarray:
    return np.load(io.BytesIO(pieces[f"learned/{name}.npy"]))


@pytest.mark.slow
def test_trees_that_lead_out_of_the_memory_are_refused(pieces: dict[str, files.Pieces], tmp_path: Path) -> None:
    """Each of these made XGBoost read what is not its own, or run for ever, when it was given them."""
    rng, trees = np.random.default_rng(1), pieces["xgboost"]
    paths = []
    for name, values in {
        "left": (2**31 - 1, 10**6, 0, -2, -(2**31)),
        "right": (2**31 - 1, 10**6, 0, -2, -(2**31)),
        "feature": (2**31 - 1, 4, -1, 10**6),
        "nodes": (2**62, 10**6, 0, -1),
        "trees": (2**62, 10**6, 0, -1),
    }.items():
        for value in values:
            edited = _array(trees, name).copy()
            edited[rng.integers(len(edited)) if name != "left" else 0] = value
            paths.append(tmp_path / f"{name}{value}.tns")
            paths[-1].write_bytes(files.rezip({**trees, f"learned/{name}.npy": files.npy(edited)}))
    left, right = (_array(trees, name).copy() for name in ("left", "right"))
    inner = left != -1
    left[inner], right[inner] = right[inner], left[inner]
    paths.append(tmp_path / "swapped.tns")
    swapped = {"learned/left.npy": files.npy(left), "learned/right.npy": files.npy(right)}
    paths[-1].write_bytes(files.rezip({**trees, **swapped}))
    for path, outcome in zip(paths, files.opened(paths), strict=True):
        assert outcome.startswith("StoreCorrupt: "), f"{path.name}: {outcome}"
        assert "learned/" in outcome


@pytest.mark.slow
def test_what_would_fill_the_memory_is_refused(pieces: dict[str, files.Pieces], tmp_path: Path) -> None:
    """In a process that may have 4 GB."""
    gp, xgboost = pieces["gp"], pieces["xgboost"]
    n = 60_000
    rows, few = np.random.default_rng(1).random((n, 4)), json.loads(xgboost["learned/facts.json"])
    many_rows = {"u": rows, "y": rows[:, :2], "all": rows, "near": np.ones(n, dtype=bool)}
    about = json.loads(gp["about.json"])
    hostile = {
        "a kernel of rows times rows": {**gp, **{f"learned/{k}.npy": files.npy(v) for k, v in many_rows.items()}},
        "a basis of too many terms": {
            **xgboost,
            "learned/facts.json": json.dumps({**few, "degree": 8}).encode(),
            "about.json": json.dumps(
                {**json.loads(xgboost["about.json"]), "options": {"rounds": 3, "depth": 3, "trend": 8}}
            ).encode(),
        },
        "an array of 10^12 rows": {
            **gp,
            "test/u.npy": gp["test/u.npy"].replace(b"(40, 4), }" + b" " * 12, b"(1000000000000, 4), }" + b" "),
        },
        "deep JSON": {**gp, "about.json": b"[" * 10**6},
        "long JSON": {**gp, "about.json": b'{"a": "' + b"x" * 10**7 + b'"}'},
        "deep YAML": {**gp, "about.json": json.dumps({**about, "problem": "[" * 10**5}).encode()},
        "YAML that refers to itself": {
            **gp,
            "about.json": json.dumps({**about, "problem": "a: &a [*a, *a]\n" * 1000}).encode(),
        },
    }
    paths = []
    for name, each in hostile.items():
        paths.append(tmp_path / f"{name}.tns")
        paths[-1].write_bytes(files.rezip(each))
    for path, outcome in zip(paths, files.opened(paths), strict=True):
        assert outcome.startswith("StoreCorrupt: "), f"{path.name}: {outcome}"


@pytest.mark.slow
def test_other_problems_and_plugins_are_said_to_be_that(pieces: dict[str, files.Pieces], tmp_path: Path) -> None:
    gp = pieces["gp"]
    about = json.loads(gp["about.json"])
    rows = np.full((50_000, 4), 0.5)  # each would be compared with all others: that took hours with a million
    rows[:100] = np.random.default_rng(1).random((100, 4))
    wanted: list[tuple[str, dict[str, object]]] = [
        ("opened", {}),
        ("RunMismatch: .*'toy-shel'", {"problem": about["problem"].replace("toy-shell", "toy-shel")}),
        ("RunMismatch: ", {"identity": {}}),
        ("PluginMissing: .*'gpp'", {"plugin": "gpp"}),
        ("RunError: .*pints", {"options": {"pints": 100}}),
        ("StoreCorrupt: .*'rato'", {"targets": ["ring", "rato"]}),
        ("StoreCorrupt: .*targets.npy", {"targets": ["ring"]}),
        ("StoreCorrupt: .*control character", {"plugin_version": "\x1b[2J"}),
        ("StoreCorrupt: .*format 3; this version reads format 2", {"format": 3}),
    ]
    paths = []
    for number, (_, changes) in enumerate(wanted):
        paths.append(tmp_path / f"{number}.tns")
        paths[-1].write_bytes(files.rezip({**gp, "about.json": json.dumps({**about, **changes}).encode()}))
    paths.append(tmp_path / "copies.tns")
    paths[-1].write_bytes(files.rezip({**pieces["xgboost"], "learned/support.npy": files.npy(rows)}))
    for (expected, _), outcome in zip([*wanted, ("opened", {})], files.opened(paths), strict=True):
        assert re.match(expected, outcome, re.DOTALL), f"{expected}: {outcome}"


def test_the_command_line_says_so_in_one_line(pieces: dict[str, files.Pieces], tmp_path: Path) -> None:
    path = tmp_path / "torn.tns"
    content = files.rezip(pieces["xgboost"])
    path.write_bytes(content[: len(content) // 2])
    words = [sys.executable, "-m", "terranova", "surrogate", "check", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == StoreCorrupt.exit_code == 4
    assert "Traceback" not in done.stderr
    assert str(path) in done.stderr.replace("\n", "")
