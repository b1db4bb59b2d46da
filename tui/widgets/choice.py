"""A value chosen from a few by the arrows, in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Static


class Choice(Static, can_focus=True):
    """Shows one of its choices between arrows; `enter` submits it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,down,l,j", "move(1)", "next", key_display="→"),
        Binding("left,up,h,k", "move(-1)", "previous", key_display="←"),
        Binding("enter", "submit", "accept"),
    ]

    value: reactive[str] = reactive("")

    @dataclass
    class Submitted(Message):
        """The value shown was accepted."""

        choice: Choice
        value: str

        @property
        def control(self) -> Choice:
            return self.choice

    def __init__(self, choices: Sequence[str], value: str) -> None:
        super().__init__()
        self.choices = tuple(choices)
        self.set_reactive(Choice.value, value if value in choices else choices[0])

    def render(self) -> Content:
        at, last = self.choices.index(self.value), len(self.choices) - 1
        return Content.assemble(
            ("‹ " if at > 0 else "  ", "$primary"),
            (self.value, "bold"),
            (" ›" if at < last else "", "$primary"),
        )

    def action_move(self, distance: int) -> None:
        at = self.choices.index(self.value) + distance
        self.value = self.choices[min(max(at, 0), len(self.choices) - 1)]

    def action_submit(self) -> None:
        self.post_message(self.Submitted(self, self.value))
