"""Numbers and foreign text, as the screen shows them."""

import math

import pytest

from gradstep.tui import text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (26.6123456, "26.6123"),
        (3e-3, "0.00300000"),
        (1e-12, "1.00000e-12"),
        (123456.0, "123456"),
        (7.3e305, "7.30000e+305"),
        (0.0, "0.00000"),
        (-0.0, "0.00000"),
        (None, "–"),
        (math.nan, "NaN"),
        (math.inf, "Inf"),
        (-math.inf, "-Inf"),
    ],
)
def test_numbers_have_six_digits(value, written):
    assert text.number(value) == written
    assert len(written) <= text.NUMBER_WIDTH


def test_columns_have_four_digits_and_whole_counts():
    assert text.column(-1.23456e-10) == "-1.235e-10"
    assert text.column(4406) == "     4,406"
    assert text.column(None) == "         –"
    assert len(text.column(0.5)) == text.COLUMN_WIDTH


@pytest.mark.parametrize(
    ("value", "count", "written"),
    [
        (0.0312, False, "0.0312"),
        (1.5e-7, False, "1.5e-7"),
        (math.nan, True, "NaN"),
        (math.inf, False, "Inf"),
        (-math.inf, False, "-Inf"),
        (4406.0, False, "4406"),
        (4406.0, True, "4,406"),
        (4406.5, True, "4406"),
    ],
)
def test_readings_have_at_most_four_digits(value, count, written):
    assert text.reading(value, count=count) == written


@pytest.mark.parametrize(
    ("value", "written"), [(1e-12, "1e-12"), (0.001, "0.001"), (5e22, "5e22"), (2.0, "2")]
)
def test_short_number_can_be_typed_back(value, written):
    assert text.short(value) == written
    assert float(written) == value


def test_change_has_sign():
    assert text.change(0.5) == "+0.500000"
    assert text.change(-0.5) == "-0.500000"
    assert text.change(None) == "–"


def test_control_characters_are_replaced():
    assert text.plain("a\x1b[2Jb\tc\nd\u202e") == "a\ufffd[2Jb c\nd\ufffd"
