from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.units import (
    LARGEST_SIZE,
    SIZE_FORMS,
    counted,
    format_bytes,
    format_count,
    parse_count,
    parse_size,
)

FACTORS = {"": 1, "B": 1}
for _power, _letter in enumerate("KMGT", start=1):
    FACTORS |= {_letter: 1024**_power, f"{_letter}iB": 1024**_power, f"{_letter}B": 1000**_power}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512", 512),
        ("512B", 512),
        ("0", 0),
        ("4GiB", 4 * 1024**3),
        ("10MB", 10_000_000),
        ("1.5K", 1536),
        ("1.5 KiB", 1536),
        ("  2t ", 2 * 1024**4),
        ("3kb", 3000),
        ("0.0005KB", 0),
        ("9223372036854775807", LARGEST_SIZE),
    ],
)
def test_parse_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@given(st.integers(0, 10**6), st.text("0123456789", min_size=1, max_size=12), st.sampled_from(sorted(FACTORS)))
def test_parse_size_is_exact(whole: int, decimals: str, unit: str) -> None:
    assert parse_size(f"{whole}{unit}") == whole * FACTORS[unit]
    if FACTORS[unit] > 1:
        assert parse_size(f"{whole}.{decimals}{unit}") == int(Fraction(f"{whole}.{decimals}") * FACTORS[unit])


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "x",
        "-1",
        "+1",
        "1.5",
        "1.5B",
        "1.K",
        ".5K",
        "1_000",
        "1e3",
        "4 G iB",
        "4  G",
        "1KiBs",
        "1ki",
        "٣K",
        "1\n2",
        "9" * 30,
    ],
)
def test_a_text_that_is_no_size_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_size(text)
    assert SIZE_FORMS in str(caught.value)


@pytest.mark.parametrize("text", ["9223372036854775808", "8388608T", "99999999999999999999TB"])
def test_a_size_above_the_largest_file_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=str(LARGEST_SIZE)):
        parse_size(text)


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (4 * 1024**3, "4.0 GiB"),
        (-2 * 1024**2, "-2.0 MiB"),
        (1024**7, "1024.0 EiB"),
    ],
)
def test_format_bytes(size: int, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0 K"),
        (78_579, "78.6 K"),
        (999_949, "999.9 K"),
        (999_950, "1.0 M"),
        (401_600_000, "401.6 M"),
        (1_300_000_000, "1.3 G"),
        (-1500, "-1.5 K"),
    ],
)
def test_format_count(count: int, text: str) -> None:
    assert format_count(count) == text


def test_counted() -> None:
    assert [counted(count, "file") for count in (0, 1, 2300)] == ["0 files", "1 file", "2,300 files"]
    assert counted(2, "directory", "directories") == "2 directories"


@given(st.integers(0, 10**12))
def test_what_is_written_can_be_read_and_is_off_by_half_a_tenth_at_most(size: int) -> None:
    text = format_bytes(size)
    unit = FACTORS[text.split(" ")[1]]
    assert abs(parse_size(text) - size) <= unit // 20 + 1
    number, _, letter = format_count(size).partition(" ")
    factor = 1000 ** (" KMGT".index(letter) if letter else 0)
    assert abs(Fraction(number) * factor - size) <= Fraction(factor, 20)
    assert Fraction(number) < 1000


def test_a_count_has_k_and_m() -> None:
    counts = {"8000": 8000, "8k": 8000, "8K": 8000, "1.5M": 1_500_000, "-5": -5, " 0 ": 0, "0.0019k": 1}
    assert {text: parse_count(text) for text in counts} == counts
    for text in ("", "8q", "1.5", "8 k", "k", "8kk", "1e3", "\u0663"):
        with pytest.raises(UsageError, match="is not a count; accepted: a whole number, or one with k or M"):
            parse_count(text)
