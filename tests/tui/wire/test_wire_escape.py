"""`esc` and keys after it: from the terminal's bytes to Textual's events.

The sequences are xterm's ("XTerm Control Sequences", PC-style function keys; DSR 6 is answered by CPR).
"""

import pytest
from textual.events import CursorPosition, Key

from gradstep.tui.wire.escape import EscapeAtOnce

PAUSE = None


def keys(*reads):
    """Return keys and events of several reads. A pause ends the wait for the rest of an escape."""
    parser, told = EscapeAtOnce(), []
    for read in (*reads, PAUSE):
        if read is not PAUSE:
            told += parser.feed(read)
        elif parser.waits:
            parser.end_wait()
            told += parser.tick()
    return [event.key if isinstance(event, Key) else type(event) for event in told]


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        (["\x1bn"], ["escape", "n"]),
        (["\x1b", "n"], ["escape", "n"]),
        (["\x1bnnp\x1bq"], ["escape", "n", "n", "p", "escape", "q"]),
        (["9\x1bn\x1b[12;40R"], ["9", "escape", "n", CursorPosition]),
        (["\x1b\x1b[12;40R", "n"], ["escape", CursorPosition, "n"]),
        (["\x1b\r"], ["escape", "enter"]),
        (["\x1b"], ["escape"]),
        (["\x1b\x1b"], ["escape", "escape"]),
        (["\x1b", PAUSE, "n"], ["escape", "n"]),
        (["\x1b", PAUSE, "\x1b", "n", PAUSE, "\x1bn"], ["escape", "escape", "n", "escape", "n"]),
        (["\x1b[A\x1b[B"], ["up", "down"]),
        (["\x1b", "[A"], ["up"]),
        (["\x1bOA", "n"], ["up", "n"]),
        (["\x1b\x1b[A"], ["escape", "up"]),
        (["\x1b[5~\x1b3"], ["pageup", "escape", "3"]),
        (["\x1b\x7f", "\x1bb", "\x1b", "f"], ["ctrl+w", "ctrl+left", "ctrl+right"]),  # by words, with alt
    ],
)
def test_keys_after_escape(reads, expected):
    assert keys(*reads) == expected
