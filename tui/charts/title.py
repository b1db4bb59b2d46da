"""The first line of a chart: its name, the scale, a value to read off, warnings, and which line is which."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

NAME = Style(bold=True)
QUIET = Style(dim=True)
PLAIN = Style()
WARNING = Style(color="bright_red", bold=True)


@dataclass(frozen=True)
class Words:
    """A part of the line; where there is no room for all, a part of lower rank goes first."""

    text: str
    style: Style
    rank: int


def title_line(left: Sequence[Words], right: Sequence[Words], width: int) -> Strip:
    """Lay out what fits, by rank: `left` from the left edge, `right` (the legend) at the right one."""
    taken: list[Words] = []
    room = width
    for words in sorted([*left, *right], key=lambda w: -w.rank):
        cells = _segment(words).cell_length + 2 * bool(taken)
        if cells <= room or not taken:
            taken.append(words)
            room -= cells
    begin = _joined([w for w in left if w in taken])
    end = _joined([w for w in right if w in taken])
    gap = max(0, width - begin.cell_length - end.cell_length)
    return Strip.join([begin, Strip.blank(gap, PLAIN), end]).adjust_cell_length(width, PLAIN).simplify()


def _joined(parts: Sequence[Words]) -> Strip:
    segments: list[Segment] = []
    for words in parts:
        segments += [Segment("  ", PLAIN)] * bool(segments) + [_segment(words)]
    return Strip(segments)


def _segment(words: Words) -> Segment:
    return Segment("".join(c if c.isprintable() else " " for c in words.text), words.style)
