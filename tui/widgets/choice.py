"""A one-line editor that chooses one of a few values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static

from gradstep.tui.actions import bindings


class Choice(Static, can_focus=True):
    """A chosen value between arrows; `enter` submits it.

    Typed characters select the first choice that begins with them and never reach the screen's keys.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("choice")]

    value: reactive[str] = reactive("")

    @dataclass
    class Submitted(Message):
        """The user accepted the value shown."""

        choice: Choice
        value: str

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, choices: Sequence[str], value: str) -> None:
        super().__init__()
        self.choices = tuple(choices)
        self._typed = ""
        self.set_reactive(Choice.value, value if value in choices else choices[0])

    def render(self) -> Content:
        at, last = self.choices.index(self.value), len(self.choices) - 1
        return Content.assemble(
            ("‹ " if at > 0 else "  ", "$primary"),
            (self.value, "bold"),
            (" ›" if at < last else "", "$primary"),
        )

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Return whether the choice consumes a key, so that the screen's bindings do not get it."""
        return character is not None and character.isprintable()

    def on_key(self, event: Key) -> None:
        """Select the first choice that begins with the typed characters.

        A character that continues no choice starts a new search.
        """
        if not event.is_printable or event.character is None:
            return
        event.prevent_default().stop()
        for typed in (self._typed + event.character.lower(), event.character.lower()):
            found = [choice for choice in self.choices if choice.lower().startswith(typed)]
            if found:
                self._typed, self.value = typed, found[0]
                return

    def action_move(self, distance: int) -> None:
        self._typed = ""
        at = self.choices.index(self.value) + distance
        self.value = self.choices[min(max(at, 0), len(self.choices) - 1)]

    def action_submit(self) -> None:
        self.post_message(self.Submitted(self, self.value))
