"""Numbers in columns, each beside the kept one that it is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from gradstep.tui.text import COLUMN_WIDTH, column

NAME_WIDTH = 12
GAP = 2

REFERENCE = "$muted"
HERE, KEPT = "here", "kept"
"""The headings of the latest numbers and of the kept ones."""


@dataclass(frozen=True)
class Entry:
    """A named number, and the kept one."""

    name: str
    value: float | None
    reference: float | None = None
    style: str = ""


def grid(entries: Sequence[Entry], width: int, *, compared: bool) -> list[Content]:
    """Return the entries row by row, in as many columns as fit; with `compared`, below headings."""
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
    """Return a line of a table: a name and numbers."""
    return Content.assemble((f"{name:<{width}}", style), (" ".join(["", *map(column, values)]), style))


def heading(name: str, titles: Sequence[str], width: int) -> Content:
    """Return a table's first line, over the lines of `row`."""
    return Content.styled(
        f"{name:<{width}}" + " ".join(["", *(title.rjust(COLUMN_WIDTH) for title in titles)]), "$muted"
    )


def listed(numbers: Sequence[int], room: int) -> str:
    """Join unit or sample numbers with ranges, as many as fit: 3, 7–12, 40 … 31 more."""
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
