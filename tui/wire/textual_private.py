"""All of Textual's private names that gradstep uses, behind public ones.

Textual has no public way to send fewer cells, to end without a traceback, or to lay a screen out once.
A new minor version may rename private attributes. `tests/tui/wire/test_textual_private.py` then fails, and
lists the names to check. No other module of tui/ uses them.
"""

from __future__ import annotations

import asyncio
import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from rich.console import RenderableType
from rich.segment import Segment
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.driver import Driver
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    _Screen = Screen[Any]
else:
    _Screen = object  # a second base that is a screen would hide the first one's style

CHECKED = "8.2"
"""The minor version of Textual that the names were checked against."""
NAMES = {
    "textual.app.App": (
        "_batch_count",
        "_begin_update",
        "_close_messages_no_wait",
        "_closed",
        "_display",
        "_driver",
        "_end_update",
        "_exception",
        "_exception_event",
        "_exit",
        "_get_screen",
        "_handle_exception",
        "_loop",
        "_return_code",
    ),
    "textual.screen.Screen": (
        "_compositor",
        "_layout_widgets",
        "_refresh_layout",
        "_screen_resized",
        "_update_focus_styles",
    ),
    "textual._compositor.Compositor": ("_dirty_regions", "_render_chops"),
    "textual._xterm_parser.XTermParser": ("_timeout_time",),
    "textual.drivers.linux_driver.LinuxDriver": (
        "_auto_restart",
        "_must_signal_resume",
        "_run_input_thread",
    ),
    "rich.console.Console": ("_color_system",),
}
"""By class: the private names used here. `textual.drivers.linux_driver.XTermParser` is replaced, too."""

Piece = tuple[int, int, Iterable[Segment]]
"""Column and row where segments begin, and the segments."""


class PrivateApp(App[int]):
    """An app with public names for private attributes of Textual's App."""

    # --- frames -------------------------------------------------------------------------------------

    @property
    def terminal(self) -> Driver | None:
        """The driver; None before the app has begun."""
        return self._driver

    @property
    def colour_system(self) -> ColorSystem | None:
        """The terminal's colours; None if it has none."""
        return self.console._color_system

    @property
    def is_open(self) -> bool:
        """Whether the app has begun and is not closed."""
        return self.is_running and not self._closed

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        update = renderable if isinstance(renderable, LayoutUpdate | ChopsUpdate) else None
        if update is None or self._batch_count or self.is_headless or self.is_inline:
            super()._display(screen, renderable)
            return
        self.send_update(screen.outer_size, _pieces(update))
        self.post_display_hook()

    @abstractmethod
    def send_update(self, size: Size, pieces: Iterable[Piece]) -> None:
        """Send the changed parts of a screen of this size to the terminal."""

    def write_at_once(self, frame: str) -> None:
        """Write a frame that the terminal shows as a whole, if it has mode 2026."""
        if self._driver is not None:
            self._begin_update()
            self._driver.write(frame)
            self._end_update()

    def prepare_screen(self, screen: Screen[Any]) -> None:
        """Mount a screen before it is pushed, so that it opens soon."""
        self._get_screen(screen)

    # --- the end ------------------------------------------------------------------------------------

    @property
    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """The loop that the app runs on; None before and after."""
        return self._loop

    @property
    def is_leaving(self) -> bool:
        """Whether `exit` was called."""
        return self._exit

    def leave_before_start(self) -> None:
        """Have the app exit as soon as it begins: the terminal is never taken."""
        self._exit = True

    def _handle_exception(self, error: Exception) -> None:
        self.on_uncaught(error)

    def on_uncaught(self, error: Exception) -> None:
        """Handle an exception that nothing has caught."""
        super()._handle_exception(error)

    def end_with(self, error: Exception, status: int) -> None:
        """Close the app because of an error. Textual's `run_test` raises the first one."""
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._return_code = status
        self.close_now()

    def close_now(self) -> None:
        """Close the app's message queue without waiting for handlers."""
        self._close_messages_no_wait()


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[Piece]:
    """Yield the parts of an update."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for part in strips:
                yield x, y, part
                x += part.cell_length
    else:
        for y, left, right in update.spans:
            for x, strip in update.chops[y].items():
                if strip is not None and x < right and x + strip.cell_length > left:
                    yield x, y, strip


class Steady(_Screen):
    """A screen with no layout beyond need, and no stale region after one.

    Put it before a screen's own class. Textual lays a screen out a second time when it first gets its size.
    It does so again for each dialog that opens above it.
    """

    _scrolled = False
    """Whether the last layout was Textual's quick one, for scrolling."""

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        quick = scroll and not self._layout_widgets
        if self._scrolled and not quick:
            # Textual compares the new layout with the one before the scrolling. It would not draw widgets
            # that are back in their old places.
            self._compositor._dirty_regions.add(self._compositor.size.region)
        self._scrolled = quick
        super()._refresh_layout(size, scroll)

    def _screen_resized(self, size: Size) -> None:
        if size != self._compositor.size:
            super()._screen_resized(size)

    def _update_focus_styles(self, focused: Widget | None = None, blurred: Widget | None = None) -> None:
        self.style_focus(focused, blurred)

    def style_focus(self, focused: Widget | None, blurred: Widget | None) -> None:
        """Apply the styles of the widgets that got or lost the focus, and of their ancestors."""
        super()._update_focus_styles(focused, blurred)


def drawn_lines(screen: Screen[Any], crop: Region) -> list[Strip]:
    """Return the lines of a screen within `crop`. Below its end they are empty: the terminal has grown."""
    chops = screen._compositor._render_chops(crop, crop.line_range.__contains__)
    return [Strip.join(chops[y].values()) if y < len(chops) else Strip([]) for y in crop.line_range]


class Parser(XTermParser):
    """Textual's parser of the terminal's input. It waits for the rest of an escape sequence."""

    @property
    def waits(self) -> bool:
        """Whether an escape was read, and the rest of its sequence may come."""
        return self._timeout_time is not None

    def end_wait(self) -> None:
        """Let the next `tick` take the escape as a key."""
        self._timeout_time = 0.0


def use_parser(parser: type[Parser]) -> None:
    """Have Textual's Unix driver read keys with this parser. Windows' driver is left as it is."""
    if sys.platform != "win32":
        from textual.drivers import linux_driver

        linux_driver.__dict__["XTermParser"] = parser


if sys.platform != "win32":
    from textual.drivers.linux_driver import LinuxDriver

    class UnixDriver(LinuxDriver):
        """Textual's driver of a Unix terminal, with public names for its private attributes."""

        def ignore_resume(self) -> None:
            """Do not take the terminal again on SIGCONT."""
            self._auto_restart = False

        def tell_resume(self) -> None:
            """Tell the app of the next return from a stop."""
            self._must_signal_resume = True

        def _run_input_thread(self) -> None:
            # Textual's prints a traceback; here it is for `threading.excepthook`.
            self.run_input_thread()
