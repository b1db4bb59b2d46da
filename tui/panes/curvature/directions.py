"""The eigendirections of a linear net's data: how much of the loss each holds, and how fast it goes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from textual.content import Content

from gradstep.engine.probes.results import SpectrumResult
from gradstep.engine.records.ranges import Floats
from gradstep.tui import text
from gradstep.tui.charts.blocks import bar
from gradstep.tui.panes.numbers import KEPT, REFERENCE, Entry, grid

SHARE_WIDTH = 10
DIRECTIONS = 12
"""The most directions listed: those that hold most of the loss."""
STATES = {"solved": "$success", "falling": "$primary", "frozen": "$warning", "diverging": "$error"}
STATE_WIDTH = max(map(len, STATES))


def direction_lines(width: int, result: SpectrumResult, other: SpectrumResult | None) -> list[Content]:
    """Return the summary of the spectrum, then a table of its directions."""
    lines = [Content.styled(result.words, "bold")]
    if said := why_stuck(result):
        lines.append(Content.styled(said, "bold $warning"))
    entries = [
        Entry("loss", result.loss, other.loss if other else None),
        Entry("unreachable", result.unreachable, other.unreachable if other else None),
        Entry("condition", result.condition, other.condition if other else None),
        Entry("cond(XᵀX)", result.naive_condition, other.naive_condition if other else None),
    ]
    lines += grid(entries, width, compared=other is not None)
    order = np.argsort(-np.nan_to_num(result.shares), kind="stable")[:DIRECTIONS]
    if result.rank:
        lines += _table(sorted(order.tolist()), result, other, width)
    if result.rank > DIRECTIONS:
        lines.append(
            Content.styled(f"… {result.rank - DIRECTIONS} directions with less of the loss", "$muted")
        )
    if result.factors is None:
        lines.append(
            Content.styled(
                "No factor a step: it is for one layer, the whole training set a step, no adaptive rule.",
                "$muted",
            )
        )
    return lines


def why_stuck(result: SpectrumResult) -> str:
    """Return why the loss stands still, if a frozen direction holds most of it; else an empty string."""
    if result.states is None or result.factors is None or result.steps_left is None:
        return ""
    if not (result.rank and 0 < result.loss < math.inf):
        return ""
    at = int(np.argmax(np.nan_to_num(result.shares)))
    if result.states[at] != "frozen":
        return ""
    left = float(result.steps_left[at])
    to_go = f"{text.number(left, 2)} more steps to remove 99 % of it."
    ahead = to_go if math.isfinite(left) else "It never falls."
    share, factor = float(result.shares[at]) / result.loss, abs(float(result.factors[at]))
    return (
        f"The loss stays: {share:.0%} of it is in direction {at + 1}, where a step goes {1 - factor:.1e} "
        f"of the way. {ahead}"
    )


@dataclass(frozen=True)
class Column:
    """A column of the table: its heading, and for each line a text, padded to one width, and its style."""

    title: str
    cells: list[tuple[str, str]]
    gap: int = 1
    spared: int = 0
    """The order of removal where there is no room, greatest first; a column with 0 stays."""

    @property
    def width(self) -> int:
        return self.gap + max(len(self.title), *(len(said) for said, _ in self.cells))


def _table(
    at: Sequence[int], result: SpectrumResult, other: SpectrumResult | None, width: int
) -> Iterator[Content]:
    """Yield the heading and a line for each direction of `at`. Kept shares replace the bars."""
    shares = [float(result.shares[i]) / result.loss if result.loss else 0.0 for i in at]

    def numbers(values: Floats, style: str = "") -> list[tuple[str, str]]:
        return [(text.column(float(values[i]) if i < len(values) else None), style) for i in at]

    columns = [
        Column("", [(f"{i + 1:>2}", "$muted") for i in at], gap=0),
        Column("eigenvalue", numbers(result.eigenvalues)),
        Column("its loss", numbers(result.shares)),
        Column("", [(bar(share, SHARE_WIDTH), "$primary on $highlight") for share in shares], spared=3)
        if other is None
        else Column(KEPT, numbers(other.shares, REFERENCE)),
        Column(
            "share", [(f"{share:4.0%}" if math.isfinite(share) else "   –", "") for share in shares], spared=1
        ),
    ]
    if result.factors is not None and result.steps_left is not None and result.states is not None:
        states = [result.states[i] for i in at]
        columns += [
            Column("1 − factor", numbers(1 - result.factors), gap=2, spared=2),
            Column("steps left", numbers(result.steps_left), gap=2),
            Column("", [(f"{state:<{STATE_WIDTH}}", STATES[state]) for state in states]),
        ]
    for column in sorted((each for each in columns if each.spared), key=lambda each: -each.spared):
        if sum(each.width for each in columns) > width:
            columns.remove(column)
    titles = (" " * each.gap + each.title.rjust(each.width - each.gap) for each in columns)
    yield Content.styled("".join(titles).rstrip(), "$muted")
    for line in range(len(at)):
        yield Content.assemble(
            *(
                part
                for each in columns
                for part in (" " * (each.width - len(each.cells[line][0])), each.cells[line])
            )
        )
