"""A one-line input."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input


class Line(Input):
    """An input with a steady cursor: a blinking one sends bytes while the screen is idle."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "accept")]

    def on_mount(self) -> None:
        self.cursor_blink = False
