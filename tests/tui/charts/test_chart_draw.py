"""Drawings, read back from their text. Columns of steps follow by hand from the axis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.strip import Strip

from gradstep.tui.charts.axis import whole_range
from gradstep.tui.charts.draw import draw
from gradstep.tui.charts.reduce import Envelope
from gradstep.tui.charts.series import Mark, Role, Series


def picture(*series: Series, width: int = 60, height: int = 12, **options) -> list[str]:
    last = max((int(s.points.steps[-1]) for s in series if len(s.points)), default=0)
    options = {"title": "loss", "x_range": whole_range(0, last)} | options
    return [strip.text for strip in draw(series, width, height, **options).strips]


def train(values, steps=None) -> Series:
    return Series("train", Envelope(values, steps), Role.TRAIN)


def cells(lines: list[str], characters: str) -> set[tuple[int, int]]:
    return {(x, y) for y, line in enumerate(lines) for x, c in enumerate(line) if c in characters}


def braille_cells(lines: list[str]) -> set[tuple[int, int]]:
    return cells(lines, "".join(map(chr, range(0x2801, 0x2900))))


def test_known_points_are_drawn_in_place() -> None:
    """Width 60: 7 cells of labels and axis, 53 columns for steps 0 … 10; height 12: 9 rows for 0 … 10."""
    lines = picture(train(np.arange(11.0)))
    drawn = braille_cells(lines)
    assert (7, 9) in drawn
    assert (59, 1) in drawn
    assert lines[1].startswith("    10┤")
    assert lines[9].startswith("     0┤")
    assert lines[11].split() == ["0", "5", "10"]
    assert {len(line) for line in lines} == {60}


def test_title_shows_last_value_or_value_at_cursor() -> None:
    series = train([1.0, 0.5, 0.25])
    assert picture(series)[0].split() == ["loss", "lin", "0.25"]
    assert picture(series, cursor=1, log=True)[0].split() == ["loss", "log", "step", "1:", "0.5"]
    assert "lr 0.1" in picture(series, cursor=1, marks=[Mark(1, text="lr 0.1")])[0]


def test_legend_tells_lines_apart_without_colour() -> None:
    values = np.linspace(1, 0.1, 100)
    lines = (
        Series("train", Envelope(values), Role.SMOOTHED),
        Series("raw", Envelope(values), Role.RAW),
        Series("val", Envelope([0.5, 0.4], [30, 60]), Role.VALIDATION),
        Series("fork", Envelope(values, np.arange(50, 150)), Role.GHOST),
    )
    wide = picture(*lines, width=100)
    assert [s for s in ("━ train", "┄ raw", "• val 0.4", "╌a fork") if s not in wide[0]] == []
    assert len(cells(wide[1:], "•")) == 2
    narrow = picture(*lines, width=40)[0]
    assert "val" in narrow
    assert "fork" not in narrow
    plain = picture(*lines, width=100, ascii=True)
    assert "o val 0.4" in plain[0]
    assert not braille_cells(plain)


def test_other_branch_is_dashed_and_ends_with_its_letter() -> None:
    """Lines may cover each other; ASCII too. Width 60: step 10 of 0 … 10 is the last column."""
    level = np.full(11, 1.0)
    run, other = Series("main", Envelope(level), Role.TRAIN), Series("fork", Envelope(level), Role.GHOST)
    alone = picture(Series("fork", Envelope(level), Role.GHOST))
    assert 20 < len(braille_cells(alone)) < 30  # every other one of 53 columns
    for options in ({}, {"ascii": True}):
        both = picture(run, other, **options)
        assert {x for x, _ in cells(both[1:-2], "a")} == {59}
    twice = picture(run, other, Series("fork 2", Envelope(level), Role.GHOST))
    assert {x for x, _ in cells(twice[1:-2], "ab")} == {58, 59}
    marked = picture(run, marks=[Mark(0, "fork", "fork begins")], cursor=0)
    assert cells(marked[1:-2], "┬") == set()  # the cursor is on it
    assert "fork begins" in marked[0]
    assert cells(picture(run, marks=[Mark(0, "fork")])[1:-2], "┬") == {(7, 0)}


def test_non_finite_values_are_marked_at_edges_and_named() -> None:
    values = np.ones(101)
    values[10], values[20], values[60:] = np.inf, -np.inf, np.nan
    lines = picture(train(values), x_range=(0, 100))
    assert "Inf at 10" in lines[0]
    top, bottom = 1, 9
    assert cells(lines[1:], "▲") == {(12, top - 1)}
    assert cells(lines[1:], "▼") == {(17, bottom - 1)}
    crosses = cells(lines[1:], "✗")
    assert {y for _, y in crosses} == {top - 1}
    assert min(x for x, _ in crosses) == 7 + round(0.6 * 52)
    values[:60] = 1.0
    assert "NaN from 60" in picture(train(values))[0]


def test_log_scale_names_values_it_cannot_show() -> None:
    lines = picture(train([1.0, 0.1, 0.0, 0.01]), log=True)
    assert "≤0 at 2" in lines[0]
    assert {y for _, y in cells(lines, "▽")} == {9}
    refused = picture(train([0.0, -1.0]), log=True)
    assert "no log: nothing is > 0" in refused[0]
    assert braille_cells(refused)


def test_log_axis_is_labelled_with_powers_of_ten() -> None:
    lines = picture(train(10.0 ** -np.arange(9)), log=True, height=20)
    labels = [line[:6].strip() for line in lines[1:18] if line[:6].strip()]
    assert labels == ["1e0", "1e-2", "1e-4", "1e-6", "1e-8"]


def test_empty_and_constant_series() -> None:
    assert any("no steps yet" in line for line in picture())
    assert any("no steps yet" in line for line in picture(train([])))
    rows = {y for _, y in braille_cells(picture(train([0.3] * 50), height=14))}
    assert rows <= {5, 6, 7}


def test_cursor_and_marks_are_vertical_lines() -> None:
    lines = picture(train(np.ones(101)), x_range=(0, 100), cursor=50, marks=[Mark(0), Mark(900)])
    assert {x for x, _ in cells(lines[1:10], "│") if x > 6} == {7 + 26}
    assert {x for x, _ in cells(lines[1:10], "┊")} == {7}


def test_vertical_axis_stays_in_one_column() -> None:
    """The vertical axis is in one column whatever the labels: 3, 0.031, 400k or powers of ten."""
    for factor in (1.0, 1e-2, 1e5, 1e-30, 1e30):
        for log in (False, True):
            lines = picture(train(factor * np.linspace(0.1, 3, 50)), log=log)
            assert {line[6] for line in lines[1:10]} <= set("│┤")


def test_most_frames_only_append() -> None:
    """Of 90 frames of ten steps more, at most a few change a cell left of the newest columns."""
    values = 1 / np.sqrt(1 + np.arange(1000.0))
    jumps, before, scale = 0, None, None
    for n in range(100, 1000, 10):
        now = draw([train(values[:n])], 80, 20, title="loss", x_range=whole_range(0, n - 1), before=scale)
        scale = now.axis
        if before is not None:
            jumps += [s.text[:10] for s in before[1:]] != [s.text[:10] for s in now.strips[1:]]
        before = now.strips
    assert jumps <= 12


any_float = st.floats(width=64) | st.sampled_from((1.7e308, -1.7e308, 5e-324, -5e-324, 0.0, np.nan, np.inf))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(any_float, max_size=60),
    st.lists(any_float, max_size=5),
    st.integers(0, 90),
    st.integers(0, 25),
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(-5, 100),
    st.text(max_size=12),
)
def test_any_series_can_be_drawn(values, others, width, height, log, ascii, cursor, name) -> None:  # noqa: A002
    series = [
        train(values),
        Series(name, Envelope(others, 3 + 7 * np.arange(len(others))), Role.VALIDATION),
        Series("g", Envelope(values, 5 + np.arange(len(values))), Role.GHOST),
    ]
    drawn = draw(
        series,
        width,
        height,
        title=name,
        x_range=(0, 50),
        log=log,
        ascii=ascii,
        cursor=cursor,
        marks=[Mark(3, text=name)],
    )
    assert len(drawn.strips) == height
    assert all(isinstance(s, Strip) and s.cell_length == width for s in drawn.strips)


@pytest.mark.parametrize("n", [1, 2, 1000, 100_000])
def test_series_of_any_length_fits(n: int) -> None:
    rng = np.random.default_rng(n)
    for width, height in ((10, 4), (56, 9), (120, 40), (300, 80)):
        lines = picture(train(rng.normal(size=n)), width=width, height=height)
        assert [len(line) for line in lines] == [width] * height
