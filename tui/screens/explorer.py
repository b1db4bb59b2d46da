"""The explorer's screen: all panes in sight, or one at a time in a small terminal."""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import ActiveBinding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from gradstep.engine.config.preset import Preset
from gradstep.tui import text
from gradstep.tui.actions import Action, bindings, why_not
from gradstep.tui.panes.charts import ChartsPane
from gradstep.tui.panes.hyperparameters import HyperparametersPane
from gradstep.tui.panes.inspector import InspectorPane
from gradstep.tui.panes.model import ModelPane
from gradstep.tui.panes.transport import TransportPane
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import EVERYTHING, Topic
from gradstep.tui.widgets.key_bar import KeyBar
from gradstep.tui.widgets.tab_strip import Tab, TabStrip
from gradstep.tui.wire.textual_private import Steady

if TYPE_CHECKING:
    from gradstep.tui.panes.probe_pane import ProbePane

LEAST = (60, 20)
"""The smallest terminal that shows a pane."""
SPACIOUS = (110, 36)
"""The smallest terminal that shows all panes."""
TABS = (
    Tab("charts", "Charts", "1"),
    Tab("model", "Model", "2"),
    Tab("hyperparameters", "Hyperparameters", "3"),
    Tab("inspector", "Inspector", "4"),
)


class Pane(Protocol):
    """A part of the screen that draws some of the state."""

    @property
    def CARES(self) -> Topic: ...  # noqa: N802

    def show(self, state: RunState, topics: Topic, /) -> None: ...


class ExplorerScreen(Steady, Screen[None]):
    """The panes of a run and the keys that act on it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("")]
    AUTO_FOCUS = None

    @dataclass
    class GoTo(Message):
        """The user wants to go to this position."""

        position: int

    def __init__(self, state: RunState, presets: Callable[[], Sequence[Preset]]) -> None:
        super().__init__()
        self.state = state
        self._presets = presets
        self._can = (False, False)
        self._had_focus: Widget | None = None
        """The widget that had the focus before the terminal became too small."""
        self.charts = ChartsPane()
        self.model = ModelPane(presets)
        self.hyperparameters = HyperparametersPane()
        self.inspector = InspectorPane()
        self.transport = TransportPane()
        self._side = Vertical(self.model, self.hyperparameters, id="side")
        self._main = Vertical(self.charts, self.inspector, id="main")
        self._tabs = TabStrip(TABS, id="pane-tabs")
        self._title = Static(id="title", markup=False)
        self._panes: tuple[Pane, ...] = (self.charts, self.transport)
        self._filling = Lock()
        self._filled = False

    def compose(self) -> ComposeResult:
        self._fit_to(self.app.size)  # while there is little to be styled anew
        with Horizontal(id="header"):
            yield self._tabs
            yield self._title
        with Horizontal(id="work"):
            yield self._side
            yield self._main
        yield self.transport
        yield KeyBar(id="keys")
        yield Static(id="too-small")

    def on_mount(self) -> None:
        self._lay_out(self.app.size)
        self._choose("charts")
        self.show(EVERYTHING)
        self.set_focus(self.charts.current)
        self.call_after_refresh(self.fill)

    async def fill(self) -> None:
        """Put into the panes the contents that the first frame does without."""
        async with self._filling:
            if self._filled:
                return
            with self.app.batch_update():
                for pane in (self.model, self.hyperparameters, self.inspector):
                    await pane.fill()
            self._panes += (self.model, self.hyperparameters, self.inspector)
            self.show(EVERYTHING)
            self._filled = True

    @property
    def presets(self) -> Sequence[Preset]:
        """The presets to choose from."""
        return self._presets()

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys that do something now."""
        active = super().active_bindings
        return {
            key: each for key, each in active.items() if why_not(each.binding.id or "", self.state) is None
        }

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size."""
        self._lay_out(event.size)

    def _lay_out(self, size: Size) -> None:
        """Show all panes, one at a time, or the sentence on too small a terminal."""
        was_small, focused = self.has_class("-too-small"), self.focused
        self._fit_to(size)
        if self.has_class("-too-small"):
            if not was_small:
                self._had_focus = focused
            self.query_one("#too-small", Static).update(
                f"gradstep needs {LEAST[0]} columns and {LEAST[1]} lines; "
                f"here are {size.width} and {size.height}."
            )
        elif was_small:
            there = self._had_focus is not None and self._had_focus.is_attached
            self.set_focus(self._had_focus if there else self._target(self._tabs.chosen))
        if self.has_class("-tabbed") and self.focused is not None:
            self._bring_forward()
        self._show_chosen()
        self._show_title()

    def _fit_to(self, size: Size) -> None:
        """Set the screen's classes, by which app.tcss chooses a layout for the size."""
        small = size.width < LEAST[0] or size.height < LEAST[1]
        spacious = size.width >= SPACIOUS[0] and size.height >= SPACIOUS[1]
        self.set_class(small, "-too-small")
        self.set_class(spacious and not small, "-spacious")
        self.set_class(not spacious and not small, "-tabbed")

    def show(self, topics: Topic) -> None:
        """Draw what has changed, in the panes that show it."""
        for pane in self._panes:
            if topics & pane.CARES:
                pane.show(self.state, topics)
        if topics & Topic.RUN:
            self._show_title()
        can = (self.state.busy, self.state.died is not None)
        if can != self._can:
            self._can = can
            self.refresh_bindings()

    def _show_title(self) -> None:
        preset = self.state.preset
        name, title = text.plain(preset.name), text.plain(preset.title)
        spacious = self.has_class("-spacious")
        parts = (
            [("gradstep  ", "bold $primary"), (name, "bold"), (f"  {title}", "$muted")]
            if spacious
            else [(name, "bold")]
        )
        self._title.update(Content.assemble(*parts), layout=False)

    def _choose(self, pane: str) -> None:
        self._tabs.chosen = pane
        self._show_chosen()

    def _show_chosen(self) -> None:
        """Show every pane, or the tab's. A class of the screen would style all of it anew."""
        chosen = self._tabs.chosen if self.has_class("-tabbed") else None
        for column in (self._side, self._main):
            for pane in column.children:
                pane.display = chosen in (None, pane.id)
            column.display = any(pane.display for pane in column.children)

    def _bring_forward(self) -> None:
        """Choose the tab of the pane with the focus."""
        for pane in (*self._side.children, *self._main.children):
            if pane.has_focus_within:
                self._choose(pane.id or "")

    def style_focus(self, focused: Widget | None, blurred: Widget | None) -> None:
        """Style only the panes that got or lost the focus; Textual styles all their contents."""
        found = {
            pane
            for widget in (focused, blurred)
            if widget
            for pane in widget.ancestors
            if pane.has_class("pane")
        }
        self.app.stylesheet.update_nodes(found)

    async def action_pane(self, pane: str) -> None:
        """Show a pane and give it the focus."""
        await self.fill()
        if pane == "inspector" and self.inspector.has_focus_within:
            self.inspector.next_tab(1)
            return
        self._choose(pane)
        self.set_focus(self._target(pane))  # at once, so that the next key finds it there

    def _target(self, pane: str) -> Widget | None:
        """Return the widget that takes the keys in a pane."""
        match pane:
            case "model":
                return self.model.presets
            case "hyperparameters":
                return self.hyperparameters.form
            case "inspector":
                return self.inspector.pane
            case _:
                return self.charts.current

    async def perform(self, action: Action) -> None:
        """Carry out an action of the table, with its pane in front; or say why that is impossible."""
        why = action.why_not(self.state)
        if why is None and not await self._carry_out(action):
            why = "there is nothing here for that to act on"
        if why is not None:
            self.show(self.state.refuse(why))

    async def _carry_out(self, action: Action) -> bool:
        """Return whether the action was done, by the widget that has the focus then or by one around it."""
        if not action.group.front:
            return await self.app.run_action(action.runs, self)
        await self.run_action(action.group.front)
        for node in (self.focused or self).ancestors_with_self:
            if await self.app.run_action(action.runs, node):
                return True
        return False

    def action_probe_tab(self) -> None:
        """Give the focus to the tab on probes that is in sight."""
        if self.probe_pane is not None:
            self.set_focus(self.probe_pane)

    async def action_edit(self) -> None:
        await self.action_pane("hyperparameters")

    def show_inspector(self, tab: str) -> None:
        """Show this tab of the inspector, and bring the inspector to the front."""
        self._choose("inspector")
        self.inspector.choose(tab)

    @property
    def probe_pane(self) -> ProbePane | None:
        """The tab on probes in sight, None without one."""
        in_sight = self.inspector.display and not self.has_class("-too-small")
        return self.inspector.probe_pane if in_sight else None

    async def action_inspect(self, tab: str) -> None:
        await self.fill()
        self.show_inspector(tab)
        self.set_focus(self.inspector.pane)

    async def action_inspector_tab(self, distance: int) -> None:
        await self.fill()
        self._choose("inspector")
        self.inspector.next_tab(distance)

    def action_log_scale(self) -> None:
        self.charts.toggle_log()

    def action_cursor(self, distance: int) -> None:
        self.charts.move_cursor(distance)

    def action_go_to_cursor(self) -> None:
        if self.charts.cursor is not None:
            self.post_message(self.GoTo(self.charts.cursor))
            self.charts.follow()

    def action_leap(self, direction: int) -> None:
        self.charts.leap_cursor(direction)

    def action_follow(self) -> None:
        self.charts.follow()

    def action_smooth(self) -> None:
        self.charts.next_smoothing()

    def action_window(self) -> None:
        self.charts.next_window()

    async def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        """Show the pane of the clicked name."""
        await self.action_pane(event.shows)
