"""`esc` and the key typed behind it, as two keys even when both arrive in one read over a slow line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual.message import Message

from gradstep.tui.wire.textual_private import Parser

ESCAPE = "\x1b"
WORDS = "bf\x7f"
"""Keys that have a meaning with alt, in a line: move by a word, delete a word."""
BEHIND = re.compile(f"(?<={ESCAPE})(?=[^{re.escape('[O' + ESCAPE + WORDS)}])")
"""The gap between the two, where the second begins no escape sequence."""


class EscapeAtOnce(Parser):
    """Reads `esc` and a letter as two keys.

    Textual reads one key with alt, which has no meaning here; or, before an answer of the terminal, the
    characters ^ and the letter.
    """

    _after_escape = False

    def feed(self, data: str) -> Iterable[Message]:
        for part in BEHIND.split(data):
            if self.waits and self._after_escape and BEHIND.search(ESCAPE + part):
                self.end_wait()
                yield from self.tick()
            yield from super().feed(part)
            self._after_escape = part.endswith(ESCAPE)
