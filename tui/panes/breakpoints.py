"""The tab of breakpoints: their conditions, their hits, on or off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from gradstep.engine.conditions.breakpoints import Breakpoint
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.scroll import Choices


class Switches(Choices):
    """The list of breakpoints; enter switches the highlighted one on or off."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("breakpoint_list")]


class BreakpointsPane(Vertical):
    """The list, or a hint while it is empty."""

    CARES = Topic.BREAKPOINTS
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("breakpoints")]

    @dataclass
    class Edit(Message):
        """The user switches a breakpoint, or has it ignored for that many hits."""

        number: int
        enabled: bool | None = None
        ignore: int | None = None

    @dataclass
    class Remove(Message):
        """The user removes a breakpoint."""

        number: int

    def __init__(self) -> None:
        super().__init__(id="breakpoints")
        self.list = Switches(id="breakpoint-list", markup=False, compact=True)
        self._hint = Static(
            "a adds a breakpoint: a condition that stops a run or burst when it is true", markup=False
        )
        self._points: tuple[Breakpoint, ...] = ()

    def compose(self) -> ComposeResult:
        yield self._hint
        yield self.list

    def show(self, state: RunState, _topics: Topic) -> None:
        self._points = state.breakpoints
        highlighted = self.list.highlighted
        self.list.clear_options()
        for point in self._points:
            self.list.add_option(Option(_line(point), id=str(point.number)))
        if self._points:
            self.list.highlighted = min(highlighted or 0, len(self._points) - 1)
        self._hint.display = not self._points

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        point = self._points[event.option_index]
        self.post_message(self.Edit(point.number, enabled=not point.enabled))

    def action_ignore(self) -> None:
        if (point := self._highlighted()) is not None:
            self.post_message(self.Edit(point.number, ignore=point.ignore + 1))

    def action_remove(self) -> None:
        if (point := self._highlighted()) is not None:
            self.post_message(self.Remove(point.number))

    def _highlighted(self) -> Breakpoint | None:
        at = self.list.highlighted
        return self._points[at] if at is not None and at < len(self._points) else None


def _line(point: Breakpoint) -> Content:
    ignored = f"  ignored {point.ignore}× more" if point.ignore else ""
    named = f"  {text.plain(point.condition)}" if point.name else ""
    return Content.assemble(
        ("◉ " if point.enabled else "○ ", "$error" if point.enabled else "$muted"),
        (text.plain(point.title), "bold" if point.enabled else "$muted"),
        (named, "$muted"),
        (f"  hit {point.hits}×" if point.hits else "", "$accent"),
        (ignored, "$warning"),
    )
