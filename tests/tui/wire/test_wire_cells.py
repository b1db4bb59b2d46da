"""Frames of cells, read back by an independent terminal emulator."""

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import Color, ColorSystem
from rich.segment import Segment
from rich.style import Style

from gradstep.tui.wire.cells import Cells

WIDTH, HEIGHT = 24, 5
COLOURS = {
    None: "default",
    "#5fafd7": "5fafd7",
    "#121212": "121212",
    "#d0d0d0": "d0d0d0",
    "#123456": "123456",
}
ATTRIBUTES = {"bold": "bold", "italic": "italics", "underline": "underscore", "reverse": "reverse"}

styles = st.builds(
    lambda fore, back, attributes: Style(color=fore, bgcolor=back, **dict.fromkeys(attributes, True)),
    st.sampled_from(list(COLOURS)),
    st.sampled_from(list(COLOURS)),
    st.sets(st.sampled_from(list(ATTRIBUTES)), max_size=2),
)
texts = st.text("ab z─⣿漢é▀", min_size=1, max_size=WIDTH)
puts = st.tuples(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), texts, styles)


class Emulated:
    """A terminal, and the cells that it ought to show."""

    def __init__(self):
        self.cells = Cells(WIDTH, HEIGHT, ColorSystem.TRUECOLOR, ascii=False)
        self.screen = pyte.Screen(WIDTH, HEIGHT)
        self.stream = pyte.Stream(self.screen)
        self.screen.reset_mode(7, private=True)  # Textual does: no wrapping at the edge
        self.expected = {}

    def put(self, x, y, text, style):
        cells = []
        for character in text:
            cells += [character, ""] if character == "漢" else [character]
        # as Textual's own strips are cut: no half of a wide character at either end
        if x + len(cells) > WIDTH or self.expected.get((x, y), (" ",))[0] == "":
            return
        if self.expected.get((x + len(cells), y), (" ",))[0] == "":
            return
        self.cells.put(x, y, [Segment(text, style)])
        for at, character in enumerate(cells, x):
            self.expected[at, y] = (character, style)

    def send(self):
        sent = self.cells.difference()
        self.stream.feed(sent)
        return sent

    def check(self):
        for (x, y), (character, style) in self.expected.items():
            shown = self.screen.buffer[y][x]
            assert shown.data == character, (x, y)
            if character == "":
                continue
            assert shown.bg == COLOURS[style.bgcolor.name if style.bgcolor else None], (x, y)
            assert shown.reverse == bool(style.reverse)
            assert shown.underscore == bool(style.underline)
            if character != " ":
                assert shown.fg == COLOURS[style.color.name if style.color else None], (x, y)
                assert shown.bold == bool(style.bold)
                assert shown.italics == bool(style.italic)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.lists(puts, max_size=8), min_size=1, max_size=6))
def test_terminal_shows_wanted_cells(frames):
    emulated = Emulated()
    for frame in frames:
        for put in frame:
            emulated.put(*put)
        emulated.send()
        emulated.check()
        assert emulated.send() == ""


def test_unchanged_cells_are_not_sent():
    emulated = Emulated()
    style = Style(color="#5fafd7", bgcolor="#121212")
    for y in range(HEIGHT):
        emulated.put(0, y, "loss 1.2345 epoch 17    ", style)
    emulated.send()
    emulated.put(0, 2, "loss 1.2346 epoch 17    ", style)
    # one cell: cursor to row 3, column 11; 256-colour codes of both colours; the digit; back to plain
    assert emulated.send() == "\x1b[3;11H\x1b[38;5;74;48;5;233m6\x1b[m"
    emulated.put(0, 2, "loss 1.2346 epoch 17    ", Style.parse("#5fafd7 on #121212"))
    assert emulated.send() == ""


def test_forgotten_screen_is_sent_again():
    emulated = Emulated()
    emulated.put(3, 1, "here", Style())
    emulated.send()
    emulated.screen.reset()
    emulated.cells.forget()
    emulated.send()
    emulated.check()


@pytest.mark.parametrize(
    ("colours", "codes"),
    [
        # of the sixteen the bright cyan; without any, no colour is sent
        (ColorSystem.STANDARD, "96"),
        (ColorSystem.EIGHT_BIT, "38;5;74"),
        (ColorSystem.TRUECOLOR, "38;5;74"),
        (None, "1"),
    ],
)
def test_colours_fit_the_terminal(colours, codes):
    cells = Cells(4, 1, colours, ascii=False)
    cells.difference()
    cells.put(0, 0, [Segment("x", Style(color="#5fafd7", bold=colours is None or None))])
    assert cells.difference() == f"\x1b[1H\x1b[{codes}mx\x1b[m"


def test_bright_background_is_reversed_without_colours():
    cells = Cells(2, 1, None, ascii=False)
    cells.difference()
    cells.put(0, 0, [Segment("x", Style(bgcolor="#5fafd7")), Segment("y", Style(bgcolor="#262626"))])
    assert cells.difference() == "\x1b[1H\x1b[7mx\x1b[my"


@given(st.text(max_size=20))
def test_ascii_only_keeps_columns(text):
    both = [Cells(40, 1, None, ascii=only) for only in (False, True)]
    for cells in both:
        cells.put(0, 0, [Segment(text), Segment("|end")])
    sent, plain = (cells.difference() for cells in both)
    assert plain.isascii()
    screens = []
    for output in (sent, plain):
        screens.append(pyte.Screen(40, 1))
        pyte.Stream(screens[-1]).feed(output)
    if text.isascii():
        assert screens[0].display == screens[1].display


def test_control_characters_are_not_sent():
    cells = Cells(20, 1, ColorSystem.TRUECOLOR, ascii=False)
    cells.difference()
    cells.put(0, 0, [Segment("a\x1b[2Jb\x07\x9bc")])
    assert cells.difference() == "\x1b[1Ha[2Jbc"


def test_true_colours_outside_palette_are_sent_unchanged():
    assert Color.parse("#123456").triplet is not None
    cells = Cells(4, 1, ColorSystem.TRUECOLOR, ascii=False)
    cells.difference()
    cells.put(0, 0, [Segment("x", Style(color="#123456"))])
    assert cells.difference() == "\x1b[1H\x1b[38;2;18;52;86mx\x1b[m"
