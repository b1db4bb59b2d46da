"""A map of the loss over the two sharpest directions, with the path of the run."""

from __future__ import annotations

import math

import numpy as np
from textual.content import Content

from gradstep.engine.probes.results import SurfaceResult
from gradstep.engine.records.ranges import Floats
from gradstep.tui import text
from gradstep.tui.charts.beside import GAP, beside
from gradstep.tui.charts.contours import band_limits, contours

WIDTH, ROWS = 48, 16
LEGEND_WIDTH = 24
"""The least room right of the map for its legend; where less is left, the legend goes below."""


def map_width(width: int) -> int:
    """Return the width of one of two maps side by side."""
    return min(WIDTH, (width - GAP) // 2)


def map_lines(
    width: int, titles: tuple[Content, Content], result: SurfaceResult, other: SurfaceResult | None
) -> list[Content]:
    """Return a map of loss bands, darker where lower, with the path, the present point and the lowest one.

    Two maps share the bands and the scale of both directions.
    """
    if other is None:
        size = (min(WIDTH, width), ROWS)
        lines, room = _map(result, size, None), width - size[0] - GAP
        if room < LEGEND_WIDTH:
            return [*lines, *_legend(result, width)]
        return beside(lines, _legend(result, room))
    half = map_width(width)

    def side(title: Content, each: SurfaceResult) -> list[Content]:
        drawn = _map(each, (half, ROWS * half // WIDTH), (result, other))
        return [title, *drawn, *_legend(each, half)]

    return beside(side(titles[0], result), side(titles[1], other), half)


def _map(
    result: SurfaceResult, size: tuple[int, int], both: tuple[SurfaceResult, SurfaceResult] | None
) -> list[Content]:
    signs = [(float(x), float(y), "•") for x, y in result.path]
    lowest = _lowest(result)
    if lowest is not None:
        row, column = lowest
        signs.append((float(result.x[column]), float(result.y[row]), "×"))
    signs.append((0.0, 0.0, "◉"))
    seen = both or (result,)
    return contours(
        result.x,
        result.y,
        result.losses,
        size,
        signs,
        limits=band_limits(*(each.losses for each in seen)),
        window=(np.concatenate([each.x for each in seen]), np.concatenate([each.y for each in seen])),
    )


def _lowest(result: SurfaceResult) -> tuple[int, int] | None:
    """Return the row and column of the least loss, if it is below the loss here."""
    losses = np.where(np.isfinite(result.losses), result.losses, np.inf)
    row, column = divmod(int(np.argmin(losses)), len(result.x))
    return (row, column) if losses[row, column] < result.loss else None


def _legend(result: SurfaceResult, width: int) -> list[Content]:
    """Explain the map's signs and axes, wrapped to `width`."""
    said = [f"◉ here: {text.number(result.loss, 4)}"]
    lowest = _lowest(result)
    if lowest is not None:
        said.append(f"× lowest: {text.number(float(result.losses[lowest]), 4)}")
    else:
        said.append("Nothing lower on this map" + _narrower(result))
    said += [
        f"→ {_length(result.x)}{_eigenvalue(result, 0)}",
        f"↑ {_length(result.y)}{_eigenvalue(result, 1)}",
    ]
    if len(result.path):
        off_plane = text.number(float(result.off_plane.max()), 2)
        said += ["• the path of the run", f"  leaves this plane by up to {off_plane}"]
    return [part for line in said for part in Content.styled(line, "$muted").wrap(width)]


def _narrower(result: SurfaceResult) -> str:
    """Say so, with the least loss, if the whole grid is above the loss here; else an empty string."""
    least = float(np.min(result.losses, initial=math.inf, where=np.isfinite(result.losses)))
    if not least > result.loss:
        return ""
    return f" (least: {text.number(least, 4)}): the valley is narrower than a cell"


def _length(axis: Floats) -> str:
    first, last = float(axis[0]), float(axis[-1])
    return text.number(last - first, 2)


def _eigenvalue(result: SurfaceResult, at: int) -> str:
    return f", λ {text.number(float(result.eigenvalues[at]), 3)}" if result.eigenvalues is not None else ""
