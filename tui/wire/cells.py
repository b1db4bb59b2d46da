"""The terminal's cells, wanted and shown, and the bytes that change one into the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from unicodedata import category

from rich.cells import split_graphemes
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style

from gradstep.tui.wire.look import PLAIN, Look, blank, change, look
from gradstep.tui.wire.plain import plain, shade

Cell = tuple[str, Look]
"""A character with combining ones, and its look. The second cell of a wide character holds ""."""
NARROW = re.compile("[ -~\xa1-\xac\xae-\u02ff\u2010-\u2027\u2190-\u2211\u2500-\u25fc\u2800-\u28ff]*")
"""Text of characters that are one cell wide in every terminal."""
PIXELS = "▀"
"""The character of an image's cell, which shows two pixels."""
WORTH_WRITING = 8
"""The longest gap between changed cells that may be written again instead of a jump."""


class Cells:
    """A grid of wanted and shown cells. At first the shown cells are unknown."""

    def __init__(self, width: int, height: int, colours: ColorSystem | None, *, ascii: bool) -> None:  # noqa: A002
        self.size = width, height
        self._colours = colours
        self._ascii = ascii
        self._wanted: list[list[Cell]] = [[(" ", blank(PLAIN))] * width for _ in range(height)]
        self._shown: list[list[Cell] | None] = [None] * height
        self._touched = set(range(height))

    def put(self, x: int, y: int, segments: Iterable[Segment]) -> None:
        """Set the wanted cells from column x of row y on."""
        width, height = self.size
        if y >= height:
            return
        row = self._wanted[y]
        self._touched.add(y)
        for text, style, _ in segments:
            cells = _cells(text, style, self._colours, self._ascii)[: width - x]
            row[x : x + len(cells)] = cells
            x += len(cells)

    def forget(self) -> None:
        """Take all shown cells as unknown, so that the next difference is the whole grid."""
        self._shown = [None] * len(self._shown)
        self._touched = set(range(len(self._shown)))

    def difference(self) -> str:
        """Return the text that makes the terminal show the wanted cells; "" if it shows them."""
        out: list[str] = []
        pen = _Pen(out)
        for y in sorted(self._touched):
            wanted, shown = self._wanted[y], self._shown[y]
            if wanted != shown:
                _write_row(pen, y, wanted, shown)
                self._shown[y] = wanted.copy()
        self._touched.clear()
        pen.to(PLAIN)
        return "".join(out)


class _Pen:
    """The terminal's cursor, and the look of the next character."""

    def __init__(self, out: list[str]) -> None:
        self._out = out
        self._look = PLAIN
        self._x = self._y = -1

    def to(self, wanted: Look) -> None:
        code, self._look = change(self._look, wanted)
        if code:
            self._out.append(code)

    def jump(self, x: int, y: int, gap: Sequence[Cell]) -> None:
        """Move to a cell. `gap` are the cells from the cursor to it, if both are in one row."""
        if y != self._y or self._x < 0:
            column = f";{x + 1}" if x else ""
            self._out.append(
                "\r\n" if not x and y == self._y + 1 and self._y >= 0 else f"\x1b[{y + 1}{column}H"
            )
        elif x > self._x:
            skip = f"\x1b[{x - self._x}C" if x - self._x > 1 else "\x1b[C"
            written, left = _text(gap, self._look) if len(gap) <= WORTH_WRITING else (skip, self._look)
            if len(written.encode()) < len(skip) and left == self._look:
                skip = written
            self._out.append(skip)
        self._x, self._y = x, y

    def write(self, cells: Sequence[Cell], width: int) -> None:
        text, self._look = _text(cells, self._look)
        self._out.append(text)
        self._x += len(cells)
        if self._x >= width:
            self._x = -1  # terminals disagree on the cursor's place after the last column


def _write_row(pen: _Pen, y: int, wanted: Sequence[Cell], shown: Sequence[Cell] | None) -> None:
    width = len(wanted)
    end = 0
    for start, stop in _runs(wanted, shown):
        pen.jump(start, y, wanted[end:start])
        pen.write(wanted[start:stop], width)
        end = stop


def _runs(wanted: Sequence[Cell], shown: Sequence[Cell] | None) -> Iterable[tuple[int, int]]:
    """Yield the stretches [start, stop) of cells that differ, without cutting a wide character."""
    width = len(wanted)
    if shown is None:
        yield 0, width
        return
    x = 0
    while x < width:
        if wanted[x] == shown[x]:
            x += 1
            continue
        start = x
        while start and not wanted[start][0]:
            start -= 1
        while x < width and (wanted[x] != shown[x] or not wanted[x][0]):
            x += 1
        yield start, x


def _text(cells: Sequence[Cell], now: Look) -> tuple[str, Look]:
    """Return cells as text with codes for their looks, and the look after it."""
    parts: list[str] = []
    before: Look | None = None
    for character, wanted in cells:
        if wanted is not before:
            code, now = change(now, wanted)
            parts.append(code)
            before = wanted
        parts.append(character)
    return "".join(parts), now


@lru_cache(maxsize=4096)
def _cells(
    text: str,
    style: Style | None,
    colours: ColorSystem | None,
    ascii: bool,  # noqa: A002
) -> tuple[Cell, ...]:
    if text.startswith(PIXELS) and style is not None and (ascii or colours is None):
        return _shaded(text, style, colours)
    seen = look(style, colours)
    empty = (" ", blank(seen))
    characters: Iterable[str] = text if NARROW.fullmatch(text) else _characters(text)
    if ascii:
        characters = [plain(c) if c else " " for c in characters]
    return tuple((c, seen) if c != " " else empty for c in characters)


def _shaded(text: str, style: Style, colours: ColorSystem | None) -> tuple[Cell, ...]:
    """Return characters as bright as the pixels, for terminals that can't show two colours in a cell."""
    halves = [Color.default() if half is None else half for half in (style.color, style.bgcolor)]
    bright = [sum(half.get_truecolor()) / (3 * 255) for half in halves]
    fore = halves[bright[1] > bright[0]]
    return ((shade(sum(bright) / 2), look(Style(color=fore), colours)),) * len(text)


def _characters(text: str) -> Iterable[str]:
    """Yield a string per cell: a character with combining ones, or "" for a wide one's second cell.

    Control characters, which a terminal would obey, are removed.
    """
    spans, _ = split_graphemes(text)
    for start, end, width in spans:
        if width:
            yield "".join(c for c in text[start:end] if category(c) != "Cc")
            yield from [""] * (width - 1)
