"""Two drawings side by side."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

GAP = 2
"""Blank cells between two drawings."""


def beside(left: Sequence[Content], right: Sequence[Content], width: int = 0) -> list[Content]:
    """Return the lines of two drawings side by side; the left one takes at least `width` cells."""
    wide = max([width, *(line.cell_length for line in left)])
    height = max(len(left), len(right))
    lefts = [*left, *[Content()] * (height - len(left))]
    rights = [*right, *[Content()] * (height - len(right))]
    return [
        Content.assemble(one.pad_right(wide + GAP - one.cell_length), other)
        for one, other in zip(lefts, rights, strict=True)
    ]


def in_a_line(first: Content, second: Content, width: int) -> list[Content]:
    """Return both on one line if they fit into `width` cells, else on two."""
    joined = Content.assemble(first, " " * GAP, second)
    return [joined] if joined.cell_length <= width else [first, second]
