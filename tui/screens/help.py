"""The keys, generated from the bindings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from tui.panes.branches import BranchesPane
from tui.panes.breakpoints import BreakpointsPane
from tui.panes.curvature import CurvaturePane
from tui.panes.hyperparameters import SettingsForm
from tui.panes.probe_pane import ProbePane
from tui.panes.samples import SamplesPane
from tui.panes.step import StepPane
from tui.screens.explorer import CHARTS, PANES, RUN, ExplorerScreen
from tui.screens.overlay import Overlay
from tui.screens.sweep import SweepScreen
from tui.widgets.choice import Choice
from tui.widgets.scroll import Choices, Scroll
from tui.widgets.setting_row import SettingRow

KEY_WIDTH = 14
POSITION = "Position k of a run means k updates done; its numbers are those before the next update."
FOCUSED: dict[str, tuple[type[Widget], ...]] = {
    "In the hyperparameters": (SettingsForm,),
    "While editing": (SettingRow, Choice),
    "In Step, Layers, Curvature, Samples, Function": (ProbePane,),
    "In Step": (StepPane,),
    "In Curvature": (CurvaturePane,),
    "In Samples": (SamplesPane,),
    "In Branches": (BranchesPane,),
    "In Breakpoints": (BreakpointsPane,),
    "In a sweep": (SweepScreen,),
    "In a list": (Choices,),
    "In a text": (Scroll,),
}


class Help(Overlay, ModalScreen[None]):
    """All keys, by where they act."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "close", key_display="esc")
    ]

    def compose(self) -> ComposeResult:
        dialog = HelpText(Static(self._content()), classes="dialog", id="help")
        dialog.border_title = "Keys"
        dialog.border_subtitle = "esc closes"
        yield dialog

    def on_screen_resume(self) -> None:
        """Begin at the top."""
        self.query_one("#help").scroll_home(animate=False)

    def _content(self) -> Content:
        lines = [Content(POSITION)]
        for heading, bindings in sections():
            lines += [Content(""), Content.styled(heading, "bold $secondary")]
            for keys, says in self._keys(bindings):
                lines.append(Content.assemble((f"{keys:<{KEY_WIDTH}}", "bold $primary"), says))
        return Content("\n").join(lines)

    def _keys(self, bindings: Iterable[Binding]) -> list[tuple[str, str]]:
        """Each action once, with all its keys and what it does."""
        found: dict[str, tuple[list[str], str]] = {}
        for binding in bindings:
            keys, _ = found.setdefault(binding.action, ([], binding.tooltip or binding.description))
            keys.append(self.app.get_key_display(replace(binding, key_display=None)))
        return [(" ".join(keys), says) for keys, says in found.values()]


def sections() -> Iterator[tuple[str, list[Binding]]]:
    """The bindings by where they act: the screen's by their groups, then those of what has the focus."""
    everywhere = list(Binding.make_bindings(ExplorerScreen.BINDINGS))
    for group in (RUN, CHARTS, PANES):
        yield group.description, [binding for binding in everywhere if binding.group is group]
    for heading, owners in FOCUSED.items():
        yield heading, [b for owner in owners for b in Binding.make_bindings(owner.BINDINGS)]


class HelpText(Scroll, can_focus=True):
    """The text, which scrolls."""
