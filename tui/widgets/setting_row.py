"""A row of the form: a setting's name and value, or an editor and the problem of the typed value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from gradstep.engine.config.changes import parse_value
from gradstep.engine.config.form import Setting
from gradstep.tui import text
from gradstep.tui.actions import bindings
from gradstep.tui.widgets.choice import Choice
from gradstep.tui.widgets.line import Line

NONE = ("none", "")
"""The texts that remove a value."""
NAME_WIDTH = 19
"""Columns of the names."""


class SettingRow(Widget):
    """A line of the form; `edit` opens an editor in it, `complain` shows a problem below it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("row")]

    @dataclass
    class Submitted(Message):
        """The user accepted the editor's value."""

        row: SettingRow
        value: Any

    @dataclass
    class Cancelled(Message):
        """The user left the editor."""

        row: SettingRow

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self.name_shown = label(setting.key)
        self._pending: tuple[Any, Any] | None = None
        self._default = ""
        self._editor: Line | Choice | None = None
        self._error = Static(classes="error", markup=False)

    @property
    def editing(self) -> bool:
        """Whether the editor is open."""
        return self._editor is not None

    def show(self, setting: Setting, pending: tuple[Any, Any] | None, default: str) -> None:
        """Show the value in effect and the pending one; `default` is the text for None."""
        if (setting, pending, default) != (self.setting, self._pending, self._default):
            self.setting, self._pending, self._default = setting, pending, default
            self.refresh(layout=True)

    def render(self) -> Content:
        """Return the name and value. A pending value that does not fit goes to a second line."""
        name = (self.name_shown.ljust(NAME_WIDTH), "$muted")
        if self._pending is None:
            return Content.assemble(name, self._said(self.setting.value))
        old, new = map(self._said, self._pending)
        room = self.size.width - NAME_WIDTH
        arrow = " → " if not room or len(old) + len(new) + 3 <= room else f"\n{'→ ':>{NAME_WIDTH}}"
        return Content.assemble(name, (old, "$muted"), (arrow, "$warning"), (new, "bold $warning"))

    def _said(self, value: Any) -> str:
        return self._default if value is None and self._default else text.value(value)

    async def edit(self) -> None:
        """Open the editor with the value shown, and focus it."""
        if self._editor is not None:
            return
        shown = text.value(self.setting.value)
        if self.setting.choices:
            self._editor = Choice(self.setting.choices, shown)
        else:
            self._editor = Line(shown, compact=True)
        self._error = Static(classes="error", markup=False)
        self._error.display = False
        name = Static(self.name_shown, classes="name", markup=False)
        await self.mount(Horizontal(name, self._editor), self._error)
        self.screen.set_focus(self._editor)

    def close(self) -> None:
        """Close the editor and remove the problem."""
        if self._editor is not None:
            self._editor = None
            self.remove_children()

    def complain(self, problem: str) -> None:
        """Show the problem of the value; an empty text hides it."""
        self._error.update(text.plain(problem))
        self._error.display = bool(problem)

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.editing if action == "cancel" else True

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Submit the typed text, read as TOML."""
        event.stop()
        typed = event.value.strip()
        self.post_message(self.Submitted(self, None if typed.lower() in NONE else parse_value(typed)))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.complain("")

    def on_choice_submitted(self, event: Choice.Submitted) -> None:
        event.stop()
        chosen = event.value
        self.post_message(
            self.Submitted(self, parse_value(chosen) if chosen in ("true", "false") else chosen)
        )


def label(key: str) -> str:
    """Return a setting's name in the form: "learning rate" for train.rule.learning_rate."""
    section, *path = key.split(".")
    if path[0] == "layers":
        return f"layer {int(path[1]) + 1} {path[2]}"
    if path == ["name"]:
        return section
    if path[-1] == "name":
        return path[0]
    if path[0] == "initialiser":
        return f"init {path[-1]}"
    return path[-1].replace("_", " ")
