"""`esc` and the next key as two keys, even when a slow line delivers both in one read."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual.message import Message

from gradstep.tui.wire.textual_private import Parser

ESCAPE = "\x1b"
WORDS = "bf\x7f"
"""Keys that edit a line with alt: move by a word, delete a word."""
BEHIND = re.compile(f"(?<={ESCAPE})(?=[^{re.escape('[O' + ESCAPE + WORDS)}])")
"""The place after `esc` and before a key that begins no escape sequence."""


class EscapeAtOnce(Parser):
    """A parser that reads `esc` and a letter as two keys.

    Textual reads one key with alt, which has no meaning here. Before an answer of the terminal it reads ^ and
    the letter.
    """

    _after_escape = False

    def feed(self, data: str) -> Iterable[Message]:
        for part in BEHIND.split(data):
            if self.waits and self._after_escape and BEHIND.search(ESCAPE + part):
                self.end_wait()
                yield from self.tick()
            yield from super().feed(part)
            self._after_escape = part.endswith(ESCAPE)
