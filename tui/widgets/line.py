"""A one-line input."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import Input

from gradstep.tui.actions import ACTIONS


class Line(Input):
    """An input with a steady cursor: a blinking one sends bytes while the screen is idle."""

    BINDINGS: ClassVar[list[BindingType]] = [ACTIONS["choice.submit"].binding]

    def on_mount(self) -> None:
        self.cursor_blink = False
