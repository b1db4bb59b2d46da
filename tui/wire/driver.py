"""Textual's driver of a Unix terminal, which can also give the terminal back without Textual."""

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
"""Undoes what Textual's driver and the frames set.

In order: a frame that is held back, colours, no wrapping, bracketed paste, reports of size, mouse and focus,
the Kitty keyboard, the alternate screen, the hidden cursor.
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
        self.disable_input()  # first: an answer of the terminal that is read now would have a mode set
        super().stop_application_mode()
        self.taken = False

    def resume_application_mode(self) -> None:
        """Take the terminal again on SIGCONT.

        No program learns of a SIGSTOP, so the terminal may still be taken. It is given back first: taken
        twice, its original modes would be lost.
        """
        if self.taken:
            self.suspend_application_mode()
            self.tell_resume()
        super().resume_application_mode()

    def end(self) -> None:
        """Give the terminal back if it is taken, and never take it again."""
        self.ignore_resume()  # a shell that ends sends SIGCONT
        if self.taken:
            self.give_back()

    def give_back(self) -> None:
        """Give the terminal back without the thread that writes to it, which may be stuck."""
        with suppress(OSError, termios.error):
            if self.attrs_before is not None:
                termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            termios.tcflush(self.fileno, termios.TCOFLUSH)
            os.write(STDERR, GIVE_BACK.encode())
