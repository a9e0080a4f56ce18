"""The YAML reader: what scalars mean, where things stand, and that odd files are refused, quickly and safely."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terranova.errors import ConfigError
from terranova.parsing.strict_yaml import MAX_BYTES, dump, parse, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("1E-3", 0.001),
        ("1_000_000", 1_000_000),
        ("1_000.5", 1000.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-0", 0),
        ("+7", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("2022-07-01", "2022-07-01"),
        ("12:30:45", "12:30:45"),
        ("1__0", "1__0"),
        ("_1", "_1"),
        ("1e3x", "1e3x"),
        ("'1e3'", "1e3"),
        ('"null"', "null"),
        ("arXiv:2207.00092", "arXiv:2207.00092"),
    ],
)
def test_scalars(text: str, value: Any) -> None:
    found = parse(f"key: {text}\n").data["key"]
    assert (type(found), found) == (type(value), value)


def test_nan_is_a_number() -> None:
    assert math.isnan(parse("x: .nan").data["x"])


@pytest.mark.parametrize("text", ["0123", "-007", "00", "0_1", "1e400", "9" * 30, "9" * 5000, "0x" + "f" * 40])
def test_ambiguous_or_huge_numbers_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"f\.yaml:1:6: key: "):
        parse(f"key: {text}", "f.yaml")


def test_places() -> None:
    document = parse("a: 1\nlong:\n  - {x: 2, y: [3, 4]}\n")
    assert document.data == {"a": 1, "long": [{"x": 2, "y": [3, 4]}]}
    assert document.where(("a",)) == (1, 4)
    assert document.where(("a",), at_key=True) == (1, 1)
    assert document.where(("long", 0, "y", 1)) == (3, 19)
    assert document.where(("long", 0, "y"), at_key=True) == (3, 12)
    assert document.where(("long", 0, "missing")) == (3, 5)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks(newline: str, mark: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(mark + newline.join(["a: 1", "é: {b: 2}", ""]).encode())
    document = read(path)
    assert document.data == {"a": 1, "é": {"b": 2}}
    assert document.where(("é", "b")) == (2, 8)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\nb: 2\na: 3", "3:1", "given twice, first on line 1"),
        ("a: {b: 1, b: 2}", "1:11", "given twice"),
        ("a: &x 1", "1:4", "anchor &x"),
        ("a: *x", "1:4", "alias \\*x"),
        ("a: !!int 1", "1:4", "tag"),
        ("a: !own 1", "1:4", "tag !own"),
        ("a: !!python/name:os.system ''", "1:4", "tag"),
        ("<<: {a: 1}", "1:1", "merge key"),
        ("1: a", "1:1", "a key must be a word, got '1'"),
        ("true: a", "1:1", "a key must be a word"),
        ("~: a", "1:1", "a key must be a word"),
        ("? [a]\n: 1", "1:3", "a key must be a word"),
        ("a: 1\n--- \nb: 2", "2:1", "second document"),
        ("a:\n\t- 1", "2:1", "never with tabs"),
        ("a: [1", "", "not valid YAML"),
        ("a: 'x", "", "not valid YAML"),
        ('a: "\\0"', "1:4", "control character"),
        ("a: x\x07", "1:5", "cannot be part"),
        ("a: \ud800", "1:4", "cannot be part"),
        ("[" * 1000, "1:52", "nested more than 50 deep"),
        ("{a: " * 1000, "", "nested more than 50 deep"),
        ("- " * 1000, "", "nested more than 50 deep"),
    ],
)
def test_refused(text: str, place: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"f.yaml:{place}.*{message}"):
        parse(text, "f.yaml")


def test_all_problems_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("a: 012\nb: &x 1\nc: *x\na: 2\n")
    assert [d.line for d in caught.value.diagnostics] == [1, 2, 3, 4]


@pytest.mark.parametrize("content", [b"a: \xff", b"\xff\xfea\x00", b"a: \x00", b"\x80\x81"])
def test_bytes_that_are_no_text(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"f\.yaml:1:[14]: "):
        read(tmp_path / "f.yaml")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file"):
        read(tmp_path / "nowhere.yaml")
    with pytest.raises(ConfigError, match="this is not a file"):
        read(tmp_path)
    with pytest.raises(ConfigError):
        read("x" * 5000)
    with pytest.raises(ConfigError):
        read("a\x00b")


def test_long_files_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    with path.open("wb") as stream:
        stream.truncate(50 * MAX_BYTES)
    started = time.perf_counter()
    with pytest.raises(ConfigError, match="longer than 1 MB"):
        read(path)
    assert time.perf_counter() - started < 1.0


def test_a_yaml_bomb_is_refused() -> None:
    levels = "\n".join(f"k{i}: &k{i} [{', '.join([f'*k{i - 1}'] * 9)}]" for i in range(1, 30))
    with pytest.raises(ConfigError, match="alias"):
        parse(f"k0: &k0 [x]\n{levels}")


_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\t"), max_size=20),
    st.sampled_from(["1e3", "0123", "no", "null", "~", "1_000", "<<", "=", "- a", "#", "2022-07-01", ".inf"]),
)
_DATA = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8),
    st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@pytest.mark.integration
@settings(max_examples=300, deadline=None)
@given(data=_DATA)
def test_what_is_written_is_read_back(data: dict[str, Any]) -> None:
    assert parse(dump(data)).data == data


@settings(max_examples=400, deadline=None)
@given(content=st.binary(max_size=60) | st.text("ab:-[]{},'\"\n \t#&*!|>?%@`01.~<\\", max_size=40).map(str.encode))
def test_random_bytes_are_read_or_refused(content: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "random.yaml"
    path.write_bytes(content)
    try:
        data = read(path).data
    except ConfigError:
        return
    assert isinstance(data, (dict, list, str, int, float, type(None)))
