"""The explorer's screen: all panes in sight, or one at a time where the terminal is small."""

from __future__ import annotations

from asyncio import Lock
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
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

OF_THE_ENGINE = frozenset(
    ("edit", "apply", "compute", "select", "rename", "delete", "add", "ignore", "remove", "unit_death")
)
"""What the panes' keys ask of the engine: not offered where it has ended."""
LEAST = (60, 20)
"""The smallest terminal that shows a pane."""
SPACIOUS = (110, 36)
"""From this size on all panes are in sight."""
TABS = (
    Tab("charts", "Charts", "1"),
    Tab("model", "Model", "2"),
    Tab("hyperparameters", "Hyperparameters", "3"),
    Tab("inspector", "Inspector", "4"),
)


RUN, CHARTS, PANES = (Binding.Group(name) for name in ("Run", "Charts", "Panes"))


def key(
    keys: str, action: str, name: str, says: str, group: Binding.Group, shown: str | None = None
) -> Binding:
    """A binding with what the help says of it; one without a name is not in the bar at the bottom."""
    return Binding(keys, action, name, show=bool(name), tooltip=says, group=group, key_display=shown)


class Pane(Protocol):
    """A part of the screen that draws some of the state."""

    @property
    def CARES(self) -> Topic: ...  # noqa: N802

    def show(self, state: RunState, topics: Topic, /) -> None: ...


class ExplorerScreen(Steady, Screen[None]):
    """The panes of a run and the keys that act on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key("n,right", "app.step", "step", "One step", RUN, shown="n"),
        key(
            "p,left",
            "app.step_back",
            "back",
            "One step back, to the very state that was there",
            RUN,
            shown="p",
        ),
        key("b", "app.burst", "burst", "A burst of steps, as many as the transport says", RUN),
        key("space", "app.run", "run", "Run to the planned end, or beyond it", RUN),
        key("space", "app.pause", "pause", "Pause; at most one more step is done", RUN),
        key("u", "app.run_until", "until", "Run until a condition holds", RUN),
        key("U", "app.reverse_until", "", "Back to where a condition held last", RUN),
        key("g", "app.go_to", "go to", "Go to a position", RUN),
        key("f", "app.fork", "fork", "Begin a branch here; the old future stays", RUN),
        key("o", "app.open", "open", "Open a preset, a saved session, or a file", RUN),
        key("e", "edit", "edit", "Edit the hyperparameters", RUN),
        key("S", "app.sweep", "", "Many runs at once: a sweep over settings", RUN),
        key("m", "app.watch", "", "What the charts show, and what is measured for it", CHARTS),
        key("y", "log_scale", "log", "Log or linear scale of the focused chart", CHARTS),
        key("plus,equals_sign", "app.scale_burst(10)", "×10", "Ten times longer bursts", RUN, shown="+"),
        key("minus", "app.scale_burst(-10)", "÷10", "Ten times shorter bursts", RUN, shown="-"),
        key("enter", "go_to_cursor", "", "Go to where the cursor is", CHARTS),
        key("left_square_bracket", "cursor(-1)", "earlier", "Read off one step earlier", CHARTS, shown="["),
        key("right_square_bracket", "cursor(1)", "later", "Read off one step later", CHARTS, shown="]"),
        key("left_curly_bracket", "leap(-1)", "", "A twentieth of the chart earlier", CHARTS),
        key("right_curly_bracket", "leap(1)", "", "A twentieth of the chart later", CHARTS),
        key("end,escape", "follow", "follow", "Read off where the run stands again", CHARTS, shown="end"),
        key("s", "smooth", "smooth", "Smoothing: none, 0.9, 0.99; the raw line stays", CHARTS),
        key("w", "window", "window", "The whole run, the last 1000 steps, the last 100", CHARTS),
        key("r", "app.reset", "reset", "Back to position 0, the same initial weights", RUN),
        key("r", "app.restart", "restart engine", "After the engine has died: a fresh one", RUN),
        key("R", "app.new_seed", "new seed", "Back to position 0 with the next seed", RUN),
        key("1", "pane('charts')", "", "The charts", PANES),
        key("2", "pane('model')", "", "The presets and the network", PANES),
        key("3", "pane('hyperparameters')", "", "The hyperparameters", PANES),
        key("4", "pane('inspector')", "", "The inspector; again: its next tab", PANES),
        key("5", "inspect('step')", "", "What the next update does", PANES),
        key("6", "inspect('layers')", "", "The layers: their gradients, dead and identical units", PANES),
        key("7", "inspect('curvature')", "", "The curvature, against what the rule is stable below", PANES),
        key(
            "8", "inspect('samples')", "", "The samples: those that the last update turned, the worst", PANES
        ),
        key("9", "inspect('function')", "", "How far the network is from the identity", PANES),
        key("less_than_sign", "inspector_tab(-1)", "", "The inspector's tab before", PANES),
        key("greater_than_sign", "inspector_tab(1)", "", "The inspector's next tab", PANES),
        key("tab", "app.focus_next", "", "The focus to what comes next", PANES),
        key("shift+tab", "app.focus_previous", "", "The focus to what came before", PANES),
        key("question_mark,f1", "app.help", "help", "This help", PANES, shown="?"),
        key("ctrl+p", "app.command_palette", "", "What can be done now, by name", PANES),
        key("ctrl+l", "app.repaint", "", "Write the whole screen anew", PANES),
        key("q", "app.quit", "quit", "Quit; the run is saved", PANES),
    ]
    AUTO_FOCUS = None

    @dataclass
    class GoTo(Message):
        """A position is to be gone to."""

        position: int

    def __init__(self, state: RunState, presets: Callable[[], Sequence[Preset]]) -> None:
        super().__init__()
        self._state = state
        self._can = (False, False)
        self._had_focus: Widget | None = None
        """What loses the focus while the terminal is too small."""
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
        """Put into the panes what the first frame does without."""
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
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The keys that do something now."""
        active = super().active_bindings
        if self._state.died is None:
            return active
        return {key: each for key, each in active.items() if each.binding.action not in OF_THE_ENGINE}

    def on_resize(self, event: Resize) -> None:
        """Lay out for the new size."""
        self._lay_out(event.size)

    def _lay_out(self, size: Size) -> None:
        """Everything in sight, one pane at a time, or a sentence."""
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
        """Say by the screen's classes for which layout a size is large enough."""
        small = size.width < LEAST[0] or size.height < LEAST[1]
        spacious = size.width >= SPACIOUS[0] and size.height >= SPACIOUS[1]
        self.set_class(small, "-too-small")
        self.set_class(spacious and not small, "-spacious")
        self.set_class(not spacious and not small, "-tabbed")

    def show(self, topics: Topic) -> None:
        """Draw what has changed, in the panes that care."""
        for pane in self._panes:
            if topics & pane.CARES:
                pane.show(self._state, topics)
        if topics & Topic.RUN:
            self._show_title()
        can = (self._state.busy, self._state.died is not None)
        if can != self._can:
            self._can = can
            self.refresh_bindings()

    def _show_title(self) -> None:
        preset = self._state.preset
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
        """Every pane, or the one of the tab. Not by a class of the screen: that styles all of it anew."""
        chosen = self._tabs.chosen if self.has_class("-tabbed") else None
        for column in (self._side, self._main):
            for pane in column.children:
                pane.display = chosen in (None, pane.id)
            column.display = any(pane.display for pane in column.children)

    def _bring_forward(self) -> None:
        """Choose the tab of the pane that has the focus."""
        for pane in (*self._side.children, *self._main.children):
            if pane.has_focus_within:
                self._choose(pane.id or "")

    def style_focus(self, focused: Widget | None, blurred: Widget | None) -> None:
        """Style the panes anew that got or lost the focus; Textual does so with all that is in them."""
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
        """What takes the keys in a pane."""
        match pane:
            case "model":
                return self.model.presets
            case "hyperparameters":
                return self.hyperparameters.form
            case "inspector":
                return self.inspector.pane
            case _:
                return self.charts.current

    async def action_edit(self) -> None:
        await self.action_pane("hyperparameters")

    def show_inspector(self, tab: str) -> None:
        """Have the inspector show this tab, in front where panes take turns."""
        self._choose("inspector")
        self.inspector.choose(tab)

    @property
    def probe_pane(self) -> ProbePane | None:
        """The tab on probes that is in sight, if one is."""
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
        """A pane's name was clicked."""
        await self.action_pane(event.shows)
