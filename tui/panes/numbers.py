"""Numbers in columns, each with the one it is compared with beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from gradstep.tui.text import COLUMN_WIDTH, column

NAME_WIDTH = 12
GAP = 2

REFERENCE = "$muted"
HERE, KEPT = "here", "kept"
"""What the numbers of the state that is shown are called, and those that are kept to compare with."""


@dataclass(frozen=True)
class Entry:
    """A named number, and the one that it is compared with."""

    name: str
    value: float | None
    reference: float | None = None
    style: str = ""


def grid(entries: Sequence[Entry], width: int, *, compared: bool) -> list[Content]:
    """The entries in as many columns as there is room for, filled row by row; compared ones have headings."""
    cell = NAME_WIDTH + 1 + COLUMN_WIDTH + (1 + COLUMN_WIDTH if compared else 0)
    across = max((width + GAP) // (cell + GAP), 1)
    cells = [_entry(entry, compared) for entry in entries]
    lines = [Content(" " * GAP).join(cells[at : at + across]) for at in range(0, len(cells), across)]
    if compared and cells:
        titles = f"{HERE:>{NAME_WIDTH + 1 + COLUMN_WIDTH}} {KEPT:>{COLUMN_WIDTH}}"
        lines.insert(0, Content.styled((" " * GAP).join([titles] * min(across, len(cells))), "$muted"))
    return lines


def _entry(entry: Entry, compared: bool) -> Content:
    parts = [
        (f"{entry.name:<{NAME_WIDTH}} ", "$muted"),
        (column(entry.value), entry.style),
    ]
    if compared:
        parts.append((f" {column(entry.reference)}", REFERENCE))
    return Content.assemble(*parts)


def row(name: str, values: Sequence[float | None], width: int, style: str = "") -> Content:
    """A line of a table: a name and numbers."""
    return Content.assemble((f"{name:<{width}}", style), (" ".join(["", *map(column, values)]), style))


def heading(name: str, titles: Sequence[str], width: int) -> Content:
    """A table's first line, over the lines of `row`."""
    return Content.styled(
        f"{name:<{width}}" + " ".join(["", *(title.rjust(COLUMN_WIDTH) for title in titles)]), "$muted"
    )


def listed(numbers: Sequence[int], room: int) -> str:
    """Unit or sample numbers, neighbours as a range, as many as there is room for: 3, 7–12, 40 … 31 more."""
    ranges: list[tuple[int, int]] = []
    for each in numbers:
        if ranges and each == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], each)
        else:
            ranges.append((each, each))
    said = ""
    left = len(numbers)
    for first, last in ranges:
        piece = f"{first}–{last}" if last > first + 1 else f"{first}, {last}" if last > first else f"{first}"
        joined = f"{said}, {piece}" if said else piece
        if said and len(joined) + len(f" … {left} more") > room:
            return f"{said} … {left} more"
        said = joined
        left -= last - first + 1
    return said
