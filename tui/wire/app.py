"""An app that writes to the terminal what differs, as often as the terminal takes it."""

from __future__ import annotations

import asyncio
import os
from asyncio import TimerHandle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.segment import Segment
from textual import events
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from gradstep.tui.wire.cells import Cells
from gradstep.tui.wire.driver import TerminalDriver
from gradstep.tui.wire.escape import take_escape_at_once
from gradstep.tui.wire.pace import ASK, Pace
from gradstep.tui.wire.terminal import is_ascii
from gradstep.tui.wire.type_ahead import TypeAhead

LAST_ANSWER_SECONDS = 1.5


class WireApp(TypeAhead):
    """Textual repaints widgets; this sends the cells of them that changed. Frames that a slow terminal has
    no time for are never sent: the next one holds what is new in them."""

    def __init__(self, *, ascii: bool = False) -> None:  # noqa: A002
        super().__init__()
        self.ascii = ascii or is_ascii(os.environ)
        """Whether nothing but ASCII is to be shown."""
        self.colours = None if self.no_color else self.console._color_system
        """The colours that the terminal has; None: it has none, or is to show none."""
        self._cells: Cells | None = None
        self._pace = Pace()
        self._late: TimerHandle | None = None
        self._leaving = False

    def get_driver_class(self) -> type[Driver]:
        """Textual's for this terminal, which tells a key behind `esc` from it."""
        take_escape_at_once()
        found = super().get_driver_class()
        return TerminalDriver if found is LinuxDriver else found

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        update = renderable if isinstance(renderable, LayoutUpdate | ChopsUpdate) else None
        if update is None or self._batch_count or self.is_headless or self.is_inline:
            super()._display(screen, renderable)
            return
        size = screen.outer_size
        if self._cells is None or self._cells.size != size:
            self._cells = Cells(size.width, size.height, self.colours, ascii=self.ascii)
        for x, y, segments in pieces(update):
            self._cells.put(x, y, segments)
        self._send_frame()
        self.post_display_hook()

    def _send_frame(self) -> None:
        """Send what the terminal does not show yet, if it has drawn enough of what was sent before."""
        driver = self._driver
        if driver is None or self._cells is None or not self._running or self._closed or self._leaving:
            return
        if wait := self._pace.wait:
            if self._late is None:
                self._late = self.after(wait, self._send_late)
            return
        if frame := self._cells.difference():
            self._begin_update()
            if self.cursor_position:
                x, y = self.cursor_position
                frame += f"\x1b[{y + 1};{x + 1}H"
            driver.write(frame)
            self._end_update()
            driver.write(ASK)
            driver.flush()
            self._pace.sent()

    def _send_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        self._send_frame()

    def on_cursor_position(self, _event: events.CursorPosition) -> None:
        """The terminal has drawn what it was sent before it was asked."""
        self._pace.answered()
        if self._leaving and not self._pace.under_way:
            self.exit()
        elif self._late is not None:
            self._send_late()

    def after(self, seconds: float, do: Callable[[], object]) -> TimerHandle:
        """Have something done after so many seconds, unless it is cancelled.

        Textual's own timer never fires where the loop was busy for longer than its interval when it began.
        """
        return asyncio.get_running_loop().call_later(seconds, self.call_later, do)

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, lambda _app: self.action_repaint())

    async def action_quit(self) -> None:
        """Leave when the terminal has answered: later its answer would be typed into the shell."""
        self._leaving = True
        if self._pace.under_way:
            self.after(LAST_ANSWER_SECONDS, self.exit)
        else:
            self.exit()

    def action_repaint(self) -> None:
        """Write the whole screen anew: something else has written to the terminal."""
        if self._cells is not None:
            self._cells.forget()
            self._send_frame()


def pieces(update: CompositorUpdate) -> Iterator[tuple[int, int, Iterable[Segment]]]:
    """The parts of an update, each with the column and row where it begins."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for part in strips:
                yield x, y, part
                x += part.cell_length
    elif isinstance(update, ChopsUpdate):
        for y, left, right in update.spans:
            for x, strip in update.chops[y].items():
                if strip is not None and x < right and x + strip.cell_length > left:
                    yield x, y, strip
