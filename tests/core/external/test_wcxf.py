"""WCxf: coefficients in JSON and YAML, and everything that is none. Fuzzed in tests/faults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.external.wcxf import WcxfError, parse_wcxf, read_wcxf

GOOD: dict[str, Any] = {"eft": "WET", "basis": "flavio", "scale": 4.8, "values": {"C7": 0.1}}
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.dictionaries(st.text("CQ79_bsl", min_size=1), st.tuples(FINITE, FINITE), max_size=4))
def test_coefficients_come_back(values: dict[str, tuple[float, float]]) -> None:
    given_ = {**GOOD, "values": {name: {"Re": re, "Im": im} for name, (re, im) in values.items()}}
    read = parse_wcxf(json.dumps(given_), is_json=True)
    assert read.values == {name: complex(*value) for name, value in values.items()}


def test_yaml_and_json_say_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({**GOOD, "metadata": {"by": "us"}}))
    (tmp_path / "a.yaml").write_text("eft: WET\nbasis: flavio\nscale: 4.8\nvalues: {C7: {Re: 0.1}}\n")
    one, other = read_wcxf(tmp_path / "a.json"), read_wcxf(tmp_path / "a.yaml")
    assert (one.eft, one.basis, one.scale, one.values) == (other.eft, other.basis, other.scale, other.values)
    assert one.expect("WET", "flavio") is one
    with pytest.raises(WcxfError, match=r"^a.json: WET in basis 'flavio', expected SMEFT in 'Warsaw'"):
        one.expect("SMEFT", "Warsaw")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"efft": 1}, "unknown key 'efft'"),
        ({"eft": ""}, "eft: expected a name"),
        ({"scale": 0}, "scale: expected a positive number"),
        ({"scale": True}, "scale: expected a number"),
        ({"scale": 10**400}, "not a finite number"),
        ({"values": []}, "values: expected coefficients"),
        ({"values": {"C7": "0.1"}}, "values: C7: expected a number"),
        ({"values": {"C7": {"Im": 1, "Mod": 1}}}, "expected a number, or Re and Im"),
        ({"values": {"C7": {}}}, "expected a number, or Re and Im"),
    ],
)
def test_wrong_values_are_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(WcxfError, match=f"^WCxf: .*{words}"):
        parse_wcxf(json.dumps({**GOOD, **change}), is_json=True)


@pytest.mark.parametrize("key", list(GOOD))
def test_missing_keys_are_named(key: str) -> None:
    with pytest.raises(WcxfError, match=f"{key} is missing"):
        parse_wcxf(json.dumps({k: v for k, v in GOOD.items() if k != key}), is_json=True)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"eft": 1, "eft": 2}', "[" * 100_000])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(WcxfError):
        parse_wcxf(text, is_json=True)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(WcxfError, match=r"^no.json: cannot be read: No such file"):
        read_wcxf(tmp_path / "no.json")
    with pytest.raises(WcxfError, match="utf-8"):
        parse_wcxf(b"\xff", is_json=True)
