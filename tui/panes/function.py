"""How far a network is from the identity: on the data, and on all that lies between its pixels' extremes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from textual.content import Content

from engine.probes.results import FunctionResult
from tui import text
from tui.needs import unmet
from tui.panes.numbers import Entry, grid, heading, listed, row
from tui.panes.probe_pane import ProbePane
from tui.probes import Wish
from tui.state import RunState

NAME_WIDTH = 10
TOP = 8
"""So many outputs are listed, those with the largest error."""


class FunctionPane(ProbePane):
    """`enter` asks for the errors of a network that is to copy its input."""

    PROBES = ("function",)

    def __init__(self) -> None:
        super().__init__("function")

    def on_request(self, state: RunState) -> Iterator[Wish]:
        """The errors, on the data and on the interval."""
        if not unmet("function", state.preset):
            yield Wish("function")

    def lines(self, state: RunState, width: int) -> Iterator[Content]:
        """How far from the identity, output by output."""
        title = "Distance to the identity"
        yield from self.section(state, "function", title, "enter computes it", partial(_function, width))


def _function(width: int, result: FunctionResult, other: FunctionResult | None) -> list[Content]:
    lines = [Content.styled(result.words, "bold")]
    entries = [
        Entry("outputs dead", len(result.dead), len(other.dead) if other is not None else None),
        Entry("rank of data", result.rank, other.rank if other is not None else None),
        Entry("free", result.free, other.free if other is not None else None),
    ]
    for name, field in (
        ("span, max", "span_distance"),
        ("span, rms", "span_distance_rms"),
        ("free, rms", "free_distance_rms"),
    ):
        if (value := getattr(result, field)) is not None:
            entries.append(Entry(name, value, getattr(other, field) if other is not None else None))
    if result.map_singular_values is not None:
        entries.append(Entry("map, σ max", float(result.map_singular_values[0])))
        entries.append(Entry("map, σ min", float(result.map_singular_values[-1])))
    lines += grid(entries, width, compared=other is not None)
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
    titles = ["data", "interval", *(["data then", "ival then"] if other is not None else [])]
    lines.append(heading("output", titles, NAME_WIDTH))
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


def _units(name: str, numbers: list[int], width: int) -> Content:
    return Content.assemble((f"{name} ", "$muted"), listed(numbers, width - len(name) - 1))
