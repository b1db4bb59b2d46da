"""The pane of the model: the list of presets, and the open one's network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from gradstep.engine.config.preset import Preset
from gradstep.tui import text
from gradstep.tui.panes.late import LatePane
from gradstep.tui.state import catalogue
from gradstep.tui.state.run import RunState
from gradstep.tui.state.topics import Topic
from gradstep.tui.widgets.scroll import Choices

ROOM_FOR_TITLES = 60
"""The least width with the presets' titles beside their names."""


class ModelPane(LatePane):
    """The presets by document, and the network of the open one as a table."""

    BORDER_TITLE = "Model"
    CARES = Topic.RUN

    @dataclass
    class Chosen(Message):
        """The user chose a preset to open."""

        preset: Preset

    def __init__(self, known: Callable[[], Sequence[Preset]]) -> None:
        super().__init__(id="model", classes="pane")
        self.presets = Choices(id="presets", markup=False, compact=True)
        self._known = known
        self._open_now = ""
        self._shown: tuple[str, list[str], bool] | None = None
        self._table = Static(id="network")
        self._initialiser = Fact("initialiser")
        self._data = Fact("data")

    def contents(self) -> Iterator[Widget]:
        yield self.presets
        yield self._table
        yield self._initialiser
        yield self._data

    def show(self, state: RunState, _topics: Topic) -> None:
        self._open_now = state.preset.name
        self._list_presets()
        self._table.update(network_table(state.preset))
        self._initialiser.say(initialiser(state.preset))
        self._data.say(state.info.data if state.info is not None else state.preset.data.name)
        self.call_after_refresh(self.presets.scroll_to_highlight)

    def on_resize(self, _event: Resize) -> None:
        """Show or hide the titles; keep the open preset in sight."""
        self._list_presets()
        self.call_after_refresh(self.presets.scroll_to_highlight)

    def _list_presets(self) -> None:
        titles = self.size.width >= ROOM_FOR_TITLES
        known = self._known()
        shown = (self._open_now, [preset.name for preset in known], titles)
        if shown == self._shown:
            return
        self._shown = shown
        self.presets.clear_options()
        for document, presets in catalogue.by_document(known):
            self.presets.add_option(Option(Content.styled(text.plain(document), "$secondary"), disabled=True))
            for preset in presets:
                here = preset.name == self._open_now
                prompt = Content.assemble(
                    ("● " if here else "  ", "$primary"),
                    (text.plain(preset.name), "bold" if here else ""),
                    (f"  {text.plain(preset.title)}" if titles else "", "$muted"),
                )
                self.presets.add_option(Option(prompt, id=preset.name))
                if here:
                    self.presets.highlighted = self.presets.option_count - 1
        self.call_after_refresh(self.presets.scroll_to_highlight)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        for preset in self._known():
            if preset.name == event.option_id:
                self.post_message(self.Chosen(preset))


class Fact(Horizontal):
    """A name, and beside it a text that wraps."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._said = Static(markup=False, classes="said")
        self._key = Static(name, markup=False, classes="name")

    def compose(self) -> ComposeResult:
        yield self._key
        yield self._said

    def say(self, said: str) -> None:
        self._said.update(text.plain(said))


def network_table(preset: Preset) -> Content:
    """Return the layers, one a line, and the total of the parameters of several layers."""
    width, network = preset.data.width, preset.network
    rows = [("", "shape", "parameters", "activation")]
    for number, ((units, inputs), layer) in enumerate(
        zip(network.shapes(width), network.layers, strict=True), 1
    ):
        parameters = units * (inputs + network.bias)
        rows.append((str(number), f"{inputs} → {units}", f"{parameters:,}", layer.activation))
    if len(network.layers) > 1:
        rows.append(("", "", f"{network.parameters(width):,}", "in all"))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = []
    for row in rows:
        number_text, shape, parameters_text, activation = row
        line = (
            f"{number_text:>{widths[0]}}  {shape:<{widths[1]}}  {parameters_text:>{widths[2]}}  {activation}"
        )
        lines.append(Content.styled(line, "" if number_text else "$muted"))
    return Content("\n").join(lines)


def initialiser(preset: Preset) -> str:
    """Return the initialiser and its numbers; say so if there are no biases."""
    chosen = preset.network.initialiser
    numbers = [f"{key} {text.value(value)}" for key, value in chosen.model_dump(exclude={"name"}).items()]
    said = [*numbers, *([] if preset.network.bias else ["no biases"])]
    return chosen.name + (f", {', '.join(said)}" if said else "")
