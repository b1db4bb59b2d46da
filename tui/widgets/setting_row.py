"""One setting of a run: its name, its value, and in their place an editor and what is wrong with the edit."""

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
"""What is typed for "not given"."""


NAME_WIDTH = 19


class SettingRow(Widget):
    """A line of the form; `edit` opens an editor in it, `complain` says below it what is wrong."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("row")]

    @dataclass
    class Submitted(Message):
        """The editor's value was accepted by the user."""

        row: SettingRow
        value: Any

    @dataclass
    class Cancelled(Message):
        """The editor was left without a value."""

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
        """Show the value in effect, and the one that is to replace it; `default` is shown for none."""
        if (setting, pending, default) != (self.setting, self._pending, self._default):
            self.setting, self._pending, self._default = setting, pending, default
            self.refresh(layout=True)

    def render(self) -> Content:
        """The name and the value; the old and the new one on two lines where one has no room."""
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
        """Open the editor on the value shown."""
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
        """Close the editor and take back what was said about its value."""
        if self._editor is not None:
            self._editor = None
            self.remove_children()

    def complain(self, problem: str) -> None:
        """Say what is wrong with the value; nothing takes it back."""
        self._error.update(text.plain(problem))
        self._error.display = bool(problem)

    def action_cancel(self) -> None:
        self.post_message(self.Cancelled(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is something to cancel only while the editor is open."""
        return self.editing if action == "cancel" else True

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand on what was typed, read as TOML."""
        event.stop()
        typed = event.value.strip()
        self.post_message(self.Submitted(self, None if typed.lower() in NONE else parse_value(typed)))

    def on_input_changed(self, event: Input.Changed) -> None:
        """A new value: what was said about the last one is void."""
        event.stop()
        self.complain("")

    def on_choice_submitted(self, event: Choice.Submitted) -> None:
        """Hand on what was chosen."""
        event.stop()
        chosen = event.value
        self.post_message(
            self.Submitted(self, parse_value(chosen) if chosen in ("true", "false") else chosen)
        )


def label(key: str) -> str:
    """A setting's name as the form shows it: train.rule.learning_rate is "learning rate"."""
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
