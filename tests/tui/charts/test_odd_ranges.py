"""Small drawings of no number, one, nearly one, huge and non-finite numbers."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from odd_numbers import LARGEST, lists, moved

from gradstep.engine.probes.layers import histogram
from gradstep.tui.charts.blocks import bar, columns, rebinned
from gradstep.tui.charts.contours import LEVELS, band_limits, contours
from gradstep.tui.charts.curve import curve, is_log
from gradstep.tui.charts.distribution import distribution
from gradstep.tui.charts.heat import Cell, ColourScale, heat, legend
from gradstep.tui.charts.image import image
from gradstep.tui.charts.smooth import Smoother
from gradstep.tui.panes.layers import BINS, NAME_WIDTH, _histogram
from gradstep.tui.text import digits_apart, fitted

pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

LOSS = 0.4810168098397193
SEEDS = [LOSS, moved(LOSS, 1), moved(LOSS, -1), LOSS]


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], "no number"),
        ([math.nan, math.inf], "no number is finite, of 2"),
        ([0.25], "0.25 ▕█▏ 0.25, median 0.25"),
        (SEEDS, "0.481 ▕█▏ 0.481, median 0.481"),
        ([*SEEDS, math.nan, math.inf, -math.inf], "0.481 ▕█▏ 0.481, median 0.481, 3 not finite"),
        ([1.0, 1.00002, 1.00004], "1 ▕█ █ █▏ 1.00004, median 1.00002"),
        ([LARGEST, LARGEST], "1.8e+308 ▕█▏ 1.8e+308, median 1.8e+308"),
        ([-LARGEST, LARGEST], "-1.8e+308 ▕█   █▏ 1.8e+308, median 0"),
        ([5e-324, 0.0], "0 ▕█▏ 4.94e-324, median 0"),
    ],
)
def test_distribution(values, drawn):
    """Bars are counted by hand, five to a line. Seeds that end within some ulps are one bar."""
    assert distribution(values, 5) == drawn


@given(lists())
def test_distribution_counts_non_finite_numbers(values):
    said = distribution(values)
    lost = sum(not math.isfinite(value) for value in values)
    assert (f"{lost} not finite" in said or f"of {lost}" in said) == (lost > 0)


@pytest.mark.parametrize(
    ("low", "high", "digits"),
    [(1.0, 2.0, 3), (1.0, 1.00002, 6), (LOSS, moved(LOSS, 1), 3), (-LARGEST, LARGEST, 3), (0.5, 0.5, 3)],
)
def test_digits_apart(low, high, digits):
    assert digits_apart(low, high, least=3) == digits


@given(lists())
def test_any_numbers_have_colours(values):
    scale = ColourScale.of(np.array(values, np.float64))
    finite = [value for value in values if math.isfinite(value)]
    levels = [scale.level(value) for value in finite]
    assert all(level is not None and 0 <= level <= 9 for level in levels)
    assert [scale.level(value) for value in values].count(None) == len(values) - len(finite)
    by_size = [scale.level(value) for value in sorted(finite)]
    assert by_size == sorted(by_size)
    if len(set(levels)) > 1:
        assert {scale.level(min(finite)), scale.level(max(finite))} == {0, 9}
        low, _, high = legend(scale).plain.partition(" 0123456789 ")
        assert float(low) != float(high.partition(" ")[0])
    drawn = heat(
        [[Cell(value) for value in values]], ["x"], [str(at) for at in range(len(values))], scale, 80, None
    )
    assert len({len(line) for line in drawn[:1]}) == 1
    assert all(len(fitted(value, 9)) <= 9 for value in finite)


def test_numbers_apart_by_rounding_have_one_colour():
    scale = ColourScale.of(np.array(SEEDS))
    assert {scale.level(value) for value in SEEDS} == {0}
    assert legend(scale).plain == "0.481 0"


@given(lists(), lists())
def test_any_numbers_are_drawn_as_curve(values, others):
    y = np.array(values, np.float64)
    x = np.arange(len(y), dtype=np.float64)
    assert [len(line) for line in curve(x, y, (9, 3))] == [9] * 3
    places = np.resize(np.array([*others, 0.0], np.float64), len(y))
    signs = [(float(at), float(value), "●", "") for at, value in zip(places, y, strict=True)]
    assert [len(line) for line in curve(places, y, (9, 3), behind=places, signs=signs, joined=False)] == [
        9
    ] * 3


@pytest.mark.parametrize("values", [SEEDS, [0.0] * 4, [5e-324, 0.0, 1e-310, 0.0], [LARGEST] * 4])
def test_curve_of_one_number_is_level_in_the_middle(values):
    lines = [line.plain.strip() for line in curve(np.arange(4.0), np.array(values), (10, 3))]
    assert [bool(line) for line in lines] == [False, True, False]


def test_curve_over_all_floats_spans_the_corners():
    lines = curve(np.arange(3.0), np.array([-LARGEST, 0.0, LARGEST]), (9, 3))
    assert lines[-1].plain[0] != " "
    assert lines[0].plain[-1] != " "
    assert not is_log(np.array([0.0, LARGEST]))
    assert is_log(np.array([5e-324, LARGEST]))


@given(lists(), lists().filter(len))
def test_any_numbers_are_drawn_as_contours(values, axis):
    grid = np.resize(np.array([*values, 0.5], np.float64), (4, 5))
    x, y = np.resize(np.array(axis), 5), np.linspace(-1, 1, 4)
    drawn = contours(x, y, grid, (7, 3), [(0.0, 0.0, "◉"), (float(axis[0]), 0.5, "•")])
    assert [len(line) for line in drawn] == [7] * 3


def test_flat_surface_is_one_band_and_largest_floats_are_several():
    axis = np.linspace(-1, 1, 4)
    (band,) = {line.plain for line in contours(axis, axis, np.resize(SEEDS, (4, 4)), (4, 4))}
    assert set(band) == {LEVELS[0][1]}
    assert np.diff(band_limits(np.array([-LARGEST, 0.0, LARGEST]))).min() > 0


@given(lists(), lists(), st.integers(40, 120))
def test_any_numbers_are_drawn_as_histogram(values, others, width):
    now, then = (histogram(np.array(each, np.float64), 512) for each in (values, others))
    for other in (None, then):
        said = _histogram("gradient", now, other, width).plain
        lost = sum(not math.isfinite(value) for value in values)
        assert (f"  {lost:,} not finite" in said) == (
            lost > 0 or (other is not None and other.not_finite > 0)
        )
        assert "nan" not in said.lower()
    finite = now.counts.sum()
    drawn = _histogram("gradient", now, None, 80).plain[NAME_WIDTH:][:BINS]
    assert (drawn.strip() != "") == (finite > 0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (SEEDS, "0.481"),
        ([2.0], "2.00"),
        ([math.nan, math.inf], "  2 not finite"),
        ([1.0, 1.00002, math.nan], "1.00000 … 1.00002  1 not finite"),
        ([-LARGEST, LARGEST], "-1.80e+308 … 1.80e+308"),
    ],
)
def test_histogram_shows_its_ends(values, said):
    line = _histogram("gradient", histogram(np.array(values), 512), None, 80).plain
    assert line[NAME_WIDTH + BINS :].strip(" ") == said.strip(" ")
    bars = line[NAME_WIDTH:][:BINS].split()
    assert bars == ["█"] * min(len({round(value, 9) for value in values if math.isfinite(value)}), 2)


@given(
    lists(), st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=5, unique=True)
)
@example([5e-324, -5e-324], [0.0, 1.0])
@example([0.0], [0.0, 1.0000000000000001e307])
def test_rebinned_loses_no_count(values, onto):
    found = histogram(np.array(values, np.float64), 64)
    low, high = min(*onto, found.edges[0]), max(*onto, found.edges[-1])
    inside = rebinned(found.counts, found.edges, np.array(sorted({low, *onto, high})))
    assert inside.sum() == pytest.approx(found.counts.sum(), abs=1e-4)


@settings(deadline=None)  # the first average imports scipy.signal
@given(lists())
def test_any_numbers_are_drawn_as_bars_pixels_and_averages(values):
    numbers = np.array(values, np.float64)
    assert len(columns(values)) == len(values)
    assert all(len(bar(value, 5)) == 5 for value in values)
    if len(values):
        assert [len(line) for line in image(numbers[None, :], (len(values), 1))] == [len(values)]
    smooth = Smoother(0.9).push(numbers)
    np.testing.assert_array_equal(np.isnan(smooth), ~np.isfinite(numbers))
