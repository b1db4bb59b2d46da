"""The keys, generated from the bindings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from gradstep.tui.charts import styles
from gradstep.tui.charts.series import Role
from gradstep.tui.charts.styles import LINE_STYLES
from gradstep.tui.panes.branches import BranchesPane
from gradstep.tui.panes.breakpoints import BreakpointsPane
from gradstep.tui.panes.curvature.pane import CurvaturePane
from gradstep.tui.panes.hyperparameters import SettingsForm
from gradstep.tui.panes.layers import LayersPane
from gradstep.tui.panes.probe_pane import ProbePane
from gradstep.tui.panes.samples.pane import SamplesPane
from gradstep.tui.panes.step import StepPane
from gradstep.tui.screens.explorer import CHARTS, PANES, RUN, ExplorerScreen
from gradstep.tui.screens.overlay import Overlay
from gradstep.tui.screens.sweep import SweepScreen
from gradstep.tui.widgets import time_strip
from gradstep.tui.widgets.choice import Choice
from gradstep.tui.widgets.scroll import Choices, Scroll
from gradstep.tui.widgets.setting_row import SettingRow

if TYPE_CHECKING:
    from gradstep.tui.wire.app import WireApp

KEY_WIDTH = 14
POSITION = (
    "Position k of a run means k updates done; its numbers are those before the next update. Δ at the bottom "
    "is the loss less that of the position before: with minibatches these are the losses of two batches."
)
IN_SWEEP = "In a sweep"
FOCUSED: dict[str, tuple[type[Widget], ...]] = {
    "In the hyperparameters": (SettingsForm,),
    "While editing": (SettingRow, Choice),
    "In Step, Layers, Curvature, Samples, Function": (ProbePane,),
    "In Step": (StepPane,),
    "In Layers": (LayersPane,),
    "In Curvature": (CurvaturePane,),
    "In Samples": (SamplesPane,),
    "In Branches": (BranchesPane,),
    "In Breakpoints": (BreakpointsPane,),
    IN_SWEEP: (SweepScreen,),
    "In a list": (Choices,),
    "In a text": (Scroll,),
}


IN_CHARTS = {
    LINE_STYLES[Role.TRAIN]: "The run: the branch that it is on, on training data",
    LINE_STYLES[Role.VALIDATION]: "On the validation data; beside the sharpness, what it has to stay below",
    LINE_STYLES[Role.GHOST]: "Another branch from where they part; its letter stands at its end",
    LINE_STYLES[Role.SMOOTHED]: "Smoothed",
    LINE_STYLES[Role.RAW]: "What was smoothed",
    styles.CURSOR: "The cursor, or where in its past the run stands",
    styles.MARK: "A setting was changed, or the run stopped by itself; under the cursor it says which",
    styles.FORK: "At the upper edge: a branch begins",
    styles.NAN: "Not a number",
    styles.RISEN: "Infinite",
    styles.FALLEN: "Infinite, and negative",
    styles.NOT_POSITIVE: "On a log scale: 0 or less",
}
ON_TIME_LINE = {
    time_strip.HERE: "Where the run stands",
    time_strip.CHANGE: "A setting was changed",
    time_strip.STOP: "The run stopped by itself: a condition, a breakpoint, its end",
    time_strip.FORK: "A branch begins",
    time_strip.SAVED: "A saved state: going there is instant",
}


class Help(Overlay, ModalScreen[None]):
    """All keys, by where they act."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "close", key_display="esc")
    ]

    def __init__(self) -> None:
        super().__init__()
        self._in_sweep = False

    def compose(self) -> ComposeResult:
        dialog = HelpText(Static(self._content()), classes="dialog", id="help")
        dialog.border_title = "Keys"
        dialog.border_subtitle = "esc closes"
        yield dialog

    def on_screen_resume(self) -> None:
        """Begin at the top, in a sweep with its own keys."""
        if not self.is_current:
            return  # a second key, typed before this was heard, has closed it
        self._put(isinstance(self.app.screen_stack[-2], SweepScreen))
        self.query_one("#help").scroll_home(animate=False)

    def _put(self, in_sweep: bool) -> None:
        if in_sweep != self._in_sweep:
            self._in_sweep = in_sweep
            self.query_one("#help Static", Static).update(self._content())

    def _content(self) -> Content:
        lines = [] if self._in_sweep else [Content(POSITION)]
        # stable: the others keep their order
        for heading, bindings in sorted(sections(), key=lambda each: self._in_sweep and each[0] != IN_SWEEP):
            lines += _table(heading, keys_of(bindings, self.app.get_key_display))
            if heading == CHARTS.description:
                lines += _table("Signs in the charts", self._signs())
                lines += _table("Signs on the time line below them", ON_TIME_LINE.items())
        return Content("\n").join(lines)

    def _signs(self) -> list[tuple[str, str]]:
        ascii_only = cast("WireApp", self.app).ascii
        return [(each.plain if ascii_only else each.symbol, says) for each, says in IN_CHARTS.items()]


def keys_of(bindings: Iterable[Binding], displayed: Callable[[Binding], str]) -> list[tuple[str, str]]:
    """Each action once: all its keys, as `displayed`, and what it does."""
    found: dict[str, tuple[list[str], str]] = {}
    for binding in bindings:
        keys, _ = found.setdefault(binding.action, ([], binding.tooltip or binding.description))
        keys.append(displayed(replace(binding, key_display=None)))
    return [(" ".join(keys), says) for keys, says in found.values()]


def _table(heading: str, lines: Iterable[tuple[str, str]]) -> list[Content]:
    """A heading, and below it what each key or sign is."""
    return [
        Content(""),
        Content.styled(heading, "bold $secondary"),
        *(Content.assemble((f"{name:<{KEY_WIDTH}}", "bold $primary"), says) for name, says in lines),
    ]


def sections() -> Iterator[tuple[str, list[Binding]]]:
    """The bindings by where they act: the screen's by their groups, then those of what has the focus."""
    everywhere = list(Binding.make_bindings(ExplorerScreen.BINDINGS))
    for group in (RUN, CHARTS, PANES):
        yield group.description, [binding for binding in everywhere if binding.group is group]
    for heading, owners in FOCUSED.items():
        yield heading, [b for owner in owners for b in Binding.make_bindings(owner.BINDINGS)]


class HelpText(Scroll, can_focus=True):
    """The text, which scrolls."""
