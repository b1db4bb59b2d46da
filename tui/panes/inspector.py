"""The inspector: tabs with details of the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeGuard

from textual.widget import Widget
from textual.widgets import ContentSwitcher

from gradstep.tui.panes.late import LatePane
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import EVERYTHING, Topic
from gradstep.tui.widgets.tab_strip import Tab, TabStrip

if TYPE_CHECKING:
    from gradstep.tui.panes.branches import BranchesPane
    from gradstep.tui.panes.breakpoints import BreakpointsPane
    from gradstep.tui.panes.log import LogPane
    from gradstep.tui.panes.probe_pane import ProbePane
    from gradstep.tui.panes.story import StoryPane

    InspectorTab = StoryPane | ProbePane | BranchesPane | BreakpointsPane | LogPane


class InspectorPane(LatePane):
    """A tab strip, and the chosen tab's pane."""

    BORDER_TITLE = "Inspector"
    CARES = EVERYTHING  # each tab has its own CARES

    def __init__(self) -> None:
        super().__init__(id="inspector", classes="pane")
        self._panes: dict[str, InspectorTab] = {}
        self.tabs = (
            Tab("story", "Story"),
            Tab("step", "Step", "5"),
            Tab("layers", "Layers", "6"),
            Tab("curvature", "Curvature", "7", short="Curv"),
            Tab("samples", "Samples", "8"),
            Tab("function", "Function", "9", short="Func"),
            Tab("branches", "Branches"),
            Tab("breakpoints", "Breakpoints", short="Breaks"),
            Tab("log", "Log"),
        )
        self._strip = TabStrip(self.tabs, id="inspector-tabs")
        self._switcher = ContentSwitcher(initial="story")
        self._state: RunState | None = None

    def contents(self) -> Iterator[Widget]:
        self._panes = _panes()
        self._switcher = ContentSwitcher(*self._panes.values(), initial=self._strip.chosen)
        yield self._strip
        yield self._switcher

    def show(self, state: RunState, topics: Topic) -> None:
        """Update the tabs that care; a tab on probes only while it is chosen."""
        self._state = state
        for pane in self._panes.values():
            if topics & pane.CARES and (pane is self.probe_pane or not _shows_probes(pane)):
                pane.show(state, topics)

    @property
    def probe_pane(self) -> ProbePane | None:
        """The chosen tab, if it is one on probes."""
        pane = self._panes.get(self._strip.chosen)
        return pane if pane is not None and _shows_probes(pane) else None

    @property
    def pane(self) -> Widget:
        """The widget of the chosen tab that takes the focus."""
        pane = self._panes[self._strip.chosen]
        return getattr(pane, "list", pane)

    def choose(self, tab: str) -> None:
        """Show a tab; the focus stays in the inspector if it was there."""
        had_focus = self.has_focus_within
        self._strip.chosen = tab
        self._switcher.current = tab
        if self.probe_pane is not None and self._state is not None:
            self.probe_pane.show(self._state, self.probe_pane.CARES)
        if had_focus:
            self.screen.set_focus(self.pane)

    def next_tab(self, distance: int) -> None:
        """Show the tab `distance` places on, cyclically."""
        self.choose(self._strip.neighbour(distance))

    def on_tab_strip_chosen(self, event: TabStrip.Chosen) -> None:
        event.stop()
        self.choose(event.shows)


def _panes() -> dict[str, InspectorTab]:
    """Return each tab's pane; imported late, as the results of probes are slow to import."""
    from gradstep.tui.panes.branches import BranchesPane
    from gradstep.tui.panes.breakpoints import BreakpointsPane
    from gradstep.tui.panes.curvature.pane import CurvaturePane
    from gradstep.tui.panes.function import FunctionPane
    from gradstep.tui.panes.layers import LayersPane
    from gradstep.tui.panes.log import LogPane
    from gradstep.tui.panes.samples.pane import SamplesPane
    from gradstep.tui.panes.step import StepPane
    from gradstep.tui.panes.story import StoryPane

    return {
        "story": StoryPane(),
        "step": StepPane(),
        "layers": LayersPane(),
        "curvature": CurvaturePane(),
        "samples": SamplesPane(),
        "function": FunctionPane(),
        "branches": BranchesPane(),
        "breakpoints": BreakpointsPane(),
        "log": LogPane(),
    }


def _shows_probes(pane: InspectorTab) -> TypeGuard[ProbePane]:
    from gradstep.tui.panes.probe_pane import ProbePane

    return isinstance(pane, ProbePane)
