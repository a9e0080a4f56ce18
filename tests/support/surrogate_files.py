"""Files of surrogates, edited in every way, and a process that opens them: what becomes of it is the result."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

import terranova
from terranova.surrogates.archive import CHECKSUMS

SMOOTH = terranova.ConstraintSet(
    "smooth",
    tuple(
        terranova.Gaussian(name=f"g_{n}", observables=(n,), value=v, sigma=s, source="theory: a test", unit=unit)
        for n, v, s, unit in (("ring", 3.0, 3.0, "1"), ("ratio", 0.0, 1.0, "GeV"))
    ),
)
"""Constraints of `toy-shell` that have a likelihood everywhere."""

MEMORY = 4 * 2**30
"""Bytes of address space that opening a file may take: far more than one needs, far less than a bomb."""

OPTIONS: dict[str, dict[str, Any]] = {"xgboost": {"rounds": 3, "depth": 3}, "gp": {"points": 80, "scales": 30}}
"""Small surrogates: the file is what counts."""

Pieces = dict[str, bytes]
Edit = Callable[[np.random.Generator, Pieces], None]


def make(folder: Path, plugin: str, targets: Iterable[str] = ("ring", "ratio")) -> Path:
    """Train a surrogate on a run of a toy model and save it. Needs the fixture `toy_registry`."""
    from support import stored_runs
    from terranova.surrogates import train

    folder.mkdir(parents=True, exist_ok=True)
    run = stored_runs.scanned(folder / "run", constraints=[SMOOTH], budget={"evaluations": 200})
    path = folder / f"{plugin}.tns"
    train([run], list(targets), surrogate=plugin, **OPTIONS[plugin]).save(path)
    return path


# -- files and pieces -----------------------------------------------------------------------------------------


def unzip(path: Path) -> Pieces:
    """Return the pieces of a file, without its checksums."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != CHECKSUMS}


def rezip(pieces: Pieces, checksums: Any = None) -> bytes:
    """Return the file of these pieces, with their checksums, or others."""
    sums = {"sha256": {name: hashlib.sha256(piece).hexdigest() for name, piece in pieces.items()}}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, piece in {CHECKSUMS: json.dumps(checksums or sums).encode(), **pieces}.items():
            archive.writestr(zipfile.ZipInfo(name), piece)
    return buffer.getvalue()


# -- edits of bytes, which checksums find ------------------------------------------------------------------------


def damage(rng: np.random.Generator, content: bytes) -> bytes:
    """Return a file after a fault of a disk or a transfer."""
    data, kind = bytearray(content), rng.integers(5)
    at, length = int(rng.integers(len(data))), int(rng.integers(1, 600))
    if kind == 0:
        data[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        del data[at:]
    elif kind == 2:
        del data[at : at + length]
    elif kind == 3:
        data[at : at + length] = bytes(len(data[at : at + length]))
    else:
        data[at : at + length] = rng.bytes(length)
    return bytes(data)


# -- edits of pieces, with checksums that are right again ----------------------------------------------------------

HOSTILE: tuple[Any, ...] = (
    None, True, 0, 1, -1, 7, 2**31, 2**63, -(2**63), 10**300, 0.5, -1e300, 1e300, "", "x", "\x1b[2J", "9" * 2000,
    "../../etc/passwd", [], {}, [[]], [1, 2], {"a": 1}, ["log"] * 3, float("nan"), float("inf"),
)  # fmt: skip


def some_json(rng: np.random.Generator, pieces: Pieces) -> None:
    """Put something else for a value anywhere in a piece of JSON."""
    name = _one(rng, [name for name in pieces if name.endswith(".json")])
    content = json.loads(pieces[name])
    inside, key = content, _one(rng, list(content))
    while isinstance(inside[key], (dict, list)) and inside[key] and rng.random() < 0.7:
        inside = inside[key]
        key = _one(rng, list(inside) if isinstance(inside, dict) else list(range(len(inside))))
    if rng.random() < 0.2:
        del inside[key]
    else:
        inside[key] = HOSTILE[rng.integers(len(HOSTILE))]
    pieces[name] = json.dumps(content).encode()


def some_number(rng: np.random.Generator, pieces: Pieces) -> None:
    """Put other numbers into an array."""
    name, values = _array(rng, pieces)
    if not values.size:
        return
    values = values.copy()
    at = rng.integers(values.size, size=int(rng.integers(1, 4)))
    if values.dtype.kind == "f":
        value = _one(rng, [np.nan, np.inf, -np.inf, 1e300, -1e300, 1e-300, 0.0, -1.0, 0.3, 2.0])
    else:
        edge = np.iinfo(values.dtype) if values.dtype.kind == "i" else np.iinfo(np.int8)
        value = _one(rng, [edge.min, edge.max, -1, -2, 0, 1, 2, 3, 5, 1000])
    with np.errstate(over="ignore"):
        values.reshape(-1)[at] = np.array(value).astype(values.dtype)
    pieces[name] = npy(values)


def some_shape(rng: np.random.Generator, pieces: Pieces) -> None:
    """Give an array another shape or type."""
    name, values = _array(rng, pieces)
    pieces[name] = npy(
        _one(
            rng,
            [values[:0], values[1:], values.T.copy(), values[None], values.astype(np.float32), values.astype(int),
             np.concatenate([values, values]), np.asfortranarray(values), values.astype(">f8"), values.reshape(-1)],
        )
        if np.isfinite(values).all()
        else values[:-1]
    )  # fmt: skip


def some_head(rng: np.random.Generator, pieces: Pieces) -> None:
    """Let an array say that it is another than it is."""
    name, _ = _array(rng, pieces)
    wrong = _one(
        rng,
        [
            b"(1000000000000,)",
            b"(-1, 4)",
            b"(99999999999, 99999999999)",
            b"((((((((",
            b"__import__('os')",
            b"(0, 0)",
        ],
    )
    head, shape, rest = pieces[name].partition(b"'shape': ")
    pieces[name] = head + shape + wrong + b", }" + b" " * 20 + b"\n" + rest[rest.index(b"\n") + 1 :]


def some_bytes(rng: np.random.Generator, pieces: Pieces) -> None:
    """Damage a piece."""
    name = _one(rng, list(pieces))
    pieces[name] = damage(rng, pieces[name] or b" ")


def some_swap(rng: np.random.Generator, pieces: Pieces) -> None:
    """Exchange two pieces."""
    one, other = _one(rng, list(pieces)), _one(rng, list(pieces))
    pieces[one], pieces[other] = pieces[other], pieces[one]


def some_loss(rng: np.random.Generator, pieces: Pieces) -> None:
    """Lose a piece, or have one too many."""
    name = _one(rng, list(pieces))
    piece = pieces[name] if rng.random() < 0.3 else pieces.pop(name)
    if rng.random() < 0.3:
        pieces[_one(rng, ["learned/more", "more", f"{name}x", "learned/../x", "/x", "a/b/c"])] = piece


EDITS: tuple[Edit, ...] = (
    some_json,
    some_number,
    some_number,
    some_shape,
    some_head,
    some_bytes,
    some_swap,
    some_loss,
)


def tampered(rng: np.random.Generator, content: Pieces) -> bytes:
    """Return a file after one edit or two of its pieces, whose checksums are right."""
    pieces = dict(content)
    for _ in range(int(rng.integers(1, 3))):
        with contextlib.suppress(
            ValueError, TypeError, KeyError, IndexError, OverflowError
        ):  # nothing to edit is left
            EDITS[rng.integers(len(EDITS))](rng, pieces)
    return rezip(pieces)


def npy(values: Any) -> bytes:
    """Return an array as numpy saves it."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _one(rng: np.random.Generator, choices: list[Any]) -> Any:
    return choices[rng.integers(len(choices))]


def _array(rng: np.random.Generator, pieces: Pieces) -> tuple[str, Any]:
    names = []
    for name in pieces:
        if name.endswith(".npy") and pieces[name].startswith(b"\x93NUMPY"):
            names.append(name)
    name = _one(rng, names)
    try:
        return name, np.load(io.BytesIO(pieces[name]))
    except Exception:  # an earlier edit has had it
        return name, np.zeros(3)


# -- a process that opens files ------------------------------------------------------------------------------------


def opened(paths: list[Path], timeout: float = 250.0) -> list[str]:
    """Return what became of opening each file, in a process of its own.

    "the same", "another", the type and text of an error, or how the process died.
    """
    outcomes: list[str] = []
    while len(outcomes) < len(paths):
        words = [sys.executable, "-c", "from support.surrogate_files import main; main()"]
        given = json.dumps([str(path) for path in paths[len(outcomes) :]])
        done = subprocess.run(words, input=given, capture_output=True, text=True, timeout=timeout)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        outcomes += lines
        if done.returncode:
            outcomes.append(f"the process died, {done.returncode}: {done.stderr[-1000:]}")
    return outcomes


def main() -> None:
    """Open the files named on standard input; print a line for each."""
    from support import toys
    from terranova.registry import registry

    registry().register(toys, name="toys", origin="tests")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for path in json.loads(sys.stdin.read()):
        print(json.dumps(_look(Path(path))), flush=True)


def _look(path: Path) -> str:
    """Open a file and use all that it holds."""
    from terranova.errors import TerranovaError
    from terranova.surrogates import TrainedSurrogate
    from terranova.surrogates.explanation import explain
    from terranova.surrogates.validation import check

    try:
        trained = TrainedSurrogate.load(path)
    except TerranovaError as error:
        return f"{type(error).__name__}: {error}"
    except BaseException as error:
        return f"traceback of {type(error).__name__}: {error}"
    try:
        points = np.random.default_rng(1).random((20, trained.problem.model.space.dimension))
        answer = trained.evaluate(points)
        parts: list[Any] = [answer.chi2, trained.surrogate.predict(points), trained.surrogate.interval(points, 0.9)]
        parts += [trained.surrogate.trust(points), vars(trained.test), trained.targets, trained.cut, trained.best]
        for use in (check, explain):
            try:
                parts.append(use(trained))
            except TerranovaError as error:
                parts.append(str(error))
    except BaseException as error:
        return f"traceback in use of {type(error).__name__}: {error}"
    with np.printoptions(threshold=10**6, precision=17):
        return f"opened {hashlib.sha256(repr(parts).encode()).hexdigest()}"
