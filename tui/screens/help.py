"""The help: all keys, and the signs of the charts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from gradstep.tui.actions import CHARTS, SWEEP, keys_table
from gradstep.tui.charts import styles
from gradstep.tui.charts.series import Role
from gradstep.tui.charts.styles import LINE_STYLES
from gradstep.tui.screens.overlay import Overlay
from gradstep.tui.screens.sweep import SweepScreen
from gradstep.tui.widgets import time_strip
from gradstep.tui.widgets.scroll import Scroll

if TYPE_CHECKING:
    from gradstep.tui.wire.app import WireApp

KEY_WIDTH = 14
POSITION = (
    "Position k of a run means k updates done; its numbers are those before the next update. Δ at the bottom "
    "is the loss less that of the position before: with minibatches these are the losses of two batches."
)
IN_CHARTS = {
    LINE_STYLES[Role.TRAIN]: "The run: the branch that it is on, on training data",
    LINE_STYLES[Role.VALIDATION]: "On the validation data; beside the sharpness, its limit",
    LINE_STYLES[Role.GHOST]: "Another branch from the fork on; its letter stands at its end",
    LINE_STYLES[Role.SMOOTHED]: "Smoothed",
    LINE_STYLES[Role.RAW]: "Unsmoothed",
    styles.CURSOR: "The cursor, or the position of a run that stepped back",
    styles.MARK: "A setting was changed, or the run stopped by itself; the cursor shows which",
    styles.FORK: "At the upper edge: a branch begins",
    styles.NAN: "Not a number",
    styles.RISEN: "Infinite",
    styles.FALLEN: "Infinite, and negative",
    styles.NOT_POSITIVE: "On a log scale: 0 or less",
}
ON_TIME_LINE = {
    time_strip.HERE: "Where the run stands",
    time_strip.CHANGE: "A setting was changed",
    time_strip.STOP: "The run stopped by itself: a condition, a breakpoint, its end",
    time_strip.FORK: "A branch begins",
    time_strip.SAVED: "A saved state: going there is instant",
}


class Help(Overlay, ModalScreen[None]):
    """All keys, by where they act."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "close", key_display="esc")
    ]

    def __init__(self) -> None:
        super().__init__()
        self._in_sweep = False

    def compose(self) -> ComposeResult:
        dialog = HelpText(Static(self._content()), classes="dialog", id="help")
        dialog.border_title = "Keys"
        dialog.border_subtitle = "esc closes"
        yield dialog

    def on_screen_resume(self) -> None:
        """Begin at the top; in a sweep, with its keys."""
        if not self.is_current:
            return  # a second key, typed ahead, has closed it
        self._put(isinstance(self.app.screen_stack[-2], SweepScreen))
        self.query_one("#help").scroll_home(animate=False)

    def _put(self, in_sweep: bool) -> None:
        if in_sweep != self._in_sweep:
            self._in_sweep = in_sweep
            self.query_one("#help Static", Static).update(self._content())

    def _content(self) -> Content:
        lines = [] if self._in_sweep else [Content(POSITION)]
        # stable: the others keep their order
        for heading, keys in sorted(
            keys_table(), key=lambda each: self._in_sweep and each[0] != SWEEP.heading
        ):
            lines += _table(heading, keys)
            if heading == CHARTS.heading:
                lines += _table("Signs in the charts", self._signs())
                lines += _table("Signs on the time line below them", ON_TIME_LINE.items())
        return Content("\n").join(lines)

    def _signs(self) -> list[tuple[str, str]]:
        ascii_only = cast("WireApp", self.app).ascii
        return [(each.plain if ascii_only else each.symbol, says) for each, says in IN_CHARTS.items()]


def _table(heading: str, lines: Iterable[tuple[str, str]]) -> list[Content]:
    """Return a heading, and below it each key or sign with its meaning."""
    return [
        Content(""),
        Content.styled(heading, "bold $secondary"),
        *(Content.assemble((f"{name:<{KEY_WIDTH}}", "bold $primary"), says) for name, says in lines),
    ]


class HelpText(Scroll, can_focus=True):
    """The text of the help, which takes the focus to scroll."""
