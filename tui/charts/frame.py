"""The empty frame of a chart: axes with labels, drawn by plotext. No other module knows plotext.

Written for plotext 5.3. Its figure is global: draw on one thread.
"""

import re
from functools import lru_cache

import plotext as plt  # type: ignore[import-untyped]
from rich.ansi import AnsiDecoder
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from gradstep.tui.charts import styles

Ticks = tuple[tuple[int, str], ...]
"""Column or row of the canvas, and label."""

PLAIN = Style()
ESCAPE = re.compile(r"(\x1b\[[0-9;]*m)")


@lru_cache(maxsize=8)
def frame(
    size: tuple[int, int], canvas: tuple[int, int], x_ticks: Ticks, y_ticks: Ticks
) -> tuple[Strip, ...]:
    """Return a frame of (width, height) cells around an empty canvas of (columns, rows), line by line.

    plotext is given places from 0 to 1 only, so that no overflow or NaN of a run reaches it. Most frames of
    a run are the same, and come from the cache.
    """
    width, height = size
    columns, rows = canvas
    plt.clear_figure()
    plt.limit_size(False, False)
    plt.theme("clear")
    plt.plotsize(width, height)
    plt.ticks_color(styles.AXIS.colour)
    plt.xaxes(True, False)
    plt.yaxes(True, False)
    plt.xlim(0, 1)
    plt.ylim(0, 1)
    plt.yticks([_place(row, rows) for row, _ in y_ticks], [label for _, label in y_ticks])
    plt.xticks([_place(column, columns) for column, _ in x_ticks], [label for _, label in x_ticks])
    plt.scatter([0], [0], marker=" ")  # without a point plotext leaves the labels out
    lines = plt.build().split("\n")[:height]
    lines += [""] * (height - len(lines))
    return tuple(_strip(line).adjust_cell_length(width, PLAIN) for line in lines)


def _place(cell: int, count: int) -> float:
    """Return the place that plotext rounds to cell `cell` of `count`."""
    return cell / max(count - 1, 1)


def _strip(line: str) -> Strip:
    """Turn a line with escape codes into segments with styles."""
    segments: list[Segment] = []
    codes = ""
    for token in ESCAPE.split(line):
        if token == "\x1b[0m":
            codes = ""
        elif token.startswith("\x1b"):
            codes += token
        elif token:
            segments.append(Segment(token, _style(codes)))
    return Strip(segments).simplify()


@lru_cache(maxsize=256)
def _style(codes: str) -> Style:
    spans = AnsiDecoder().decode_line(f"{codes}x").spans
    style = spans[0].style if spans else PLAIN
    return style if isinstance(style, Style) else Style.parse(style)
