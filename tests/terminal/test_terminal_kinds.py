"""The explorer on terminals that can do less, and over a link that carries little."""

import re

import pytest
from terminal_emulator import SlowTerminal

SGR = re.compile(rb"\x1b\[([0-9;]*)m")
COLOUR = re.compile(rb"(?:^|;)(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;|$)")
PALETTE = re.compile(rb"[34]8;[25];")


def position(text):
    found = re.search(r"step\s+([\d,]+)", text)
    return int(found[1].replace(",", "")) if found else -1


def stepped(terminal):
    """A few steps, a tab of the inspector, a dialog: what there is of frames, charts and lists."""
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.press("n", "n", "n")
    terminal.wait_for(lambda text: position(text) == 3)
    terminal.press("4")
    terminal.wait_for(lambda text: "The loss function can never" in text)
    terminal.press("?")
    terminal.wait_for(lambda text: "Step back (exact)" in text)
    terminal.press("q")
    terminal.wait_for(lambda text: "Step back (exact)" not in text)
    terminal.press("q")
    assert terminal.exit_status() == 0


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (["--ascii"], {}),
        ([], {"LC_ALL": "", "LC_CTYPE": "", "LANG": "C"}),
        ([], {"LC_ALL": "en_GB.ISO-8859-1"}),
    ],
    ids=["--ascii", "LANG=C", "ISO-8859-1"],
)
def test_plain_ascii(explorer, arguments, settings):
    terminal = explorer("linear-1-layer", *arguments, columns=120, rows=40, **settings)
    terminal.wait_for(lambda text: "paused" in text)
    assert "Transport" in terminal.text
    assert "+-" in terminal.text
    stepped(terminal)
    screen, _, _after = terminal.stream.partition(b"\x1b[?1049l")
    assert screen.isascii()


@pytest.mark.parametrize(
    ("term", "settings", "found"),
    [
        ("xterm-256color", {"NO_COLOR": "1"}, "none"),
        ("linux", {}, "sixteen"),
        ("screen", {}, "sixteen"),
        ("tmux-256color", {}, "palette"),
    ],
    ids=str,
)
def test_colours(explorer, term, settings, found):
    terminal = explorer("linear-1-layer", TERM=term, COLORTERM="", **settings)
    stepped(terminal)
    codes = SGR.findall(terminal.stream)
    assert any(codes)
    kinds = {"palette": any(map(PALETTE.search, codes)), "none": not any(map(COLOUR.search, codes))}
    assert [kind for kind, is_so in kinds.items() if is_so] == ([found] if found != "sixteen" else [])


@pytest.mark.parametrize("answers", [True, False], ids=["answers", "silent"])
def test_a_key_is_answered_over_a_slow_link(explorer, answers):
    terminal = explorer("linear-1-layer", kind=SlowTerminal, answers=answers)
    terminal.wait_for(lambda text: position(text) == 0, 60)
    terminal.press(" ")
    terminal.wait_for(lambda text: position(text) == 200, 60)
    terminal.press(" ")
    terminal.wait_for(lambda text: position(text) > 2000, 60)
    before = terminal.written
    terminal.press("+")
    terminal.wait_for(lambda text: "burst 1,000" in text)
    # of 7 KB a second: no more came in between than the link carries in one
    assert terminal.written - before < 7000
    terminal.press(" ")
    terminal.wait_for(lambda text: "paused" in text)


def test_no_answer_of_the_terminal_is_left_for_the_shell(explorer):
    terminal = explorer("linear-1-layer", kind=SlowTerminal)
    terminal.wait_for(lambda text: position(text) == 0, 60)
    terminal.press(" ")
    terminal.wait_for(lambda text: position(text) == 200, 60)
    terminal.press(" ")
    terminal.wait_for(lambda text: position(text) > 1000, 60)
    terminal.press("q")
    assert terminal.exit_status(30) == 0
    assert not terminal.unanswered


def test_a_screen_that_something_else_wrote_on_is_painted_anew(explorer):
    terminal = explorer("linear-1-layer")
    terminal.wait_for(lambda text: position(text) == 0)
    terminal.screen.erase_in_display(2)
    terminal.press("\x0c")
    terminal.wait_for(lambda text: position(text) == 0 and "Charts" in text and "quit" in text)
