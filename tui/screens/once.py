"""Dialogs close once, however fast the keys come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object  # a second base that is a screen would hide the first one's style


class ClosesOnce(_Screen):
    """Put before a screen's own class. Textual's `dismiss` takes away whatever screen is on top: a second
    key, typed before the first was answered, would take the one below."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()
