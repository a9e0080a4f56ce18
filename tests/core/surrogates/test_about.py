"""What a file says about its surrogate: read back as it was written, and checked against the problem."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from terranova.config import Consent
from terranova.errors import RunMismatch, StoreCorrupt
from terranova.surrogates.about import About, read_rows_pieces, rows_pieces
from terranova.surrogates.dataset import Rows
from terranova.testing.problems import ring

ABOUT = About(
    plugin="gp",
    plugin_version="3",
    options={"points": 100},
    seed=3,
    problem="model: ring\n",
    targets=("loglike", "ring"),
    cut=30.0,
    best=1.5,
    trained=100,
    identity={"model": "ring"},
    versions={"scipy": "1.0"},
)


def _said(**changes: Any) -> bytes:
    return json.dumps({**json.loads(ABOUT.piece()), **changes}).encode()


def test_what_was_said_is_read() -> None:
    assert About.read(ABOUT.piece()) == ABOUT
    assert About.read(_said(best=None)).best == math.inf
    assert json.loads(About.read(_said(best=None)).piece())["best"] is None


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("format", [1, 3, 10**300, "2", None]),
        ("plugin", ["", "a b", "../x", 3, None, "x" * 101]),
        ("plugin_version", [3, None]),
        ("options", [[], None, "x"]),
        ("seed", [-1, 2**63, 0.5, True, None]),
        ("problem", [3, None, {}]),
        ("targets", [[], ["a", "a"], [1], "loglike", None]),
        ("cut", [-1.0, math.nan, math.inf, 10**400, "1", True, None]),
        ("best", [math.nan, -math.inf, 10**400, "1", True]),
        ("trained", [-1, 2**63, 1.0, None]),
        ("identity", [[], None]),
        ("versions", [[], {"scipy": 1}, {"sci py": "1"}, {"scipy": "x" * 101}]),
    ],
)
def test_each_key_is_what_it_has_to_be(key: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(ValueError, match=key):
            About.read(_said(**{key: value}))


def test_no_text_can_talk_to_a_terminal() -> None:
    for changes in ({"options": {"\x1b[2J": 1}}, {"identity": {"model": ["a\x07"]}}, {"targets": ["a\rb"]}):
        with pytest.raises(ValueError, match="control character"):
            About.read(_said(**changes))
    for piece in (b"[]", b"3", b"{", b"{}"):
        with pytest.raises(ValueError, match=r"about\.json"):
            About.read(piece)


def test_targets_are_the_models() -> None:
    problem = ring()
    names = [observable.name for observable in problem.model.observables]
    About.read(_said(targets=["loglike", names[0]])).require_targets(problem)
    with pytest.raises(ValueError, match="no observable 'nowhere'"):
        About.read(_said(targets=["nowhere"])).require_targets(problem)


def test_a_problem_that_is_none_is_damage_and_one_that_cannot_be_had_is_another() -> None:
    for text in ("[", "a: &x 1", "3", "x" * 1_000_001):
        with pytest.raises(StoreCorrupt, match=r"s\.tns is damaged: about\.json: problem"):
            About.read(_said(problem=text)).problem_now("s.tns", Consent())
    for text in ("model: nowhere\n", "parameters: {}\n", "model: [1]\n"):
        with pytest.raises(RunMismatch, match=r"s\.tns stands for a problem that cannot be had"):
            About.read(_said(problem=text)).problem_now("s.tns", Consent())


def _rows(n: int = 5) -> Rows:
    rng, space = np.random.default_rng(1), ring().model.space
    u = rng.random((n, space.dimension))
    return Rows(u, space.to_physical(u), rng.random((n, 2)), rng.random(n))


def test_rows_are_read_back() -> None:
    for rows in (_rows(), _rows(0)):
        rows.targets[:1], rows.chi2[:1] = np.nan, np.inf  # a point that failed
        again = read_rows_pieces(rows_pieces(rows), ring(), ("a", "b"))
        for name, values in vars(rows).items():
            np.testing.assert_array_equal(getattr(again, name), values)


@pytest.mark.parametrize(
    ("name", "value"),
    [("u", np.inf), ("u", 1.5), ("x", -np.inf), ("targets", np.inf), ("chi2", np.nan), ("chi2", -np.inf)],
)
def test_rows_are_those_of_stored_points(name: str, value: float) -> None:
    rows = _rows()
    getattr(rows, name)[0] = value
    with pytest.raises(ValueError, match=rf"test/{name}\.npy: holds numbers"):
        read_rows_pieces(rows_pieces(rows), ring(), ("a", "b"))


def test_rows_have_the_shape_of_the_problem() -> None:
    pieces = rows_pieces(_rows())
    with pytest.raises(ValueError, match=r"test/targets\.npy: expected the shape \(5, 3\)"):
        read_rows_pieces(pieces, ring(), ("a", "b", "c"))
    with pytest.raises(ValueError, match=r"test/x\.npy: expected the shape \(5, \d"):
        read_rows_pieces(pieces | {"test/x.npy": rows_pieces(_rows(4))["test/x.npy"]}, ring(), ("a", "b"))
    with pytest.raises(ValueError, match=r"test/chi2\.npy: missing"):
        read_rows_pieces({n: p for n, p in pieces.items() if "chi2" not in n}, ring(), ("a", "b"))
