"""The small drawings of the probes' tabs."""

import math

import numpy as np
import pytest

from tui.charts.blocks import bar, columns
from tui.charts.contours import contours
from tui.charts.curve import curve, is_log
from tui.charts.image import fitting, grey, image, shrunk, signed
from tui.panes.numbers import Entry, grid, listed


def test_columns_show_what_is_not_nothing():
    assert columns([0, 1, 400, 800, math.nan]) == " ▁▄█✗"
    assert columns([]) == ""
    assert columns([0, 0]) == "  "


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0, "    "), (1e-9, "▏   "), (0.5, "██  "), (9, "████"), (math.inf, "████"), (math.nan, "✗   ")],
)
def test_a_bar_fills_its_cells(share, drawn):
    assert bar(share, 4) == drawn


def test_an_image_s_pixels_are_averaged():
    pixels = np.zeros((4, 4))
    pixels[:2, :2] = 1
    np.testing.assert_allclose(shrunk(pixels, 2, 2), [[1, 0], [0, 0]])
    np.testing.assert_allclose(shrunk(pixels, 1, 1), [[0.25]])
    assert shrunk(pixels, 99, 99).shape == (4, 4)
    pixels[3, 3] = math.nan
    np.testing.assert_array_equal(np.isnan(shrunk(pixels, 2, 2)), [[False, False], [False, True]])


def test_a_mean_is_kept_on_an_uneven_grid():
    pixels = np.random.default_rng(0).random((28, 28))
    assert shrunk(pixels, 12, 17).mean() == pytest.approx(pixels.mean())


def test_an_image_is_as_large_as_there_is_room():
    assert fitting((28, 28), 100, 100) == (28, 14)
    assert fitting((28, 28), 14, 100) == (14, 7)
    assert fitting((28, 28), 100, 6) == (12, 6)
    lines = image(np.zeros((28, 28)), (14, 7))
    assert [len(line) for line in lines] == [14] * 7
    assert len(image(np.zeros((3, 3)), (3, 2))) == 2


def test_the_greys_reach_from_black_to_white():
    assert (grey(-1), grey(0), grey(1), grey(2)) == ("#000000", "#000000", "#ffffff", "#ffffff")
    assert (signed(0), signed(-9), signed(9)) == ("#000000", "#87afff", "#ff8787")


def test_a_curve_is_drawn_with_its_sign():
    x = np.linspace(0, 1, 30)
    lines = curve(x, x, (20, 5), behind=1 - x, signs=[(0.0, 0.0, "●", "bold"), (9.0, 9.0, "!", "")])
    assert [len(line) for line in lines] == [20] * 5
    assert lines[-1].plain[0] == "●"
    assert "!" not in "".join(line.plain for line in lines)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e308, 0.0])
def test_a_curve_of_odd_numbers_is_drawn(value):
    x = np.linspace(0, 1, 9)
    y = np.where(x > 0.5, value, -1e308)
    assert len(curve(x, y, (10, 3))) == 3
    assert len(curve(x, np.full(9, value), (10, 3))) == 3


def test_a_wide_range_is_drawn_on_a_log_scale():
    assert is_log(np.array([1e-9, 1.0, math.nan]))
    assert not is_log(np.array([0.0, 1e9]))
    assert not is_log(np.array([math.nan]))


def test_contours_are_darkest_at_the_least():
    axis = np.linspace(-1, 1, 9)
    heights = axis[None, :] ** 2 + axis[:, None] ** 2
    lines = contours(axis, axis, heights, (9, 9), [(0.0, 0.0, "◉"), (-1.0, 1.0, "a"), (5.0, 0.0, "b")])
    assert lines[4].plain[4] == "◉"
    assert lines[0].plain[0] == "a"
    assert "b" not in "".join(line.plain for line in lines)
    heights[:] = math.nan
    assert contours(axis, axis, heights, (9, 3))[0].plain == "✗" * 9


def test_numbers_are_listed_as_ranges():
    assert listed([3, 7, 8, 9, 40, 41], 40) == "3, 7–9, 40, 41"
    assert listed(range(100), 20) == "0–99"
    assert listed(range(0, 100, 2), 20) == "0, 2, 4, 6 … 46 more"
    assert listed([], 20) == ""


def test_the_columns_of_a_grid_stay_in_their_place():
    entries = [Entry("loss", -1.234e-10), Entry("count", 12), Entry("rate", None), Entry("x", math.inf, 1.0)]
    lines = [line.plain for line in grid(entries, 50, compared=False)]
    assert lines == [
        "loss         -1.234e-10  count                12",
        "rate                  –  x                   Inf",
    ]
    assert [len(line) for line in grid(entries, 50, compared=True)] == [34] * 4
