"""Dots of lines, drawn by hand; braille characters, from their order in Unicode."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gradstep.tui.charts.dots import braille, trace


def dots(x: list[int], y: list[float]) -> set[tuple[int, int]]:
    columns, rows = trace(np.array(x, dtype=np.int64), np.array(y, dtype=np.float64))
    return set(zip(columns.tolist(), rows.tolist(), strict=True))


def test_trace_draws_lines_and_gaps() -> None:
    assert dots([0, 3], [0, 3]) == {(0, 0), (1, 1), (2, 2), (3, 3)}
    assert dots([1, 1], [3, 0]) == {(1, 0), (1, 1), (1, 2), (1, 3)}
    assert dots([0, 1, 4], [2, np.nan, 2]) == {(0, 2), (4, 2)}
    assert dots([], []) == set()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40)), min_size=1, max_size=40))
def test_line_without_gaps_is_connected(points: list[tuple[int, int]]) -> None:
    """A flood fill over the eight neighbours reaches every dot."""
    points = sorted(points)
    left = dots([p[0] for p in points], [p[1] for p in points])
    assert set(points) <= left
    queue = [left.pop()]
    while queue:
        x, y = queue.pop()
        near = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & left
        left -= near
        queue += near
    assert not left


def test_braille_characters() -> None:
    columns, rows, characters = braille(np.array([0, 1, 0, 3]), np.array([3, 0, 7, 4]))
    cells = dict(zip(zip(columns.tolist(), rows.tolist(), strict=True), characters, strict=True))
    assert cells == {(0, 0): "⢁", (0, 1): "⠁", (1, 1): "⢀"}
