"""ASCII by the environment, words for characters, and the pace of frames."""

import pytest
from textual.content import Content

from gradstep.tui.wire.pace import HEARD, UNDER_WAY, UNHEARD, Pace
from gradstep.tui.wire.plain import plain, shade, spelled
from gradstep.tui.wire.terminal import is_ascii


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        # POSIX, XBD 8.2: LC_ALL before LC_CTYPE before LANG, each only where it is not empty
        ({}, False),
        ({"LANG": "en_GB.UTF-8"}, False),
        ({"LANG": "de_DE.utf8"}, False),
        ({"LANG": "C"}, True),
        ({"LANG": "POSIX"}, True),
        ({"LC_ALL": "C", "LANG": "en_GB.UTF-8"}, True),
        ({"LC_ALL": "", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LC_CTYPE": "en_GB.ISO-8859-1", "LANG": "en_GB.UTF-8"}, True),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, False),
        # PEP 538: Python itself sets LC_CTYPE where the locale is C
        ({"LC_CTYPE": "C.UTF-8", "LANG": "C"}, True),
    ],
)
def test_locale_decides_ascii(environment, expected):
    assert is_ascii(environment) is expected


@pytest.mark.parametrize(
    ("character", "expected"),
    [*zip("a╭│●⣿⠀é²ᵀ漢", "a+|** e2T?", strict=True), ("w\N{COMBINING CIRCUMFLEX ACCENT}", "w")],
)
def test_plain_characters(character, expected):
    assert plain(character) == expected


def test_shades_from_dark_to_light():
    assert shade(0.0) == " "
    assert shade(1.0) == "@"
    assert len({shade(level / 9) for level in range(10)}) == 10


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_frames_under_way_are_limited():
    pace = Pace(Clock())
    for _ in range(UNDER_WAY):
        assert pace.wait == 0
        pace.sent()
    assert pace.wait > 0
    pace.answered()
    assert pace.wait == 0


def test_silent_terminal_is_not_waited_for_long():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(UNDER_WAY):
        pace.sent()
    assert pace.wait == UNHEARD
    clock.now += UNHEARD
    for _ in range(5):
        assert pace.wait == 0
        pace.sent()


def test_terminal_that_answered_is_waited_for_longer():
    clock = Clock()
    pace = Pace(clock)
    pace.sent()
    pace.answered()
    for _ in range(UNDER_WAY):
        pace.sent()
    clock.now += UNHEARD
    assert pace.wait == HEARD - UNHEARD
    clock.now += HEARD
    assert pace.wait == 0


def test_words_for_characters_keep_columns():
    given = Content.assemble(("rate η    ", "red"), "1.0 ", ("2/η = ", "blue"), "20 ", ("±", "bold"), "3")
    said = spelled(given)
    assert said.plain == "rate eta  1.0 2/eta = 20 +-3"
    assert [(said.plain[span.start : span.end], span.style) for span in said.spans] == [
        ("rate eta  ", "red"),
        ("2/eta = ", "blue"),
        ("+-", "bold"),
    ]


def test_position_and_path_have_different_signs():
    assert len({plain(sign) for sign in "◉•×"}) == 3
