"""A line to type in."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingsMap, BindingType
from textual.events import Key
from textual.widgets import Input

SUBMIT = "submit"
EDITS = {key: binding.action for key, binding in BindingsMap(Input.BINDINGS) if binding.action != SUBMIT}
"""By its key, what Textual's input does to the line."""


class Line(Input):
    """An input whose cursor stands still: a blinking one sends bytes while nothing happens."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", SUBMIT, "accept")]

    def on_mount(self) -> None:
        self.cursor_blink = False

    async def on_key(self, event: Key) -> None:
        """Do at once what a key edits. Textual's go by the app, and letters typed after them get ahead."""
        if action := EDITS.get(event.key):
            event.stop()
            event.prevent_default()
            await self.run_action(action)
