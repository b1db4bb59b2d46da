"""The first line of a chart: name, scale, value, warnings and legend."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

GAP = "  "
NAME = Style(bold=True)
QUIET = Style(dim=True)
PLAIN = Style()
WARNING = Style(color="bright_red", bold=True)


@dataclass(frozen=True)
class Words:
    """A part of the line. Without room for all, parts of low rank become brief, then go."""

    text: str
    style: Style
    rank: int
    brief: str = ""


def title_line(left: Sequence[Words], right: Sequence[Words], width: int) -> Strip:
    """Lay out the parts that fit, by rank: `left` from the left edge, `right` at the right one."""
    taken: dict[int, Words] = {}
    room = width
    for words in sorted([*left, *right], key=lambda w: -w.rank):
        fitting = words
        if _cells(words, taken) > room and words.brief:
            fitting = replace(words, text=words.brief)
        if taken and _cells(fitting, taken) > room:
            break
        room -= _cells(fitting, taken)
        taken[id(words)] = fitting
    begin = _joined([taken[id(w)] for w in left if id(w) in taken])
    end = _joined([taken[id(w)] for w in right if id(w) in taken])
    gap = max(0, width - begin.cell_length - end.cell_length)
    return Strip.join([begin, Strip.blank(gap, PLAIN), end]).adjust_cell_length(width, PLAIN).simplify()


def _cells(words: Words, before: Collection[int]) -> int:
    return _segment(words).cell_length + len(GAP) * bool(before)


def _joined(parts: Sequence[Words]) -> Strip:
    segments: list[Segment] = []
    for words in parts:
        segments += [Segment(GAP, PLAIN)] * bool(segments) + [_segment(words)]
    return Strip(segments)


def _segment(words: Words) -> Segment:
    return Segment("".join(c if c.isprintable() else " " for c in words.text), words.style)
