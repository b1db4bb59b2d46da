"""A line to type in."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from gradstep.tui.actions import ACTIONS


class Line(Input):
    """An input whose cursor stands still: a blinking one sends bytes while nothing happens."""

    BINDINGS: ClassVar[list[BindingType]] = [ACTIONS["choice.submit"].binding]

    def on_mount(self) -> None:
        self.cursor_blink = False
