"""An app that writes only changed cells to the terminal, at the terminal's own pace."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio import TimerHandle
from collections.abc import Callable, Iterable

from textual import events
from textual.driver import Driver
from textual.geometry import Size

from gradstep.tui.wire.cells import Cells
from gradstep.tui.wire.escape import EscapeAtOnce
from gradstep.tui.wire.pace import ASK, Pace
from gradstep.tui.wire.terminal import is_ascii
from gradstep.tui.wire.textual_private import Piece, PrivateApp, use_parser
from gradstep.tui.wire.type_ahead import TypeAhead

LAST_ANSWER_SECONDS = 1.5
"""The longest wait for the terminal's last answer before the app exits."""


class WireApp(TypeAhead, PrivateApp):
    """An app that sends changed cells, where Textual sends whole widgets.

    A slow terminal gets fewer frames. Each of them holds all changes since the frame before.
    """

    def __init__(self, *, ascii: bool = False) -> None:  # noqa: A002
        super().__init__()
        self.ascii = ascii or is_ascii(os.environ)
        """Whether to show ASCII only."""
        self.colours = None if self.no_color else self.colour_system
        """The colours to use; None for a terminal without colours."""
        self._cells: Cells | None = None
        self._pace = Pace()
        self._late: TimerHandle | None = None
        self._quitting = False

    def get_driver_class(self) -> type[Driver]:
        """Return the driver of the terminal. On Unix it reads `esc` at once and can be ended by force."""
        use_parser(EscapeAtOnce)
        found = super().get_driver_class()
        if sys.platform != "win32":
            from textual.drivers.linux_driver import LinuxDriver

            from gradstep.tui.wire.driver import TerminalDriver

            if found is LinuxDriver:
                return TerminalDriver
        return found

    def send_update(self, size: Size, pieces: Iterable[Piece]) -> None:
        if self._cells is None or self._cells.size != size:
            self._cells = Cells(size.width, size.height, self.colours, ascii=self.ascii)
        for x, y, segments in pieces:
            self._cells.put(x, y, segments)
        self._send_frame()

    def _send_frame(self) -> None:
        """Send the cells that the terminal does not show yet, or wait while frames are under way."""
        driver = self.terminal
        if driver is None or self._cells is None or not self.is_open or self._quitting:
            return
        if wait := self._pace.wait:
            if self._late is None:
                self._late = self.after(wait, self._send_late)
            return
        if frame := self._cells.difference():
            if self.cursor_position:
                x, y = self.cursor_position
                frame += f"\x1b[{y + 1};{x + 1}H"
            self.write_at_once(frame)
            driver.write(ASK)
            driver.flush()
            self._pace.sent()

    def _send_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        self._send_frame()

    def on_cursor_position(self, _event: events.CursorPosition) -> None:
        """Count a drawn frame: the terminal has answered the question behind it."""
        self._pace.answered()
        if self._quitting and not self._pace.under_way:
            self.exit()
        elif self._late is not None:
            self._send_late()

    def after(self, seconds: float, do: Callable[[], object]) -> TimerHandle:
        """Call `do` after this many seconds, unless the handle is cancelled.

        Textual's own timer never fires if the loop was busy for longer than its interval when it began.
        """
        return asyncio.get_running_loop().call_later(seconds, self.call_later, do)

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _app: self.action_repaint())

    async def action_quit(self) -> None:
        """Exit when the terminal has answered. The shell would read a later answer as typed text."""
        self._quitting = True
        if self._pace.under_way:
            self.after(LAST_ANSWER_SECONDS, self.exit)
        else:
            self.exit()

    def action_repaint(self) -> None:
        """Write the whole screen: another program has written to the terminal."""
        if self._cells is not None:
            self._cells.forget()
            self._send_frame()
