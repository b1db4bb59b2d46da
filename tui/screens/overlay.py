"""What all dialogs have in common: they close once, and what is behind them costs little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.await_complete import AwaitComplete
from textual.geometry import Region
from textual.strip import Strip

from gradstep.tui.wire.textual_private import Steady, drawn_lines

if TYPE_CHECKING:
    from textual.screen import Screen

    _Screen = Screen[Any]
else:
    _Screen = object  # a second base that is a screen would hide the first one's style


class Overlay(Steady, _Screen):
    """Put before a screen's own class, whose background lets through what is behind it."""

    def dismiss(self, result: Any = None) -> AwaitComplete:
        """Textual's takes away whatever screen is on top: a second key, typed before the first was answered,
        would take the one below."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines of the screen behind. Textual's way has Rich take them to pieces and tint them."""
        stack = self.app.screen_stack
        if self not in stack[1:]:
            return super().render_lines(crop)
        behind = stack[stack.index(self) - 1]
        return [line.crop_extend(crop.x, crop.right, self.rich_style) for line in drawn_lines(behind, crop)]
