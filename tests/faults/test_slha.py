"""SLHA and WCxf: what is written is read back; whatever else a file holds, it is one clear error or the truth."""

from __future__ import annotations

import cmath
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terranova import PointFailed
from terranova.external.slha import (
    MAX_BYTES,
    Channel,
    Decay,
    Slha,
    SlhaError,
    parse_slha,
    read_slha,
    slha_text,
    write_slha,
)
from terranova.external.wcxf import WcxfError, parse_wcxf, read_wcxf

SPECTRUM = """\
# SUSY Les Houches Accord 2, an excerpt
Block SPINFO         # Program information
     1   SPheno      # spectrum calculator
     2   4.0.5       # version
     3   a warning
     3   another one
Block MODSEL  # Model selection
    1    0
    5    2  # CP
BLOCK ALPHA   # mixing
          -1.06375000E-01   # of the Higgs
Block MASS   # Mass spectrum
#  PDG code      mass          particle
        25     1.25090000D+02  # h0
        35    -4.0e2           # H0
   1000022     *************   # ~chi_10
        36     NaN             # A0
\t  37\t1.000-100  # FORTRAN leaves the E out
Block gauge Q=  9.11876000E+01  # (SUSY scale)
   1    3.57E-01  # g'
   2    6.52E-01  # g
Block GAUGE Q= 1000
   1    3.62E-01
Block UMIX
  1  1   8.9E-01
  1  2  -4.5e-01
Block FOBS  # flavour
    5    1   3.0E-04   0   2   3   22   # BR(b->s gamma)
  531    1   3.5E-09   0   2  13  -13   # BR(Bs->mu mu)
  531    1   8.0E-14   0   2  11  -11   # BR(Bs->e e)
Block HiggsBoundsInputHiggsCouplingsBosons
   1.00   3   25   24   24  # h-W-W coupling squared
   0.50   3   35   24   24
Block FlavorKitLFV
 701  2.0E-13  # BR(mu -> e gamma)
 702  NaN  # BR(tau->e gamma)
Block HiggsBoundsResults
  0   1   ||LHC 13 TeV, gg -> h||
DECAY   25   4.1E-03   # h0
#   BR     NDA   ID1  ID2
   5.8E-01   2   5   -5   # BR(h0 -> b bb)
   2.1E-01   2   24  -24
   1.0D-01   3   24  -11  12
DECAY1L  25   4.3E-03
   1.0   2   -5   5
DECAY   35   NaN
DECAY   36   1.0
   1.2   2   25   23
XSECTION  1.30E+04  2212 2212 2 1000024 -1000024
  0  2  0  0  0  0  0.35 SModelS 1.0
"""


def lines(text: str) -> dict[str, int]:
    return {line.strip(): number for number, line in enumerate(text.split("\n"), start=1)}


def failure(slha: Slha, call: str, *words: Any, **more: Any) -> str:
    with pytest.raises(SlhaError) as caught:
        getattr(slha, call)(*words, **more)
    assert not caught.value.unphysical, "the calculation failed, nothing is known about the point"
    return caught.value.reason


def test_what_programs_write_is_read() -> None:
    slha = parse_slha(SPECTRUM, "out.slha")
    assert slha.value("MASS", 25) == 125.09
    assert slha.value("mass", 35) == -400.0
    assert slha.value("MASS", 37) == 1e-100
    assert slha.value("ALPHA") == -0.106375
    assert slha.value("MODSEL", 5) == 2
    assert slha.value("UMIX", 1, 2) == -0.45
    assert slha.value("GAUGE", 1, q=91.1876) == 0.357
    assert slha.value("GAUGE", 1, q=1e3) == 0.362
    assert slha.value("FlavorKitLFV", 701, comment="BR(mu->e gamma)") == 2e-13
    assert slha.value("FOBS", 5, 1) == 3e-4
    assert slha.value("FOBS", 531, 1, comment="Bs->mu") == 3.5e-9
    assert slha.entry("FOBS", 5, 1).rest == (0, 2, 3, 22)
    assert slha.value("HiggsBoundsInputHiggsCouplingsBosons", 3, 35, 24, 24) == 0.5
    assert slha.text("HiggsBoundsResults", 0, 1) == "||LHC 13 TeV, gg -> h||"
    assert slha.text("SPINFO", 2) == "4.0.5"
    assert [entry.text for entry in slha.block("SPINFO").entries if entry.index == (3,)] == [
        "a warning",
        "another one",
    ]
    assert [slha.entry("MASS", 25).comment, slha.block("UMIX").title] == ["h0", "UMIX"]
    assert [("GAUGE" in slha), ("gauge" in slha), ("NMIX" in slha)] == [True, True, False]
    higgs = slha.decay(25)
    assert (higgs.width, higgs.branching(-5, 5), higgs.branching(12, -11, 24)) == (4.1e-3, 0.58, 0.1)
    assert higgs.branching(22, 22) == 0.0
    assert slha.decay(25, table="DECAY1L").width == 4.3e-3


def test_windows_line_ends_and_foreign_comments_are_fine() -> None:
    slha = parse_slha("Block MASS # Größe\r\n  25  1.0  # \xff\r\n".encode("latin-1"))
    assert slha.value("MASS", 25) == 1.0


def test_what_is_not_there_or_no_number_is_an_error_with_its_place() -> None:
    slha, at = parse_slha(SPECTRUM, "out.slha"), lines(SPECTRUM)
    mass = at["Block MASS   # Mass spectrum"]
    assert failure(slha, "value", "MAS", 25) == "out.slha: no block MAS (did you mean 'MASS'?)"
    assert failure(slha, "value", "MASS", 26) == f"out.slha:{mass}: block MASS has no entry 26"
    assert failure(slha, "value", "MASS") == f"out.slha:{mass}: block MASS has no entry without an index"
    assert f":{mass + 4}: block MASS, entry 1000022: '*************' is no finite" in failure(
        slha, "value", "MASS", 1000022
    )
    assert f":{mass + 5}: block MASS, entry 36: 'NaN' is no finite number" in failure(slha, "value", "MASS", 36)
    assert "is no finite number" in failure(slha, "value", "SPINFO", 1)
    assert failure(slha, "value", "GAUGE", 1) == (
        "out.slha: block GAUGE is given at Q = 91.1876 GeV and at Q = 1000 GeV: say which one with q=..."
    )
    assert "not given at Q = 500 GeV, but at Q = 91.1876 GeV" in failure(slha, "value", "GAUGE", 1, q=500)
    assert "but without a scale" in failure(slha, "value", "MASS", 25, q=500)
    assert "is called 'BR(mu -> e gamma)', expected 'BR(tau" in failure(
        slha, "value", "FlavorKitLFV", 701, comment="BR(tau->mu gamma)"
    )
    assert "several entries 531 1, in lines" in failure(slha, "value", "FOBS", 531, 1)
    assert "several entries 3" in failure(slha, "text", "SPINFO", 3)
    assert failure(slha, "decay", 6) == "out.slha: no DECAY table for particle 6"
    assert f":{at['DECAY   35   NaN']}: the width of particle 35 is nan" in failure(slha, "decay", 35)
    assert "a branching ratio of 1.2" in failure(slha, "decay", 36)


@pytest.mark.fault("F24", "F34")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty, expected SLHA blocks"),
        (" \n\n", "empty, expected SLHA blocks"),
        ("# only a comment\n", "no block and no decay table"),
        ("Block MASS\n  25  1.25", ":2: cut off"),
        ("  25  1.0\nBlock MASS\n", ":1: '25  1.0' before the first block"),
        ("Block\n", ":1: expected BLOCK NAME"),
        ("Block MASS Q=\n", ":1: expected BLOCK NAME"),
        ("Block MASS Q= GeV\n", ":1: Q= 'GeV' is no scale"),
        ("Block MASS Q= NaN\n", ":1: Q= 'NaN' is no scale"),
        ("Block MASS Q= 0\n", ":1: Q= '0' is no scale"),
        ("Block MASS at 100 GeV\n", ":1: expected BLOCK NAME"),
        ("Block MASS\n 25 1.0\n 25 1.0\n", ":3: entry 25 of block MASS again; it is given in line 2"),
        ("Block MASS\n 25 1.0\nBLOCK mass\n", ":3: block MASS again; it is given in line 1"),
        ("Block A Q=1e3\nBlock A Q= 1.0D3\n", ":2: block A at Q = 1000 GeV again"),
        ("DECAY 25 1.0\nDECAY 25 2.0\n", ":2: DECAY table of particle 25 again"),
        ("DECAY 25\n", ":1: expected DECAY PDG-NUMBER WIDTH"),
        ("DECAY h 1.0\n", ":1: expected DECAY PDG-NUMBER WIDTH"),
        ("DECAY 25 wide\n", ":1: expected DECAY PDG-NUMBER WIDTH"),
        ("DECAY 25 1.0\n 0.5 2 5\n", ":2: a decay into 2 particles, but 1 are listed"),
        ("DECAY 25 1.0\n 0.5 2 5 -5 7\n", ":2: a decay into 2 particles, but 3 are listed"),
        ("DECAY 25 1.0\n 0.5 2 5 -5.0\n", ":2: expected BRANCHING-RATIO"),
        ("DECAY 25 1.0\n Block\n", ":2: expected BLOCK NAME"),
        ("Block MASS\n 25 1.0\x00\n", ":2: characters that SLHA does not have"),
        ("Block MASS\n 25 1٠\n", ":2: characters that SLHA does not have"),
    ],
)
def test_files_that_say_nothing_or_two_things_are_refused(text: str, words: str) -> None:
    with pytest.raises(SlhaError) as caught:
        parse_slha(text, "out.slha")
    assert f"out.slha{words}" in caught.value.reason or f"out.slha: {words}" in caught.value.reason


def test_files_that_cannot_be_read_are_said_so(tmp_path: Path) -> None:
    with pytest.raises(SlhaError, match=r"^none.slha: cannot be read: No such file"):
        read_slha(tmp_path / "none.slha")
    with pytest.raises(SlhaError, match="cannot be read: Is a directory"):
        read_slha(tmp_path)
    huge = tmp_path / "huge.slha"
    with huge.open("wb") as file:
        file.truncate(100 * MAX_BYTES)  # a hole, but two gigabytes to who reads it
    with pytest.raises(SlhaError, match="longer than"):
        read_slha(huge)


numbers = st.floats(allow_nan=False, allow_infinity=False)
integers = st.integers(-(10**17), 10**17)
names = st.from_regex(r"[A-Z][A-Z0-9]{0,12}", fullmatch=True).filter(
    lambda name: name not in ("BLOCK", "DECAY", "DECAY1L", "XSECTION") and not name.endswith("INFO")
)
contents = st.dictionaries(
    names, st.dictionaries(st.tuples(integers, integers), numbers, max_size=4), min_size=1, max_size=4
)
tables = st.lists(
    st.builds(
        Decay,
        integers,
        st.floats(0, 1e300),
        st.lists(
            st.builds(Channel, st.floats(0, 1), st.lists(integers, min_size=1, max_size=4).map(tuple)), max_size=4
        ),
    ),
    max_size=3,
    unique_by=lambda decay: decay.pdg,
)


@given(contents, tables)
@settings(max_examples=100, deadline=None)
def test_what_is_written_is_read_back_bit_for_bit(blocks: dict[str, dict[Any, float]], decays: list[Decay]) -> None:
    slha = parse_slha(slha_text(blocks, decays=decays))
    for name, entries in blocks.items():
        assert {entry.index: entry.value for entry in slha.block(name).entries} == entries
    for decay in decays:
        found = slha.decay(decay.pdg)
        assert found.width == decay.width
        assert [(c.branching, c.products) for c in found.channels] == [
            (c.branching, c.products) for c in decay.channels
        ]


def test_input_files(tmp_path: Path) -> None:
    path = tmp_path / "in.slha"
    write_slha(path, {"MODSEL": {1: (0, "low energy")}, "SPINFO": {1: "mine"}, "M": {(): 0.1}}, q={"M": 1000})
    slha = read_slha(path)
    assert (slha.value("MODSEL", 1), slha.text("SPINFO", 1), slha.value("M", q=1000)) == (0, "mine", 0.1)
    assert slha.entry("MODSEL", 1).comment == "low energy"
    for bad in (
        {"M": {1: math.nan}},
        {"M": {1: math.inf}},
        {"A B": {}},
        {"M": {1: "a\nb"}},
        {"M": {1: (1.0, "a\nb")}},
    ):
        with pytest.raises(ValueError, match=r"cannot be|must be"):
            write_slha(path, bad)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------------
# fuzz: an answer is the one that the undamaged file gives, or comes from a line that the damage touched

EDITS = ("delete", "duplicate", "cut", "swap", "byte", "word")


def is_clear(error: PointFailed, start: str = "") -> None:
    """One sentence that begins with the file, and not much longer than that."""
    assert error.reason.startswith(start)
    assert 0 < len(error.reason) < 1000


def damaged(data: Any) -> str:
    """A spectrum after a few edits."""
    rows = SPECTRUM.split("\n")[:-1]
    end = "\n"
    for _ in range(data.draw(st.integers(1, 4))):
        if not rows:
            break
        row = data.draw(st.integers(0, len(rows) - 1))
        kind = data.draw(st.sampled_from(EDITS))
        if kind == "delete":
            del rows[row]
        elif kind == "duplicate":
            rows.insert(data.draw(st.integers(0, len(rows))), rows[row])
        elif kind == "cut":
            rows, end = (
                [*rows[:row], rows[row][: data.draw(st.integers(0, 30))]],
                data.draw(st.sampled_from(["\n", ""])),
            )
        elif kind == "swap":
            other = data.draw(st.integers(0, len(rows) - 1))
            rows[row], rows[other] = rows[other], rows[row]
        elif kind == "byte":
            at = data.draw(st.integers(0, len(rows[row])))
            rows[row] = (
                rows[row][:at]
                + data.draw(st.characters(codec="utf-8", exclude_characters="\n"))
                + rows[row][at + 1 :]
            )
        else:
            words = rows[row].split(" ")
            at = data.draw(st.integers(0, len(words) - 1))
            words[at] = data.draw(
                st.sampled_from(["", "1", "25", "NaN", "***", "1e999", "1.0D-3", "Block", "Q=", "x"])
            )
            rows[row] = " ".join(words)
    return "\n".join(rows) + end


def ask_everything(slha: Slha) -> None:
    """Every answer is a finite number or one clear error."""
    for block in slha.blocks:
        for entry in block.entries:
            try:
                value = slha.value(block.name, *entry.index, q=block.q)
            except SlhaError as error:
                is_clear(error)
            else:
                assert math.isfinite(value)
    for table, pdg in slha.decays:
        try:
            decay = slha.decay(pdg, table=table)
        except SlhaError as error:
            is_clear(error)
        else:
            assert math.isfinite(decay.width)
            assert all(0 <= channel.branching <= 1.000001 for channel in decay.channels)


def check_damaged(data: Any) -> None:
    text = damaged(data)
    try:
        slha = parse_slha(text, "out.slha")
    except SlhaError as error:
        is_clear(error, "out.slha")
        return
    ask_everything(slha)
    rows = text.split("\n")
    for block in slha.blocks:
        header = rows[block.line - 1].split("#")[0].upper()
        assert header.split()[:2] == ["BLOCK", block.name]
        for entry in block.entries:
            between = rows[block.line : entry.line - 1]
            assert not any(row.split() and row.split()[0].upper() in ("BLOCK", "DECAY") for row in between), (
                "never a value of another block"
            )
            assert entry.text in rows[entry.line - 1]


def check_bytes(data: bytes) -> None:
    for content in (data, b"Block MASS\n" + data + b"\n", SPECTRUM.encode() + data + b"\n"):
        try:
            ask_everything(parse_slha(content))
        except PointFailed as error:
            is_clear(error)
    for is_json in (True, False):
        for content in (data, WCXF.encode().replace(b"1e-3", data, 1)):
            try:
                values = parse_wcxf(content, is_json=is_json).values
            except WcxfError as error:
                is_clear(error)
            else:
                assert all(cmath.isfinite(value) for value in values.values())


def check_wcxf(content: Any) -> None:
    try:
        found = parse_wcxf(json.dumps(content), is_json=True)
    except WcxfError as error:
        is_clear(error)
    else:
        assert set(content) - {"metadata"} == {"eft", "basis", "scale", "values"}
        assert found.scale == content["scale"] > 0
        assert set(found.values) == set(content["values"])


plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
likely = st.fixed_dictionaries(
    {"eft": st.just("WET") | plain, "basis": st.just("flavio") | plain, "scale": st.floats() | plain},
    optional={
        "values": st.dictionaries(st.text(max_size=3), anything, max_size=3) | plain,
        "metadata": plain,
        "x": plain,
    },
)

FUZZ = [
    (check_damaged, st.data()),
    (check_bytes, st.binary(max_size=400)),
    (check_wcxf, likely | anything),
]


@pytest.mark.fault("F34")
@pytest.mark.parametrize(("check", "strategy"), FUZZ, ids=["edits", "bytes", "wcxf"])
def test_fuzz(check: Any, strategy: Any) -> None:
    settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))(
        given(strategy)(check)
    )()


@pytest.mark.slow
@pytest.mark.fault("F34")
@pytest.mark.parametrize(("check", "strategy"), FUZZ, ids=["edits", "bytes", "wcxf"])
def test_fuzz_for_longer(check: Any, strategy: Any) -> None:
    """Twenty seconds each, with other examples each time."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        settings(max_examples=500, deadline=None, database=None, suppress_health_check=list(HealthCheck))(
            given(strategy)(check)
        )()


# ------------------------------------------------------------------------------------------------------------
# WCxf

WCXF = """\
eft: WET
basis: flavio
scale: 4.8
metadata: {generator: by hand, version: "1"}
values:
  C9_bsmumu: {Re: -0.9, Im: 1e-3}
  C7_bs: 0.01
  CS_bsmumu: {Im: 2}
"""


def test_wilson_coefficients(tmp_path: Path) -> None:
    path = tmp_path / "wilson.yaml"
    path.write_text(WCXF)
    found = read_wcxf(path)
    assert (found.eft, found.basis, found.scale) == ("WET", "flavio", 4.8)
    assert found.values == {"C9_bsmumu": -0.9 + 1e-3j, "C7_bs": 0.01, "CS_bsmumu": 2j}
    assert found.expect("WET", "flavio") is found
    with pytest.raises(WcxfError, match=r"^wilson.yaml: WET in basis 'flavio', expected WET in 'JMS'"):
        found.expect("WET", "JMS")
    again = tmp_path / "wilson.json"
    again.write_text('{"eft": "SMEFT",\n\t"basis": "Warsaw", "scale": 1e3, "values": {"phiBox": {"Re": 1E-8}}}')
    assert read_wcxf(again).values == {"phiBox": 1e-8}


@pytest.mark.fault("F34")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[]", "expected the keys eft, basis, scale, values"),
        ('{"eft": "a", "eft": "b"}', "key 'eft' twice"),
        ('{"eft": "a", "basis": "b", "scale": 1}', "values is missing"),
        ('{"eft": "a", "basis": "b", "scale": 1, "values": {}, "vals": {}}', "unknown key 'vals'"),
        ('{"eft": "", "basis": "b", "scale": 1, "values": {}}', "eft: expected a name"),
        ('{"eft": "a", "basis": "b", "scale": -1, "values": {}}', "scale: expected a positive number"),
        ('{"eft": "a", "basis": "b", "scale": true, "values": {}}', "scale: expected a number"),
        ('{"eft": "a", "basis": "b", "scale": 1, "values": []}', "values: expected coefficients"),
        ('{"eft": "a", "basis": "b", "scale": 1, "values": {"c": NaN}}', "values: c: not a finite number"),
        ('{"eft": "a", "basis": "b", "scale": 1, "values": {"c": 1e999}}', "values: c: not a finite number"),
        (
            '{"eft": "a", "basis": "b", "scale": 1, "values": {"c": {"re": 1}}}',
            "c: expected a number, or Re and Im",
        ),
        (
            '{"eft": "a", "basis": "b", "scale": 1, "values": {"c": {"Re": "1"}}}',
            "values: c: Re: expected a number",
        ),
        ('{"eft": "a"', "Expecting"),
        ("[" * 100_000, "nested more than"),
    ],
)
def test_wcxf_files_that_are_none(text: str, words: str) -> None:
    with pytest.raises(WcxfError) as caught:
        parse_wcxf(text, "wilson.json", is_json=True)
    assert caught.value.reason.startswith("wilson.json: ")
    assert words in caught.value.reason
