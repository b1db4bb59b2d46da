"""The dialog that opens a preset or a saved session, by name or file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gradstep.engine.config.errors import ConfigError
from gradstep.engine.config.files import load_preset
from gradstep.engine.config.preset import Preset
from gradstep.engine.session.folder import SUFFIX, SessionSummary
from gradstep.tui import text
from gradstep.tui.screens.overlay import Overlay
from gradstep.tui.state import catalogue
from gradstep.tui.widgets.line import Line
from gradstep.tui.widgets.scroll import Choices


class Picker(Overlay, ModalScreen[Preset | Path | None]):
    """A list of saved sessions and presets, filtered by the typed words; a typed path opens a file.

    Dismissed with a preset, the path of a session, or None.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "close"),
        Binding("down", "move(1)", "down", show=False),
        Binding("up", "move(-1)", "up", show=False),
    ]

    def __init__(
        self,
        presets: Sequence[Preset],
        sessions: Sequence[SessionSummary] = (),
        newest: SessionSummary | None = None,
    ) -> None:
        """`newest` is the session highlighted at first."""
        super().__init__()
        self._newest = newest
        self._presets = presets
        self._sessions = {str(session.path): session for session in sessions}
        self._filter = Line(placeholder="part of a name, or the path of a file", compact=True)
        self._list = Choices(markup=False, compact=True)
        self._list.can_focus = False
        self._error = Static(classes="error", markup=False)

    def compose(self) -> ComposeResult:
        dialog = Vertical(self._filter, self._list, self._error, classes="dialog", id="picker")
        dialog.border_title = "Open"
        dialog.border_subtitle = "enter opens · esc closes"
        yield dialog

    def on_mount(self) -> None:
        self._error.display = False
        self._fill("")
        self.set_focus(self._filter)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._error.display = False
        self._fill(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Open the highlighted entry, or the file at the typed path."""
        highlighted = self._list.highlighted_option
        if highlighted is not None and not is_path(event.value):
            self._open(highlighted.id or "")
        elif event.value.strip():
            self._open(Path(event.value.strip()).expanduser())

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self._open(event.option_id or "")

    def action_move(self, distance: int) -> None:
        if distance > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def _fill(self, typed: str) -> None:
        words = typed.lower().split()
        found = [
            p for p in self._presets if all(w in f"{p.name} {p.title} {p.document}".lower() for w in words)
        ]
        self._list.clear_options()
        if is_path(typed):
            self._say(f"enter opens the file {text.plain(typed.strip())}")
            return
        saved = [
            s for s in self._sessions.values() if all(w in f"{s.path.stem} {s.name}".lower() for w in words)
        ]
        if saved:
            self._list.add_option(Option(Content.styled("saved runs", "$secondary"), disabled=True))
        for session in saved:
            self._list.add_option(Option(_line(session), id=str(session.path)))
        for document, presets in catalogue.by_document(found):
            self._list.add_option(Option(Content.styled(text.plain(document), "$secondary"), disabled=True))
            for preset in presets:
                prompt = Content.assemble(
                    "  ", (text.plain(preset.name), "bold"), (f"  {text.plain(preset.title)}", "$muted")
                )
                self._list.add_option(Option(prompt, id=preset.name))
        self._highlight(found, saved, typed)
        if not found and not saved:
            self._say(
                f"no preset and no saved session has {text.plain(' and '.join(words))} in its name or title"
            )

    def _highlight(self, found: Sequence[Preset], saved: Sequence[SessionSummary], typed: str) -> None:
        """Highlight the newest saved run; with a typed name, or without a saved run, the first preset."""
        if self._newest is not None and not typed.strip():
            which = str(self._newest.path)
        elif found:
            which = next(iter(catalogue.by_document(found)))[1][0].name
        elif saved:
            which = str(saved[0].path)
        else:
            return
        self._list.highlighted = self._list.get_option_index(which)

    def _say(self, what: str) -> None:
        """Show a text in the empty list."""
        self._list.add_option(Option(Content.styled(what, "$muted"), disabled=True))

    def _open(self, which: str | Path) -> None:
        if str(which) in self._sessions or str(which).endswith(SUFFIX):
            self.dismiss(Path(which))
            return
        own = [preset for preset in self._presets if preset.name == which]
        if own:
            self.dismiss(own[0])
            return
        try:
            self.dismiss(load_preset(which))
        except ConfigError as error:
            self._error.update(text.plain(str(error)))
            self._error.display = True


def _line(session: SessionSummary) -> Content:
    branches = f", {session.branches} branches" if session.branches > 1 else ""
    counts = f"  {text.when(session.saved)}  step {session.position:,}{branches}"
    return Content.assemble("  ", (text.plain(session.name or session.path.stem), "bold"), (counts, "$muted"))


def is_path(typed: str) -> bool:
    """Return whether the typed text is the path of a file rather than part of a name."""
    typed = typed.strip()
    return "/" in typed or typed.startswith("~") or typed.endswith((".toml", SUFFIX))
