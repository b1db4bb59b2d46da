"""A line to type in."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.widgets import Input


class Line(Input):
    """An input whose cursor stands still: a blinking one sends bytes while nothing happens."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "accept")]

    def on_mount(self) -> None:
        self.cursor_blink = False

    async def on_key(self, event: Key) -> None:
        """Do at once what a key edits. Textual's go by the app, and letters typed after them get ahead."""
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if binding.action != "submit":
                event.stop()
                event.prevent_default()
                await self.run_action(binding.action)
