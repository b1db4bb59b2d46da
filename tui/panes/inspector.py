"""The inspector: tabs that say more about the run."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from tui.panes.branches import BranchesPane
from tui.panes.breakpoints import BreakpointsPane
from tui.panes.log import LogPane
from tui.panes.story import StoryPane
from tui.state import RunState, Topic
from tui.widgets.tab_strip import Tab, TabStrip

InspectorTab = StoryPane | BranchesPane | BreakpointsPane | LogPane


class InspectorPane(Vertical):
    """A row of tabs, and the pane of the chosen one."""

    BORDER_TITLE = "Inspector"
    CARES = StoryPane.CARES | BranchesPane.CARES | BreakpointsPane.CARES | LogPane.CARES

    def __init__(self) -> None:
        super().__init__(id="inspector", classes="pane")
        self._panes: dict[str, InspectorTab] = {
            "story": StoryPane(),
            "branches": BranchesPane(),
            "breakpoints": BreakpointsPane(),
            "log": LogPane(),
        }
        self.tabs = (
            Tab("story", "Story"),
            Tab("branches", "Branches"),
            Tab("breakpoints", "Breakpoints"),
            Tab("log", "Log"),
        )
        self._strip = TabStrip(self.tabs, id="inspector-tabs")
        self._switcher = ContentSwitcher(*self._panes.values(), initial="story")

    def compose(self) -> ComposeResult:
        yield self._strip
        yield self._switcher

    def show(self, state: RunState, topics: Topic) -> None:
        """Show what is new in the tabs that care."""
        for pane in self._panes.values():
            if topics & pane.CARES:
                pane.show(state, topics)

    @property
    def pane(self) -> Widget:
        """What takes the keys in the chosen tab."""
        pane = self._panes[self._strip.chosen]
        return getattr(pane, "list", pane)

    def choose(self, tab: str) -> None:
        """Bring a tab to the front; the focus stays in the inspector if it was there."""
        had_focus = self.has_focus_within
        self._strip.chosen = tab
        self._switcher.current = tab
        if had_focus:
            self.screen.set_focus(self.pane)

    def next_tab(self, distance: int) -> None:
        """The tab so many places on, going round."""
        self.choose(self._strip.neighbour(distance))

    def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        """A tab was clicked."""
        event.stop()
        self.choose(event.shows)
