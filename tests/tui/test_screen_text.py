"""How numbers and foreign text are written."""

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


@pytest.mark.parametrize(
    ("value", "written"), [(1e-12, "1e-12"), (0.001, "0.001"), (5e22, "5e22"), (2.0, "2")]
)
def test_a_setting_is_written_as_it_can_be_typed_back(value, written):
    assert text.short(value) == written
    assert float(written) == value


def test_a_change_has_its_sign():
    assert text.change(0.5) == "+0.500000"
    assert text.change(-0.5) == "-0.500000"
    assert text.change(None) == "–"


def test_control_characters_are_replaced():
    assert text.plain("a\x1b[2Jb\tc\nd\u202e") == "a\ufffd[2Jb c\nd\ufffd"
