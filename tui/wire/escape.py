"""`esc` and a key behind it, which reach the program at once over a slow line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.drivers import linux_driver
from textual.message import Message

ESCAPE = "\x1b"
WORDS = "bf\x7f"
"""With alt in a line: over a word, or a word taken away."""
BEHIND = re.compile(f"(?<={ESCAPE})(?=[^{re.escape('[O' + ESCAPE + WORDS)}])")
"""Between the two, where what follows is no part of an escape sequence."""


class EscapeAtOnce(XTermParser):
    """Takes `esc` and a letter for two keys. Textual's takes them for one with alt, which has no meaning
    here, or, where an answer of the terminal follows, for the characters ^ and the letter."""

    _after_escape = False

    def feed(self, data: str) -> Iterable[Message]:
        for part in BEHIND.split(data):
            waits = self._timeout_time is not None  # it does not where the time of an escape is over
            if waits and self._after_escape and BEHIND.search(ESCAPE + part):
                self._timeout_time = 0.0
                yield from self.tick()
            yield from super().feed(part)
            self._after_escape = part.endswith(ESCAPE)


def take_escape_at_once() -> None:
    """Have Textual's driver for terminals read keys so."""
    linux_driver.__dict__["XTermParser"] = EscapeAtOnce
