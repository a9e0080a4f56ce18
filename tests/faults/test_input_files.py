"""Files that are wrong, hostile or huge: located diagnostics, bounded time and memory, and no code is ever run."""

from __future__ import annotations

import ast
import copy
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terranova import ConstraintSet
from terranova.config import load_config
from terranova.errors import ConfigError
from terranova.parsing.constraint_file import read_constraint_set
from terranova.parsing.strict_yaml import dump, load, parse
from terranova.registry import registry

ROOT = Path(__file__).parents[2]
INVALID = ROOT / "tests" / "invalid"
HEAD = "model: toy-shell\nconstraints: [toy-windows]\nsampler: random\nbudget: {evaluations: 10}\n"
SET = (
    "name: mine\nconstraints:\n  - {name: ring, observable: ring, kind: window, lower: 1, upper: 2, "
    'source: "arXiv:2207.00092", date: 2022-07-01}\n'
)

pytestmark = pytest.mark.usefixtures("toy_registry")


def _read_set(path: Path) -> ConstraintSet:
    return read_constraint_set(path, registry().constraint_kinds())


def _refused(source: Path) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_config(source)
    return caught.value


# -- F31: a corpus of invalid files -------------------------------------------------------------------------


@pytest.mark.fault("F31")
def test_every_file_of_the_corpus_is_refused_quickly_with_places_and_sentences() -> None:
    """The words and places themselves are compared in tests/core/config/test_config.py."""
    files = sorted(INVALID.glob("*.yaml"))
    assert len(files) >= 130
    for path in files:
        started = time.process_time()
        with pytest.raises(ConfigError) as caught:
            _read_set(path) if path.name.startswith("set-") else load_config(path)
        assert time.process_time() - started < 1.0, path.name
        assert any(d.line > 0 and d.column > 0 for d in caught.value.diagnostics), path.name
        for diagnostic in caught.value.diagnostics:
            assert len(diagnostic.message) < 500, str(diagnostic)
            assert not any(word in diagnostic.message for word in ("Traceback", "pydantic", "object at 0x")), (
                path.name
            )


@pytest.mark.fault("F31")
@pytest.mark.parametrize("name", ["yaml-bomb", "wrong-type-everywhere", "not-there"])
def test_the_command_says_everything_at_once_and_leaves_with_2(name: str, tmp_path: Path) -> None:
    path = INVALID / f"{name}.yaml"
    command = [sys.executable, "-m", "terranova", "scan", str(path), "--output", str(tmp_path / "run")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith(str(path))]
    assert len(lines) >= (1 if name == "not-there" else 6), done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.fault("F31")
@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 1, "missing"),
        (b"\n\n  \n", 1, "missing"),
        (b"\x7fELF\x02\x01\x01" + bytes(200), 1, "cannot be part of a YAML file"),
        (bytes(range(256)), 2, "UTF-8"),
        (HEAD.encode() + "output: café\n".encode("latin-1"), 5, "not UTF-8"),
        (HEAD.encode("utf-16"), 1, "not UTF-8"),
        (HEAD.encode() + b"seed: 1\0\n", 5, "cannot be part"),
        (HEAD.encode() + b"seed: \x1b[31m1\n", 5, "cannot be part"),
        (b"model:\ttoy-shell\n\tsampler: random\n", 2, "tabs"),
        (b"\xef\xbb\xbf" + HEAD.encode() + b"sede: 1\n", 5, "did you mean 'seed'"),
        ((HEAD + "sede: 1\n").replace("\n", "\r\n").encode(), 5, "did you mean 'seed'"),
        ((HEAD + "sede: 1\n").replace("\n", "\r").encode(), 5, "did you mean 'seed'"),
        (HEAD.encode() + b"---\n" + HEAD.encode(), 5, "second document"),
        (HEAD.encode() + b"store: " + b"[" * 100_000, 5, "nested more than"),
        (HEAD.encode() + b"store: " + b"{a: " * 30_000, 5, "nested more than"),
        (HEAD.encode() + b"output: " + b"x" * 900_000 + b"\nsede: 1\n", 6, "did you mean 'seed'"),
    ],
)
def test_files_of_odd_bytes(content: bytes, line: int, words: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.yaml"
    path.write_bytes(content)
    found = _refused(path).diagnostics
    assert any(d.line == line and words in d.message for d in found), "\n".join(map(str, found))[:2000]


@pytest.mark.fault("F31")
def test_what_cannot_be_read_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "dangling.yaml").symlink_to(tmp_path / "nothing.yaml")
    for name in ("loop.yaml", "folder.yaml", "dangling.yaml", "missing.yaml", "x" * 300 + ".yaml", "nul\0.yaml"):
        (only,) = _refused(tmp_path / name).diagnostics
        assert name in only.file
        assert any(words in only.message for words in ("not a file", "no such file", "cannot be read")), str(only)
    for thing in ("/dev/zero", "/dev/null", "/proc/self/mem"):
        assert _refused(Path(thing)).diagnostics


@pytest.mark.fault("F31")
def test_sets_are_read_from_yaml_files_only_and_messages_show_nothing_of_others(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("password: hunter2\n")
    (tmp_path / "mine.yaml").write_text(SET)
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), "./", "file:///etc/passwd"):
        (folder / "scan.yaml").write_text(HEAD.replace("[toy-windows]", json.dumps([name])))
        error = _refused(folder / "scan.yaml")
        assert "hunter2" not in str(error)
        assert "root:" not in str(error)
    for name in ("../mine.yaml", str(tmp_path / "mine.yaml")):
        (folder / "scan.yaml").write_text(HEAD.replace("[toy-windows]", json.dumps([name])))
        assert len(load_config(folder / "scan.yaml").problem.constraints) == 1
    (folder / "scan.yaml").write_text(HEAD.replace("toy-windows", "./scan.yaml"))
    assert any("expected a constraint" in d.message for d in _refused(folder / "scan.yaml").diagnostics)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("-0", 0),
        ("1e3", 1000),
        ("1.5E+2", 150),
        ("+7", 7),
        (".5", 0.5),
    ],
)
@pytest.mark.fault("F31")
def test_numbers_mean_what_they_say(text: str, value: float, tmp_path: Path) -> None:
    (tmp_path / "scan.yaml").write_text(HEAD + f"parameters: {{a: {text}}}\n")
    assert load_config(tmp_path / "scan.yaml").problem.parameters["a"].support[0] == value


# -- F32: random edits --------------------------------------------------------------------------------------

VALID = {
    "model": {"name": "toy-point", "delay": 0.0, "deadly": False},
    "constraints": [
        "toy-windows",
        {"name": "a", "kind": "gaussian", "observable": "a", "value": 5, "sigma": 1, "unit": "GeV", "source": "me"},
    ],
    "parameters": {"a": {"prior": "uniform", "lower": 0, "upper": 9}, "b": 3.5},
    "sampler": {"name": "random", "islands": 2},
    "budget": {"evaluations": 10, "wall": "5m"},
    "seed": 3,
    "parallel": {"mode": "islands", "executor": "serial", "epoch": 4},
    "store": {"keep": "all", "observables": ["ring"]},
}
_REF = {"source": "arXiv:2207.00092", "date": "2022-07-01"}
VALID_SET = {
    "name": "mine",
    "version": "1",
    "constraints": [
        {"name": "w", "observable": "ring", "kind": "window", "lower": 1, "upper": 2, **_REF},
        {"name": "g", "observable": "ring", "kind": "gaussian", "value": 1, "sigma": 2, "nsigma": 3, **_REF},
        {"name": "l", "observable": "ring", "kind": "limit", "upper": 1, "cl": 0.95, **_REF},
        {"name": "t", "observables": ["ring", "a"], "kind": "tabulated", "x_grid": [1, 2], "limit": [3, 4], **_REF},
        {
            "name": "c",
            "observables": ["ring", "a"],
            "kind": "correlated",
            "values": [1, 2],
            "sigmas": [0.1, 0.2],
            "correlation": [[1, 0.5], [0.5, 1]],
            "max_chi2": 6,
            **_REF,
        },
    ],
}
_ODD: list[Any] = [
    None, True, "", " ", "x", "1e400", "yes", -1, 0, 1, 1e300, -1e300, 5e-324, 2**62, 0.5, float("inf"),
    float("-inf"), float("nan"), [], {}, [[]], [1, "x"], [None], {"": 1}, "../x.yaml", "~", "a/b", "\x00", "é",
    "x" * 10_000, [0.0] * 1000, {"name": "random"}, {"prior": "log"}, "2022-02-31", 7.0,
]  # fmt: skip


def _nodes(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path] * bool(path) + [found for key, value in pairs for found in _nodes(value, (*path, key))]


def _edit(data: Any, dice: random.Random) -> None:
    """Delete, duplicate, retype, rename, scale or swap something."""
    path = dice.choice(_nodes(data) or [()])
    if not path:
        return
    parent = data
    for key in path[:-1]:
        parent = parent[key]
    key = path[-1]
    action = dice.choice(["delete", "retype", "retype", "rename", "swap", "scale", "nest", "copy"])
    if action == "delete":
        del parent[key]
    elif action == "retype":
        parent[key] = copy.deepcopy(dice.choice(_ODD))
    elif action == "rename" and isinstance(parent, dict):
        parent[dice.choice([f"{key}s", str(key)[1:], str(key).upper(), "name", "kind", "prior"])] = parent.pop(key)
    elif action == "swap":
        other = dice.choice(list(parent) if isinstance(parent, dict) else list(range(len(parent))))
        parent[key], parent[other] = parent[other], parent[key]
    elif action == "scale" and isinstance(parent[key], (int, float)) and not isinstance(parent[key], bool):
        parent[key] = parent[key] * dice.choice([-1, 0, 1e-300, 1e200, 1e-20, 1.5])
    elif action == "nest":
        parent[key] = dice.choice([[parent[key]], {"name": parent[key]}])
    elif action == "copy" and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[key]))


def _check(path: Path, read: Any) -> None:
    refusal: ConfigError | None = None
    try:
        read(path)
    except ConfigError as error:
        refusal = error
    if refusal is not None:
        assert refusal.diagnostics
        assert all(d.message for d in refusal.diagnostics)
        assert any(d.line > 0 for d in refusal.diagnostics), str(refusal)[:2000]


def _edited(data: Any, seed: int, edits: int, path: Path) -> Path:
    data, dice = copy.deepcopy(data), random.Random(seed)
    for _ in range(edits):
        _edit(data, dice)
    path.write_text(json.dumps(data), encoding="utf-8")  # JSON is YAML, and keeps every oddity
    return path


EDITS = settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@pytest.mark.fault("F32")
@EDITS
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_random_edits_of_a_configuration(seed: int, edits: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "edited-scan.yaml"
    _check(_edited(VALID, seed, edits, path), load_config)


@pytest.mark.fault("F32")
@EDITS
@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_random_edits_of_a_constraint_file(seed: int, edits: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "edited-set.yaml"
    _check(_edited(VALID_SET, seed, edits, path), _read_set)


@pytest.mark.fault("F32")
def test_the_files_that_are_edited_are_valid_themselves(tmp_path: Path) -> None:
    assert load_config(_edited(VALID, 0, 0, tmp_path / "scan.yaml")).sampler.islands == 2
    assert len(_read_set(_edited(VALID_SET, 0, 0, tmp_path / "set.yaml"))) == 5


# -- F33: bytes, bombs, tags --------------------------------------------------------------------------------


@pytest.mark.fault("F33")
@EDITS
@given(content=st.binary(max_size=300), at=st.integers(0, 120), keep=st.booleans())
def test_random_bytes(content: bytes, at: int, keep: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(HEAD.encode()[:at] + content + HEAD.encode()[at:] if keep else content)
    _check(path, load_config)
    _check(path, _read_set)


def _bombs() -> dict[str, bytes]:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
    )
    return {
        "billion laughs": laughs.encode(),
        "merge bomb": ("a: &a {x: 1}\n" + "".join(f"b{i}: {{<<: *a}}\n" for i in range(20_000))).encode(),
        "recursion": b"model: &m [*m, *m]\n",
        "50 MB of text": b"model: " + b"x" * 50_000_000,
        "50 MB of keys": b"".join(b"k%d: 1\n" % i for i in range(4_000_000)),
        "deep": b"[" * 900_000,
        "deep keys": b"? " * 400_000,
        "deep lists": b"- " * 400_000,
        "flow": b"{" * 900_000,
        "a long number": b"seed: " + b"9" * 900_000,
        "a long float": b"seed: 1." + b"9" * 900_000 + b"e1",
        "underscores": b"seed: " + b"1_" * 400_000,
        "colons": b"a: " * 300_000,
        "many errors": b"&a " * 1 + b"".join(b"k%d: *x\n" % i for i in range(60_000)),
        "quotes": b'"' * 900_000,
        "spaces": b" " * 999_000,
        "lines": b"\n" * 999_000,
        "comments": b"#\n" * 499_000,
        "controls": b"\x01" * 900_000,
    }


@pytest.mark.slow
@pytest.mark.fault("F33")
def test_bombs_are_refused_in_bounded_time_and_memory(tmp_path: Path) -> None:
    """In a process of its own, so that its largest memory is known: 1 s of CPU and 200 MB for each file."""
    for i, (_, content) in enumerate(_bombs().items()):
        (tmp_path / f"{i:02d}.yaml").write_bytes(content)
    code = """
import json, resource, sys, time
from pathlib import Path
from terranova.config import load_config
from terranova.errors import ConfigError
from terranova.registry import registry
registry()
found = []
for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    try:
        load_config(path)
        words = "accepted"
    except ConfigError as error:
        words = f"{len(error.diagnostics)} diagnostics"
    seconds = time.process_time() - started
    found.append((words, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024))
print(json.dumps(found))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stderr[-2000:]
    for name, (words, seconds, megabytes) in zip(_bombs(), json.loads(done.stdout), strict=True):
        assert words != "accepted", name
        # The 200 MB are far from what a bomb would take; the second is generous for a busy machine.
        assert seconds < 1.0, f"{name}: {seconds:.2f} s"
        assert megabytes < 200, f"{name}: {megabytes:.0f} MB"


TAGS = [
    "!!python/object:os.system", "!!python/object/new:os.system", "!!python/object/apply:os.system",
    "!!python/name:os.system", "!!python/module:os", "!!python/tuple", "!!python/bytes", "!!python/complex",
    "!!python/none", "!!python/bool", "!!python/str", "!!python/unicode", "!!python/int", "!!python/long",
    "!!python/float", "!!python/list", "!!python/dict", "!!binary", "!!timestamp", "!!set", "!!omap", "!!pairs",
    "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!merge", "!!value", "!local", "!",
    "!<tag:yaml.org,2002:python/object/apply:os.system>",
]  # fmt: skip


@pytest.mark.fault("F33")
@pytest.mark.parametrize("tag", TAGS)
def test_no_tag_means_anything(tag: str, tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    for value in ('"1"', f'["touch {witness}"]', f"{{args: [touch {witness}]}}", ""):
        (tmp_path / "scan.yaml").write_text(HEAD + f"seed: {tag} {value}\n")
        found = _refused(tmp_path / "scan.yaml").diagnostics
        assert any(d.key == "seed" and "is not allowed: plain values only" in d.message for d in found)
    assert not witness.exists()


# -- no file names code -------------------------------------------------------------------------------------

SUSPECTS = {
    "eval", "exec", "compile", "__import__", "import_module", "run_path", "run_module", "getattr_static",
    "yaml.load", "yaml.full_load", "yaml.unsafe_load", "yaml.load_all", "yaml.unsafe_load_all",
    "pickle.load", "pickle.loads", "pickle.Unpickler", "marshal.loads", "shelve.open", "dill.loads", "joblib.load",
    "cloudpickle.loads", "cloudpickle.load", "np.load", "numpy.load", "np.fromfile", "pd.read_pickle",
    "pandas.read_pickle", "os.system", "os.popen", "subprocess.Popen", "subprocess.run", "subprocess.call",
    "subprocess.check_call", "subprocess.check_output", "subprocess.getoutput", "ctypes.CDLL",
}  # fmt: skip
ALLOWED = {
    "core/comparison/session.py": {"subprocess.Popen": "starts this Python with words from the command line"},
    "core/installation/mpi.py": {"subprocess.Popen": "fixed commands that try MPI"},
    "core/__init__.py": {"import_module": "the package of built-in plugins, by its fixed name"},
    "core/engine/compilation.py": {"importlib.import_module": "numba's events, by their fixed name"},
    "core/engine/notebook_display.py": {"importlib.import_module": "IPython, by its fixed name"},
    "core/registry/python_files.py": {"importlib.import_module": "a file that the user agreed to"},
    "core/engine/job.py": {"subprocess.Popen": "starts mpirun and this Python, as the command line says"},
    "core/external/program.py": {"subprocess.Popen": "the command is an argument that a plugin's code gives"},
    "core/system/process_tree.py": {
        "subprocess.run": "ps, with fixed words",
        "ctypes.CDLL": "the C library itself, for prctl",
    },
    "core/testing/faults.py": {"subprocess.Popen": "for tests, which give the command"},
    "core/store/origin.py": {"subprocess.run": "git describe, with fixed words"},
    "core/parallel/transfer.py": {"pickle.loads": "messages between the ranks of one job, which trust each other"},
}
"""File -> call -> why no input of a user can misuse it."""


READERS = ("np.load", "np.lib.format.read_array")


def _calls(path: Path) -> list[tuple[str, ast.Call]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _readers() -> list[Path]:
    """The modules through which files of users go."""
    return sorted([*(ROOT / "core").rglob("*.py"), *(ROOT / "constraints").rglob("*.py")])


@pytest.mark.fault("F33")
def test_nothing_that_reads_files_can_run_what_they_say() -> None:
    unexpected = []
    for path in _readers():
        name = path.relative_to(ROOT).as_posix()
        for called, node in _calls(path):
            by_name = called.rpartition(".")[2] in ("eval", "exec", "import_module", "__import__", "CDLL")
            if (by_name or called in SUSPECTS) and called not in ALLOWED.get(name, {}):
                unexpected.append(f"{name}:{node.lineno}: {called}")
    assert not unexpected


@pytest.mark.fault("F33")
def test_arrays_are_loaded_without_pickles_and_yaml_by_its_events_only() -> None:
    loads = [(path, node) for path in _readers() for called, node in _calls(path) if called in READERS]
    assert loads
    for path, node in loads:
        given = {word.arg: ast.unparse(word.value) for word in node.keywords}
        assert given.get("allow_pickle") == "False", f"{path}:{node.lineno}"
    for path in _readers():
        for called, node in _calls(path):
            if called.startswith("yaml."):
                assert called in ("yaml.parse", "yaml.dump", "yaml.YAMLError"), f"{path}:{node.lineno}: {called}"


@pytest.mark.fault("F33")
def test_what_is_dumped_is_read_back_whatever_it_looks_like() -> None:
    for text in (
        "!!python/name:os.system",
        "*a",
        "&a",
        "<<",
        "yes",
        "1e3",
        "0o17",
        "- a",
        "a: b",
        "#",
        "é\u2028",
        "=",
    ):
        assert parse(dump({"key": text, "list": [text]})).data == {"key": text, "list": [text]}


@pytest.mark.fault("F33")
@EDITS
@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    from terranova.parsing.strict_yaml import load_text

    document, problems = load_text(text)
    assert document.data is None or not isinstance(document.data, (bytes, set, tuple))
    assert all(problem.message for problem in problems)


@pytest.mark.fault("F33")
def test_a_file_that_grows_for_ever_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "scan.yaml"
    path.write_bytes(b"a" * 1_000_001)
    document, (only,) = load(path)
    assert document.data is None
    assert "longer than 1 MB" in only.message
