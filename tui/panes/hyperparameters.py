"""The pane of a run's settings: a form edited by keyboard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.events import DescendantBlur
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from gradstep.engine.config.preset import Preset
from gradstep.engine.worker.events import (
    RunInfo,
)
from gradstep.tui import text
from gradstep.tui.actions import bindings, why_not
from gradstep.tui.panes.late import LatePane
from gradstep.tui.state.edits import Edits
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.scroll import Scroll
from gradstep.tui.widgets.setting_row import SettingRow

FIRST_CHOSEN = "train.rule.learning_rate"


class HyperparametersPane(LatePane):
    """The form, and below it the pending edits and their problems."""

    BORDER_TITLE = "Hyperparameters"
    CARES = Topic.RUN | Topic.EDITS

    def __init__(self) -> None:
        super().__init__(id="hyperparameters", classes="pane")
        self.form = SettingsForm()
        self._footer = Static(id="pending-edits")

    def contents(self) -> Iterator[Widget]:
        yield self.form
        yield self._footer

    def show(self, state: RunState, _topics: Topic) -> None:
        """Show the settings and the edits that are pending."""
        self.form.show(state, defaults(state.info))
        edits = state.edits
        lines = [Content.styled(text.plain(problem), "$error") for problem in edits.problems]
        if edits.waiting and not edits.problems:
            count = len(edits.waiting)
            said = "1 edit needs a new run" if count == 1 else f"{count} edits need a new run"
            lines.append(
                Content.assemble(
                    (said, "$warning"),
                    "\n",
                    ("a", "bold $primary"),
                    " start it   ",
                    ("esc", "bold $primary"),
                    " discard",
                )
            )
        elif edits.problems:
            lines.append(Content.assemble(("esc", "bold $primary"), " discard"))
        self._footer.update(Content("\n").join(lines))
        self._footer.display = bool(lines)


class SettingsForm(Scroll, can_focus=True):
    """The rows: live settings, then settings for a new run. Arrows choose a row, `enter` edits it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("settings")]

    chosen: reactive[int] = reactive(0)

    @dataclass
    class Changed(Message):
        """The user edited live settings; `changes` has their values by dotted key."""

        changes: dict[str, Any]

    @dataclass
    class NewRun(Message):
        """The user confirmed the pending edits: begin a run of this preset."""

        preset: Preset

    @dataclass
    class Edited(Message):
        """The pending edits have changed."""

    def __init__(self) -> None:
        super().__init__(id="settings")
        self.rows: list[SettingRow] = []
        self._state: RunState | None = None
        self._edits: Edits | None = None
        self._preset = ""

    def show(self, state: RunState, defaults: Mapping[str, str]) -> None:
        """Show the settings; `defaults` has texts for values of None.

        Rows are reused while the keys stay the same. The chosen row stays chosen. Another preset begins at
        the learning rate.
        """
        self._state, self._edits = state, state.edits
        edits = state.edits
        found, pending = edits.settings(), edits.pending()
        same = bool(self.rows) and edits.preset.name == self._preset
        chosen, self._preset = self.rows[self.chosen].setting.key if same else FIRST_CHOSEN, edits.preset.name
        if [row.setting.key for row in self.rows] != [setting.key for setting in found]:
            self.rows = [SettingRow(setting) for setting in found]
            live = [row for row in self.rows if row.setting.live]
            new_run = [row for row in self.rows if not row.setting.live]
            with self.app.batch_update():
                self.remove_children()
                self.mount(
                    Static("change any time", classes="heading"),
                    *live,
                    Static("restart the run", classes="heading"),
                    *new_run,
                )
        keys = [setting.key for setting in found]
        self.chosen = keys.index(chosen) if chosen in keys else self.chosen
        for row, setting in zip(self.rows, found, strict=True):
            row.show(setting, pending.get(setting.key), defaults.get(setting.key, ""))
        self._mark_chosen()
        self.refresh_bindings()

    def watch_chosen(self) -> None:
        self._mark_chosen()

    def validate_chosen(self, chosen: int) -> int:
        return min(max(chosen, 0), max(len(self.rows) - 1, 0))

    def _mark_chosen(self) -> None:
        for at, row in enumerate(self.rows):
            row.set_class(at == self.chosen, "-chosen")
        if self.rows and self.rows[self.chosen].is_attached:
            self.scroll_to_widget(self.rows[self.chosen], animate=False)

    def action_choose(self, distance: int) -> None:
        self.chosen += distance

    async def action_edit(self) -> None:
        if self.rows:
            await self.rows[self.chosen].edit()

    def action_apply(self) -> None:
        if self._edits is not None and self._edits.waiting and self._edits.result is not None:
            self.post_message(self.NewRun(self._edits.result))

    def action_discard(self) -> None:
        if self._edits is not None:
            self._edits.discard()
            self.post_message(self.Edited())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Return whether the table has the action as possible."""
        return self._state is None or why_not(f"settings.{action}", self._state) is None

    def on_setting_row_submitted(self, event: SettingRow.Submitted) -> None:
        """Take the edit, or show why it is invalid and stay in the editor."""
        event.stop()
        if self._edits is None:
            return
        setting = event.row.setting
        if problem := self._edits.propose(setting.key, event.value):
            event.row.complain(problem)
            # the next layout grows the row by the problem's lines
            self.call_after_refresh(self.scroll_to_widget, event.row, animate=False)
            return
        self._close(event.row)
        if setting.key in self._edits.asked:
            self.post_message(self.Changed({setting.key: event.value}))
        self.post_message(self.Edited())

    def on_setting_row_cancelled(self, event: SettingRow.Cancelled) -> None:
        event.stop()
        self._close(event.row)

    def _close(self, row: SettingRow) -> None:
        self.screen.set_focus(self)
        row.close()

    def on_descendant_blur(self, _event: DescendantBlur) -> None:
        """Close an editor that has lost the focus."""
        for row in self.rows:
            if row.editing and self.screen.focused is not self and not row.has_focus_within:
                row.close()


def defaults(info: RunInfo | None) -> dict[str, str]:
    """Return the values in effect, as texts by dotted key, of settings that the preset leaves out."""
    if info is None:
        return {}
    every = info.validate_every
    return {"train.validate_every": "no validation set" if every is None else f"{every:,} (default)"}
