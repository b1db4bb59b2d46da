"""The command palette: what can be done now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.types import IgnoreReturnCallbackType
from textual.widgets import Input, OptionList

from gradstep.tui import text
from gradstep.tui.screens.overlay import Overlay
from gradstep.tui.widgets.scroll import PAGES, has_pages

if TYPE_CHECKING:
    from gradstep.tui.app import Explorer


class Palette(Overlay, CommandPalette):
    """The palette, its cursor standing still: a blinking one sends bytes while nothing happens."""

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does something now."""
        if action == "command_list" and parameters[0] in PAGES:
            return has_pages(self.query_one(OptionList))
        return super().check_action(action, parameters)


class Entry(NamedTuple):
    """A line of the palette."""

    name: str
    help: str
    do: IgnoreReturnCallbackType


class ExplorerCommands(Provider):
    """Commands on the run, the charts and the presets, as they apply to the present state."""

    async def discover(self) -> Hits:
        for entry in self._entries():
            yield DiscoveryHit(entry.name, entry.do, help=entry.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for entry in self._entries():
            if (score := matcher.match(entry.name)) > 0:
                yield Hit(score, matcher.highlight(entry.name), entry.do, help=entry.help)

    def _entries(self) -> Iterator[Entry]:
        app = cast("Explorer", self.app)
        state, explorer = app.state, app.explorer
        if state.died is not None:
            yield Entry("Restart the engine", "Where the run was saved", app.action_restart)
        elif state.busy:
            yield Entry("Pause", "At most one more step is done", app.action_pause)
        else:
            yield Entry("Step", "One step", app.action_step)
            yield Entry(
                f"Burst of {state.burst:,} steps", "+ and - make it longer and shorter", app.action_burst
            )
            yield Entry("Step back", "To the very state that was there", app.action_step_back)
            yield Entry("Go to a position", "By its number", app.action_go_to)
            yield Entry("Run until a condition holds", "Such as loss > prev.loss", app.action_run_until)
            yield Entry(
                "Back to where a condition held", "The last time before here", app.action_reverse_until
            )
            yield Entry("Fork here", "A branch; the old future stays", app.action_fork)
            yield Entry("Add a breakpoint", "A condition that stops the run", app.action_add_breakpoint)
            if (target := state.run_target) is not None:
                yield Entry(f"Run to step {target:,}", "The planned end", app.action_run)
            else:
                yield Entry("Run on and on", "Until paused", app.action_run)
        if state.died is None:
            yield Entry("Reset", "Back to position 0, the same initial weights", app.action_reset)
            yield Entry("New seed", "Back to position 0, other initial weights", app.action_new_seed)
        for chart in explorer.charts.charts:
            scale = "Linear" if chart.log_scale else "Logarithmic"
            yield Entry(f"{scale} scale: {chart.chart_title}", "Of this chart", chart.toggle_log)
        yield Entry("Smoothing", "None, 0.9, 0.99", explorer.action_smooth)
        yield Entry("Window", "The whole run, the last 1000 steps, the last 100", explorer.action_window)
        yield Entry("Sweep", "Many runs at once, over settings", app.action_sweep)
        yield Entry(
            "Edit the learning rate and other settings",
            "Live ones apply at the next step",
            explorer.action_edit,
        )
        for tab in explorer.inspector.tabs:
            yield Entry(
                f"Inspector: {tab.label}", "Show this tab", partial(explorer.show_inspector, tab.shows)
            )
        if state.session.path is not None:
            yield Entry("Name this session", "Named ones are kept for good", app.action_name_session)
        yield Entry(
            "Open a preset, a session or a file", "Choose from a list, or type a path", app.action_open
        )
        for preset in app.presets:
            name = text.plain(preset.name)
            yield Entry(f"Open {name}", text.plain(preset.title), partial(app.open_preset, preset))
        yield Entry("Help", "All keys", app.action_help)
        yield Entry("Quit", "End the engine and leave", app.action_quit)
