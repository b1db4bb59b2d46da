"""A dialog that asks for one line, with a list of ready answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from gradstep.engine.errors import UserError
from gradstep.tui import text
from gradstep.tui.screens.overlay import Overlay
from gradstep.tui.widgets.line import Line
from gradstep.tui.widgets.scroll import Choices

Ready = Sequence[tuple[str, str]]
WORDS = re.compile(r"[,\s]+")


class Ask(Overlay, ModalScreen[str | None]):
    """A dialog that returns a line, or None if the user closes it.

    `check` raises UserError for a refused line, and its text is shown. `ready` are the answers to choose
    from, each with its meaning. They are a list, filtered by the last typed word, or a function of the typed
    line. While nothing is typed, `enter` takes the highlighted answer. With `complete` it also replaces a
    refused line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "close"),
        Binding("down", "choose(1)", "down", show=False),
        Binding("up", "choose(-1)", "up", show=False),
    ]

    def __init__(
        self,
        title: str,
        hint: str,
        check: Callable[[str], object],
        *,
        value: str = "",
        ready: Ready | Callable[[str], Ready] = (),
        complete: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._check = check
        self._ready = ready if callable(ready) else partial(matching, ready)
        self._has_ready = bool(ready)
        self._complete = complete
        self._answers: Ready = ()
        self._offered_for = value
        self._line = Line(value, placeholder=hint, compact=True)
        self._list = Choices(markup=False, compact=True)
        self._list.can_focus = False
        self._error = Static(classes="error", markup=False)

    def compose(self) -> ComposeResult:
        parts = [self._line, self._list, self._error] if self._has_ready else [self._line, self._error]
        dialog = Vertical(*parts, classes="dialog", id="ask")
        dialog.border_title = self._title
        dialog.border_subtitle = "↑↓ choose · enter · esc closes" if self._has_ready else "enter · esc closes"
        yield dialog

    def on_mount(self) -> None:
        self._error.display = False
        self._offer("")
        self._highlight(self._line.value)
        self.set_focus(self._line)

    def _offer(self, typed: str) -> None:
        """List the answers for the typed line."""
        self._answers = self._ready(typed)
        self._list.clear_options()
        for answer, meaning in self._answers:
            prompt = Content.assemble((answer, "bold"), (f"  {meaning}", "$muted"))
            self._list.add_option(Option(prompt))
        self._list.display = bool(self._answers)

    def on_input_changed(self, event: Input.Changed) -> None:
        self._error.display = False
        if event.value != self._offered_for:
            self._offered_for = event.value
            self._offer(event.value)
        self._highlight(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Return the line, or the highlighted answer if the line is empty or refused."""
        at = self._list.highlighted
        taken = at is not None and (not event.value or not self._accepts(event.value))
        self._answer(self._answers[at][0] if at is not None and taken else event.value)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Return the clicked answer."""
        self._answer(self._answers[event.option_index][0])

    def _answer(self, answer: str) -> None:
        """Return the answer, or show why it is refused."""
        try:
            self._check(answer)
        except UserError as error:
            self._error.update(text.plain(str(error)))
            self._error.display = True
        else:
            self.dismiss(answer)

    def _accepts(self, answer: str) -> bool:
        try:
            self._check(answer)
        except UserError:
            return False
        return True

    def _highlight(self, line: str) -> None:
        """Highlight the answer that `enter` takes.

        It is the answer in the line. If the line is empty, or is refused and may be completed, it is the
        first answer.
        """
        answers = [answer for answer, _ in self._answers]
        first = not line or (self._complete and not self._accepts(line))
        found = answers.index(line) if line in answers else 0 if answers and first else None
        if self._list.highlighted != found:
            self._list.highlighted = found

    def action_choose(self, distance: int) -> None:
        """Put the ready answer `distance` places below the highlighted one into the line, cyclically."""
        if self._answers:
            at = self._list.highlighted
            start = -1 if at is None and distance > 0 else 0 if at is None else at
            self._list.highlighted = (start + distance) % len(self._answers)
            self._offered_for = self._line.value = self._answers[self._list.highlighted][0]
            self._line.action_end()


def matching(ready: Ready, typed: str) -> Ready:
    """Return the answers with the last typed word in them or in their meaning."""
    word = WORDS.split(typed)[-1].lower()
    return [each for each in ready if any(word in part.lower() for part in each)]
