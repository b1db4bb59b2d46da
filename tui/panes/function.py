"""The tab on a network that copies its input: its distance to the identity, on the data and around it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from textual.content import Content

from gradstep.engine.probes.results import FunctionResult
from gradstep.engine.records.ranges import Floats
from gradstep.tui import text
from gradstep.tui.charts.beside import GAP, beside
from gradstep.tui.charts.curve import curve
from gradstep.tui.panes.numbers import KEPT, Entry, grid, heading, listed, row
from gradstep.tui.panes.probe_pane import ProbePane
from gradstep.tui.state.available import unmet
from gradstep.tui.state.probes import Wish
from gradstep.tui.state.run import RunState

NAME_WIDTH = 10
TOP = 8
"""The number of outputs listed, those with the largest error."""
CHART = (44, 5)
MARKED = 20
"""The most singular values that each get a sign."""


class FunctionPane(ProbePane):
    """`enter` computes the errors."""

    PROBES = ("function",)

    def __init__(self) -> None:
        super().__init__("function")

    def on_request(self, state: RunState) -> Iterator[Wish]:
        if not unmet("function", state):
            yield Wish("function")

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        titles = self.titles(state, "function", _half(width))
        view = partial(_function, width, titles, state.preset.train.dtype)
        yield from self.section(state, "function", "Distance to the identity", "enter computes it", view)


def _half(width: int) -> int:
    """Return the width of one of two charts side by side."""
    return min(CHART[0], (width - GAP) // 2)


def _function(
    width: int,
    titles: tuple[Content, Content],
    dtype: str,
    result: FunctionResult,
    other: FunctionResult | None,
) -> list[Content]:
    lines = [Content.styled(result.words, "bold")]
    entries = [
        Entry("outputs dead", len(result.dead), len(other.dead) if other is not None else None),
        Entry("rank of data", result.rank, other.rank if other is not None else None),
        Entry("free", result.free, other.free if other is not None else None),
    ]
    lines += grid(entries, width, compared=other is not None)
    lines += _map(width, titles, dtype, result, other)
    if len(result.dead):
        lines.append(_units("dead", result.dead.tolist(), width))
    if len(result.constant):
        lines.append(_units("constant", result.constant.tolist(), width))
    bound = "" if result.exact else ", a lower bound"
    lines.append(
        Content.styled(
            f"Largest errors by output, on the data and on [{text.number(result.low, 3)}, "
            f"{text.number(result.high, 3)}]{bound}:",
            "$muted",
        )
    )
    columns = ["data", "interval", *([f"{KEPT} data", f"{KEPT} intv"] if other is not None else [])]
    lines.append(heading("output", columns, NAME_WIDTH))
    order = np.argsort(-np.where(np.isnan(result.on_interval), np.inf, result.on_interval), kind="stable")
    for unit in order[:TOP].tolist():
        values = [float(result.on_data[unit]), float(result.on_interval[unit])]
        if other is not None and unit < len(other.on_data):
            values += [float(other.on_data[unit]), float(other.on_interval[unit])]
        lines.append(row(str(unit), values, NAME_WIDTH))
    worst = int(np.argmax(np.where(np.isnan(result.on_data), np.inf, result.on_data)))
    lines.append(
        Content.styled(
            f"On the data output {worst} is the worst, by {text.number(float(result.on_data[worst]), 4)}.",
            "$muted",
        )
    )
    return lines


def _map(
    width: int,
    titles: tuple[Content, Content],
    dtype: str,
    result: FunctionResult,
    other: FunctionResult | None,
) -> list[Content]:
    """Return the distance of the whole network's linear map from I, and its singular values."""
    if result.map_singular_values is None:
        return [
            Content.styled(
                "Not all layers are linear: there is no single map with singular values.", "$muted"
            )
        ]
    distances = (
        ("span, max", "span_distance"),
        ("span, rms", "span_distance_rms"),
        ("free, rms", "free_distance_rms"),
    )
    lines = [
        Content.assemble(
            ("The map A of all layers", "$secondary"),
            ("; ‖A − I‖ on the data's span and off it", "$muted"),
        ),
        *grid(
            [
                Entry(name, getattr(result, field), getattr(other, field) if other is not None else None)
                for name, field in distances
            ],
            width,
            compared=other is not None,
        ),
    ]
    shown = [each for each in (result, other) if each is not None]
    values = [_resolved(each) for each in shown]
    places = [np.arange(1.0, len(each) + 1) for each in values]
    axes = np.concatenate(places), np.concatenate([*values, np.ones(1)])  # keep the identity's 1 in sight
    wide = min(CHART[0], width) if len(shown) == 1 else _half(width)
    sides = [
        [*_chart(place, each, (wide, CHART[1]), axes), *_told(of, dtype, wide)]
        for place, each, of in zip(places, values, shown, strict=True)
    ]
    if len(sides) == 1:
        return lines + sides[0]
    return lines + beside([titles[0], *sides[0]], [titles[1], *sides[1]], wide)


def _resolved(result: FunctionResult) -> Floats:
    """Return the map's singular values, NaN where they are indistinguishable from 0."""
    values = result.map_singular_values
    if values is None:
        return np.zeros(0)
    return np.where(values > (result.map_resolution or 0.0), values, np.nan)


def _chart(
    places: Floats, values: Floats, size: tuple[int, int], axes: tuple[Floats, Floats]
) -> list[Content]:
    """Draw the singular values, greatest first, and faintly those of the identity, all 1."""
    few = len(values) <= MARKED
    signs = (
        [(x, y, "●", "$primary") for x, y in zip(places.tolist(), values.tolist(), strict=True)]
        if few
        else []
    )
    return curve(places, values, size, behind=np.ones(len(values)), signs=signs, axes=axes)


def _told(result: FunctionResult, dtype: str, width: int) -> list[Content]:
    """Return the chart's axes, the range of the values, and how many are as good as 0."""
    values = _resolved(result)
    seen = values[np.isfinite(values)]
    last = f"{len(values):,}"
    said = [f"σ 1{last:>{width - 3}}"]
    if len(seen):
        least, greatest = float(seen.min()), float(seen.max())
        digits = text.digits_apart(least, greatest, least=4)
        said.append(f"{text.number(greatest, digits)} … {text.number(least, digits)}; faint: I")
    if below := len(values) - len(seen):
        said.append(f"{below:,} of {last} below {text.number(result.map_resolution, 2)}:")
        said.append(f"as good as 0 in {dtype}")
    return [Content.styled(line, "$muted").truncate(width) for line in said]


def _units(name: str, numbers: list[int], width: int) -> Content:
    return Content.assemble((f"{name} ", "$muted"), listed(numbers, width - len(name) - 1))
