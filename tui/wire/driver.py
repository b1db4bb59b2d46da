"""A driver of a Unix terminal that can restore the terminal without Textual."""

from __future__ import annotations

import os
import termios
from contextlib import suppress

from gradstep.tui.wire.textual_private import UnixDriver

STDERR = 2
"""The file descriptor that Textual's driver writes to."""
GIVE_BACK = (
    "\x1b[?2026l\x1b[0m\x1b[?7h\x1b[?2004l\x1b[?2048l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l"
    "\x1b[<u\x1b[?1049l\x1b[?25h"
)
"""The escape sequences that undo the settings of Textual's driver and of the frames.

In order they end a held-back frame, colours, no wrapping and bracketed paste. Then reports of size, mouse and
focus, the Kitty keyboard, the alternate screen, and the hidden cursor.
"""


class TerminalDriver(UnixDriver):
    """A driver that knows whether it has taken the terminal."""

    taken = False

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self.taken = True
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def stop_application_mode(self) -> None:
        """Give the terminal back."""
        self.disable_input()  # first: Textual would set a mode after reading an answer of the terminal
        super().stop_application_mode()
        self.taken = False

    def resume_application_mode(self) -> None:
        """Take the terminal again on SIGCONT.

        A program does not notice a SIGSTOP, so the terminal may still be taken. Taking it twice would lose
        its original modes, so it is given back first.
        """
        if self.taken:
            self.suspend_application_mode()
            self.tell_resume()
        super().resume_application_mode()

    def end(self) -> None:
        """Give the terminal back if it is taken, and never take it again."""
        self.ignore_resume()  # an ending shell sends SIGCONT
        if self.taken:
            self.give_back()

    def give_back(self) -> None:
        """Give the terminal back without Textual's writer thread, which may be stuck."""
        with suppress(OSError, termios.error):
            if self.attrs_before is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            termios.tcflush(self.fileno, termios.TCOFLUSH)
            os.write(STDERR, GIVE_BACK.encode())
