"""The line of keys at the bottom: as many as fit, the most important first."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from gradstep.tui.widgets.choice import Choice

ALWAYS = ("restart", "help", "sweep.help", "quit")
"""Actions with keys at the right end of the bar, in every width."""
GAP = 2
"""Columns between two keys."""


class KeyBar(Static):
    """The keys that do something now, first the focused widget's."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_updated)
        self.show()

    def on_resize(self) -> None:
        self.show()

    def _bindings_updated(self, _screen: Screen[object]) -> None:
        self.show()

    def show(self) -> None:
        """Draw the keys that do something now."""
        typing = isinstance(self.screen.focused, Input | Choice)
        active = (
            there.binding
            for there in self.screen.active_bindings.values()
            if there.binding.show and there.enabled and not (typing and there.node is self.screen)
        )
        keys = [(self.app.get_key_display(b), b.description, b.id) for b in one_per_action(active)]
        last = [key for key in keys if key[2] in ALWAYS]
        room = self.size.width - sum(map(_width, last))
        shown = []
        for key in (key for key in keys if key not in last):
            room -= _width(key)
            if room < 0:
                break
            shown.append(key)
        parts: list[tuple[str, str]] = []
        for key_name, says, _action in shown + last:
            parts += [(key_name, "bold $primary"), (f" {says}", "$muted"), (" " * GAP, "")]
        content = Content.assemble(*parts)
        if content != self.content:
            self.update(content, layout=False)


def _width(key: tuple[str, str, str | None]) -> int:
    return len(key[0]) + len(key[1]) + 1 + GAP


def one_per_action(bindings: Iterable[Binding]) -> list[Binding]:
    """Return the first binding of each action, in order."""
    seen: dict[str, Binding] = {}
    for binding in bindings:
        seen.setdefault(binding.action, binding)
    return list(seen.values())
