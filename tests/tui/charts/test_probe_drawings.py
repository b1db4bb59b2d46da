"""Small drawings of the probes' tabs."""

import math

import numpy as np
import pytest
from textual.content import Content

from gradstep.tui.charts.beside import beside
from gradstep.tui.charts.blocks import bar, columns, rebinned
from gradstep.tui.charts.contours import band_limits, contours
from gradstep.tui.charts.curve import curve, is_log
from gradstep.tui.charts.image import fitting, grey, image, shrunk, signed
from gradstep.tui.panes.numbers import Entry, grid, listed


def test_columns_show_values_above_zero():
    assert columns([0, 1, 400, 800, math.nan]) == " ▁▄█✗"
    assert columns([]) == ""
    assert columns([0, 0]) == "  "


def test_columns_share_scale_with_others():
    assert columns([0, 100, 200], [800]) == " ▁▂"


def test_rebinned_equals_coarse_histogram():
    """NumPy counts the values, even in the fine bins, in the coarse ones."""
    values = (np.arange(6400) + 0.5) / 6400
    counts, edges = np.histogram(values, 64)
    onto = np.linspace(-0.3, 1.7, 11)
    np.testing.assert_allclose(rebinned(counts, edges, onto), np.histogram(values, onto)[0], atol=1)
    np.testing.assert_array_equal(rebinned(counts, edges, edges), counts)


def test_beside_puts_drawings_side_by_side():
    one, other = [Content("ab"), Content("c")], [Content("x"), Content("y"), Content("z")]
    assert [line.plain for line in beside(one, other)] == ["ab  x", "c   y", "    z"]
    assert [line.plain for line in beside(one, other[:1], 4)] == ["ab    x", "c     "]


@pytest.mark.parametrize(
    ("share", "drawn"),
    [(0, "    "), (1e-9, "▏   "), (0.5, "██  "), (9, "████"), (math.inf, "████"), (math.nan, "✗   ")],
)
def test_bar_fills_its_cells(share, drawn):
    assert bar(share, 4) == drawn


def test_pixels_are_averaged():
    pixels = np.zeros((4, 4))
    pixels[:2, :2] = 1
    np.testing.assert_allclose(shrunk(pixels, 2, 2), [[1, 0], [0, 0]])
    np.testing.assert_allclose(shrunk(pixels, 1, 1), [[0.25]])
    assert shrunk(pixels, 99, 99).shape == (4, 4)
    pixels[3, 3] = math.nan
    np.testing.assert_array_equal(np.isnan(shrunk(pixels, 2, 2)), [[False, False], [False, True]])


def test_mean_is_kept_on_uneven_grid():
    pixels = np.random.default_rng(0).random((28, 28))
    assert shrunk(pixels, 12, 17).mean() == pytest.approx(pixels.mean())


def test_image_fills_its_room():
    assert fitting((28, 28), 100, 100) == (28, 14)
    assert fitting((28, 28), 14, 100) == (14, 7)
    assert fitting((28, 28), 100, 6) == (12, 6)
    lines = image(np.zeros((28, 28)), (14, 7))
    assert [len(line) for line in lines] == [14] * 7
    assert len(image(np.zeros((3, 3)), (3, 2))) == 2


def test_greys_reach_from_black_to_white():
    assert (grey(-1), grey(0), grey(1), grey(2)) == ("#000000", "#000000", "#ffffff", "#ffffff")
    assert (signed(0), signed(-9), signed(9)) == ("#000000", "#87afff", "#ff8787")


def test_curve_has_its_sign():
    x = np.linspace(0, 1, 30)
    lines = curve(x, x, (20, 5), behind=1 - x, signs=[(0.0, 0.0, "●", "bold"), (9.0, 9.0, "!", "")])
    assert [len(line) for line in lines] == [20] * 5
    assert lines[-1].plain[0] == "●"
    assert "!" not in "".join(line.plain for line in lines)


def test_two_curves_share_axes():
    x, low, high = np.linspace(0, 1, 30), np.linspace(0, 1, 30), np.linspace(9, 10, 30)
    both = x, np.concatenate([low, high])
    one, other = ([line.plain for line in curve(x, y, (20, 5), axes=both)] for y in (low, high))
    assert "".join(one[:-1]).strip() == "".join(other[1:]).strip() == ""
    assert one[-1].strip()
    assert other[0].strip()


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e308, 0.0])
def test_curve_of_odd_numbers_is_drawn(value):
    x = np.linspace(0, 1, 9)
    y = np.where(x > 0.5, value, -1e308)
    assert len(curve(x, y, (10, 3))) == 3
    assert len(curve(x, np.full(9, value), (10, 3))) == 3


def test_wide_range_has_log_scale():
    assert is_log(np.array([1e-9, 1.0, math.nan]))
    assert not is_log(np.array([0.0, 1e9]))
    assert not is_log(np.array([math.nan]))


def test_contours_are_darkest_at_the_lowest_point():
    axis = np.linspace(-1, 1, 9)
    heights = axis[None, :] ** 2 + axis[:, None] ** 2
    lines = contours(axis, axis, heights, (9, 9), [(0.0, 0.0, "◉"), (-1.0, 1.0, "a"), (5.0, 0.0, "b")])
    assert lines[4].plain[4] == "◉"
    assert lines[0].plain[0] == "a"
    assert "b" not in "".join(line.plain for line in lines)
    heights[:] = math.nan
    assert contours(axis, axis, heights, (9, 3))[0].plain == "✗" * 9


def test_two_maps_share_bands_and_axes():
    near, far = np.linspace(-1, 1, 9), np.linspace(-4, 4, 9)
    one, other = (axis[None, :] ** 2 + axis[:, None] ** 2 for axis in (near, far))
    shared = {"limits": band_limits(one, other), "window": (far, far)}
    small = contours(near, near, one, (9, 9), **shared)
    large = contours(far, far, other, (9, 9), **shared)
    beyond = [[i for i in range(9) if "#000000 on #000000" in style(line, i)] for line in small]
    assert beyond == [list(range(9))] * 3 + [[0, 1, 2, 6, 7, 8]] * 3 + [list(range(9))] * 3
    assert style(small[4], 4) == style(large[4], 4)
    assert style(small[3], 3) == style(large[3], 3)  # both of height 2


def style(line, at):
    return " ".join(str(span.style) for span in line.spans if span.start <= at < span.end)


def test_numbers_are_listed_as_ranges():
    assert listed([3, 7, 8, 9, 40, 41], 40) == "3, 7–9, 40, 41"
    assert listed(range(100), 20) == "0–99"
    assert listed(range(0, 100, 2), 20) == "0, 2, 4, 6 … 46 more"
    assert listed([], 20) == ""


def test_columns_of_grid_stay_in_place():
    entries = [Entry("loss", -1.234e-10), Entry("count", 12), Entry("rate", None), Entry("x", math.inf, 1.0)]
    lines = [line.plain for line in grid(entries, 50, compared=False)]
    assert lines == [
        "loss         -1.234e-10  count                12",
        "rate                  –  x                   Inf",
    ]
    assert [len(line) for line in grid(entries, 50, compared=True)] == [34] * 5
    assert grid(entries, 80, compared=True)[0].plain.split() == ["here", "kept"] * 2
