"""Amounts with a unit: what people write, what they are told, and what is refused."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terranova.system.amounts import bytes_of, seconds_of, size_text


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (1, 1),
        (2.9, 2),
        ("1", 1),
        (" 500 MB ", 500_000_000),
        ("2GB", 2_000_000_000),
        ("1.5 GiB", 3 * 2**29),
        ("3kB", 3000),
        ("3 KB", 3000),
        ("7 KiB", 7 * 1024),
        ("0.5 TB", 5 * 10**11),
        ("2G", 2 * 2**30),
        ("2 g", 2 * 2**30),
        ("512M", 512 * 2**20),
        ("1.5 gib", 3 * 2**29),
        ("2 gb", 2_000_000_000),
    ],
)
def test_bytes(given_: float | str, expected: int) -> None:
    assert bytes_of(given_) == expected


@pytest.mark.parametrize(
    "given_", ["", "GB", "2 gigs", "two GB", "2 bits", "2GM", "-1 GB", "1e9", "1 GB 2", "1,5 GB", True, math.nan]
)
def test_what_is_no_amount_of_bytes(given_: float | str) -> None:
    with pytest.raises(ValueError, match="expected bytes, or an amount such as"):
        bytes_of(given_)


@pytest.mark.parametrize("given_", [0, -5, "0 GB", 0.5, math.inf, 2**62, "5000000 TB"])
def test_amounts_of_bytes_that_are_not_positive_or_absurd(given_: float | str) -> None:
    with pytest.raises(ValueError, match="must be a positive amount"):
        bytes_of(given_)


@given(st.integers(1, 2**60))
def test_sizes_for_people_are_read_back_to_three_digits(size: int) -> None:
    assert bytes_of(size_text(size)) == pytest.approx(size, rel=5.1e-3)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1d2h3m4s", 93784.0),
        ("1h 30m", 5400.0),
        ("0.5h", 1800.0),
        ("90", 90.0),
        (" 10m ", 600.0),
        (2.5, 2.5),
        ("2 days", 172800.0),
        ("1 day 12 hours", 129600.0),
        ("30 min", 1800.0),
        ("1H 5 Minutes 3 secs", 3903.0),
        ("1:30:00", 5400.0),
        ("90:00", 5400.0),
        ("1:30", 90.0),
        ("100:00:00", 360000.0),
        ("1-12", 129600.0),
        ("1-12:30", 131400.0),
        ("1-12:00:00", 129600.0),
        ("0-00:00:01", 1.0),
    ],
)
def test_durations(text: float | str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@given(st.integers(0, 9), st.integers(0, 23), st.integers(0, 59), st.integers(1, 59))
def test_a_duration_is_the_sum_of_its_parts(d: int, h: int, m: int, s: int) -> None:
    total = ((24 * d + h) * 60 + m) * 60 + s
    assert seconds_of(f"{d}d{h}h{m}m{s}s") == total
    assert seconds_of(f"{d} days {h} hours {m} minutes {s} seconds") == total
    assert seconds_of(f"{d}-{h:02}:{m:02}:{s:02}") == seconds_of(f"{24 * d + h}:{m:02}:{s:02}") == total
    assert seconds_of(f"{total // 60}:{s:02}") == total


@given(st.text(st.sampled_from("0123456789:-.dhms ayinou"), max_size=12))
def test_a_text_is_a_positive_duration_or_refused(text: str) -> None:
    try:
        seconds = seconds_of(text)
    except ValueError as error:
        seconds, text = 1.0, str(error)
    assert 0.0 < seconds < math.inf


@pytest.mark.parametrize(
    "text",
    [
        *("", "h", "ten minutes", "1m1h", "1h-30m", "1.h", "5x", "1e3", "1:60", "1:5", "1:00:00:00", "1-24:00:00"),
        *("1-", "-1:00", "1:-30", "1.5:00", "1-12-3", "1:30h", "2 daysx", "5 month", "1h:30"),
    ],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected seconds, or a duration"):
        seconds_of(text)


@pytest.mark.parametrize("text", [0, -1.0, "0s", "0:00", "0-0", math.inf, math.nan])
def test_durations_that_are_not_positive(text: float | str) -> None:
    with pytest.raises(ValueError, match="must be a positive duration"):
        seconds_of(text)
