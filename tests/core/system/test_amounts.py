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
    ],
)
def test_bytes(given_: float | str, expected: int) -> None:
    assert bytes_of(given_) == expected


@pytest.mark.parametrize("given_", ["", "GB", "2 gb", "two GB", "-1 GB", "1e9", "1 GB 2", "1,5 GB", True, math.nan])
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
    [("1d2h3m4s", 93784.0), ("1h 30m", 5400.0), ("0.5h", 1800.0), ("90", 90.0), (" 10m ", 600.0), (2.5, 2.5)],
)
def test_durations(text: float | str, seconds: float) -> None:
    assert seconds_of(text) == seconds


@given(st.integers(0, 9), st.integers(0, 23), st.integers(0, 59), st.integers(1, 59))
def test_a_duration_is_the_sum_of_its_parts(d: int, h: int, m: int, s: int) -> None:
    assert seconds_of(f"{d}d{h}h{m}m{s}s") == ((24 * d + h) * 60 + m) * 60 + s


@pytest.mark.parametrize("text", ["", "h", "ten minutes", "1m1h", "1h-30m", "1.h", "5x", "1e3"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="expected seconds, or a duration"):
        seconds_of(text)


@pytest.mark.parametrize("text", [0, -1.0, "0s", math.inf, math.nan])
def test_durations_that_are_not_positive(text: float | str) -> None:
    with pytest.raises(ValueError, match="must be a positive duration"):
        seconds_of(text)
