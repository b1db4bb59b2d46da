"""The dialog on the death of the engine's process."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from gradstep.engine.worker.events import (
    Died,
)
from gradstep.tui import text
from gradstep.tui.screens.overlay import Overlay
from gradstep.tui.state.log import ending_in_words

TAIL_LINES = 12


class EngineDied(Overlay, ModalScreen[bool]):
    """A dialog with the engine's end and its last output. Returns True to restart it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r,enter", "dismiss(True)", "restart", tooltip="Start a fresh engine on the same preset"),
        Binding("escape", "dismiss(False)", "look around", tooltip="Leave it; r restarts it later"),
        Binding("q", "app.quit", "quit"),
    ]

    def __init__(self, died: Died, saved: bool) -> None:
        super().__init__()
        self._died = died
        self._saved = saved

    def compose(self) -> ComposeResult:
        tail = text.plain(self._died.tail.strip()).splitlines()[-TAIL_LINES:]
        said = Content.assemble(
            ("The training process has ended", "bold $error"),
            f": {ending_in_words(self._died)}.\n",
            "Your run is saved, perhaps without its last seconds.\n\n"
            if self._saved
            else "Nothing of the run is saved.\n\n",
            ("".join(f"{line}\n" for line in tail), "$muted"),
            "\n" if tail else "",
            ("r", "bold $primary"),
            " go on where it was saved   " if self._saved else " restart at position 0   ",
            ("esc", "bold $primary"),
            " look around   ",
            ("q", "bold $primary"),
            " quit",
        )
        dialog = Vertical(Static(said), classes="dialog", id="engine-died")
        dialog.border_title = "No engine"
        yield dialog
